"""The benchmarks: what Baton costs beside plain Python that does the same work.

    make bench
    make bench ARGS="--quick --case frame"

Measures the release binary in a scratch folder with a state folder of its own; the environment for blocks is made
first and does not count. Prints a table and writes benches/results/latest.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import projects
import service
from bench import Bench, Row, note, table
from measure import CommandError, compare, peak_private_mb

RESULTS = Path(__file__).parent / "results" / "latest.json"


def empty(bench: Bench) -> None:
    """A pipeline without blocks: what starting costs."""
    projects.write_pipeline(bench.project, "empty", [])
    [baton] = compare([bench.run("empty")], 3, bench.size(20, 5))
    bench.add("empty pipeline", baton, target="0.05 s")
    bench.rows.append(Row("empty pipeline", "peak memory", baton.peak_rss_mb, "MB", target="40 MB"))


def chain(bench: Bench) -> None:
    """40 tiny blocks one after the other: what a step costs."""
    projects.write_pipeline(bench.project, "chain", projects.chain("chain", 40, 10))
    plain = bench.script("chain", projects.plain_fib(40, 10))
    baton, python = compare([bench.run("chain"), plain], 2, bench.size(10, 3))
    bench.add("chain of 40 x fib(10)", baton, python, "1.0 s")
    inside = sorted(summary_seconds(sample.output) for sample in baton.samples)
    row = Row("chain of 40 x fib(10)", "inside the process", inside[len(inside) // 2], "s")
    row.fastest, row.target = inside[0], "0.5 s"
    bench.rows.append(row)


def long(bench: Bench) -> None:
    """Ten blocks that compute: user code must run as fast as outside."""
    argument = bench.size(33, 27)
    projects.write_pipeline(bench.project, "long", projects.chain("long", 10, argument))
    plain = bench.script("long", projects.plain_fib(10, argument))
    baton, python = compare([bench.run("long"), plain], 1, bench.size(5, 3))
    limit = python.median * 1.03 + 0.2
    bench.add(f"chain of 10 x fib({argument})", baton, python, f"{limit:.2f} s (1.03 x + 0.2 s)")


def fan(bench: Bench) -> None:
    """100 tiny blocks that may all run at once."""
    projects.write_pipeline(bench.project, "fan", projects.fan("fan", 100, 10))
    plain = bench.script("fan", projects.plain_fib(100, 10))
    baton, python = compare([bench.run("fan"), plain], 2, bench.size(10, 3))
    bench.add("100 independent fib(10)", baton, python, "1.0 s")


def dynamic(bench: Bench) -> None:
    """Children of a dynamic block: what each costs, and how much of that is the fork of a process."""
    children = bench.size(1000, 100)
    projects.write_pipeline(bench.project, "dynamic", projects.dynamic_blocks("dynamic", children))
    [baton] = compare([bench.run("dynamic")], 1, bench.size(5, 2))
    bench.add(f"dynamic block with {children} children and reduce", baton, target=f"{children * 6 / 1000:g} s")
    forks = bench.script("forks", projects.plain_forks(children))
    [plain] = compare([forks], 1, bench.size(5, 2))
    each = (baton.median - plain.median) / children * 1000
    bench.rows.append(Row("what a child costs beyond a bare fork of Python", "wall, two at a time", each, "ms"))


def shared(bench: Bench) -> None:
    """A numeric frame that 20 children read at once: mapped, not copied."""
    rows = bench.size(1_000_000, 100_000)
    answer = bench.scratch / "shared.txt"
    projects.write_pipeline(bench.project, "shared", projects.shared_frame_blocks(rows, 20, 20, answer))
    [baton] = compare([bench.run("shared")], 1, bench.size(5, 2))
    what = f"numeric frame of {rows:,} rows x 20 columns to 20 children"
    bench.add(what, baton)
    most = float(answer.read_text())
    bench.rows.append(Row(what, "most private memory of a child", most, "MB", target="60 MB"))


def parallel(bench: Bench) -> None:
    """20 blocks that compute, on one core and on two."""
    argument = bench.size(32, 25)
    projects.write_pipeline(bench.project, "parallel", projects.fan("parallel", 20, argument))
    one, two = compare(
        [bench.run("parallel", "--workers", "1"), bench.run("parallel", "--workers", "2")], 1, bench.size(5, 2)
    )
    row = Row(f"20 x fib({argument}), two workers beside one", "wall, cold start", two.median, "s", one.median)
    row.fastest, row.target = two.fastest, "1.9 times as fast (ratio 0.53)"
    bench.rows.append(row)
    # What the machine makes of two processes that share nothing: no one can do better.
    alone = bench.script("alone", projects.plain_fib(20, argument))
    pair = bench.script("pair", projects.plain_pair(20, argument))
    alone_timing, pair_timing = compare([alone, pair], 1, bench.size(5, 2))
    bare = Row(f"20 x fib({argument}), two bare processes beside one", "wall, cold start", pair_timing.median, "s")
    bare.plain, bare.fastest = alone_timing.median, pair_timing.fastest
    bench.rows.append(bare)


def frame(bench: Bench) -> None:
    """A large frame through three blocks, then a page of it."""
    rows = bench.size(10_000_000, 1_000_000)
    what = f"frame of {rows // 1_000_000}M rows x 8 columns"
    ours, theirs = bench.scratch / "baton.parquet", bench.scratch / "plain.parquet"
    projects.write_pipeline(bench.project, "frame", projects.frame_blocks(rows, ours))
    pipeline = bench.run("frame")
    plain = bench.script("frame", projects.plain_frame(rows, theirs))
    baton, python = compare([pipeline, plain], 1, bench.size(5, 2))
    bench.add(f"{what}: load, change, Parquet", baton, python, f"{python.median * 1.25:.2f} s (1.25 x)")
    ours_mb, theirs_mb = peak_private_mb(pipeline), peak_private_mb(plain)
    if ours_mb is not None and theirs_mb is not None:
        target = f"{theirs_mb * 1.3:.0f} MB (1.3 x)"
        bench.rows.append(Row(what, "peak private memory of a process", ours_mb, "MB", theirs_mb, target=target))
    page = bench.command("output", str(bench.project), "frame", "frame_load", "--limit", "20")
    [paged] = compare([page], 2, bench.size(20, 5))
    bench.add(f"first 20 of {rows // 1_000_000}M rows with `baton output`", paged)


def check(bench: Bench) -> None:
    """A check of a project with many pipelines."""
    count = bench.size(300, 50)
    project = projects.many_pipelines(bench.scratch / "many", count)
    [baton] = compare([bench.command("check", str(project))], 1, bench.size(10, 3))
    bench.add(f"check of {count} pipelines, {3 * count} blocks", baton, target="1.0 s")


CASES: dict[str, Callable[[Bench], None]] = {
    "empty": empty,
    "chain": chain,
    "long": long,
    "fan": fan,
    "dynamic": dynamic,
    "shared": shared,
    "parallel": parallel,
    "frame": frame,
    "check": check,
    "storm": service.storm,
    "blocks": service.blocks,
    "pages": service.pages,
    "idle": service.idle,
}


def summary_seconds(output: str) -> float:
    """What the last line of `baton run --json` says the run took."""
    return float(json.loads(output.strip().splitlines()[-1])["seconds"])


def machine(bench: Bench) -> dict[str, str]:
    """What the figures were measured on."""
    version = subprocess.run([str(bench.baton), "--version"], capture_output=True, text=True, check=True)
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(": ")[1] for line in lines if line.startswith("model name")), model)
    python = subprocess.run([bench.python, "--version"], capture_output=True, text=True, check=True)
    return {
        "baton": version.stdout.strip(),
        "cpu": f"{model}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}",
        "python": python.stdout.strip(),
    }


def main() -> int:
    """Runs the chosen cases."""
    parser = argparse.ArgumentParser(description="Measures the release binary.")
    parser.add_argument("--baton", type=Path, required=True, help="the binary to measure")
    parser.add_argument("--case", action="append", choices=list(CASES), help="only this case; may be repeated")
    parser.add_argument("--quick", action="store_true", help="small sizes and few runs, to try the benchmark itself")
    parser.add_argument("--keep", action="store_true", help="keep the scratch folder")
    options = parser.parse_args()

    scratch = Path(tempfile.mkdtemp(prefix="baton-bench-"))
    bench = Bench(options.baton.resolve(), scratch, options.quick)
    try:
        bench.prepare()
        for name in options.case or CASES:
            note(f"measuring {name}")
            CASES[name](bench)
        about = machine(bench)
    except CommandError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        if options.keep:
            note(f"kept {scratch}")
        else:
            shutil.rmtree(scratch, ignore_errors=True)

    print("\n".join(f"{key}: {value}" for key, value in about.items()), table(bench.rows), sep="\n\n")
    RESULTS.parent.mkdir(exist_ok=True)
    result = {"machine": about, "quick": options.quick, "rows": [asdict(row) for row in bench.rows]}
    RESULTS.write_text(json.dumps(result, indent=2) + "\n")
    note(f"written to {RESULTS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
