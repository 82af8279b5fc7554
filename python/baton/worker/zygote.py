"""The zygote: a process that imports, waits and forks, and never runs a line of user code.

`serve` returns in a forked child, so that the child continues at the top of the program and not below this loop:
how deep the stack is when user code starts decides how fast its recursion is.
"""

from __future__ import annotations

import _socket
import gc
import os
import select
import signal
import sys
import time
import warnings

from baton.worker import process
from baton.worker.hello import hello
from baton.worker.protocol import FrameReader, ProtocolError, encode, receive_with_descriptors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

# What a warm zygote imports, in this order. DuckDB is not here: importing it may open a connection with threads.
WARM = (
    "numpy",
    "pandas",
    "pyarrow",
    "pyarrow.ipc",
    "baton.codecs.numpy_array",
    "baton.codecs.arrow_table",
    "baton.codecs.pandas_frame",
)
# What it imports when nobody waits for it any more: the first block need not wait for what few blocks use.
LATER = (
    "mage_ai.settings.repo",
    "mage_ai.io.config",
    "mage_ai.io.file",
    "pyarrow.parquet",
    "polars",
    "baton.codecs.polars_frame",
)
# What it imports on request, likewise, piece by piece: a fork waits for one piece at most. All of it is tested to work
# after a fork. matplotlib is not here, since it reads `MPLBACKEND` and its settings when it is imported, which blocks
# set before; nor is what starts threads or opens devices when it is imported.
SLOW = {
    "scipy": ("scipy", "scipy.linalg", "scipy.sparse", "scipy.special"),
    "sklearn": (
        "scipy",
        "scipy.linalg",
        "scipy.sparse",
        "scipy.special",
        "scipy.stats",
        "joblib",
        "sklearn",
        "sklearn.utils",
        "sklearn.linear_model",
    ),
}
_DESCRIPTORS = {"fork": 3, "warm": 1, "preload": 0}
# How long a report waits for what an ended block left behind to be gone.
_STRAY_PATIENCE = 2.0


class Forked:
    """What a child that has left `serve` is to become."""

    def __init__(self, role: str, parent: int, descriptors: list[int]) -> None:
        self.role = role  # "block" or "warm"
        self.parent = parent  # as known before the fork
        self.control = _socket.socket(fileno=descriptors[0])
        self.output = descriptors[1:]  # standard output and error of a block


def warm() -> None:
    """Import what blocks of data pipelines import. What is missing or broken stays for the block to find out."""
    for name in WARM:
        _import_in_advance(name)


def _import_in_advance(name: str) -> None:
    try:
        __import__(name)
    except Exception as error:  # noqa: BLE001
        if not isinstance(error, ModuleNotFoundError):
            sys.stderr.write(f"the worker could not import {name} in advance: {type(error).__name__}: {error}\n")
            sys.stderr.flush()


def preload() -> None:
    """Import what every block process needs, once, before the first fork."""
    import baton.codecs.values
    import baton.worker.attempt  # noqa: F401
    import mage_ai.data_preparation.decorators  # noqa: F401

    # The first call of `compile` makes a hundred types for syntax trees: a millisecond, once instead of per block.
    compile("", "<preload>", "exec")


