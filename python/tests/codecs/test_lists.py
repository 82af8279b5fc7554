"""Lists and arrays in cells that are handed on from block to block: how they are stored, and what arrives."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from test_frames import NAN, SIZES, objects, told


def column(values: Any) -> pd.DataFrame:
    return pd.DataFrame({"c": values})


def field(trip: Any) -> tuple[str, Any]:
    """The Arrow type of the column that was stored last, and what its metadata says of the encoding."""
    stored = pa.ipc.open_file(f"{trip.folder}/{trip.message['files'][0]}").schema.field(0)
    return str(stored.type), (stored.metadata or {}).get(b"baton:encoding")


def deep(*items: Any) -> Any:
    """An array of arrays."""
    return objects(*items).to_numpy()


# What a first block returns, and the type that is stored by it and by each block that hands on what it received.
HANDED_ON = {
    "ints": (objects([1, 2], [3], [], None), "list<item: int64>"),
    "ints and none": (objects([1, None], [2]), "list<item: double>"),
    "floats": (objects([1.5, NAN, -0.0], [2]), "list<item: double>"),
    "bools": (objects([True], [False, True]), "list<item: bool>"),
    "bools and none": (objects([True], [None]), "list<item: bool>"),
    "text": (objects(["a", None], []), "list<item: string>"),
    "nothing": (objects([], []), "list<item: null>"),
    "nested ints": (objects([[1], [2, 3], []], [], None), "list<item: list<item: int64>>"),
    "nested floats": (objects([[1.5, None], None], [[2]]), "list<item: list<item: double>>"),
    "nested bools": (objects([[True], [False]]), "list<item: list<item: bool>>"),
    "three levels": (objects([[[1], [2]], [[3], None], None, []], None), f"list<item: {'list<item: ' * 2}int64>>>"),
    "tuples": (objects((1, 2), None, ()), "list<item: int64>"),
    "tuples of text": (objects(("a", None), (), None), "list<item: string>"),
    "tuples of bytes": (objects((b"a",), (b"\xff", None)), "list<item: binary>"),
    "arrays of text": (objects(np.array(["a"]), np.array([], "U1")), "list<item: string>"),
    "arrays of dates": (objects(np.array(["2024-01-01", "NaT"], "M8[s]")), "list<item: timestamp[s]>"),
}


@pytest.mark.parametrize("name", HANDED_ON)
def test_what_is_handed_on_is_stored_and_arrives_as_before(trip: Any, name: str) -> None:
    values, stored = HANDED_ON[name]
    arrived = trip(column(values))
    assert field(trip) == (stored, None)
    again = trip(arrived)
    assert field(trip) == (stored, None)
    assert told(again) == told(arrived)
    assert told(trip(again)) == told(arrived)


@pytest.mark.parametrize("name", HANDED_ON)
def test_what_is_handed_on_in_several_files(trip: Any, small_chunks: int, name: str) -> None:
    values, stored = HANDED_ON[name]
    arrived = trip(column(pd.concat([values] * 5, ignore_index=True)))
    again = trip(arrived)
    assert field(trip) == (stored, None)
    assert told(again) == told(arrived)


@pytest.mark.parametrize("name", HANDED_ON)
def test_what_is_handed_on_as_a_series(trip: Any, name: str) -> None:
    values, stored = HANDED_ON[name]
    arrived = trip(values)
    again = trip(arrived)
    assert field(trip) == (stored, None)
    assert told(again) == told(arrived)


# Returned by a block, and the type that is stored; each arrives as it is.
EXACT = {
    **{
        f"lists of {size}": (
            objects(list(np.array([1, 0], size)), [], None),
            f"list<item: {pa.from_numpy_dtype(np.dtype(size))}>",
        )
        for size in SIZES
    },
    **{
        f"lists of arrays of {size}": (
            objects([np.array([1, 0], size), None, np.array([], size)], [], None),
            f"list<item: list<item: {pa.from_numpy_dtype(np.dtype(size))}>>",
        )
        for size in SIZES
    },
    "the ends of int64": (objects(list(np.array([2**63 - 1, -(2**63)]))), "list<item: int64>"),
    "the end of uint64": (objects([np.uint64(2**64 - 1)]), "list<item: uint64>"),
    "NaN": (objects([np.float64(NAN), np.float64("inf"), np.float64(-0.0)], None), "list<item: double>"),
    "lists of lists": (objects([[np.int64(1)], [], None], [[np.int64(2)] * 2]), "list<item: list<item: int64>>"),
    "lists of lists of arrays": (
        objects([[np.array([1.5])], None, []], [[None, np.array([])]]),
        "list<item: list<item: list<item: double>>>",
    ),
    "lists of arrays of arrays": (
        objects([deep(np.array([1]), None), deep(), None], []),
        "list<item: list<item: list<item: int64>>>",
    ),
    "lists of arrays of text": (objects([deep("a", None), deep()]), "list<item: list<item: string>>"),
    "arrays of arrays": (objects(deep(np.array([1]), None), deep(), None), "list<item: list<item: int64>>"),
    "every other item": (objects([np.arange(6)[::2], np.arange(3)[::-1]]), "list<item: list<item: int64>>"),
    "numpy text": (objects([np.str_("a"), None, np.str_("b\x00")], [], None), "list<item: string>"),
    "lists of numpy text": (objects([[np.str_("é")], None], []), "list<item: list<item: string>>"),
}


@pytest.mark.parametrize("name", EXACT)
def test_lists_of_numpy_arrive_as_they_were(trip: Any, name: str) -> None:
    values, stored = EXACT[name]
    assert told(trip(column(values))) == told(column(values))
    assert field(trip) == (stored, None)
    assert told(trip(values)) == told(values)


MIXED = {
    "numpy's numbers and Python's": objects([np.int64(1), 2], [3]),
    "in different rows": objects([np.int64(1)], [2]),
    "sizes": objects([np.int8(1)], [np.int64(2)]),
    "signs": objects([np.int64(1), np.uint64(2)]),
    "int and float": objects([np.int64(2**62 + 1), np.float64(0.5)]),
    "numbers and none": objects([np.int64(1), None], [np.int64(2)]),
    "floats and none": objects([np.float64(1.5), None]),
    "numbers and text": objects([np.int64(1), "a"]),
    "text and numpy text": objects(["a", np.str_("b")]),
    "levels": objects([np.int64(1), [np.int64(2)]]),
    "levels in different rows": objects([np.int64(1)], [[np.int64(2)]]),
    "arrays and lists": objects([np.array([1]), [2]]),
    "arrays of several sizes": objects([np.array([1]), np.array([1], "int8")]),
    "arrays of two dimensions": objects([np.zeros((2, 2))]),
    "arrays of other byte order": objects([np.array([1], ">i4")]),
    "arrays of objects": objects([deep(1, "a")], [deep(dt.date(2024, 1, 1))]),
    "arrays of nothing": objects([deep()], [deep(None)]),
    "arrays of objects and of numbers": objects(deep(), np.array([1])),
    "arrays of text of both kinds": objects(deep("a"), np.array(["b"])),
    "lone surrogates": objects([np.str_("\ud800")], [np.str_("a")]),
    "arrays of lone surrogates": objects(deep("\ud800")),
    "dates of numpy": objects([np.datetime64("2024-01-01"), np.timedelta64(1, "s")]),
    "long doubles": objects([np.longdouble(1.5)]),
    "tuples of numpy": objects((np.int64(1),), (np.int64(2), None)),
    "dictionaries": objects({"l": [np.int64(1)], "m": [1, 2.5]}),
}


@pytest.mark.parametrize("name", MIXED)
def test_other_lists_lose_nothing(trip: Any, name: str) -> None:
    values = MIXED[name]
    arrived = trip(column(values))
    assert told(arrived) == told(column(values))
    assert field(trip)[1] in (b"json", b"pickle")
    assert told(trip(arrived)) == told(column(values))


def test_missing_lists_arrive_as_none(trip: Any) -> None:
    """Whatever stood for them, as beside lists of Python's numbers."""
    for one in (1, np.int64(1)):
        arrived = trip(column(objects([one], NAN, pd.NA, pd.NaT, None)))
        assert told(arrived) == told(column(objects([np.int64(1)], None, None, None, None)))


def test_lists_in_dictionaries_stay_lists(trip: Any) -> None:
    frame = column(objects({"l": [1, 2], "m": [[0.5]]}, None))
    arrived = trip(frame)
    assert told(arrived) == told(frame)
    assert told(trip(arrived)) == told(frame)
    assert field(trip) == ("string", b"json")


def test_arrays_that_are_handed_on_can_be_changed(trip: Any) -> None:
    again = trip(trip(column(objects([[1, 2], [3]]))))
    again["c"][0][0][1] = 7
    assert [array.tolist() for array in again["c"][0]] == [[1, 7], [3]]
    series = trip(trip(objects([[1, 2], [3]])))
    series[0][1][0] = 7
    assert [array.tolist() for array in series[0]] == [[1, 2], [7]]


def test_an_array_that_contains_itself_comes_back(trip: Any) -> None:
    loop = deep(None)
    loop[0] = loop
    arrived = trip(column(objects([loop])))["c"][0][0]
    assert arrived[0] is arrived
