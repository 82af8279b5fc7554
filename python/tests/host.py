"""A host for tests: starts the real worker processes and speaks the protocol with them."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from baton import codecs

LIBRARY = str(Path(__file__).resolve().parent.parent)
# What the `runner` crate starts.
BOOTSTRAP = (
    "import sys; sys.dont_write_bytecode = False; sys.path[:] = [sys.argv[1], *filter(None, sys.path)]; "
    "from baton.worker.main import main; main()"
)
# What comes at all comes by then, however busy the machine is; only a test that fails waits so long.
PATIENCE = 120.0


class Peer:
    """One end of a control socket, as the host holds it."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self._buffer = b""

    def send(self, message, descriptors=()):
        body = json.dumps(message).encode()
        frame = len(body).to_bytes(4, "big") + body
        if descriptors:
            sent = socket.send_fds(self.socket, [frame], list(descriptors))
            frame = frame[sent:]
        self.socket.sendall(frame)

    def receive(self, patience=PATIENCE):
        """The next message; None at the end of the socket."""
        until = time.monotonic() + patience
        while True:
            if len(self._buffer) >= 4:
                length = int.from_bytes(self._buffer[:4], "big")
                if len(self._buffer) >= 4 + length:
                    body, self._buffer = self._buffer[4 : 4 + length], self._buffer[4 + length :]
                    return json.loads(body)
            if not select.select([self.socket], [], [], max(0, until - time.monotonic()))[0]:
                raise TimeoutError("no message came")
            try:
                data = self.socket.recv(1 << 16)
            except ConnectionResetError:
                data = b""
            if not data:
                return None
            self._buffer += data

    def expect(self, kind):
        message = self.receive()
        assert message is not None, f"the socket ended; {kind} was expected"
        assert message["t"] == kind, message
        return message

    def rest(self):
        """All messages up to the end of the socket."""
        messages = []
        while (message := self.receive()) is not None:
            messages.append(message)
        return messages

    def close(self):
        self.socket.close()


def start(*arguments, python=sys.executable, environ=None):
    """A worker process and the host's end of its socket."""
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        [python, "-c", BOOTSTRAP, LIBRARY, *arguments],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **(environ or {})},
    )
    theirs.close()
    return process, Peer(ours)


class Block:
    """A block process that a zygote has forked."""

    def __init__(self, zygote, identity):
        self.zygote = zygote
        self.id = identity
        ours, theirs = socket.socketpair()
        out_read, out_write = os.pipe()
        error_read, error_write = os.pipe()
        zygote.peer.send({"t": "fork", "id": identity}, [theirs.fileno(), out_write, error_write])
        theirs.close()
        os.close(out_write)
        os.close(error_write)
        self.peer = Peer(ours)
        self.stdout, self.stderr = os.fdopen(out_read, "rb"), os.fdopen(error_read, "rb")
        self.pid = zygote.expect("forked", identity)["pid"]

    def run(self, job):
        """Send the job; everything the process says, its prints, and how it ended."""
        self.peer.send(job)
        messages = self.peer.rest()
        exited = self.zygote.expect("exited", self.id)
        return Result(messages, self.stdout.read(), self.stderr.read(), exited)

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)

    def close(self):
        self.peer.close()
        self.stdout.close()
        self.stderr.close()


class Result:
    """What came of a job."""

    def __init__(self, messages, stdout, stderr, exited):
        self.messages = messages
        self.stdout = stdout.decode()
        self.stderr = stderr.decode()
        self.exited = exited

    def all(self, kind):
        return [message for message in self.messages if message["t"] == kind]

    @property
    def error(self):
        """The error it failed with."""
        failed = self.all("failed")
        assert failed, f"it did not fail: {self.messages} {self.stderr}"
        return failed[0]["error"]

    @property
    def done(self):
        return bool(self.messages) and self.messages[-1]["t"] == "done"

    @property
    def outputs(self):
        """Its outputs, if they are small."""
        assert self.done, f"it is not done: {self.messages} {self.stderr}"
        return [codecs.read(message) for message in self.all("output")]


class Zygote:
    """A zygote process."""

    def __init__(self, process=None, peer=None):
        if peer is None:
            process, peer = start("zygote")
        self.process, self.peer = process, peer
        self._next = 0
        self._waiting = []
        self.hello = self.peer.expect("hello")

    def fork(self):
        self._next += 1
        return Block(self, self._next)

    def warm(self):
        ours, theirs = socket.socketpair()
        self.peer.send({"t": "warm"}, [theirs.fileno()])
        theirs.close()
        return Zygote(None, Peer(ours))

    def expect(self, kind, identity):
        """The report about one fork; others are kept for those who wait for them."""
        for message in self._waiting:
            if (message["t"], message["id"]) == (kind, identity):
                self._waiting.remove(message)
                return message
        while True:
            message = self.peer.receive()
            assert message is not None, "the zygote has gone"
            if (message["t"], message["id"]) == (kind, identity):
                return message
            self._waiting.append(message)

    def cpu_seconds(self):
        """What the process has computed so far: a measure of its work that others on the machine do not change."""
        stat = Path(f"/proc/{self.hello['pid']}/stat").read_bytes()
        user, system = stat[stat.rindex(b")") + 2 :].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def close(self):
        self.peer.close()
        if self.process is not None:
            self.process.communicate(timeout=PATIENCE)


def alive(pid):
    """Whether a process exists and is more than an entry that waits to be reaped."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return stat[stat.rindex(b")") + 2 :][:1] not in (b"Z", b"X")


def wait_until(condition, patience=PATIENCE):
    """Wait for a state of the system of which nothing tells."""
    until = time.monotonic() + patience
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.002)
    return True


def as_product(value):
    """A product as the host describes it, made by the codec that writes one."""
    message = codecs.write("output_0", value, "/nonexistent", lambda _: None, 1 << 20)
    return {key: message.get(key) for key in ("name", "kind", "codec", "meta", "rows", "text")}
