"""Round trips of random values and frames, with fixed seeds."""

from __future__ import annotations

import datetime as dt
import decimal
import random
import uuid
from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_frames import told
from test_values import same

UTC = dt.timezone.utc
ALPHABET = 'ab\x00\n"\\$é\u2028\U0001f600\ud800'


def text(source: random.Random) -> str:
    return "".join(source.choice(ALPHABET) for _ in range(source.randrange(5)))


LEAVES = [
    lambda _: None,
    lambda source: source.random() < 0.5,
    lambda source: source.randrange(-(2**80), 2**80),
    lambda source: source.choice([0.5, -0.0, 1e300, float("nan"), float("inf")]),
    text,
    lambda source: source.randbytes(3),
    lambda source: decimal.Decimal(source.randrange(10**9)).scaleb(-source.randrange(5)),
    lambda source: dt.date.fromordinal(source.randrange(1, 3_000_000)),
    lambda source: dt.datetime.fromtimestamp(source.randrange(2**31), source.choice([None, UTC])),
    lambda source: uuid.UUID(int=source.getrandbits(128)),
    lambda source: pd.Timestamp(source.randrange(2**62)),
]


def value(source: random.Random, depth: int = 0) -> Any:
    kind = source.randrange(8)
    if depth > 4 or kind < 4:
        return source.choice(LEAVES)(source)
    items = [value(source, depth + 1) for _ in range(source.randrange(4))]
    if kind == 4:
        return tuple(items)
    if kind == 5:
        return items
    if kind == 6:
        return {source.choice(["$", "v", text(source)]): item for item in items}
    return {(text(source), 1): item for item in items}


@pytest.mark.parametrize("seed", range(300))
def test_values(trip: Any, seed: int) -> None:
    original = value(random.Random(seed))
    assert same(trip(original), original)


def numbers(make: Any, dtype: str) -> Any:
    return lambda source, rows: np.array([make(source) for _ in range(rows)]).astype(dtype)


def cells(make: Any) -> Any:
    def column(source: random.Random, rows: int) -> Any:
        out = np.empty(rows, object)
        for row in range(rows):
            out[row] = None if source.random() < 0.2 else make(source)
        return out

    return column


def with_none(make: Any) -> Any:
    """Cells that stay objects because one is missing."""

    def column(source: random.Random, rows: int) -> Any:
        out = cells(make)(source, rows)
        out[:1] = None
        return out

    return column


def some(*choices: Any) -> Any:
    return lambda source: source.choice(choices)


COLUMNS = [
    numbers(lambda source: source.randrange(100), "int64"),
    numbers(lambda source: source.randrange(100), "uint8"),
    numbers(some(1.5, float("nan"), -0.0), "float64"),
    numbers(some(1.5, float("nan")), "float32"),
    numbers(some(True, False), "bool"),
    numbers(some("2024-01-01", "NaT"), "M8[ns]"),
    numbers(some(5, -5), "m8[ms]"),
    numbers(some(1j, 2), "complex128"),
    cells(text),
    cells(some("a", "b")),
    with_none(some(True, False)),
    cells(lambda source: source.randrange(-(2**62), 2**62)),
    cells(some(1, "x", 2.5, b"y", (1,), {"k": [1]})),
    cells(LEAVES[6]),
    cells(LEAVES[7]),
    cells(LEAVES[8]),
    cells(LEAVES[9]),
    cells(lambda source: [text(source) for _ in range(source.randrange(3))]),
    cells(lambda source: {text(source): source.randrange(9)}),
    lambda source, rows: pd.array([source.choice([1, None]) for _ in range(rows)], dtype="Int16"),
    lambda source, rows: pd.array([source.choice(["a", None, ""]) for _ in range(rows)], dtype="string"),
    lambda source, rows: pd.Categorical(
        [source.choice(["a", "b", None]) for _ in range(rows)], categories=["b", "a", "c"]
    ),
    lambda source, rows: (
        pd.DatetimeIndex([source.choice(["2024-01-01", None]) for _ in range(rows)], tz="Asia/Tokyo").array
    ),
    lambda source, rows: pd.arrays.SparseArray([source.choice([0, 7]) for _ in range(rows)]),
    lambda source, rows: pd.PeriodIndex([source.choice(["2024-01", "1999-12"]) for _ in range(rows)], freq="M").array,
]


def labels(source: random.Random, width: int) -> Any:
    kind = source.randrange(4)
    if kind == 0:
        return [f"c{i}" for i in range(width)]
    if kind == 1:
        return [source.choice(["a", "b", "a.1", text(source), dt.date(2024, 1, 1)]) for _ in range(width)] or ["x"][
            :width
        ]
    if kind == 2:
        return pd.MultiIndex.from_tuples(
            [(source.choice("xy"), source.randrange(3)) for _ in range(width)], names=["n", None]
        )
    return pd.to_datetime([dt.date(2024, 1, source.randrange(1, 28)) for _ in range(width)])


def index(source: random.Random, rows: int) -> Any:
    kind = source.randrange(4)
    if kind == 0:
        start = source.randrange(5)
        return pd.RangeIndex(start, start + rows * 3, 3, name=source.choice([None, "r", ("r", 5)]))
    if kind == 1:
        return pd.Index(np.array([source.randrange(5) for _ in range(rows)], dtype="int64"))
    if kind == 2:
        return pd.Index([text(source) for _ in range(rows)], dtype=object, name="t")
    return pd.MultiIndex.from_arrays(
        [[source.randrange(3) for _ in range(rows)], [source.choice("ab") for _ in range(rows)]]
    )


def frame(source: random.Random) -> pd.DataFrame:
    rows, width = source.randrange(12), source.randrange(1, 6)
    made = pd.DataFrame({i: pd.Series(source.choice(COLUMNS)(source, rows)) for i in range(width)}, index=range(rows))
    made.columns = labels(source, width)
    made.index = index(source, rows)
    return made


@pytest.mark.parametrize("seed", range(300))
def test_frames(trip: Any, small_chunks: int, seed: int) -> None:
    original = frame(random.Random(seed))
    assert told(trip(original)) == told(original)
