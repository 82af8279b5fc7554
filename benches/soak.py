"""A server under steady load for as long as one likes: what it has must not grow, and nothing may get stuck.

    make test-heavy                                   an hour
    python3 -B benches/soak.py --baton PATH --python PATH --seconds 120

Triggers are called every second, some blocks fail, runs are cancelled and retried, files are edited, and others look
at everything. Memory, open files, threads and processes of the server are measured once a second; after a warm-up,
lines fitted through them have to be flat. At the end every run has to have ended, each as it should.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import socket
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import projects
from bench import note
from measure import CommandError, tree
from projects import Block
from served import Client, Look, Server, look

RESULTS = Path(__file__).parent / "results" / "soak.json"

# With more open runs than these, nothing further is asked for: a slow machine must not be taken for a leak.
MOST_OPEN = 30
# Longer than what is open at the end takes on a busy machine.
LAST_RUNS = 300

NOTHING = "def run(*args, **kwargs):\n    return {value}\n"
FAILS = "def run(*args, **kwargs):\n    print('about to fail')\n    raise ValueError('it always fails')\n"
FLAKY = (
    "import random\n\n\n@transformer\ndef run(value, *args, **kwargs):\n"
    "    if random.random() < 0.5:\n        raise ValueError('unlucky')\n    return value\n"
)
SLEEPS = "import time\n\n\n@data_loader\ndef run(*args, **kwargs):\n    time.sleep(20)\n"
FRAME = (
    "import pandas as pd\n\n\n@data_loader\ndef run(*args, **kwargs):\n"
    "    return pd.DataFrame({'a': range(10_000), 'b': [str(n % 7) for n in range(10_000)]})\n"
)
COUNTS = "@transformer\ndef run(frame, *args, **kwargs):\n    assert len(frame) == 10_000\n    return len(frame)\n"
RETRIES = "\n  retry_config:\n    retries: 2\n    delay: 1"


def block(uuid: str, code: str, upstream: list[str] | None = None) -> Block:
    """A block; the first of a pipeline loads."""
    kind = "transformer" if upstream else "data_loader"
    text = code if code.count("@") else f"@{kind}\n{code}"
    return Block(uuid, kind, text, upstream or [])


def replace(path: Path, text: str) -> None:
    """Writes a file in one step: what reads it in between sees all of it, and not none."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


def write_project(path: Path) -> None:
    """A pipeline for each thing that happens."""
    projects.new_project(path)
    ones = {
        "quick": [block("quick_a", NOTHING.format(value=1)), block("quick_b", NOTHING.format(value=2), ["quick_a"])],
        "fails": [block("fails_a", FAILS), block("fails_b", NOTHING.format(value=2), ["fails_a"])],
        "flaky": [block("flaky_a", NOTHING.format(value=1)), block("flaky_b", FLAKY, ["flaky_a"])],
        "sleeps": [block("sleeps_a", SLEEPS)],
        "frames": [block("frames_a", FRAME), block("frames_b", COUNTS, ["frames_a"])],
        "edited": [block("edited_a", NOTHING.format(value=0))],
        "minutely": [block("minutely_a", NOTHING.format(value=1))],
        "steady": [block("steady_a", "import time\n\n\n@data_loader\ndef run(*args, **kwargs):\n    time.sleep(1)\n")],
    }
    for uuid, blocks in ones.items():
        projects.write_pipeline(path, uuid, blocks)
        projects.write_trigger(path, uuid, "call", "api")
    projects.write_trigger(path, "minutely", "call", "time", '"* * * * *"')
    projects.write_trigger(path, "steady", "call", "time", '"@always_on"')
    metadata = path / "pipelines" / "flaky" / "metadata.yaml"
    metadata.write_text(metadata.read_text().replace("  uuid: flaky_b", f"  uuid: flaky_b{RETRIES}"))


