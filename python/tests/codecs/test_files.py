"""Files of large frames: their layout, how they are read in place, and what happens when they cannot be written."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from test_frames import told

from baton import codecs
from baton.codecs import pages, sink

ROWS = pages.WHOLE_ROWS


@pytest.fixture
def page_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sink, "CHUNK_ROWS", ROWS)


def numbers(rows: int) -> pd.DataFrame:
    count = np.arange(rows)
    return pd.DataFrame(
        {
            "i": count,
            "i8": count.astype("int8"),
            "f": np.where(count % 7 == 0, np.nan, count / 3),
            "b": count % 3 == 0,
            "t": pd.date_range("2024-01-01", periods=rows, freq="s"),
            "z": pd.date_range("2024-01-01", periods=rows, freq="s", tz="Europe/Paris"),
            "c": pd.Categorical(np.array(["x", None, "y"], object)[count % 3]),
            "n": pd.array(np.where(count % 5 == 0, None, count), dtype="Int64"),
            "x": count * 1j,
            "s": np.array([f"w{i}" for i in range(50)], object)[count % 50],
            "u": [f"u{i}" for i in range(rows)],
        }
    )


@pytest.mark.parametrize("rows", [ROWS + 1, 2 * ROWS, 2 * ROWS + 5])
def test_frames_of_several_files(trip: Any, page_chunks: None, rows: int) -> None:
    frame = numbers(rows)
    arrived = trip(frame)
    assert len(trip.message["files"]) == -(-rows // ROWS)
    pd.testing.assert_frame_equal(arrived, frame)
    for number, file in enumerate(trip.message["files"]):
        reader = pa.ipc.open_file(f"{trip.folder}/{file}")
        assert reader.num_record_batches == 1
        table = reader.read_all()
        table.validate(full=True)
        assert table.column("i")[0].as_py() == number * ROWS
        assert table.column("u").to_pylist() == frame["u"].tolist()[number * ROWS : (number + 1) * ROWS]


def test_a_reader_of_streams_is_not_needed_but_polars_agrees(trip: Any, page_chunks: None) -> None:
    pl = pytest.importorskip("polars")
    frame = numbers(ROWS + 1).drop(columns=["x"])
    message = trip.write(frame)
    parts = [pl.read_ipc(f"{trip.folder}/{file}") for file in message["files"]]
    assert [part.height for part in parts] == [ROWS, 1]
    assert parts[1]["u"].to_list() == [f"u{ROWS}"]
    assert parts[0]["f"].null_count() == -(-ROWS // 7)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs mappings at a fixed address")
def test_columns_of_several_files_lie_in_one_mapping(trip: Any, page_chunks: None) -> None:
    frame = numbers(2 * ROWS + 5)
    trip.write(frame)
    arrived = trip.read()
    owner: Any = arrived["i"].to_numpy()
    while isinstance(owner, np.ndarray) and owner.base is not None:
        owner = owner.base
    assert isinstance(getattr(owner, "obj", owner).span, pages.Span)
    arrived["i"] *= 2  # private: neither the files nor a second reader see it
    arrived.loc[ROWS, "f"] = 7
    assert arrived["i"].tolist() == [2 * i for i in range(len(frame))]
    pd.testing.assert_frame_equal(trip.read(), frame)


def test_without_fixed_mappings_columns_are_copied(
    trip: Any, page_chunks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "_MAX_PIECES", 0)
    frame = numbers(2 * ROWS)
    pd.testing.assert_frame_equal(trip(frame), frame)


def test_mappings_end_with_their_arrays(trip: Any, page_chunks: None) -> None:
    def mapped() -> int:
        with open("/proc/self/maps", encoding="utf-8") as file:
            return sum(trip.folder in line for line in file)

    trip.write(numbers(2 * ROWS))
    arrived = trip.read()
    part = arrived["i"].to_numpy()[5:10]
    assert mapped() > 0
    del arrived
    assert part.tolist() == [5, 6, 7, 8, 9]
    assert 0 < mapped() <= 2
    del part
    assert mapped() == 0


def test_more_files_than_descriptors(trip: Any, small_chunks: int) -> None:
    frame = pd.DataFrame({"i": range(4 * 1200), "s": ["x", None] * 2400})
    before = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
    arrived = trip(frame)
    assert told(arrived) == told(frame)
    assert len(trip.message["files"]) == 1200
    if before:
        del arrived
        assert len(os.listdir("/proc/self/fd")) <= before


def test_files_may_be_removed_while_they_are_used(trip: Any, page_chunks: None) -> None:
    frame = numbers(ROWS + 1)
    arrived = trip(frame)
    for file in trip.message["files"]:
        os.unlink(f"{trip.folder}/{file}")
    pd.testing.assert_frame_equal(arrived, frame)


FULL = """
import json, resource, signal, sys, tempfile
import numpy as np, pandas as pd, pyarrow as pa
from baton import codecs
from baton.codecs import sink
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
sink.CHUNK_ROWS = 1 << 15
values = {
    "text": "x" * 5_000_000, "bytes": b"x" * 5_000_000, "json": list(range(1_000_000)),
    "array": np.zeros(1_000_000),
    "pickle": {"a": np.zeros(1_000_000)}, "frame": pd.DataFrame({"a": np.zeros(1_000_000)}),
    "one file": pd.DataFrame({str(i): np.zeros(30_000) for i in range(20)}),
    "table": pa.table({"a": np.zeros(1_000_000)}),
}
try:
    import polars as pl
    values["polars"] = pl.DataFrame({"a": np.zeros(30_000), "b": np.zeros(30_000), "c": np.zeros(30_000)})
except ImportError:
    pass
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
said = {}
for name, value in values.items():
    try:
        codecs.write(name, value, sys.argv[1], lambda chunk: None, 100)
        said[name] = "stored"
    except OSError as error:
        said[name] = error.errno
sys.stdout.write(json.dumps(said))
"""


def test_a_full_disk_is_an_os_error(tmp_path: Any) -> None:
    pytest.importorskip("resource")
    library = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(codecs.__file__))))
    command = [sys.executable, "-c", FULL, str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=library, check=False)
    assert result.returncode == 0, result.stderr
    said = json.loads(result.stdout)
    assert said == dict.fromkeys(said, errno.EFBIG)
