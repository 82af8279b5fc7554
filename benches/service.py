"""Cases of the server: many pipelines due at once, blocks a second, pages of long lists, what it costs when idle."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import statistics
import subprocess
import time
from datetime import datetime
from pathlib import Path

import projects
from bench import Bench, Row, note
from measure import CommandError, tree
from served import Client, Server, cpu_seconds, look, postgres

ROOT = Path(__file__).resolve().parent.parent
STORM = ["cargo", "test", "--locked", "--release", "--quiet", "-p", "baton-scheduler", "--test", "it"]


def storm(bench: Bench) -> None:
    """Many pipelines due in the same second, three steps each: the real service and store, a stub for the runner."""
    pipelines = bench.size(10_000, 1_000)
    subprocess.run([*STORM, "--no-run"], cwd=ROOT, check=True)
    storm_on(bench, "SQLite", pipelines, {})
    with postgres() as url:
        if url is None:
            note("PostgreSQL is not installed: apt-get install postgresql")
        else:
            storm_on(bench, "PostgreSQL", pipelines, {"STORM_DATABASE": url})


def storm_on(bench: Bench, database: str, pipelines: int, environ: dict[str, str]) -> None:
    """One storm on a fresh database."""
    command = [*STORM, "--", "--ignored", "--exact", "storm::figures", "--nocapture"]
    # Removed at the end with all others: a file system takes longer to make files where many were just deleted.
    folder = bench.scratch / f"storm-{database}"
    folder.mkdir()
    environ = {**os.environ, "STORM_PIPELINES": str(pipelines), "STORM_FOLDER": str(folder), **environ}
    ended = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    line = next((line for line in ended.stdout.splitlines() if "storm {" in line), None)
    if ended.returncode or line is None:
        raise CommandError(f"the storm ended with {ended.returncode}:\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}")
    found: dict[str, float] = json.loads(line[line.index("{") :])
    note(f"{database}: {found}")
    what = f"{pipelines:,} pipelines due at once, {database}"
    bench.rows += [
        Row(what, "from due to first step, 95 %", found["lag_p95"], "s", target="2 s"),
        Row(what, f"until {int(found['steps']):,} steps were started", found["handed"], "s", target="15 s"),
        Row(what, "peak memory", found["peak_mb"], "MB"),
    ]


def blocks(bench: Bench) -> None:
    """Many small pipelines, called one after the other as fast as the API takes it: real blocks, each its own process."""
    pipelines, length = bench.size(200, 20), 5
    project = projects.new_project(bench.scratch / "calls")
    for number in range(pipelines):
        uuid = f"small_{number:03}"
        projects.write_pipeline(project, uuid, projects.chain(uuid, length, 5))
        projects.write_trigger(project, uuid, "call", "api")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with Server(bench.baton, project, bench.scratch / "calls-home") as server:
        triggers = [int(trigger["id"]) for trigger in server.client.schedules()]
        # What the first run waits for is not what this is about.
        finished(server.client, [server.client.call(triggers[0])])
        rates = [round_of_calls(server.client, triggers, length) for _ in range(bench.size(5, 2))]
    slowest = min(rates)
    # Of the server and all its workers, from start to end.
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    each = used * 1000 / (len(rates) * pipelines * length)
    note(f"blocks a second: {', '.join(f'{rate:.0f}' for rate in rates)}")
    row = Row(f"{pipelines} calls of pipelines of {length} blocks", "blocks with a process of their own", 0, "/s")
    row.baton, row.fastest, row.target = statistics.median(rates), max(rates), f"at least 100 (slowest {slowest:.0f})"
    bench.rows += [row, Row(row.what, "processor time of a block, with the server's", each, "ms", target="20 ms")]


def round_of_calls(client: Client, triggers: list[int], length: int) -> float:
    """Calls every trigger once and gives the blocks a second, from the first call to the end of the last run."""
    begun = time.time()
    made = [client.call(trigger) for trigger in triggers]
    ended = finished(client, made)
    return len(made) * length / (max(ended) - begun)


def finished(client: Client, runs: list[int]) -> list[float]:
    """When each of these runs, the newest ones, had ended; all have to be completed."""
    while client.count("running") + client.count("initial"):
        time.sleep(0.05)
    found = client.runs(f"_limit={len(runs)}")["pipeline_runs"]
    if {run["id"] for run in found} != set(runs) or any(run["status"] != "completed" for run in found):
        raise CommandError(f"not every run is completed: {found[:3]}")
    return [moment(run["completed_at"]) for run in found]


def moment(text: str) -> float:
    """A moment of the API, as seconds since 1970."""
    read = datetime.fromisoformat(text.replace("Z", "+00:00"))
    offset = read.utcoffset()
    seconds = (read.replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds()
    return seconds - (offset.total_seconds() if offset else 0)


def pages(bench: Bench) -> None:
    """Pages of 50 of a long list of runs, over HTTP."""
    count = bench.size(100_000, 10_000)
    project = projects.new_project(bench.scratch / "pages")
    home = bench.scratch / "pages-home"
    for number in range(100):
        uuid = f"listed_{number:02}"
        projects.write_pipeline(project, uuid, projects.chain(uuid, 3, 1))
    command = [str(bench.baton), "run", str(project), "listed_00", "--quiet"]
    subprocess.run(command, env={**os.environ, "BATON_HOME": str(home)}, stdout=subprocess.DEVNULL, check=True)
    [database] = home.glob("projects/*/state.db")
    multiply(database, count)
    queries = {
        "newest": "",
        "in the middle": f"&_offset={count // 2}",
        "at the end": f"&_offset={count - 50}",
        "by date": "&_order_by=-execution_date",
        "failed": "&status=failed",
        "failed, at the end": f"&status=failed&_offset={count // 10 - 50}",
        "completed or running": "&status[]=completed&status[]=running",
        "of a pipeline": "&pipeline_uuid=listed_07",
        "failed of a pipeline": "&status=failed&pipeline_uuid=listed_10",
        "completed, in the middle": f"&status=completed&_offset={count // 2}",
    }
    with Server(bench.baton, project, home) as server:
        for name, query in queries.items():
            times = []
            for _ in range(bench.size(50, 10)):
                begun = time.perf_counter()
                found = server.client.runs(f"_limit=50{query}")
                times.append((time.perf_counter() - begun) * 1000)
                if len(found["pipeline_runs"]) != 50:
                    raise CommandError(f"a page of runs is short: {name}")
            what = f"50 of {count:,} runs: {name}"
            row = Row(what, "request and answer", statistics.median(times), "ms", fastest=min(times), target="20 ms")
            bench.rows.append(row)


def multiply(database: Path, count: int) -> None:
    """Makes many runs of one, of a hundred pipelines, every tenth failed."""
    with sqlite3.connect(database) as connection:
        number = f"with recursive n(n) as (select 2 union all select n + 1 from n where n < {count}) "  # noqa: S608 - a number of our own
        changed = {
            "id": "n",
            "pipeline": "printf('listed_%02d', n % 100)",
            "status": "case when n % 10 = 0 then 'failed' else 'completed' end",
            "execution_date": "execution_date + n * 1000000",
            "created_at": "created_at + n",
            "run": "n",
        }
        for table in ("run", "plan", "block_run"):
            columns = [row[1] for row in connection.execute(f"pragma table_info({table})")]
            values = ", ".join(
                changed.get(column, column) if table == "run" or column == "run" else column for column in columns
            )
            source = f"from {table}, n where {table}.{'id' if table == 'run' else 'run'} = 1"
            connection.execute(f"insert into {table} ({', '.join(columns)}) {number} select {values} {source}")
    connection.close()


def idle(bench: Bench) -> None:
    """A server of many pipelines with triggers that have nothing to do: its first answer, its memory, its time."""
    for count in (bench.size(1_000, 100), bench.size(10_000, 200)):
        is_asked = count <= 1_000
        project = projects.new_project(bench.scratch / f"idle-{count}")
        for number in range(count):
            uuid = f"idle_{number:05}"
            projects.write_pipeline(project, uuid, projects.chain(uuid, 3, 1))
            # Once a year, a date that is far whenever this runs.
            day = (datetime.now().timetuple().tm_yday + 180) % 360 // 30 + 1
            projects.write_trigger(project, uuid, "yearly", "time", f"0 0 1 {day} *")
        what = f"server of {count:,} pipelines with triggers"
        home = bench.scratch / f"idle-home-{count}"
        with Server(bench.baton, project, home) as server:
            first = server.seconds
        starts = []
        for _ in range(bench.size(5, 2)):
            with Server(bench.baton, project, home) as server:
                starts.append(server.seconds)
        limit = "0.3 s" if is_asked else ""
        bench.rows.append(Row(what, "from the command to the first answer, first start", first, "s", target=limit))
        row = Row(what, "from the command to the first answer", statistics.median(starts), "s", target=limit)
        row.fastest = min(starts)
        bench.rows.append(row)
        with Server(bench.baton, project, home) as server:
            # What the start leaves behind settles.
            time.sleep(bench.size(10, 2))
            before = look(server.pid)
            below = {pid: cpu_seconds(pid) for pid in tree(server.pid)[1:]}
            time.sleep(bench.size(30, 3))
            after = look(server.pid)
            if below:
                note(f"processes below the idle server: {below}")
        percent = (after.cpu_seconds - before.cpu_seconds) / (after.at - before.at) * 100
        bench.rows.append(Row(what, "memory, idle", after.rss_mb, "MB", target="60 MB" if is_asked else ""))
        bench.rows.append(Row(what, "processor, idle", percent, "%", target="1 %" if is_asked else ""))
        shutil.rmtree(project)