@dataclass
class Soak:
    """What goes on, and what was seen."""

    server: Server
    project: Path
    triggers: dict[str, int]
    chance: random.Random
    stop: Event = field(default_factory=Event)
    calls: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    # What must not happen at all.
    trouble: list[str] = field(default_factory=list)
    # Runs that were asked for, by pipeline.
    made: dict[str, list[int]] = field(default_factory=dict)

    def every(self, seconds: float, what: Callable[[Client, int], None]) -> Thread:
        """Does something again and again, in a thread with a connection of its own."""

        def again() -> None:
            client, number = self.server.connect(), 0
            begun = time.monotonic()
            while not self.stop.wait(max(0.0, begun + number * seconds - time.monotonic())):
                number += 1
                # What a slow machine has missed is not made up for.
                begun = max(begun, time.monotonic() - number * seconds)
                try:
                    what(client, number)
                except (CommandError, OSError) as error:
                    self.trouble.append(f"{what.__name__}: {error}"[:500])
            client.close()

        thread = Thread(target=again)
        thread.start()
        return thread

    def call(self, client: Client, pipeline: str) -> int:
        """Starts a run."""
        run = client.call(self.triggers[pipeline], {"number": self.calls[pipeline]})
        self.calls[pipeline] += 1
        self.made.setdefault(pipeline, []).append(run)
        return run

    def calls_of_triggers(self, client: Client, number: int) -> None:
        """The load: a call a second, and others beside it now and then."""
        if client.count("running") + client.count("initial") > MOST_OPEN:
            self.calls["left out"] += 1
            return
        self.call(client, "quick")
        for pipeline, interval in (("fails", 5), ("flaky", 4), ("frames", 6), ("edited", 3)):
            if number % interval == 0:
                self.call(client, pipeline)

    def cancels(self, client: Client, _number: int) -> None:
        """A run that would take long is stopped soon after its start."""
        run = self.call(client, "sleeps")
        self.stop.wait(self.chance.random() * 3)
        client.good("PUT", f"/api/pipeline_runs/{run}", {"pipeline_run": {"status": "cancelled"}})

    def retries(self, client: Client, _number: int) -> None:
        """A run that has failed is started again."""
        found = client.runs("status=failed&_limit=20")["pipeline_runs"]
        if found:
            run = self.chance.choice(found)["id"]
            body = {"pipeline_run": {"pipeline_run_action": "retry_blocks"}}
            status, text = client.ask("PUT", f"/api/pipeline_runs/{run}", body)
            # Somebody else may have been faster.
            if status not in (200, 400, 409):
                self.trouble.append(f"retry of {run}: {status} {text[:200]!r}")
            self.calls["retries"] += 1

    def looks(self, client: Client, _number: int) -> None:
        """What a person with many open pages asks for."""
        runs = client.runs("_limit=50")["pipeline_runs"]
        for path in ("/api/pipelines", "/api/pipeline_schedules", "/api/status?_format=with_activity_details"):
            client.get(path)
        client.good("GET", "/api/pipeline_runs?status=failed&_limit=10")
        if runs:
            run = self.chance.choice(runs)["id"]
            for path in ("", "/block_runs", "/logs", "/why"):
                client.get(f"/api/pipeline_runs/{run}{path}")
        status, _ = client.ask("GET", "/metrics")
        if status != 200:
            self.trouble.append(f"/metrics: {status}")
        self.requests += 9

    def listens(self, client: Client, _number: int) -> None:
        """Somebody follows what happens for a while, and goes away in the middle of it."""
        host, _, port = client.host.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            head = f"GET /api/events HTTP/1.1\r\nhost: {client.host}\r\nauthorization: {client.headers['authorization']}\r\n\r\n"
            connection.sendall(head.encode())
            until = time.monotonic() + 1 + self.chance.random() * 2
            while time.monotonic() < until and connection.recv(4096):
                pass
        self.calls["listeners"] += 1

    def edits(self, _client: Client, number: int) -> None:
        """Files change under the server."""
        code = self.project / "data_loaders" / "edited_a.py"
        replace(code, f"@data_loader\n{NOTHING.format(value=number)}")
        if number % 4 == 0:
            triggers = self.project / "pipelines" / "edited" / "triggers.yaml"
            lines = [line for line in triggers.read_text().splitlines() if not line.startswith("  description")]
            replace(triggers, "\n".join([*lines, f"  description: edit {number}", ""]))
        self.calls["edits"] += 1

    def settle(self) -> None:
        """Switches what starts by itself off, and waits for what is open."""
        client = self.server.client
        for pipeline in ("steady", "minutely"):
            path = f"/api/pipeline_schedules/{self.triggers[pipeline]}"
            client.good("PUT", path, {"pipeline_schedule": {"status": "inactive"}})
        deadline = time.monotonic() + LAST_RUNS
        while (count := client.count("running") + client.count("initial")) and time.monotonic() < deadline:
            time.sleep(0.2)
        if count:
            stuck = client.runs("status[]=running&status[]=initial&_limit=20")["pipeline_runs"]
            self.trouble.append(f"{count} runs never ended: {stuck}")

    def judge_runs(self) -> Counter[str]:
        """How runs ended: each pipeline knows only some ways."""
        allowed = {"sleeps": {"cancelled"}, "fails": {"failed"}, "flaky": {"completed", "failed"}}
        ways: Counter[str] = Counter()
        offset = 0
        while page := self.server.client.runs(f"_limit=1000&_offset={offset}")["pipeline_runs"]:
            offset += len(page)
            for run in page:
                pipeline, status = run["pipeline_uuid"], run["status"]
                ways[f"{pipeline} {status}"] += 1
                if status not in allowed.get(pipeline, {"completed"}):
                    self.trouble.append(f"run {run['id']} of {pipeline} is {status}: {run['reason']}")
        return ways


