"""Runs commands and measures them: wall time, and the peak of private memory of any process they start.

Timing and memory are measured in separate runs, so that reading `/proc` does not slow down what is timed.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

POLL_SECONDS = 0.01


@dataclass
class Command:
    """Something to run."""

    arguments: list[str]
    environment: dict[str, str] = field(default_factory=dict)


@dataclass
class Sample:
    """One run of a command."""

    seconds: float
    peak_rss_mb: float
    output: str


@dataclass
class Timing:
    """Several runs of a command."""

    samples: list[Sample]

    @property
    def median(self) -> float:
        """Median of the wall times, in seconds."""
        return statistics.median(sample.seconds for sample in self.samples)

    @property
    def fastest(self) -> float:
        """The shortest wall time, in seconds."""
        return min(sample.seconds for sample in self.samples)

    @property
    def peak_rss_mb(self) -> float:
        """The highest peak of resident memory of any one process, in MB."""
        return max(sample.peak_rss_mb for sample in self.samples)


class CommandError(Exception):
    """A command under measurement did not end with 0."""


def run(command: Command) -> Sample:
    """Runs a command once. Its peak memory is at least this script's own, some 15 MB."""
    with tempfile.TemporaryFile() as output:
        begun = time.perf_counter()
        process = start(command, output.fileno())
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    require_success(command, process.returncode, text)
    unit = 1 if sys.platform == "darwin" else 1024
    return Sample(seconds, usage.ru_maxrss * unit / 1e6, text)


def compare(commands: list[Command], warmups: int, runs: int) -> list[Timing]:
    """Runs commands in turn, so that what else the machine does meets all of them alike."""
    for command in commands * warmups:
        run(command)
    rounds = [[run(command) for command in commands] for _ in range(runs)]
    return [Timing(list(samples)) for samples in zip(*rounds)]


def peak_private_mb(command: Command) -> float | None:
    """The highest private (anonymous) memory of any one process of a command, in MB; Linux only."""
    if not Path("/proc/self/status").exists():
        return None
    peak = 0
    with tempfile.TemporaryFile() as output:
        process = start(command, output.fileno())
        while process.poll() is None:
            peak = max([peak, *(anonymous_kb(pid) for pid in tree(process.pid))])
            time.sleep(POLL_SECONDS)
        output.seek(0)
        require_success(command, process.returncode, output.read().decode(errors="replace"))
    return peak * 1024 / 1e6


def start(command: Command, output: int) -> subprocess.Popen[bytes]:
    """Starts a command with its output in one place."""
    return subprocess.Popen(
        command.arguments,
        env={**os.environ, **command.environment},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
    )


def require_success(command: Command, code: int, output: str) -> None:
    """Stops the benchmark when what it measures does not work."""
    if code != 0:
        tail = "\n".join(output.splitlines()[-20:])
        raise CommandError(f"`{' '.join(command.arguments)}` ended with {code}:\n{tail}")


def tree(root: int) -> list[int]:
    """A process and everything below it."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                # The name of a process stands in parentheses and may hold spaces.
                fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(entry))
    found = [root]
    for pid in found:
        found.extend(children.get(pid, []))
    return found


def anonymous_kb(pid: int) -> int:
    """Private memory of a process: its anonymous pages. Pages of mapped files do not count."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    for line in text.splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    return 0
