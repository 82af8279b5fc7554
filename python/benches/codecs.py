"""Measures what handing a large frame from process to process costs, against one script that hands nothing over.

    python benches/codecs.py [--rows 10000000] [--rounds 3] [--folder DIR]

The steps are load -> filter and a new column -> Parquet, on 8 mixed columns (numbers, dates, booleans, two of text).
`script` runs them in one process; `handed` forks one process for each from a parent that has imported the libraries, as
a worker is, and stores and reads every value with `baton.codecs`. Another process digests each file as it is announced,
in place of the host. Peak memory is the largest anonymous (private) memory of any one process, sampled every 10 ms.
"""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import gc
import hashlib
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import numpy as np
import pandas as pd
import pyarrow as pa  # noqa: F401 - imported before the fork, as a warm worker has it
import pyarrow.parquet  # noqa: F401

from baton import codecs


def load(rows: int) -> pd.DataFrame:
    """The first block."""
    r = np.random.default_rng(1)
    words = np.array(["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"], dtype=object)
    return pd.DataFrame(
        {
            "id": np.arange(rows),
            "k": r.integers(0, 1000, rows),
            "a": r.random(rows),
            "b": r.random(rows) * 100,
            "s": words[r.integers(0, 8, rows)],
            "name": "user_" + pd.Series(r.integers(0, 100000, rows)).astype(str),
            "ts": pd.Timestamp("2024-01-01") + pd.to_timedelta(r.integers(0, 31536000, rows), unit="s"),
            "d": r.integers(0, 2, rows) == 1,
        }
    )


def transform(frame: pd.DataFrame) -> pd.DataFrame:
    """The second block."""
    frame = frame[frame["k"] < 500].copy()
    frame["c"] = frame["a"] * frame["b"]
    return frame


def export(frame: pd.DataFrame, path: str) -> None:
    """The third block."""
    frame.to_parquet(path)


class Stopwatch:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.stages: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        """Note the time since the last lap."""
        now = time.perf_counter()
        self.stages[stage] = now - self._last
        self._last = now


def anonymous_bytes(pid: int) -> int:
    """The private memory of a process."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            for line in file:
                if line.startswith("RssAnon:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


class Result:
    """One way of running the steps, once."""

    def __init__(self, seconds: float, processor: float, peak: int, stages: dict[str, float]) -> None:
        self.seconds = seconds
        self.processor = processor
        self.peak = peak
        self.stages = stages


def run_forked(work: Any) -> Result:
    """Run `work(stopwatch)` in a forked process until it is gone."""
    reading, writing = os.pipe()
    started = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        watch = Stopwatch()
        work(watch)
        os.write(writing, json.dumps(watch.stages).encode())
        os._exit(0)
    os.close(writing)
    peak = 0
    while True:
        peak = max(peak, anonymous_bytes(pid))
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            break
        time.sleep(0.01)
    seconds = time.perf_counter() - started
    with os.fdopen(reading, "rb") as file:
        stages = json.loads(file.read() or b"{}")
    if status:
        raise SystemExit("a step failed")
    return Result(seconds, usage.ru_utime + usage.ru_stime, peak, stages)


def script(rows: int, folder: str) -> Result:
    """All steps in one process."""

    def work(watch: Stopwatch) -> None:
        frame = load(rows)
        watch.lap("load")
        frame = transform(frame)
        watch.lap("transform")
        export(frame, os.path.join(folder, "script.parquet"))
        watch.lap("export")

    return run_forked(work)


def digest_files(queue: Any) -> None:
    """Stand in for the host: hash each announced file."""
    while (path := queue.get()) is not None:
        with open(path, "rb", buffering=0) as file:
            hashlib.file_digest(file, "sha256") if hasattr(hashlib, "file_digest") else file.read()
        queue.task_done()
    queue.task_done()


def handed(rows: int, folder: str) -> Result:
    """One process for each step, values through files."""
    queue: Any = multiprocessing.get_context("fork").JoinableQueue()
    digester = multiprocessing.get_context("fork").Process(target=digest_files, args=(queue,))
    digester.start()
    manifest = os.path.join(folder, "output.json")

    def store(name: str, value: Any) -> None:
        message = codecs.write(name, value, folder, lambda chunk: queue.put(os.path.join(folder, chunk["file"])), 16384)
        with open(manifest, "w", encoding="utf-8") as file:
            json.dump(message, file)

    def receive() -> Any:
        with open(manifest, encoding="utf-8") as file:
            return codecs.read(json.load(file), folder)

    def first(watch: Stopwatch) -> None:
        value = load(rows)
        watch.lap("load")
        store("load", value)
        watch.lap("load write")
        queue.join()
        watch.lap("load wait for digests")

    def second(watch: Stopwatch) -> None:
        value = receive()
        watch.lap("transform read")
        value = transform(value)
        watch.lap("transform")
        store("transform", value)
        watch.lap("transform write")
        queue.join()
        watch.lap("transform wait for digests")

    def third(watch: Stopwatch) -> None:
        value = receive()
        watch.lap("export read")
        export(value, os.path.join(folder, "handed.parquet"))
        watch.lap("export")

    results = [run_forked(step) for step in (first, second, third)]
    queue.put(None)
    digester.join()
    stages: dict[str, float] = {}
    for result in results:
        stages.update(result.stages)
    return Result(
        sum(result.seconds for result in results),
        sum(result.processor for result in results),
        max(result.peak for result in results),
        stages,
    )


def main() -> None:
    """Alternate both ways and print the best of each: what other processes take is not ours."""
    parser = argparse.ArgumentParser(description="Measure the hand-off of a large frame.")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", help="where the files go (default: a temporary folder)")
    options = parser.parse_args()
    gc.freeze()
    measured: dict[str, list[Result]] = {"script": [], "handed": []}
    size = 0
    for _ in range(options.rounds):
        for name, way in (("script", script), ("handed", handed)):
            folder = tempfile.mkdtemp(dir=options.folder)
            try:
                measured[name].append(way(options.rows, folder))
                size = sum(entry.stat().st_size for entry in os.scandir(folder) if entry.name.endswith(".arrow"))
            finally:
                shutil.rmtree(folder)
    best = {name: min(result.seconds for result in results) for name, results in measured.items()}
    peaks = {name: max(result.peak for result in results) for name, results in measured.items()}
    for name, results in measured.items():
        seconds = ", ".join(f"{result.seconds:.2f}" for result in results)
        processor = min(result.processor for result in results)
        print(f"{name}: best {best[name]:.2f} s of {seconds}")
        print(f"    processor {processor:.2f} s, private peak {peaks[name] / 1e9:.2f} GB")
        for stage in results[0].stages:
            print(f"    {stage:28} {min(result.stages[stage] for result in results):7.3f} s")
    ratio = best["handed"] / best["script"]
    print(f"time {ratio:.2f} x, memory {peaks['handed'] / peaks['script']:.2f} x, Arrow files {size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
