"""Frames on a socket: four bytes of length, then one JSON object. See docs/development/worker-protocol.md.

Knows nothing of what the messages mean.
"""

from __future__ import annotations

import _socket
import json
import os
import sys
import threading

from baton.worker.hello import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

__all__ = [
    "MAX_FRAME",
    "VERSION",
    "Channel",
    "FrameReader",
    "ProtocolError",
    "encode",
    "receive_with_descriptors",
]

MAX_FRAME = 64 * 1024 * 1024
_RECEIVE = 256 * 1024
# Python does not ask for this by itself, and a descriptor without it would leak into every program a block starts.
_CLOEXEC = getattr(_socket, "MSG_CMSG_CLOEXEC", 0)
_INT_BYTES = 4
_MAX_DESCRIPTORS = 64


class ProtocolError(Exception):
    """The other side sent what it may not send, or we were about to."""


def encode(message: Mapping[str, Any]) -> bytes:
    """A message as a frame. Half surrogate pairs, which no UTF-8 text may hold, become question marks."""
    text = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    body = text.encode("utf-8", "replace")
    if len(body) > MAX_FRAME:
        raise ProtocolError(f"a message of {len(body)} bytes is longer than the {MAX_FRAME} bytes of a frame")
    return len(body).to_bytes(4, "big") + body


class FrameReader:
    """Turns bytes, as they come, into messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Take bytes from the socket."""
        self._buffer += data

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Messages that are complete."""
        while True:
            if len(self._buffer) < 4:
                return
            length = int.from_bytes(self._buffer[:4], "big")
            if length > MAX_FRAME:
                raise ProtocolError(f"a frame of {length} bytes was announced; the limit is {MAX_FRAME}")
            if len(self._buffer) < 4 + length:
                return
            body = bytes(self._buffer[4 : 4 + length])
            del self._buffer[: 4 + length]
            yield _decode(body)


def _decode(body: bytes) -> dict[str, Any]:
    try:
        message = json.loads(body)
    except ValueError as error:
        raise ProtocolError(f"a frame is not JSON: {error}") from error
    if not isinstance(message, dict):
        raise ProtocolError("a frame does not hold a JSON object")
    return message


def receive_with_descriptors(socket: _socket.socket) -> tuple[bytes, list[int]]:
    """What has arrived: bytes (none at the end of the file) and the descriptors that came with them."""
    space = _socket.CMSG_SPACE(_MAX_DESCRIPTORS * _INT_BYTES)
    data, ancillary, _, _ = socket.recvmsg(_RECEIVE, space, _CLOEXEC)
    descriptors: list[int] = []
    for level, kind, payload in ancillary:
        if level == _socket.SOL_SOCKET and kind == _socket.SCM_RIGHTS:
            descriptors.extend(
                int.from_bytes(payload[at : at + _INT_BYTES], sys.byteorder)
                for at in range(0, len(payload) - len(payload) % _INT_BYTES, _INT_BYTES)
            )
    return data, descriptors


class Channel:
    """One end of a control socket, for one process. Any of its threads may send."""

    def __init__(self, socket: _socket.socket) -> None:
        self._socket = socket
        self._reader = FrameReader()
        self._lock = threading.Lock()
        self._owner = os.getpid()

    def is_ours(self) -> bool:
        """Whether this process is the one that may speak: a process forked by user code may not."""
        return os.getpid() == self._owner

    def send(self, message: Mapping[str, Any]) -> None:
        """Send one message whole. Does nothing in a process that was forked off."""
        frame = encode(message)
        if not self.is_ours():
            return
        with self._lock:
            self._socket.sendall(frame)

    def receive(self) -> dict[str, Any] | None:
        """The next message, or None when the other side has closed."""
        while True:
            for message in self._reader:
                return message
            data = self._socket.recv(_RECEIVE)
            if not data:
                return None
            self._reader.feed(data)

    def wait_for_end(self) -> None:
        """Return when the other side has closed. Anything it still sends is ignored."""
        while self._socket.recv(_RECEIVE):
            pass