@dataclass
class Line:
    """A straight line through samples of something that must not grow."""

    name: str
    unit: str
    first: float
    last: float
    # Growth in an hour, by the line.
    hourly: float
    # What it grew from the beginning of the line to its end, and what it may.
    grown: float
    limit: float

    @property
    def is_flat(self) -> bool:
        """Whether it grew no more than it may."""
        return self.grown <= self.limit


def line(name: str, unit: str, samples: list[tuple[float, float]], limit: float) -> Line:
    """Fits by the median of the slopes between the two halves: single peaks do not move it."""
    half = len(samples) // 2
    pairs = zip(samples[:half], samples[len(samples) - half :])
    slope = statistics.median((y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in pairs)
    span = samples[-1][0] - samples[0][0]
    return Line(name, unit, samples[0][1], samples[-1][1], slope * 3600, slope * span, limit)


def fitted(looks: list[Look], warmup: float) -> list[Line]:
    """Lines through what the server had, after the warm-up."""
    begun = looks[0].at
    kept = [one for one in looks if one.at - begun >= warmup]
    hours = (kept[-1].at - kept[0].at) / 3600

    def of(name: str, unit: str, value: Callable[[Look], float], limit: float) -> Line:
        return line(name, unit, [(one.at, value(one)) for one in kept], limit)

    return [
        # What the database keeps of its pages, and what the allocator does not give back at once.
        of("private memory", "MB", lambda one: one.private_mb, 6 + 4 * hours),
        of("open files", "", lambda one: one.handles, 10),
        of("threads", "", lambda one: one.threads, 8),
        of("processes below", "", lambda one: one.processes, 6),
    ]


def size(folder: Path, pattern: str) -> int:
    """Bytes of the files of a pattern."""
    return sum(path.stat().st_size for path in folder.glob(pattern))


def soak(options: argparse.Namespace, scratch: Path) -> int:
    """The whole of it; the exit code."""
    project, home = scratch / "soak", scratch / "home"
    write_project(project)
    environ = {"BATON_PYTHON": str(options.python)} if options.python else {}
    warmup = max(20.0, min(options.seconds / 3, 300.0))
    looks: list[Look] = []
    databases: list[tuple[int, int]] = []
    with Server(options.baton.resolve(), project, home, environ=environ) as server:
        triggers = {trigger["pipeline_uuid"]: int(trigger["id"]) for trigger in server.client.schedules()}
        load = Soak(server, project, triggers, random.Random(options.seed))  # noqa: S311 - no secret depends on it
        # The environment is made before anything counts.
        server.client.get(f"/api/pipeline_runs/{load.call(server.client, 'frames')}?_wait=300")
        threads = [
            load.every(1, load.calls_of_triggers),
            load.every(7, load.cancels),
            load.every(9, load.retries),
            load.every(0.5, load.looks),
            load.every(4, load.listens),
            load.every(5, load.edits),
        ]
        begun, told = time.monotonic(), 0.0
        try:
            while (passed := time.monotonic() - begun) < options.seconds and server.process.poll() is None:
                looks.append(look(server.pid, len(tree(server.pid)) - 1))
                if passed >= told:
                    told += max(options.seconds / 30, 10)
                    runs = int(server.client.runs("_limit=1")["metadata"]["count"])
                    databases.append((runs, size(home, "projects/*/state.db*")))
                    note(f"{passed:5.0f} s: {runs} runs, {asdict(looks[-1])}")
                time.sleep(max(0.0, 1 - (time.monotonic() - begun - passed)))
        finally:
            load.stop.set()
            for thread in threads:
                thread.join()
        load.settle()
        ways = load.judge_runs()
        status, _ = server.client.ask("GET", "/ready")
        if status != 200:
            load.trouble.append(f"the server is not ready: {status}")
        files = {name: size(home, f"projects/*/{name}/**/*") for name in ("logs", "objects", "locks", "staging")}
    log = [text for text in server.log.read_text().splitlines() if " ERROR " in text or "panicked" in text]
    load.trouble += [f"the server's log: {text}" for text in log[:20]]
    lines = fitted(looks, warmup)
    load.trouble += [
        f"{one.name} grew by {one.grown:.1f} {one.unit}, more than {one.limit:.1f}" for one in lines if not one.is_flat
    ]
    load.trouble += judge_database(databases)
    report(options, load, ways, lines, databases, files)
    return 1 if load.trouble else 0


def judge_database(databases: list[tuple[int, int]]) -> list[str]:
    """What a run takes on disk: the database grows with runs and with nothing else."""
    (runs, size_before), (more_runs, size_after) = databases[0], databases[-1]
    if more_runs <= runs:
        return ["no runs were made"]
    each = (size_after - size_before) / (more_runs - runs) / 1000
    # The log of the database, up to 32 MB beside it, comes and goes.
    allowed = 40 + 33_000 / (more_runs - runs)
    return [f"the database grew by {each:.0f} kB for each run"] if each > allowed else []


def report(
    options: argparse.Namespace,
    load: Soak,
    ways: Counter[str],
    lines: list[Line],
    databases: list[tuple[int, int]],
    files: dict[str, int],
) -> None:
    """Prints what was found and writes it for programs."""
    print(f"{options.seconds:.0f} s, {sum(ways.values())} runs, {load.requests} requests of lookers")
    print("calls: " + ", ".join(f"{name} {count}" for name, count in sorted(load.calls.items())))
    print("ends: " + ", ".join(f"{name} {count}" for name, count in sorted(ways.items())))
    print("\n| What | First | Last | In an hour | Grown | At most |\n|---|---:|---:|---:|---:|---:|")
    for one in lines:
        numbers = (one.first, one.last, one.hourly, one.grown, one.limit)
        print(f"| {one.name} | " + " | ".join(f"{number:.1f} {one.unit}".strip() for number in numbers) + " |")
    print("\n| Runs | Database, with its log |\n|---:|---:|")
    for runs, taken in databases[:: max(1, len(databases) // 10)]:
        print(f"| {runs} | {taken / 1e6:.1f} MB |")
    print("\nfiles: " + ", ".join(f"{name} {taken / 1e6:.1f} MB" for name, taken in files.items()))
    for trouble in load.trouble[:50]:
        print(f"FAIL: {trouble}")
    if options.write:
        RESULTS.parent.mkdir(exist_ok=True)
        result: dict[str, Any] = {
            "seconds": options.seconds,
            "lines": [asdict(one) for one in lines],
            "databases": databases,
            "ends": ways,
            "trouble": load.trouble,
        }
        RESULTS.write_text(json.dumps(result, indent=2) + "\n")


def main() -> int:
    """Runs it in a scratch folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--baton", type=Path, required=True, help="the binary")
    parser.add_argument("--python", type=Path, help="an interpreter with pandas (default: an environment is made)")
    parser.add_argument("--seconds", type=float, default=120, help="how long (default: 120)")
    parser.add_argument("--seed", type=int, default=1, help="what chance decides by (default: 1)")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.relative_to(RESULTS.parent.parent)}")
    parser.add_argument("--keep", action="store_true", help="keep the scratch folder")
    options = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="baton-soak-"))
    try:
        return soak(options, scratch)
    except CommandError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        if options.keep:
            note(f"kept {scratch}")
        else:
            shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
