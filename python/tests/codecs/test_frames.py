"""What arrives for pandas frames and Series: dtypes, cells, labels, indexes."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import sys
import uuid
import zoneinfo
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from importable import Thing

from baton import codecs

D = decimal.Decimal
UTC = dt.timezone.utc
NAN = float("nan")


def cell(value: Any) -> tuple[str, str]:
    """Type and text of a cell, and of what it contains."""
    if isinstance(value, (list, tuple)):
        return type(value).__name__, str([cell(item) for item in value])
    if isinstance(value, dict):
        return type(value).__name__, str([(cell(key), cell(item)) for key, item in value.items()])
    if isinstance(value, np.ndarray):
        return f"{type(value).__name__} {value.dtype} {value.shape}", str([cell(item) for item in value.ravel()])
    if isinstance(value, (pd.DataFrame, pd.Series)):
        return type(value).__name__, value.to_json()
    return f"{type(value).__module__}.{type(value).__qualname__}", repr(value)


def told(value: Any) -> dict[str, Any]:
    """All there is to know about a frame, a Series or an Index, for comparing."""
    if isinstance(value, pd.Index):
        freq = getattr(value, "freq", None)
        dtypes = [str(value.dtype)] if value.nlevels == 1 else list(map(str, value.dtypes))
        return {
            "type": type(value).__name__,
            "names": list(map(cell, value.names)),
            "dtypes": dtypes,
            "values": list(map(cell, value)),
            "freq": freq,
        }
    if isinstance(value, pd.Series):
        return {
            "name": cell(value.name),
            "dtype": repr(value.dtype),
            "cells": list(map(cell, value)),
            "index": told(value.index),
            "attrs": cell(value.attrs),
        }
    columns = [value.iloc[:, position] for position in range(value.shape[1])]
    return {
        "columns": told(value.columns),
        "index": told(value.index),
        "attrs": cell(value.attrs),
        "dtypes": [repr(column.dtype) for column in columns],
        "cells": [list(map(cell, column)) for column in columns],
    }


def objects(*cells: Any) -> pd.Series:
    array = np.empty(len(cells), object)
    for position, item in enumerate(cells):
        array[position] = item
    return pd.Series(array, dtype=object)


def column(values: Any) -> pd.DataFrame:
    return pd.DataFrame({"a": values})


class Local(enum.Enum):
    A = 1


SIZES = [
    "bool",
    *(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)),
    *(f"float{bits}" for bits in (16, 32, 64)),
]
EXACT_COLUMNS = {
    **{size: pd.Series([1, 0, 3], dtype=size) for size in SIZES},
    "big uint64": pd.Series([2**63, 0], dtype="uint64"),
    "big ints": pd.Series([2**53 + 1, 2**62]),
    "floats": pd.Series([1.5, NAN, float("inf"), -0.0]),
    "complex": pd.Series([1 + 2j, complex(NAN, 1)]),
    "complex64": pd.Series([1 + 2j], dtype="complex64"),
    "Int64": pd.Series([1, None], dtype="Int64"),
    "UInt8": pd.Series([1, None], dtype="UInt8"),
    "Float64": pd.Series([1.5, None], dtype="Float64"),
    "Float32": pd.Series([1.5, 2], dtype="Float32"),
    "boolean": pd.Series([True, None, False], dtype="boolean"),
    "string": pd.Series(["a", None, ""], dtype="string"),
    "string python": pd.Series(["a", None, "\ud800"], dtype="string[python]"),
    "string arrow": pd.Series(["a", None], dtype="string[pyarrow]"),
    "arrow int": pd.Series([1, None], dtype="int64[pyarrow]"),
    "arrow list": pd.Series([[1], None], dtype=pd.ArrowDtype(pa.list_(pa.int8()))),
    "arrow decimal": pd.Series([D("1.10"), None], dtype=pd.ArrowDtype(pa.decimal128(5, 2))),
    "arrow string": pd.Series(["a", None], dtype=pd.ArrowDtype(pa.string())),
    "arrow time": pd.Series([dt.datetime(2024, 1, 1)], dtype=pd.ArrowDtype(pa.timestamp("ms", "Europe/Paris"))),
    **{f"datetime {unit}": pd.Series(["2024-01-01", None], dtype=f"datetime64[{unit}]") for unit in ("s", "ms", "us")},
    "datetime ns": pd.Series(pd.to_datetime(["2024-01-01 01:02:03.123456789", None])),
    "datetime utc": pd.Series(pd.to_datetime(["2024-01-01", None], utc=True)),
    "datetime paris": pd.Series(
        pd.to_datetime(["2024-07-01 00:00", "2024-10-27 02:30"]).tz_localize("Europe/Paris", ambiguous=[True] * 2)
    ),
    "datetime zoneinfo": pd.Series(pd.to_datetime(["2024-07-01"]).tz_localize(zoneinfo.ZoneInfo("Asia/Kolkata"))),
    "datetime offset": pd.Series(pd.to_datetime(["2024-07-01"]).tz_localize(dt.timezone(dt.timedelta(hours=-3.5)))),
    "datetime s zone": pd.Series(pd.to_datetime(["2024-07-01"]).tz_localize("UTC").as_unit("s")),
    "timedelta": pd.Series(pd.to_timedelta(["1 days 02:00:00", None])),
    "timedelta s": pd.Series(pd.to_timedelta(["1 days"])).dt.as_unit("s"),
    "category": pd.Series(pd.Categorical(["a", "b", None, "a"], categories=["b", "a", "unused"], ordered=True)),
    "category int": pd.Series(pd.Categorical([1, 2, 1], ordered=True)),
    "category float": pd.Series(pd.Categorical([1.5, None])),
    "category date": pd.Series(pd.Categorical(pd.to_datetime(["2024-01-01", None]))),
    "category zone": pd.Series(pd.Categorical(pd.to_datetime(["2024-01-01"], utc=True))),
    "category mixed": pd.Series(pd.Categorical([1, "a", None])),
    "category interval": pd.Series(pd.cut([1, 5, NAN], [0, 3, 6])),
    "category many": pd.Series(pd.Categorical([f"c{i}" for i in range(300)])),
    "category empty": pd.Series(pd.Categorical([None, None])),
    "category string": pd.Series(["a", None], dtype="string").astype("category"),
    "period": pd.Series(pd.period_range("2024-01", periods=2, freq="M")),
    "period nat": pd.Series(pd.PeriodIndex(["2024-01-05", None], freq="W-FRI")),
    "interval": pd.Series(pd.arrays.IntervalArray.from_tuples([(0, 1), (1, 2)], closed="left")),
    "interval nan": pd.Series(pd.arrays.IntervalArray.from_tuples([(0.5, 1), None])),
    "interval time": pd.Series(pd.interval_range(pd.Timestamp("2024-01-01"), periods=2)),
    "sparse": pd.Series(pd.arrays.SparseArray([0, 0, 1])),
    "sparse nan": pd.Series(pd.arrays.SparseArray([NAN, 1.5])),
    "text": pd.Series(["a", None, "", " ", "NULL", "nan", "é\U0001f600", "\x00"]),
    "text surrogate": pd.Series(["a", None, "\ud800", "\ud83d\ude00"]),
    "all none": objects(None, None),
    "bools": objects(True, None, False),
    "ints": objects(1, 2),
    "ints none": objects(1, None, -3),
    "ints nan": objects(1, NAN),
    "ints wide": objects(2**70, 1, None),
    "int float": objects(1, 2.5),
    "int text": objects(1, "x", 2.5, None),
    "text int": objects("1", 2, None),
    "bool int": objects(True, 1),
    "numpy scalars": objects(np.int64(1), np.float64(2.5), np.datetime64("2024-01-01")),
    "nulls": objects(1, NAN, None, pd.NaT, pd.NA),
    "dates": objects(dt.date(2024, 1, 1), None, dt.date(1, 1, 1), dt.date(9999, 12, 31)),
    "times": objects(dt.time(1, 2, 3, 4), None),
    "times zone": objects(dt.time(1, tzinfo=UTC)),
    "datetimes": objects(dt.datetime(2024, 1, 1, 2, 3, 4, 5), None, dt.datetime(1, 1, 1)),
    "datetimes utc": objects(dt.datetime(2024, 1, 1, tzinfo=UTC), None),
    "datetimes zone": objects(
        dt.datetime(2024, 1, 1, tzinfo=zoneinfo.ZoneInfo("Asia/Tokyo")), dt.datetime(2024, 1, 1, fold=1)
    ),
    "datetimes nat": objects(dt.datetime(2024, 1, 1), pd.NaT),
    "timestamps": objects(pd.Timestamp("2024-01-01 01:02:03.123456789"), None, pd.Timestamp("2024-01-01", tz="UTC")),
    "timedeltas": objects(dt.timedelta(1), None),
    "timedeltas wide": objects(dt.timedelta.max),
    "bytes": objects(b"x", b"\xff", None, b""),
    "decimals": objects(D("1.10"), D("2.34"), None),
    "decimals wide": objects(D("1" * 38), D("-2")),
    "decimals mixed": objects(D("1.10"), D("2.345")),
    "decimals huge": objects(D(10) ** 50, D("Infinity")),
    "decimals zero": objects(D("-0.0"), D("0.0")),
    "decimals exponent": objects(D("1E+3"), D("2E+3")),
    "uuids": objects(uuid.UUID(int=1), None),
    "lists text": objects(["a", None], None, []),
    "lists mixed": objects([1, "a", None], [2.5]),
    "lists empty": objects([], []),
    "lists bool none": objects([True], [False, None]),
    "lists nested text": objects([["a"], ["b", None]], []),
    "lists wide, none": objects([2**62 + 1, None]),
    "lists nested and not": objects([1, [2]]),
    "lists of datetimes": objects([dt.datetime(2024, 1, 1)]),
    "lists wide": objects([2**70]),
    "lists surrogate": objects(["\ud800"]),
    "lists date": objects([dt.date(2024, 1, 1)], [D("1.1"), (1, 2)]),
    "dicts": objects({"a": 1}, {"b": {"c": [1, (2,)]}}, None, {}),
    "dict keys": objects({1: 2, None: 3}),
    "dict list": objects({"a": 1}, [{"b": 2}]),
    "arrays": objects(np.array([1.5, NAN]), None, np.array([])),
    "arrays int8": objects(np.array([1], "int8")),
    "arrays deep": objects(np.zeros((2, 2))),
    "arrays mixed": objects(np.array([1]), np.array([1.5])),
    "things": objects(Thing, None, Thing),
    "frames": objects(pd.DataFrame({"x": [1]}), None),
    "enums": objects(Local.A),
    "slices": objects(slice(1), pd.Interval(1, 2)),
}


@pytest.mark.parametrize("name", EXACT_COLUMNS)
def test_column_arrives_as_it_was(trip: Any, name: str) -> None:
    values = EXACT_COLUMNS[name]
    frame = column(values)
    assert told(trip(frame)) == told(frame)
    assert told(trip(values)) == told(values)
    assert told(trip(values.iloc[:0])) == told(values.iloc[:0]) or values.dtype == object


@pytest.mark.parametrize("name", EXACT_COLUMNS)
def test_column_arrives_from_several_files(trip: Any, small_chunks: int, name: str) -> None:
    values = pd.concat([EXACT_COLUMNS[name]] * 5)[1:]
    frame = column(values)
    assert told(trip(frame)) == told(frame)
    assert len(trip.message["files"]) == -(-len(frame) // small_chunks)


CHANGED_COLUMNS = {
    "nothing": (objects(NAN, NAN), objects(None, None)),
    "text nan": (objects("a", NAN, pd.NA), objects("a", None, None)),
    "bools nan": (objects(True, NAN), objects(True, None)),
    "dates nat": (objects(dt.date(2024, 1, 1), pd.NaT), objects(dt.date(2024, 1, 1), None)),
    "numpy text": (objects(np.str_("x")), objects("x")),
    "floats none": (objects(1.5, None), pd.Series([1.5, NAN])),
    "floats nothing": (objects(1.5, NAN, None, pd.NA, pd.NaT), pd.Series([1.5, NAN, NAN, NAN, NAN])),
    "bools alone": (objects(True, False), pd.Series([True, False])),
    "lists of ints": (objects([1, 2], None), objects([np.int64(1), np.int64(2)], None)),
    "lists of ints and none": (objects([1, None], [2]), objects([np.float64(1), np.float64(NAN)], [np.float64(2)])),
    "lists of floats": (objects([1.5, NAN], [2]), objects([np.float64(1.5), np.float64(NAN)], [np.float64(2)])),
    "lists of bools": (objects([True], [False]), objects([np.True_], [np.False_])),
    "lists of lists": (objects([[1], [2, 3]], []), objects([np.array([1]), np.array([2, 3])], [])),
    "lists of lists of floats": (objects([[1.5, None], None]), objects([np.array([1.5, NAN]), None])),
    "tuples and none": (objects((1, None), (2,)), objects(np.array([1, NAN]), np.array([2.0]))),
    "arrays of text": (
        objects(np.array(["a"]), np.array(["bcd"])),
        objects(np.array(["a"], object), np.array(["bcd"], object)),
    ),
    "tuples": (objects((1, 2), None, ()), objects(np.array([1, 2]), None, np.array([], "int64"))),
    "tuples of text": (objects(("a", "b")), objects(np.array(["a", "b"], object))),
    "sets": (objects({1.5}), objects(np.array([1.5]))),
    "big endian": (pd.Series(np.array([1, 2], ">i4")), pd.Series([1, 2], dtype="int32")),
}


@pytest.mark.parametrize("name", CHANGED_COLUMNS)
def test_column_arrives_as_in_mage(trip: Any, name: str) -> None:
    values, expected = CHANGED_COLUMNS[name]
    assert told(trip(column(values))) == told(column(expected))


def label_frame(columns: Any) -> pd.DataFrame:
    return pd.DataFrame([range(len(columns))], columns=columns)


EXACT_FRAMES = {
    "odd names": label_frame(["a b", "É", "", "a.b", "\ud800", "\x00"]),
    "name of columns": pd.DataFrame({"a": [1]}).rename_axis(columns="cn"),
    "dates as labels": label_frame(pd.to_datetime(["2024-01-01", "2024-01-02"])),
    "dates among labels": label_frame([dt.date(2024, 1, 1), "a"]),
    "tuples as labels": label_frame(pd.MultiIndex.from_tuples([("x", "a"), ("x", "b")], names=["n", None])),
    "levels of numbers": label_frame(pd.MultiIndex.from_product([[1, 2], ["a", pd.Timestamp("2024-01-01")]])),
    "aggregated": pd.DataFrame({"g": ["a", "a", "b"], "v": [1, 2, 3]}).groupby("g").agg({"v": ["sum", "mean"]}),
    "same labels": label_frame(["a", "a", "b", "a.1"]),
    "same numbers": label_frame([0, 0]),
    "same text": label_frame([0, "0"]),
    "intervals as labels": label_frame(pd.interval_range(0, 2)),
    "periods as labels": label_frame(pd.period_range("2024", periods=2, freq="Y")),
    "objects as labels": label_frame([Thing(1), b"x", (1, 2)]),
    "no columns": pd.DataFrame(index=range(3)),
    "no columns, index": pd.DataFrame(index=["a", "b"]),
    "nothing": pd.DataFrame(),
    "no rows": pd.DataFrame({"a": [], "b": []}),
    "no rows, types": pd.DataFrame(
        {
            "a": pd.Series([], dtype="int64"),
            "t": pd.Series([], dtype="datetime64[ns]"),
            "s": pd.Series([], dtype=object),
            "c": pd.Categorical([], categories=["x"]),
            "z": pd.Series([], dtype="datetime64[us, UTC]"),
        }
    ),
    "attributes": pd.DataFrame({"a": [1]}).assign(),
    "described": pd.DataFrame({"a": range(1500)}).describe(),
    "index of dates": pd.DataFrame({"a": [1, 2]}, index=pd.date_range("2024-01-01", periods=2)),
    "index of zoned dates": pd.DataFrame(
        {"a": [1, 2]}, index=pd.date_range("2024-01-01", periods=2, tz="Europe/Paris", name="t")
    ),
    "index with NaT": pd.DataFrame({"a": [1, 2]}, index=pd.DatetimeIndex(["2024-01-01", None])),
    "index of timedeltas": pd.DataFrame({"a": [1, 2]}, index=pd.timedelta_range(0, periods=2, freq="h")),
    "index of periods": pd.DataFrame({"a": [1, 2]}, index=pd.period_range("2024-01", periods=2, freq="M", name="p")),
    "index of intervals": pd.DataFrame({"a": [1, 2]}, index=pd.interval_range(0, 2)),
    "index of categories": pd.DataFrame({"a": [1, 2]}, index=pd.CategoricalIndex(["x", "y"], ordered=True)),
    "index twice the same": pd.DataFrame({"a": [1, 2]}, index=[7, 7]),
    "filtered": pd.DataFrame({"a": [1, 2, 3]})[lambda d: d.a > 1],
    "index of levels": pd.DataFrame(
        {"a": [1, 2]}, index=pd.MultiIndex.from_tuples([("x", 1), ("y", 2)], names=["k", "n"])
    ),
    "levels with nothing": pd.DataFrame(
        {"a": [1, 2]}, index=pd.MultiIndex.from_arrays([["x", None], pd.to_datetime(["2024-01-01", None])])
    ),
    "levels, no rows": pd.DataFrame({"a": [1]}, index=pd.MultiIndex.from_tuples([("x", 1)]))[:0],
    "one level": pd.DataFrame({"a": [1]}, index=pd.MultiIndex.from_arrays([["x"]], names=["k"])),
    "named index": pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", "y"], name="k")),
    "index named as a column": pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", "y"], name="a")),
    "index named by a date": pd.DataFrame({"a": [1, 2]}, index=pd.Index([1.5, 2], name=dt.date(2024, 1, 1))),
    "mixed index": pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", 1], dtype=object)),
    "bool index": pd.DataFrame({"a": [1]}, index=[True]),
    "Int64 index": pd.DataFrame({"a": [1]}, index=pd.Index([1], dtype="Int64")),
    "string index": pd.DataFrame({"a": [1]}, index=pd.Index(["x"], dtype="string")),
    "range with step": pd.DataFrame({"a": [1, 2]}, index=pd.RangeIndex(10, 14, 2, name="r")),
    "range down": pd.DataFrame({"a": [1, 2]}, index=pd.RangeIndex(2, 0, -1)),
    "tuples in an index": pd.DataFrame({"a": [1, 2]}, index=pd.Index([(1, 2), (3,)], tupleize_cols=False)),
    "many columns": pd.DataFrame(np.arange(600).reshape(3, 200), columns=[f"c{i}" for i in range(200)]).assign(
        s="x", t=1.5
    ),
    "strided": pd.DataFrame(np.arange(20).reshape(5, 4)[:, ::2][::2], columns=["a", "b"]),
}
EXACT_FRAMES["attributes"].attrs = {"k": 1, "d": dt.date(2024, 1, 1), 3: [1]}


@pytest.mark.parametrize("name", EXACT_FRAMES)
def test_frame_arrives_as_it_was(trip: Any, name: str) -> None:
    frame = EXACT_FRAMES[name]
    assert told(trip(frame)) == told(frame)


def series_cases() -> list[pd.Series]:
    named = pd.Series([1, 2, 3], name="s")
    named.attrs["unit"] = "m"
    return [
        named,
        pd.Series([1.5, None], index=["x", "y"]),
        pd.Series(["a", None]),
        pd.Series(pd.to_datetime(["2024-01-01", None])),
        pd.Series([1], name=("a", 1)),
        pd.Series([], dtype=object, name="\ud800"),
        pd.Series([1, 2], index=pd.MultiIndex.from_tuples([(1, "a"), (2, "b")])),
        pd.Series([1], index=pd.Index([2], name="values")),
    ]


@pytest.mark.parametrize("series", series_cases(), ids=lambda series: str(series.name))
def test_series_arrives_as_it_was(trip: Any, series: pd.Series) -> None:
    assert told(trip(series)) == told(series)


def test_names_that_are_numbers_become_text(trip: Any) -> None:
    assert trip(pd.Series([1], name=0)).name == "0"
    assert trip(pd.DataFrame({"a": [1]}, index=pd.Index([1], name=1.5))).index.name == "1.5"
    levels = pd.MultiIndex.from_tuples([(1, 2, 3)], names=[0, "b", None])
    assert list(trip(pd.Series([1], index=levels)).index.names) == ["0", "b", None]


def test_lists_of_numbers_are_arrays_in_a_series(trip: Any) -> None:
    expected = objects(np.array([1, 2]), np.array([], "int64"), None)
    assert told(trip(objects([1, 2], [], None))) == told(expected)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([0, 1], ["0", "1"]),
        ([0.5, None], ["0.5", "nan"]),
        (["a", None], ["a", "None"]),
        ([True, "x"], ["True", "x"]),
        ([np.int8(3), "a"], ["3", "a"]),
        (pd.CategoricalIndex(["a", "b"]), ["a", "b"]),
    ],
)
def test_labels_become_text(trip: Any, labels: Any, expected: list[str]) -> None:
    assert told(trip(label_frame(labels))) == told(label_frame(expected))


def test_attributes_that_cannot_be_stored_are_left_out(trip: Any) -> None:
    frame = column([1])
    frame.attrs["f"] = lambda: 1
    assert trip(frame).attrs == {}


@pytest.mark.parametrize("rows", [0, 1, 3, 4, 5, 8, 9, 40])
def test_rows_at_the_edges_of_files(trip: Any, small_chunks: int, rows: int) -> None:
    frame = pd.DataFrame(
        {
            "i": np.arange(rows),
            "f": np.where(np.arange(rows) % 3 == 0, NAN, 1.5),
            "b": np.arange(rows) % 2 == 0,
            "s": np.array([None if i % 4 == 1 else f"t{i}" for i in range(rows)], dtype=object),
            "c": pd.Categorical(["x" if i % 2 else None for i in range(rows)], categories=["x"]),
            "n": pd.array([None if i % 5 == 0 else i for i in range(rows)], dtype="Int64"),
        },
        index=pd.Index([f"r{i}" for i in range(rows)], name="row", dtype=object),
    )
    assert told(trip(frame)) == told(frame)
    assert len(trip.chunks) == max(1, -(-rows // small_chunks))
    assert [chunk["rows"] for chunk in trip.chunks] == [min(4, rows - start) for start in range(0, max(rows, 1), 4)]


def repeated(rows: int, shared: bool, seed: int) -> pd.DataFrame:
    """A column of few different texts, and one of nearly all different ones, as shared objects or not."""
    random = np.random.default_rng(seed)
    words = np.array([*(f"w{i}é" for i in range(300)), None, NAN], dtype=object)
    text = words[random.integers(0, len(words), rows)]
    if not shared:
        text = np.array(
            [f"{value[:1]}{value[1:]}" if isinstance(value, str) else value for value in text], dtype=object
        )
    return pd.DataFrame({"s": text, "u": [f"u{i * 7 % rows}" for i in range(rows)]})


@pytest.mark.parametrize("chunk_rows", [1 << 20, 1 << 15])
@pytest.mark.parametrize("shared", [True, False])
def test_repeated_text_is_shared(trip: Any, monkeypatch: pytest.MonkeyPatch, shared: bool, chunk_rows: int) -> None:
    monkeypatch.setattr(codecs.sink, "CHUNK_ROWS", chunk_rows)
    frame = repeated(100_000, shared, 1)
    arrived = trip(frame)
    expected = frame.astype(object).where(frame.notna(), None)
    assert arrived["s"].tolist() == expected["s"].tolist()
    assert arrived["u"].tolist() == expected["u"].tolist()
    assert len(set(map(id, arrived["s"]))) == 301
    fields = pa.ipc.open_file(f"{trip.folder}/{trip.message['files'][0]}").schema
    assert fields.field("s").metadata == {b"baton:encoding": b"dictionary"}
    assert fields.field("s").type == pa.dictionary(pa.int16() if shared else pa.int32(), pa.string())
    assert fields.field("u").type == pa.string()
    assert trip(arrived)["s"].tolist() == expected["s"].tolist()


def dictionaries(trip: Any) -> list[list[str]]:
    """The dictionary of the column `s` in each file."""
    files = [pa.ipc.open_file(f"{trip.folder}/{file}").read_all() for file in trip.message["files"]]
    return [file.column("s").chunk(0).dictionary.to_pylist() for file in files]


@pytest.mark.parametrize("missing", [None, NAN, pd.NA])
def test_each_file_goes_on_with_the_dictionary_of_the_one_before(
    trip: Any, monkeypatch: pytest.MonkeyPatch, missing: Any
) -> None:
    monkeypatch.setattr(codecs.sink, "CHUNK_ROWS", 1 << 15)
    texts = [f"{row // 40_000}-{row % 300}" if row % 1000 else missing for row in range(100_000)]
    arrived = trip(pd.DataFrame({"s": texts}))
    assert arrived["s"].tolist() == [text if isinstance(text, str) else None for text in texts]
    first, *others = dictionaries(trip)
    assert len(first) == 300
    for before, after in zip([first, *others], others):
        assert after[: len(before)] == before
    assert set(others[-1]) == {text for text in texts if isinstance(text, str)}


def test_a_file_of_quite_different_texts_gets_a_dictionary_of_its_own(
    trip: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codecs.sink, "CHUNK_ROWS", 1 << 15)
    texts = [f"{row // (1 << 15)}-{row % 5000}" if row % 3 == 0 else f"same {row % 2}" for row in range(4 << 15)]
    assert trip(pd.DataFrame({"s": texts}))["s"].tolist() == texts
    assert [len(found) for found in dictionaries(trip)] == [5002, 5002, 5002, 5002]


def test_objects_far_apart_in_memory_are_found_as_well(trip: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from baton.codecs import shared

    monkeypatch.setattr(codecs.sink, "CHUNK_ROWS", 1 << 15)
    frame = repeated(100_000, True, 1)
    trip(frame)
    near = dictionaries(trip)
    monkeypatch.setattr(shared, "_MOST_SLOTS_PER_ROW", 0)
    arrived = trip(frame)
    assert dictionaries(trip) == near, "what is stored does not depend on where objects are"
    assert arrived["s"].tolist() == frame["s"].astype(object).where(frame["s"].notna(), None).tolist()


def test_references_are_counted_for_every_row(trip: Any) -> None:
    frame = repeated(100_000, True, 1)
    arrived = trip(frame)["s"]
    word = arrived[0]
    rows = int((arrived == word).sum())
    before = sys.getrefcount(word)
    del arrived
    assert before - sys.getrefcount(word) == rows


def test_what_is_no_text_in_a_late_file_starts_over(trip: Any, small_chunks: int) -> None:
    for late in (b"bytes", 7, ["list"]):
        frame = pd.DataFrame({"n": range(12), "s": pd.Series([*"abcdefghijk", late], dtype=object)})
        assert told(trip(frame)) == told(frame)


def test_sharing_is_decided_without_the_users_random_numbers(trip: Any) -> None:
    np.random.seed(1)
    before = np.random.get_state()[1].tolist()
    trip(repeated(100_000, True, 1))
    assert np.random.get_state()[1].tolist() == before


def test_a_surrogate_in_a_late_file_starts_over(trip: Any, small_chunks: int) -> None:
    frame = pd.DataFrame({"n": range(12), "s": [f"t{i}" for i in range(11)] + ["\udfff"]})
    assert told(trip(frame)) == told(frame)
    files = trip.message["files"]
    assert len(files) == 3
    assert len(trip.chunks) > 3, "the first attempt had announced files"
    assert {chunk["file"] for chunk in trip.chunks[:-3]}.isdisjoint(files)


def test_text_beyond_two_gibibytes_takes_wide_offsets(trip: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from baton.codecs import text
    from baton.codecs.chunks import Beyond

    def too_much(_values: Any) -> Any:
        raise Beyond

    monkeypatch.setattr(text, "_to_arrow", too_much)
    frame = column(["a", None, "b"])
    assert told(trip(frame)) == told(frame)
    assert pa.ipc.open_file(f"{trip.folder}/{trip.message['files'][0]}").schema.field("a").type == pa.large_string()


def test_arrived_values_can_be_changed(trip: Any) -> None:
    frame = pd.DataFrame(
        {
            "i": range(5),
            "f": [0.5] * 5,
            "b": [True] * 5,
            "s": list("abcde"),
            "c": pd.Categorical(list("abcde")),
            "t": pd.date_range("2024-01-01", periods=5),
            "z": pd.date_range("2024-01-01", periods=5, tz="UTC"),
            "n": pd.array([1] * 5, dtype="Int64"),
            "x": [1j] * 5,
            "st": pd.array(list("abcde"), dtype="string"),
            "p": pd.period_range("2024-01", periods=5, freq="M"),
        }
    )
    trip.write(frame)
    arrived = trip.read()
    expected = frame.copy()
    for changed in (arrived, expected):
        changed["i"] *= 2
        changed.loc[0, "f"] = 7
        changed.loc[changed["i"] > 4, "b"] = False
        changed.iloc[1, changed.columns.get_loc("s")] = "new"
        changed.loc[2, "c"] = "a"
        changed.loc[2, "t"] = pd.NaT
        changed.loc[3, "z"] = pd.Timestamp(0, tz="UTC")
        changed.loc[1, "n"] = pd.NA
        changed.loc[1, "x"] = 2
        changed.loc[1, "st"] = pd.NA
        changed.loc[1, "p"] = pd.NaT
        changed["f"].to_numpy()[1] = 9
        changed["i"].to_numpy().sort()
    assert told(arrived) == told(expected)
    assert told(trip.read()) == told(frame), "the files stay as they are"


def test_the_written_frame_is_not_touched(trip: Any) -> None:
    frame = pd.DataFrame({"a": objects([1, 2], (1,)), "s": ["x", NAN], "f": [NAN, 1]})
    before = told(frame)
    trip(frame)
    assert told(frame) == before


UNSTORABLE = [
    (column([1, lambda: 1]), 'output_0["a"][1] is a lambda'),
    (pd.DataFrame({"k": [{"x": [1, type("Local", (), {})()]}]}), 'output_0["k"][0]["x"][1] is of type'),
    (pd.Series([1, (x for x in [])]), "output_0[1] is of type `generator`"),
]


@pytest.mark.parametrize(("value", "message"), UNSTORABLE)
def test_cells_that_cannot_be_stored_are_named(trip: Any, value: Any, message: str) -> None:
    with pytest.raises(codecs.Unstorable) as raised:
        trip.write(value)
    assert message in raised.value.message
    assert raised.value.hint


def test_a_cell_that_contains_itself(trip: Any) -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(codecs.Unstorable, match="contains itself"):
        trip.write(objects(loop))


def test_a_generator_of_frames_is_one_frame(trip: Any) -> None:
    arrived = trip(pd.DataFrame({"a": [i]}) for i in range(3))
    assert told(arrived) == told(pd.DataFrame({"a": [0, 1, 2]}, index=[0, 0, 0]))


def test_other_readers_see_types_and_the_index(trip: Any) -> None:
    frame = pd.DataFrame(
        {
            "f": [1.5, NAN],
            "t": pd.to_datetime(["2024-01-01", None]),
            "d": [D("1.10"), D("2.20")],
            "c": pd.Categorical(["x", None]),
            "u": [uuid.UUID(int=1), None],
            "j": [{"a": 1}, None],
            "l": [[1], [2, 3]],
            "n": pd.array([1, None], dtype="Int64"),
        },
        index=pd.Index(["r", "s"], name="row"),
    )
    message = trip.write(frame)
    table = pa.ipc.open_file(f"{trip.folder}/{message['files'][0]}").read_all()
    assert [str(field.type) for field in table.schema] == [
        "double",
        "timestamp[ns]",
        "decimal128(3, 2)",
        "dictionary<values=string, indices=int8, ordered=0>",
        "string",
        "string",
        "list<item: int64>",
        "int64",
        "string",
    ]
    assert [table.column(name).null_count for name in "ftcujn"] == [1] * 6
    assert table.column("j").to_pylist() == ['{"a":1}', None]
    assert table.schema.field("j").metadata == {b"baton:encoding": b"json"}
    assert table.to_pandas().index.tolist() == ["r", "s"]
    assert table.to_pandas().index.name == "row"


def test_a_reader_of_other_columns_is_refused(trip: Any) -> None:
    message = trip.write(column([1]))
    message["meta"]["columns"].append({"as": "text"})
    with pytest.raises(ValueError, match="other columns"):
        trip.read()


def test_many_categories_stay_out_of_the_manifest(trip: Any) -> None:
    frame = column(pd.Categorical([f"c{i}" for i in range(50_000)], ordered=True))
    assert told(trip(frame)) == told(frame)
    assert len(str(trip.message)) < 1000
