"""What a process asks of the system: to outlive nobody, to inherit orphans, to count descendants and end them.

Linux does all of it; elsewhere each function does what there is, or nothing, and says so by its result.
"""

from __future__ import annotations

import os
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

LINUX = sys.platform.startswith("linux")
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
# A block goes first when memory ends; the host, which can report it, stays.
_OOM_SCORE = b"500"


# The C function, once it was looked up: that takes ten times as long as a call, and every block process calls it.
_found_prctl: Callable[..., int] | None = None


def _prctl(option: int, argument: int) -> bool:
    global _found_prctl
    if not LINUX:
        return False
    try:
        if _found_prctl is None:
            import ctypes

            _found_prctl = ctypes.CDLL(None).prctl
        return int(_found_prctl(option, argument, 0, 0, 0)) == 0
    except (ImportError, OSError, AttributeError):
        return False


def become_subreaper() -> bool:
    """Orphans below this process become its children, also those that left their session."""
    return _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(parent: int) -> bool:
    """Be killed when the thread that forked this process ends. `parent` is its process, as known before the fork."""
    done = _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the request: no signal will come
        os._exit(1)
    return done


def offer_to_oom_killer() -> None:
    """Ask to be chosen before other processes when the machine runs out of memory."""
    if not LINUX:
        return
    try:
        # Not through a text file: that would import a codec in every block process.
        score = os.open("/proc/self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        os.write(score, _OOM_SCORE)
    except OSError:
        pass
    finally:
        os.close(score)


def stay_on_processors(count: int) -> None:
    """Run on so many processors only, with everything that is started from now on.

    Each process begins with another one, so that blocks do not crowd on the first.
    """
    if not LINUX:
        return
    try:
        offered = sorted(os.sched_getaffinity(0))
        first = os.getpid() % len(offered)
        chosen = [*offered[first:], *offered[:first]][: max(1, count)]
        os.sched_setaffinity(0, chosen)
    except OSError:  # a container may forbid it
        pass


def reset_signals() -> None:
    """Handlers as a Python process has them when it starts.

    SIGXFSZ stays ignored, so that a limit on file size is an `OSError` of the write and not a death.
    """
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    if hasattr(signal, "SIGXFSZ"):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def parents() -> dict[int, int]:
    """Parent of each process of the machine that can be seen."""
    found: dict[int, int] = {}
    if not LINUX:
        return found
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                stat = file.read()
        except OSError:  # it has ended
            continue
        # The name in parentheses may hold anything, also parentheses and spaces.
        found[int(name)] = int(stat[stat.rindex(b")") + 2 :].split(b" ", 2)[1])
    return found


def below(root: int, table: dict[int, int]) -> list[int]:
    """The descendants of a process, nearest first."""
    children: dict[int, list[int]] = {}
    for pid, parent in table.items():
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    waiting = [root]
    while waiting:
        next_ones = children.get(waiting.pop(0), [])
        found.extend(next_ones)
        waiting.extend(next_ones)
    return found


def direct_children() -> list[int]:
    """The children of this process, orphans it inherited included."""
    own = os.getpid()
    try:
        # Orphans come to the main thread; the kernel lists them without a walk over all processes.
        with open(f"/proc/self/task/{own}/children", "rb") as file:
            return [int(pid) for pid in file.read().split()]
    except OSError:
        return [pid for pid, parent in parents().items() if parent == own]


def kill(pids: list[int]) -> None:
    """SIGKILL to each that still exists."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass


def reap() -> list[tuple[int, int, float]]:
    """Children that have ended, with their wait status and processor time, without waiting for others."""
    ended: list[tuple[int, int, float]] = []
    while True:
        try:
            pid, status, used = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended.append((pid, status, used.ru_utime + used.ru_stime))


def kill_descendants(patience: float = 10.0) -> bool:
    """End everything below this process, repeating until nothing is left. True when nothing is."""
    if not LINUX:
        return False
    until = time.monotonic() + patience
    while True:
        found = below(os.getpid(), parents())
        if not found:
            return True
        if time.monotonic() > until:
            return False
        kill(found)
        reap()
        time.sleep(0.001)  # the killed need a moment to be gone
