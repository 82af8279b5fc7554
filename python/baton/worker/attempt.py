"""A block process from its first moment to its last: makes the process a clean one, runs one job, leaves.

The host hears `done` or `failed` from here, or learns from the system how the process ended.
"""

from __future__ import annotations

import _thread
import atexit
import faulthandler
import gc
import linecache  # noqa: F401 -- imported before the fork, for tracebacks and user code
import os
import sys
import threading

from baton.worker import block, errors, logs, process
from baton.worker.hello import hello
from baton.worker.job import Job
from baton.worker.protocol import VERSION, Channel, ProtocolError, set_current
from baton.worker.roots import make_importable
from baton.worker.session import Session
from baton.worker.usage import Meter

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from typing import Any, NoReturn

    from baton.worker.zygote import Forked


def enter_forked(forked: Forked) -> Channel:
    """Make a forked child of a zygote a process of its own."""
    process.reset_signals()
    process.die_with_parent(forked.parent)
    process.become_subreaper()
    process.offer_to_oom_killer()
    os.setsid()
    for target, descriptor in zip((1, 2), forked.output):
        os.dup2(descriptor, target)
        os.close(descriptor)
    gc.enable()
    # `random` sees to itself after a fork; numpy does not, and every block would draw the same numbers.
    random = sys.modules.get("numpy.random")
    if random is not None:
        random.seed()
    return Channel(forked.control)


def enter_spawned(control: _socket.socket, *, warm: bool) -> Channel:
    """Make a process that was started for one job ready, imports included."""
    process.reset_signals()
    process.become_subreaper()
    process.offer_to_oom_killer()
    try:
        os.setsid()
    except OSError:  # the host has made it the leader of a group already
        pass
    if warm:
        from baton.worker.zygote import warm as import_in_advance

        import_in_advance()
    control.sendall(hello())
    return Channel(control)


def run(channel: Channel, *, follow_host: bool) -> None:
    """Take jobs, run them, leave. Does not return. Without a zygote the process has to see for itself to its host.

    Most processes get one job. In a run of one process further ones follow, until the host closes the socket; what
    ends such a job does not end the process.
    """
    job = _receive(channel)
    set_current(channel)
    if follow_host:
        _thread.start_new_thread(_follow_host, (channel,))
    session = Session()
    while job.mark is not None:
        meter = Meter(shared=True)
        last, _ = _attempt(job, channel, session)
        logs.flush_streams()
        _mark_output(job.mark)
        _send(channel, meter.message())
        _send(channel, last)
        job = _receive(channel)
    meter = Meter()
    last, completed = _attempt(job, channel, session)
    if not channel.is_ours():  # user code forked, and the copy has come to the end as well
        _leave(0)
    if completed:
        # As when Python ends by itself; then everything is written, and the host may act on it.
        atexit._run_exitfuncs()  # noqa: SLF001
        logs.flush_streams()
        _end_output()
        _send(channel, meter.message())
        _send(channel, last)
        _leave(0)
    # The outcome first: what a failed block leaves running may wait for it for ever.
    logs.flush_streams()
    _send(channel, meter.message())
    _send(channel, last)
    atexit._run_exitfuncs()  # noqa: SLF001
    _leave(1)


def _attempt(job: Job, channel: Channel, session: Session) -> tuple[dict[str, Any], bool]:
    """The last message of an attempt, and whether it is good news."""
    try:
        _prepare(job, channel)
        if job.role == "callbacks":
            last = block.call_back(job, channel, session)
        else:
            last = block.execute(job, channel, session)
        if job.mark is None:
            _end_threads()
    except BaseException as error:  # noqa: BLE001 -- also SystemExit: whatever ends user code is reported
        return {"t": "failed", "error": _describe(error, job)}, False
    return last, True


def _mark_output(mark: str) -> None:
    """Tell the readers of our output where that of a job ends, since the process goes on."""
    for descriptor in (1, 2):
        os.write(descriptor, f"\n{mark}\n".encode())


def _end_output() -> None:
    """Let the readers of our output see its end, so that the host has all of it when it hears that we are done."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.close(null)


def _describe(error: BaseException, job: Job) -> dict[str, Any]:
    try:
        return errors.describe(error, job)
    except BaseException as problem:  # noqa: BLE001 -- a failed block is reported, even if poorly
        name = type(error).__name__
        words = f"the block failed with {name}, which could not be described: {errors.text_of(problem)}"
        return {
            "kind": "exception",
            "exception": name,
            "message": errors.cap(f"{errors.text_of(error)}\n{words}".lstrip("\n")),
            "frames": [],
            "hint": None,
        }


def _receive(channel: Channel) -> Job:
    try:
        message = channel.next_job()
    except (OSError, ProtocolError) as error:
        _give_up(channel, f"the worker could not read its job: {error}")
    if message is None:
        _leave(0)
    if message.get("t") != "job" or message.get("protocol") != VERSION:
        _give_up(
            channel,
            f"the worker speaks version {VERSION} of the protocol and was sent "
            f"`{message.get('t')}` of version {message.get('protocol')}",
        )
    try:
        job = Job(message)
    except (KeyError, TypeError, ValueError) as error:
        _give_up(channel, f"the job cannot be read: {type(error).__name__}: {error}")
    return job


def _give_up(channel: Channel, message: str) -> NoReturn:
    """End without a job: the host and we do not understand each other."""
    error: dict[str, Any] = {"kind": "unsupported", "exception": None, "message": message, "frames": [], "hint": None}
    _send(channel, {"t": "failed", "error": error})
    _leave(1)


def _follow_host(channel: Channel) -> None:
    """In a thread: hand out answers, and leave, with everything below, when the host has closed the socket."""
    channel.read_to_end()
    _leave_with_descendants()


def _leave_with_descendants() -> None:
    process.kill_descendants(patience=1.0)
    os._exit(1)


def _prepare(job: Job, channel: Channel) -> None:
    """The process as user code expects it."""
    if job.cpus is not None:
        process.stay_on_processors(job.cpus)
    logs.open_streams()
    faulthandler.enable()  # a crash in C says on standard error which line it came from
    os.environ.update(job.environ)
    os.environ.setdefault("MAGE_REPO_PATH", job.repo_path)
    if "TZ" in job.environ:
        import time

        time.tzset()
    sys.argv = [job.path]
    sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)  # lifted at the start, for our own modules
    make_importable(job.repo_path, os.environ["MAGE_REPO_PATH"], strict=job.strict)
    logs.capture_warnings(channel)


def _end_threads() -> None:
    """Wait for threads that are no daemons, as Python does at its end; pools of threads finish their work."""
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001


def _send(channel: Channel, message: dict[str, Any]) -> None:
    try:
        channel.send(message)
    except (OSError, ProtocolError):  # the host is gone
        _leave(1)


def _leave(code: int) -> NoReturn:
    os._exit(code)
