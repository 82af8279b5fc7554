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
    "current",
    "encode",
    "receive_with_descriptors",
    "set_current",
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
    """One end of a control socket, for one process. Any of its threads may send, and ask.

    There is no thread that reads: of the threads that wait for an answer one reads for all, until it has its own.
    """

    def __init__(self, socket: _socket.socket) -> None:
        self._socket = socket
        self._reader = FrameReader()
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._turn = threading.Condition(threading.Lock())
        self._reading = False
        self._ended = False
        self._asked = 0
        self._waiting: set[int] = set()
        self._answers: dict[int, dict[str, Any]] = {}
        self._inbox: list[dict[str, Any]] = []  # what came and is no answer: further jobs

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

    def ask(self, question: str, args: Mapping[str, Any]) -> dict[str, Any] | None:
        """Ask the host and wait for its `answer` message; None when the host is gone."""
        with self._turn:
            self._asked += 1
            number = self._asked
            self._waiting.add(number)
        try:
            self.send({"t": "ask", "id": number, "question": question, "args": args})
            while True:
                with self._turn:
                    while number not in self._answers and not self._ended and self._reading:
                        self._turn.wait()
                    if number in self._answers:
                        return self._answers.pop(number)
                    if self._ended:
                        return None
                    self._reading = True
                self._read_one()
        finally:
            with self._turn:
                self._waiting.discard(number)
                self._answers.pop(number, None)

    def next_job(self) -> dict[str, Any] | None:
        """The next message that is no answer, whoever reads the socket; None when the other side has closed."""
        while True:
            with self._turn:
                while not self._inbox and not self._ended and self._reading:
                    self._turn.wait()
                if self._inbox:
                    return self._inbox.pop(0)
                if self._ended:
                    return None
                self._reading = True
            self._read_one()

    def read_to_end(self) -> None:
        """Hand out answers until the other side has closed, in a thread of its own: then nobody else reads."""
        with self._turn:
            while self._reading:
                self._turn.wait()
            self._reading = True
        while not self._ended:
            self._read_one(keep_reading=True)

    def _read_one(self, *, keep_reading: bool = False) -> None:
        """Take a message from the socket and hand it out."""
        message: dict[str, Any] | None = None
        has_ended = False
        try:
            message = self.receive()
            has_ended = message is None
        except (OSError, ProtocolError):
            has_ended = True
        finally:  # also when Ctrl-C ends the waiting: what has come so far is still in the reader
            with self._turn:
                self._ended = self._ended or has_ended
                self._reading = keep_reading
                if message is not None and message.get("t") != "answer":
                    self._inbox.append(message)
                elif message is not None and message.get("id") in self._waiting:
                    self._answers[message["id"]] = message
                self._turn.notify_all()


_current: Channel | None = None


def set_current(channel: Channel) -> None:
    """Name the channel through which code of this process asks its host."""
    global _current
    _current = channel


def current() -> Channel | None:
    """The channel to the host; None in a process that runs no block."""
    return _current
