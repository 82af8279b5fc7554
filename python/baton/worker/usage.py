"""What a job has used, as the system counts it for this process: processor time and memory.

The host looks from outside as well; what ends between two of its looks is known only here.
"""

from __future__ import annotations

import os
import resource

from baton.worker.process import LINUX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Meter:
    """Counts from now on."""

    def __init__(self, *, shared: bool = False) -> None:
        """`shared`: jobs before this one have used the process, so the most memory of this job begins anew."""
        self._before = _cpu_seconds()
        if shared:
            _forget_peak()

    def message(self) -> dict[str, Any]:
        """What to tell the host."""
        spent = max(0.0, _cpu_seconds() - self._before)
        return {"t": "usage", "cpu_seconds": round(spent, 6), "peak_memory": _peak_memory()}


def _cpu_seconds() -> float:
    """Processor time of this process, and of the children that it has waited for."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _forget_peak() -> None:
    if not LINUX:
        return
    try:
        file = os.open("/proc/self/clear_refs", os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        os.write(file, b"5")
    except OSError:
        pass
    finally:
        os.close(file)


def _peak_memory() -> int | None:
    """The most memory at a time, without the files that are mapped now; None where the system does not say."""
    if not LINUX:
        return None
    try:
        file = os.open("/proc/self/status", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        status = os.read(file, 1 << 16)
    except OSError:
        return None
    finally:
        os.close(file)
    found: dict[bytes, int] = {}
    for line in status.splitlines():
        name, _, value = line.partition(b":")
        if name in (b"VmHWM", b"RssAnon", b"RssFile", b"RssShmem"):
            found[name] = int(value.split()[0]) * 1024
    if b"VmHWM" not in found or b"RssAnon" not in found:
        return None
    files = found.get(b"RssFile", 0) + found.get(b"RssShmem", 0)
    return max(found[b"RssAnon"], found[b"VmHWM"] - files)
