"""A Baton server under measurement: how it is started, asked, and looked at from outside; and a PostgreSQL server."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from measure import CommandError

# Longer than any start or answer by far.
PATIENCE = 120
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Server:
    """`baton start` of a project; stopped at the end of the `with`."""

    def __init__(
        self,
        baton: Path,
        project: Path,
        home: Path,
        options: list[str] | None = None,
        environ: dict[str, str] | None = None,
    ) -> None:
        self.command = [str(baton), "start", str(project), "--port", "0", *(options or [])]
        self.environ = {**os.environ, "BATON_HOME": str(home), "NO_COLOR": "1", **(environ or {})}
        self.log = home.parent / f"{home.name}-server.log"
        self.seconds = 0.0

    def __enter__(self) -> Server:
        begun = time.perf_counter()
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                self.command, env=self.environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True
            )
        line = self.process.stdout.readline() if self.process.stdout else ""
        self.address, _, self.token = line.strip().rpartition(" ")[2].partition("/?token=")
        if not self.token:
            self.process.kill()
            raise CommandError(f"the server did not start: {self.log.read_text()[-2000:]}")
        self.client = Client(self)
        self.client.get("/api/status")
        # From the command to its first answer.
        self.seconds = time.perf_counter() - begun
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()

    @property
    def pid(self) -> int:
        """The process of the server."""
        return self.process.pid

    def connect(self) -> Client:
        """One more client, with a connection of its own."""
        return Client(self)


class Client:
    """One connection to a server, kept as long as both sides like."""

    def __init__(self, server: Server) -> None:
        self.host = server.address.removeprefix("http://")
        self.headers = {"authorization": f"Bearer {server.token}", "content-type": "application/json"}
        self.connection = http.client.HTTPConnection(self.host, timeout=PATIENCE)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """The status and the body of an answer."""
        text = None if body is None else json.dumps(body)
        try:
            self.connection.request(method, path, text, self.headers)
            answer = self.connection.getresponse()
            return answer.status, answer.read()
        except (http.client.HTTPException, OSError):
            self.connection.close()
            raise

    def get(self, path: str) -> Any:
        """What is at a path."""
        return self.good("GET", path)

    def good(self, method: str, path: str, body: Any = None) -> Any:
        """An answer that has to be in order."""
        status, text = self.ask(method, path, body)
        if status != 200:
            raise CommandError(f"{method} {path}: {status} {text.decode(errors='replace')[:500]}")
        return json.loads(text)

    def runs(self, query: str) -> Any:
        """A page of runs, with its number."""
        return self.get(f"/api/pipeline_runs?{query}")

    def count(self, status: str) -> int:
        """How many runs have a status."""
        return int(self.runs(f"status={status}&_limit=1")["metadata"]["count"])

    def schedules(self) -> list[dict[str, Any]]:
        """Every trigger."""
        found: list[dict[str, Any]] = self.get("/api/pipeline_schedules?_limit=5000")["pipeline_schedules"]
        return found

    def call(self, trigger: int, variables: dict[str, Any] | None = None) -> int:
        """Starts a run of a trigger and gives its number."""
        path = f"/api/pipeline_schedules/{trigger}/pipeline_runs"
        made = self.good("POST", path, {"pipeline_run": {"variables": variables or {}}})
        return int(made["pipeline_run"]["id"])

    def close(self) -> None:
        """Gives the connection up."""
        self.connection.close()


@dataclass
class Look:
    """What a process has and has used."""

    at: float
    rss_mb: float
    private_mb: float
    cpu_seconds: float
    handles: int
    threads: int
    # Processes below it.
    processes: int


def status_of(pid: int) -> dict[str, str]:
    """The lines of `/proc/PID/status`."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def megabytes(text: str) -> float:
    """`123 kB` as MB."""
    return int(text.split(maxsplit=1)[0]) * 1024 / 1e6


def cpu_seconds(pid: int) -> float:
    """Processor time of a process, without its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def look(pid: int, processes: int = 0) -> Look:
    """Looks at a process now."""
    status = status_of(pid)
    return Look(
        at=time.monotonic(),
        rss_mb=megabytes(status["VmRSS"]),
        private_mb=megabytes(status["RssAnon"]),
        cpu_seconds=cpu_seconds(pid),
        handles=len(os.listdir(f"/proc/{pid}/fd")),
        threads=int(status["Threads"]),
        processes=processes,
    )


def postgres_programs() -> Path | None:
    """The folder of the newest PostgreSQL server that is installed."""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


@contextmanager
def postgres() -> Iterator[str | None]:
    """The address of a PostgreSQL server of our own with its usual settings; none where it is not installed."""
    programs = postgres_programs()
    if programs is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="baton-bench-postgres-"))
    # The server refuses to run as root: somebody else has to.
    user = "postgres" if os.getuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    log = (folder / "log").open("w")
    data = folder / "data"
    make = [str(programs / "initdb"), "-D", str(data), "-U", "baton", "-A", "trust", "-E", "UTF8", "--locale=C"]
    serve = [str(programs / "postgres"), "-D", str(data), "-k", str(folder), "-c", "listen_addresses="]
    process = None
    try:
        subprocess.run(make, user=user, cwd="/", stdout=log, stderr=log, check=True)
        process = subprocess.Popen(serve, user=user, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE
        while "ready to accept connections" not in (folder / "log").read_text():
            if time.monotonic() > deadline or process.poll() is not None:
                raise CommandError(f"PostgreSQL did not start: {(folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)
        yield f"postgresql://baton@localhost/postgres?host={folder}"
    finally:
        if process is not None:
            process.send_signal(signal.SIGQUIT)
            process.wait()
        log.close()
        shutil.rmtree(folder, ignore_errors=True)
