"""Runs the recorded pipelines through the `baton` binary and compares with what Mage did.

    python3 tests/oracle/run.py                       all pipelines that Baton can run so far
    python3 tests/oracle/run.py --only ret_lists -v   some of them, also where Baton is better

README.md beside this file says what the oracle is. Leaves what the blocks wrote in a scratch folder, or in --keep.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import environment

HERE = Path(__file__).resolve().parent
PROJECT = HERE / "fixtures" / "oracle_project"
# The capabilities that exist. Pipelines that need another one are listed as pending.
WORKING = ("python", "service")
# Longer than the slowest pipeline by far.
TIMEOUT = 240
# Mage asks a sensor again after 60 s, which is not compared.
SENSOR_POLL_SECONDS = "1"
# Pipelines that mostly wait; they start first, so that the rest runs meanwhile.
WAITING = ("retry_", "timeout_", "sensor_", "fail_parallel")


@dataclass
class Harness:
    """Where everything is."""

    scratch: Path
    baton: Path
    environment: environment.Environment

    @property
    def probes(self) -> Path:
        """Where blocks write what they received."""
        return self.scratch / "probes"

    @property
    def project(self) -> Path:
        """The copy of the project that is run. Its name is part of what blocks import."""
        return self.scratch / "oracle_project"

    def prepare(self) -> None:
        """Makes the folders that the recording had."""
        for folder in (self.probes, self.scratch / "tmp", self.scratch / "duckdb", self.scratch / "bin"):
            folder.mkdir(parents=True)
        shutil.copytree(PROJECT, self.project)
        (self.scratch / "bin" / "mage").symlink_to(self.baton)

    def environ(self, own: dict[str, str]) -> dict[str, str]:
        """The variables of a run's process."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ORACLE_", "BATON_"))}
        return {
            **inherited,
            "BATON_HOME": str(self.scratch / "home"),
            "BATON_PYTHON": str(self.environment.python),
            "BATON_SENSOR_POLL_SECONDS": SENSOR_POLL_SECONDS,
            "ENV": "dev",
            "NO_COLOR": "1",
            **self.oracle_variables(),
            **own,
        }

    def oracle_variables(self) -> dict[str, str]:
        """The variables that the project reads. There is no database yet for those that name one."""
        return {
            "ORACLE_PROBE_DIR": str(self.probes),
            "ORACLE_TMP": str(self.scratch / "tmp"),
            "ORACLE_DUCKDB_DIR": str(self.scratch / "duckdb"),
            "ORACLE_NUM": "42",
            "ORACLE_WORD": "bench",
            "ORACLE_PG_PORT": "5432",
        }

    def pipeline(self, name: str, spec: dict[str, Any]) -> float:
        """Runs one pipeline as often as it was recorded, and gives the seconds."""
        begun = time.monotonic()
        for run in spec["runs"]:
            info = self.run(name, run, spec.get("env") or {})
            folder = self.probes / name / run["label"]
            current = self.probes / name / "_current"
            if current.is_dir():
                current.rename(folder)
            else:
                folder.mkdir(parents=True)
            (folder / "_run.json").write_text(json.dumps({"label": run["label"], **info}, indent=1))
        return time.monotonic() - begun

    def run(self, name: str, run: dict[str, Any], own: dict[str, str]) -> dict[str, Any]:
        """One run, described as compare.py wants it."""
        command = self.by_hand(name, run) if run["mode"] == "cli" else self.triggered(name, run)
        try:
            ended = subprocess.run(
                command,
                cwd=self.scratch,
                env=self.environ(own),
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return {"mode": run["mode"], "status": f"still running after {TIMEOUT} s", "exit_code": "timeout"}
        if run["mode"] == "cli":
            return {"mode": run["mode"], "exit_code": ended.returncode, "stderr": ended.stderr[-2_000:]}
        return {"mode": run["mode"], **described(ended.stdout), "stderr": ended.stderr[-2_000:]}

    def triggered(self, name: str, run: dict[str, Any]) -> list[str]:
        """A run as its trigger starts it: one that waits for calls, or one that follows a schedule."""
        variables = json.dumps(run.get("variables") or {})
        kind = ["--trigger", run["trigger"]] if run["mode"] == "auto" else ["--env", "prod"]
        return [str(self.baton), "run", str(self.project), name, *kind, "--json", "--vars", variables]

    def by_hand(self, name: str, run: dict[str, Any]) -> list[str]:
        """A run as Mage's users type it: BATON_PYTHON names the interpreter."""
        mage = str(self.scratch / "bin" / "mage")
        return [mage, "run", str(self.project), name, "--runtime-vars", json.dumps(run.get("variables") or {})]


@contextmanager
def served(harness: Harness) -> Iterator[tuple[str, str]]:
    """A server of the project: its address and its token."""
    command = [str(harness.baton), "start", str(harness.project), "--port", "0"]
    log = (harness.scratch / "server.log").open("w")
    process = subprocess.Popen(
        command, cwd=harness.scratch, env=harness.environ({}), stdout=subprocess.PIPE, stderr=log, text=True
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        address, _, token = line.strip().rpartition(" ")[2].partition("/?token=")
        if not token:
            raise SystemExit(f"the server did not start: {(harness.scratch / 'server.log').read_text()}")
        yield address, token
    finally:
        process.terminate()
        process.wait(timeout=60)
        log.close()


def driven(harness: Harness, names: Sequence[str]) -> None:
    """Runs pipelines through the API, as Mage's own were recorded."""
    with served(harness) as (address, token):
        command = [sys.executable, str(HERE / "drive.py"), "--runs", str(HERE / "runs.json")]
        command += ["--probes", str(harness.probes), "--url", address, "--only", ",".join(names)]
        environ = {**os.environ, **harness.oracle_variables(), "ORACLE_API_TOKEN": token}
        subprocess.run(command, env=environ, stdout=subprocess.DEVNULL, check=True)


def described(output: str) -> dict[str, Any]:
    """What `--json` said of a run: status, blocks, errors and log lines, in the words of the recording."""
    events = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    if not events or "blocks" not in events[-1]:
        return {"status": "no summary", "blocks": {}, "errors": {}}
    summary = events[-1]
    logs: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        if event.get("event") == "log":
            record = {"level": event["level"], "message": event["message"]}
            logs.setdefault(f"{event['uuid']}.log", []).append(record)
    return {
        "status": summary["status"],
        "blocks": {block["uuid"]: block["status"] for block in summary["blocks"]},
        "errors": {block["uuid"]: block["error"] for block in summary["blocks"] if block.get("error")},
        "logs": logs,
    }


def compared(harness: Harness, names: list[str]) -> dict[str, Any]:
    """What compare.py says, as it writes it for programs; what it prints knows nothing of accepted differences."""
    report = harness.scratch / "report.json"
    command = [sys.executable, str(HERE / "compare.py"), str(harness.probes), str(HERE / "results")]
    command += ["--only", ",".join(names), "--json", str(report)]
    environ = {**os.environ, **harness.oracle_variables()}
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if not report.is_file():
        raise SystemExit(f"compare.py wrote nothing\n{ended.stderr}")
    found: dict[str, Any] = json.loads(report.read_text())
    return found


def depends_on_versions(name: str, spec: dict[str, Any]) -> bool:
    """Whether a block of the pipeline imports a package whose version may change what is printed."""
    imports = re.compile(r"^\s*(?:import|from)\s+(numpy|pandas|polars|pyarrow|sklearn|scipy)\b", re.MULTILINE)
    folders = {kind if kind == "custom" else f"{kind}s" for kind in spec["blocks"].values()}
    paths = (path for folder in folders for path in (PROJECT / folder).rglob("*.py"))
    return any(path.stem.startswith(name) and imports.search(path.read_text()) for path in paths)


def chosen(runs: dict[str, Any], only: Sequence[str]) -> Iterator[str]:
    """The pipelines to run; a name may end in `*`."""
    patterns = [re.compile(re.escape(name).replace(r"\*", ".*")) for name in only]
    for name, spec in runs.items():
        if any(pattern.fullmatch(name) for pattern in patterns) if patterns else works(name, spec):
            yield name


def only_by_server(name: str) -> bool:
    """Whether the pipeline is about a trigger that fires by itself, which takes a server."""
    return name.startswith("trig_once")


def by_server(spec: dict[str, Any]) -> bool:
    """Whether all runs of a pipeline are those of triggers, with the environment of the others."""
    is_of_triggers = all(run["mode"] != "cli" for run in spec["runs"])
    return spec["needs"] in WORKING and bool(spec["runs"]) and is_of_triggers and not spec.get("env")


def works(name: str, spec: dict[str, Any]) -> bool:
    """Whether Baton has what the pipeline needs."""
    return spec["needs"] in WORKING and bool(spec["runs"]) and not only_by_server(name)


def print_pending(runs: dict[str, Any]) -> None:
    """Says which pipelines wait for a capability."""
    pending: dict[str, list[str]] = {}
    for name, spec in runs.items():
        if spec["runs"] and not works(name, spec) and not only_by_server(name):
            pending.setdefault(spec["needs"], []).append(name)
    for tag, names in pending.items():
        print(f"pending ({tag}, {len(names)}): {', '.join(names)}")


@dataclass
class Judged:
    """What is to be said of one pipeline."""

    name: str
    checks: int
    # Differences that nobody accepts, those that accepted.json names, with its reason, and those of Mage's own defects.
    wrong: list[list[str]]
    accepted: list[tuple[list[str], str]]
    quirks: list[list[str]]


def judged(name: str, found: dict[str, Any]) -> Judged:
    """Sorts a pipeline's differences.

    An entry of accepted.json that no longer differs is wrong too: the list only gets shorter.
    """
    wrong = list(found["bad"])
    if found["status"] == "MISSING" and not wrong:
        wrong.append(["run", "missing"])
    accepted: list[tuple[list[str], str]] = []
    for entry in json.loads((HERE / "accepted.json").read_text()).get(name, []):
        matching = [pair for pair in wrong if re.fullmatch(entry["check"], pair[0])]
        if matching:
            wrong = [pair for pair in wrong if pair not in matching]
            accepted.extend((pair, entry["why"]) for pair in matching)
        else:
            wrong.append([entry["check"], "accepted.json names it, and it no longer differs: delete the entry"])
    return Judged(name, found["checks"], wrong, accepted, found["quirk"])


def verdict(harness: Harness, runs: dict[str, Any], results: list[Judged], *, verbose: bool) -> int:
    """The exit code: 1 when a pipeline fails for another reason than the versions of the environment.

    What failed stands at the very end, so that the end of a long log is enough.
    """
    failed = [result for result in results if result.wrong]
    excused: list[str] = []
    if harness.environment.differences and os.environ.get("CI") != "true":
        excused = [result.name for result in failed if depends_on_versions(result.name, runs[result.name])]
    passed = [f"{result.name} {result.checks}" for result in results if not result.wrong]
    print(textwrap.fill("as recorded, with the number of checks: " + ", ".join(passed), 118, subsequent_indent="  "))
    for result in results:
        for pair, why in result.accepted:
            print(f"accepted in {result.name}: {pair[0]}: {why}")
        for pair in result.quirks if verbose else []:
            print(f"better in {result.name}: {pair[0]}: {pair[1]}")
    print(f"{len(results) - len(failed)} of {len(results)} pipelines as recorded")
    for result in failed:
        word = "differs, which other versions may explain" if result.name in excused else "FAIL"
        print(f"{word}: {result.name}, {len(result.wrong)} of {result.checks} checks")
        for check, difference in result.wrong:
            print(f"    {check}: {difference}")
    return 1 if len(failed) > len(excused) else 0


def main() -> int:
    """Runs, compares, and says what is pending."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--baton", type=Path, help="the binary (default: the debug build)")
    parser.add_argument("--python", type=Path, help="an interpreter that has the packages of the recording")
    parser.add_argument(
        "--only", action="append", default=[], help="pipelines, separated by commas; `*` stands for any"
    )
    parser.add_argument("--jobs", type=int, default=2, help="pipelines at a time (default: 2)")
    parser.add_argument("--server", action="store_true", help="through the API of a server, all that triggers run")
    parser.add_argument("--keep", type=Path, help="folder to leave everything in, deleted first")
    parser.add_argument("-v", "--verbose", action="store_true", help="also where Baton is better than Mage")
    arguments = parser.parse_args()
    runs: dict[str, Any] = json.loads((HERE / "runs.json").read_text())
    names = list(chosen(runs, [name for text in arguments.only for name in text.split(",") if name]))
    if arguments.server:
        names = [name for name in (names if arguments.only else runs) if by_server(runs[name])]
    if not names:
        parser.error("no pipeline has this name")
    target = Path(os.environ.get("CARGO_TARGET_DIR") or environment.cache() / "target")
    baton = arguments.baton or target / "debug" / "baton"
    if not baton.is_file():
        parser.error(f"{baton} does not exist: build it with `cargo build -p baton-cli`, or name it with --baton")
    try:
        python = environment.described(arguments.python) if arguments.python else environment.made()
    except environment.NoEnvironment as error:
        parser.error(str(error))
    for difference in python.differences:
        print(f"Differs from the recording: {difference}")
    with tempfile.TemporaryDirectory(prefix="baton-oracle-") as temporary:
        scratch = Path(temporary) / "run"
        if arguments.keep:
            scratch = arguments.keep.resolve()
            shutil.rmtree(scratch, ignore_errors=True)
        harness = Harness(scratch, baton.resolve(), python)
        harness.prepare()
        if arguments.server:
            driven(harness, names)
        else:
            order = sorted(names, key=lambda name: not name.startswith(WAITING))
            with ThreadPoolExecutor(max(arguments.jobs, 1)) as pool:
                seconds = dict(zip(order, pool.map(lambda name: harness.pipeline(name, runs[name]), order)))
            slowest = sorted(seconds, key=lambda name: -seconds[name])[:3]
            print("slowest: " + ", ".join(f"{name} {seconds[name]:.1f} s" for name in slowest))
            print_pending(runs)
        report = compared(harness, names)
        missing: dict[str, Any] = {"status": "MISSING", "checks": 1, "bad": [], "quirk": []}
        results = [judged(name, report.get(name, missing)) for name in names]
        return verdict(harness, runs, results, verbose=arguments.verbose)


if __name__ == "__main__":
    sys.exit(main())