class Zygote:
    """One zygote process and its children."""

    def __init__(self, control: _socket.socket, later: tuple[str, ...] = ()) -> None:
        self._control = control
        self._later = list(later)
        self._pid = os.getpid()
        self._reader = FrameReader()
        self._descriptors: list[int] = []
        self._children: dict[int, int | None] = {}  # pid -> id of the fork; None for a warm zygote
        self._ended: list[tuple[float, dict[str, Any]]] = []
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        signal.signal(signal.SIGCHLD, _wake)
        signal.signal(signal.SIGTERM, _wake)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the host's to answer
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)

    def serve(self) -> Forked:
        """Fork when asked. Returns in children only; at the end of the socket the process ends here."""
        # Pages that hold objects of the imports stay shared when the collector leaves them alone. It does not look at
        # them before either: imports leave some hundred dead objects, and finding them takes 30 ms of every start.
        gc.freeze()
        while True:
            try:
                readable, _, _ = select.select([self._control.fileno(), self._wake_read], [], [], self._timeout())
                if self._wake_read in readable and self._woken():
                    self._leave()
                self._reap()
                if self._later and not readable:
                    _import_in_advance(self._later.pop(0))
                    if not self._later:
                        gc.freeze()
                if self._control.fileno() in readable:
                    forked = self._hear()
                    if forked is not None:
                        return forked
            except (OSError, ProtocolError) as error:
                sys.stderr.write(f"the zygote stops: {error}\n")
                self._leave()

    def _timeout(self) -> float | None:
        if self._later:
            return 0.0
        return 0.005 if self._ended else None

    def _woken(self) -> bool:
        """Empty the pipe of signals; whether one of them asks to leave."""
        try:
            return signal.SIGTERM in os.read(self._wake_read, 4096)
        except BlockingIOError:
            return False

    def _hear(self) -> Forked | None:
        """Do what the host asks. In a forked child, what it is to become."""
        data, descriptors = receive_with_descriptors(self._control)
        if not data:
            self._leave()
        self._descriptors.extend(descriptors)
        self._reader.feed(data)
        for message in self._reader:
            kind = message.get("t")
            wanted = _DESCRIPTORS.get(str(kind))
            if wanted is None:
                raise ProtocolError(f"the host sent an unknown message {kind!r}")
            if len(self._descriptors) < wanted:
                raise ProtocolError(f"the host sent {kind!r} without its {wanted} descriptors")
            own, self._descriptors = self._descriptors[:wanted], self._descriptors[wanted:]
            if kind == "preload":
                pieces = [piece for name in message["modules"] for piece in SLOW.get(name, ())]
                self._later += [piece for piece in pieces if piece not in (*self._later, *sys.modules)]
                continue
            forked = self._fork(message, own)
            if forked is not None:
                return forked
        return None

    def _fork(self, message: dict[str, Any], descriptors: list[int]) -> Forked | None:
        identity = message.get("id") if message["t"] == "fork" else None
        try:
            pid = os.fork()
        except OSError as error:
            for descriptor in descriptors:
                os.close(descriptor)
            self._send({"t": "refused", "id": identity, "message": f"cannot fork: {error}"})
            return None
        if pid == 0:
            self._close()
            return Forked("warm" if message["t"] == "warm" else "block", self._pid, descriptors)
        self._children[pid] = identity
        for descriptor in descriptors:
            os.close(descriptor)
        if identity is not None:
            self._send({"t": "forked", "id": identity, "pid": pid})
        return None

    def _close(self) -> None:
        """In a child: let go of what belongs to the zygote."""
        signal.set_wakeup_fd(-1)
        for descriptor in (self._wake_read, self._wake_write, *self._descriptors):
            os.close(descriptor)
        self._control.close()
        self._children.clear()

    def _reap(self) -> None:
        """Report children that have ended, after what they left behind is gone as well."""
        now = time.monotonic()
        for pid, status, seconds in process.reap():
            identity = self._children.pop(pid, None)
            if identity is None:  # an orphan of an ended block, or a warm zygote
                continue
            code = os.waitstatus_to_exitcode(status)
            report = {"t": "exited", "id": identity, "pid": pid, "cpu_seconds": round(seconds, 6)}
            report.update({"code": code, "signal": None} if code >= 0 else {"code": None, "signal": -code})
            self._ended.append((now + _STRAY_PATIENCE, report))
        if not self._ended:
            return
        # A running block keeps its own orphans, so a child that we did not fork is what an ended one left.
        strays = [pid for pid in process.direct_children() if pid not in self._children]
        process.kill(strays)
        while self._ended and (not strays or now > self._ended[0][0]):
            self._send(self._ended.pop(0)[1])

    def _send(self, message: dict[str, Any]) -> None:
        self._control.sendall(encode(message))

    def _leave(self) -> None:
        """The host is gone, or wants us gone: nothing below this process lives on."""
        process.kill_descendants()
        os._exit(0)


def _wake(_number: int, _frame: FrameType | None) -> None:
    """Have a handler, so that the wake-up descriptor is written to."""


def start(control: _socket.socket, *, role: str) -> Forked:
    """Be a zygote on this socket. Returns in its forked block processes."""
    warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"baton\.worker\.zygote")
    gc.disable()
    while True:
        if role == "warm":
            process.reset_signals()
            warm()
        process.become_subreaper()
        preload()
        zygote = Zygote(control, LATER if role == "warm" else ())
        if role == "warm":
            control.sendall(hello())
        forked = zygote.serve()
        if forked.role == "block":
            return forked
        role, control = "warm", forked.control
