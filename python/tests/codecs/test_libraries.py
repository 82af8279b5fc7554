"""What arrives for values of Polars, pyarrow, scipy, scikit-learn, matplotlib and PIL."""

from __future__ import annotations

import datetime as dt
import decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from baton import codecs

pl = pytest.importorskip("polars")


def polars_frame() -> Any:
    return pl.DataFrame(
        {
            "i8": pl.Series([1, None, 3], dtype=pl.Int8),
            "i128": pl.Series([2**100, None, 1], dtype=pl.Int128),
            "u64": pl.Series([2**63, 0, 1], dtype=pl.UInt64),
            "f": [1.5, None, float("nan")],
            "b": [True, None, False],
            "s": ["é", None, ""],
            "bin": [b"x", None, b""],
            "c": pl.Series(["a", "b", None], dtype=pl.Categorical),
            "e": pl.Series(["x", "y", "x"], dtype=pl.Enum(["x", "y", "z"])),
            "d": pl.Series([decimal.Decimal("1.10"), None, decimal.Decimal(2)], dtype=pl.Decimal(10, 2)),
            "n": [None] * 3,
            "l": [[1], [2, None], None],
            "st": [{"a": 1, "b": "x"}, None, {"a": 2, "b": None}],
            "arr": pl.Series([[1, 2]] * 3, dtype=pl.Array(pl.Int8, 2)),
            "t": [dt.time(1, 2, 3)] * 3,
            "date": [dt.date(2024, 1, 1), None, dt.date(1, 1, 1)],
            "du": [dt.timedelta(1)] * 3,
            "dt": [dt.datetime(2024, 1, 1), None, dt.datetime(1, 1, 1)],
            "z": pl.Series([dt.datetime(2024, 1, 1)] * 3).dt.replace_time_zone("Europe/Paris"),
            "ms": pl.Series([dt.datetime(2024, 1, 1)] * 3, dtype=pl.Datetime("ms")),
            "lc": pl.Series([["a"], None, []], dtype=pl.List(pl.Categorical)),
        }
    )


def same_polars(one: Any, other: Any) -> bool:
    return bool(one.schema == other.schema and one.equals(other))


@pytest.mark.parametrize("times", [0, 1, 5])
def test_polars_frame(trip: Any, small_chunks: int, times: int) -> None:
    frame = polars_frame()
    frame = frame[:0] if times == 0 else pl.concat([frame] * times)
    assert same_polars(trip(frame), frame)
    assert trip.message["kind"] == "frame"
    assert len(trip.message["files"]) == max(1, -(-frame.height // small_chunks))


def test_polars_categories_differ_by_file(trip: Any, small_chunks: int) -> None:
    frame = pl.DataFrame({"c": pl.Series([f"c{i}" for i in range(10)], dtype=pl.Categorical)})
    assert same_polars(trip(frame), frame)


def test_polars_frame_without_columns(trip: Any) -> None:
    assert same_polars(trip(pl.DataFrame()), pl.DataFrame())


@pytest.mark.parametrize("values", [[1, None, 3], [], ["a", None], [[1], None], [dt.date(2024, 1, 1)], [{"a": 1}]])
def test_polars_series_arrives_as_a_list(trip: Any, values: list[Any]) -> None:
    arrived = trip(pl.Series("name", values))
    assert type(arrived) is list
    assert arrived == values


def test_lazy_frame_keeps_its_plan(trip: Any) -> None:
    arrived = trip(pl.LazyFrame({"a": [1, 2]}).filter(pl.col("a") > 1))
    assert type(arrived) is pl.LazyFrame
    assert arrived.collect()["a"].to_list() == [2]


def test_polars_objects_are_refused_by_name(trip: Any) -> None:
    with pytest.raises(codecs.Unstorable) as raised:
        trip.write(pl.DataFrame({"o": [object()]}, schema={"o": pl.Object}))
    assert 'output_0["o"]' in raised.value.message


def arrow_table() -> Any:
    return pa.table(
        {
            "i": pa.array([1, None, 3], pa.int8()),
            "s": ["a", None, ""],
            "d": pa.array(["x", "y", None]).dictionary_encode(),
            "l": [[1], None, []],
            "m": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int64())),
            "n": pa.nulls(3),
            "t": pa.array([1, 2, None], pa.timestamp("s", "Asia/Tokyo")),
            "v": pa.array(["a", "b", "c"], pa.string_view()),
        },
        metadata={"who": "me"},
    )


@pytest.mark.parametrize("times", [0, 1, 4])
def test_arrow_table(trip: Any, small_chunks: int, times: int) -> None:
    table = arrow_table()
    table = table.slice(0, 0) if times == 0 else pa.concat_tables([table] * times)
    arrived = trip(table)
    assert type(arrived) is pa.Table
    assert arrived.equals(table, check_metadata=True)


def test_arrow_dictionaries_that_differ(trip: Any) -> None:
    chunks = [pa.array(["a", "b"]).dictionary_encode(), pa.array(["c", "a"]).dictionary_encode()]
    table = pa.table({"d": pa.chunked_array(chunks)})
    arrived = trip(table)
    assert arrived.column("d").to_pylist() == ["a", "b", "c", "a"]
    assert arrived.schema == table.schema


@pytest.mark.parametrize(
    "value",
    [
        pa.record_batch({"a": [1, 2, 3, 4, 5]}),
        pa.record_batch({"a": pa.array([], pa.int8())}),
        pa.array([1, None, 3, 4, 5]),
        pa.array([], pa.string()),
        pa.chunked_array([[1], [2, 3]]),
        pa.scalar(5),
        pa.schema([("a", pa.int8())]),
        pa.table({}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_arrow_values(trip: Any, small_chunks: int, value: Any) -> None:
    arrived = trip(value)
    assert type(arrived) is type(value)
    assert arrived.equals(value)


def test_sparse_matrix_and_model(trip: Any) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    matrix = sparse.csr_matrix(np.eye(3))
    arrived = trip(matrix)
    assert type(arrived) is type(matrix)
    assert (arrived != matrix).nnz == 0
    linear = pytest.importorskip("sklearn.linear_model")
    model = linear.LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0])
    assert trip({"model": model, "n": 1})["model"].predict([[2.0]]) == pytest.approx([4.0])


def test_figure_is_a_picture_and_comes_back(trip: Any) -> None:
    pytest.importorskip("matplotlib").use("Agg")
    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots().plot(np.arange(100_000))
    message = trip.write(figure)
    assert message["kind"] == "image"
    with open(f"{trip.folder}/{message['files'][0]}", "rb") as file:
        assert file.read(8) == b"\x89PNG\r\n\x1a\n"
    arrived = trip.read()
    assert type(arrived) is Figure
    assert len(arrived.axes[0].lines[0].get_ydata()) == 100_000


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA", "P", "CMYK", "F", "I;16"])
def test_picture_of_pil(trip: Any, mode: str) -> None:
    image = pytest.importorskip("PIL.Image")
    picture = image.new(mode, (3, 2), 1)
    arrived = trip(picture)
    assert type(arrived) is image.Image
    assert (arrived.mode, arrived.size, arrived.tobytes()) == (mode, (3, 2), picture.tobytes())
    assert trip.message["kind"] == ("image" if mode in ("1", "L", "LA", "RGB", "RGBA") else "opaque")
