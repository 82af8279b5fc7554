"""What arrives for values that are not frames."""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import enum
import math
import subprocess
import sys
import uuid
import zoneinfo
from typing import Any

import numpy as np
import pandas as pd
import pytest
from importable import Colour, Grumpy, Letter, Number, Thing, double

from baton import codecs

UTC = dt.timezone.utc
# As a block makes a class that has not even the attribute `__module__`.
NoModule: Any = eval("type('NoModule', (), {})", {})


def same(one: Any, other: Any) -> bool:
    """Equal, of the same types all the way down, with NaN equal to itself."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        keys_match = list(map(repr, one)) == list(map(repr, other))
        return keys_match and all(same(a, b) for a, b in zip(one.values(), other.values()))
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and repr(one.tolist()) == repr(other.tolist())
    if isinstance(one, (float, np.floating)) and math.isnan(one):
        return math.isnan(other)
    if isinstance(one, int):
        return bool(one == other)
    if isinstance(one, Thing):
        return one == other
    return one is other or repr(one) == repr(other)


EXACT = [
    None,
    True,
    False,
    0,
    -1,
    2**53 + 1,
    2**63,
    -(2**200),
    2**20_000,
    0.1,
    -0.0,
    1e308,
    5e-324,
    "",
    "text",
    "é\n\t\u2028",
    "\U0001f600",
    "\x00",
    '{"$": "tuple"}',
    {},
    [],
    {"a": {}},
    {"a": []},
    [[]],
    [[[1], [2]], [[3]]],
    {"a": 1, "b": [None, True, 1.5, "x"]},
    {"": 1, "a.b": {"c.d": 2}},
    {"$": "tuple", "v": [1]},
    {"a": {"$": 1}},
    dt.date(1, 1, 1),
    dt.date(9999, 12, 31),
    dt.datetime(2024, 2, 29, 1, 2, 3, 456789),
    dt.datetime(2024, 2, 29, tzinfo=UTC),
    dt.datetime(2024, 2, 29, tzinfo=dt.timezone(dt.timedelta(hours=5.5))),
    dt.datetime(2024, 2, 29, tzinfo=dt.timezone(dt.timedelta(hours=1), "there")),
    dt.datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=zoneinfo.ZoneInfo("Europe/Paris")),
    dt.time(1, 2, 3),
    dt.time(1, 2, 3, 4, tzinfo=UTC),
    dt.timedelta(days=1, seconds=2),
    dt.timedelta.max,
    decimal.Decimal("1.10"),
    decimal.Decimal("-0E+5"),
    decimal.Decimal("sNaN"),
    uuid.UUID(int=1),
    pd.Timestamp("2024-02-29 01:02:03.123456789"),
    pd.Timestamp("2024-02-29", tz="Europe/Paris"),
    pd.Timestamp("2024-10-27 02:30", tz="UTC").tz_convert("Europe/Paris"),
    pd.Timestamp(2024, 1, 1).as_unit("s"),
    pd.Timedelta(1),
    pd.NaT,
    pd.NA,
    pd.Period("2024-01"),
    pd.Period("2024-01-05", "W-FRI"),
    pd.Interval(1, 2),
    np.int64(5),
    np.uint8(255),
    np.float32(1.5),
    np.bool_(True),
    np.complex64(1 + 2j),
    np.datetime64("2024-01-01", "D"),
    np.timedelta64(5, "ms"),
    np.datetime64("NaT", "ns"),
    {"n": np.int64(1)},
    {"n": np.int64(1), "f": np.float64(0.1), "c": Number.ONE},
    [np.float32(1.5), dt.date(2024, 1, 1)],
    {"t": {"u": dt.datetime(2024, 1, 1)}},
    # Mage loses these, which the recordings mark as its defects
    float("nan"),
    float("inf"),
    [float("-inf"), 1],
    {"a": {"b": float("nan")}},
    b"",
    b"\x00\xff",
    bytearray(b"x"),
    [b"x", {"y": b"z"}],
    {1, 2},
    {"s": {"x"}},
    frozenset({(1, "a")}),
    (1, 2),
    [(1, 2), (3, (4,))],
    {"t": (1, [2, (3,)])},
    (),
    range(1, 10, 3),
    1 + 2j,
    complex("-0-nanj"),
    collections.OrderedDict([("b", 1), ("a", 2)]),
    collections.Counter("aab"),
    collections.defaultdict(list, {"a": [1]}),
    collections.defaultdict(None, {"a": 1}),
    collections.deque([1, 2], 5),
    {(1, 2): "x"},
    {dt.date(2024, 1, 1): 1},
    {1: "int", "1": "text"},
    {b"k": 1},
    np.array([1, 2, 3]),
    np.array([[1.5, 2], [3, 4]]),
    np.array(5),
    np.zeros((0, 3)),
    np.array([], "M8[ns]"),
    np.array(["a", "bc"]),
    np.array([b"a"]),
    np.array([1, "a", None], dtype=object),
    np.array([True]),
    np.asfortranarray([[1, 2], [3, 4]]),
    np.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")]),
    np.array([1], ">i4"),
    np.array(["2024-01-01"], "M8[D]"),
    np.array([1 + 2j]),
    {"a": np.array([1, 2])},
    [np.array([1]), np.array([2, 3])],
    Thing(3),
    [Thing(1), Thing(2)],
    {"x": Thing(1)},
    Colour.RED,
    {"c": Colour.RED},
    {"c": Colour.RED, "x": {"d": Colour.RED}},
    double,
    Thing,
    int,
    [int, str],
    len,
    math.sin,
]


@pytest.mark.parametrize("value", EXACT, ids=lambda value: type(value).__name__)
def test_arrives_as_it_was(trip: Any, value: object) -> None:
    assert same(trip(value), value)


AS_IN_MAGE = [
    ({2: "a", True: "b", None: "c", 1.5: "d"}, {"2": "a", "true": "b", "null": "c", "1.5": "d"}),
    ({True: 1, False: {2: 3}}, {"true": 1, "false": {"2": 3}}),
    ([{1: [{2: 3}]}], [{"1": [{"2": 3}]}]),
    ({1: dt.date(2024, 1, 1)}, {"1": dt.date(2024, 1, 1)}),
    ({1: Thing(1)}, {"1": Thing(1)}),
    (({1: 2},), ({"1": 2},)),
    (collections.Counter([1, 1]), collections.Counter({"1": 2})),
    (collections.OrderedDict([(2, 1)]), collections.OrderedDict([("2", 1)])),
    (collections.defaultdict(lambda: 0, {"a": 1}), {"a": 1}),
    ({"d": collections.defaultdict(lambda: 0, {1: 1})}, {"d": {"1": 1}}),
    # a container of plain values goes as JSON in Mage, and numpy's numbers in it as Python's
    (
        {"x": {"n": np.int64(1), "f": np.float64(0.5), "a": np.array([[1, 2]])}},
        {"x": {"n": 1, "f": 0.5, "a": [[1, 2]]}},
    ),
    ([[np.bool_(True)]], [[True]]),
    # what is a number or text by inheritance is that after JSON
    (np.float64(0.1), 0.1),
    (np.str_("x"), "x"),
    (Number.ONE, 1),
    (Letter.A, "a"),
    (
        {"f": np.float64(0.5), "s": np.str_("x"), "n": Number.ONE, "l": [Letter.A]},
        {"f": 0.5, "s": "x", "n": 1, "l": ["a"]},
    ),
    ({Letter.A: {Number.ONE: 1, np.float64(2): 2}}, {"a": {"1": 1, "2.0": 2}}),
    ((np.float64(0.5), "a"), (0.5, "a")),
    ({"x": {"c": Colour.RED}}, {"x": {"c": 1}}),
    ({"x": [[Colour.RED]]}, {"x": [[1]]}),
    ({"g": (item for item in [1, {2: 3}])}, {"g": [1, {"2": 3}]}),
    ({"x": {"n": np.int64(1)}, "t": pd.NaT}, {"x": {"n": np.int64(1)}, "t": pd.NaT}),
    (Grumpy(1, "x"), {"type": "Grumpy", "message": "1: x", "traceback": []}),
    (type("Block", (), {"__module__": "a_block"}), "a_block.Block"),
    ({"c": enum.Enum("Local", "A").A}, {"c": 1}),  # type: ignore[attr-defined]
    ((item for item in [1, {2: 3}]), [1, {"2": 3}]),
]


@pytest.mark.parametrize(("value", "expected"), AS_IN_MAGE, ids=lambda value: type(value).__name__)
def test_arrives_as_in_mage(trip: Any, value: object, expected: object) -> None:
    assert same(trip(value), expected)


def test_an_exception_arrives_with_its_type(trip: Any) -> None:
    arrived = trip(ValueError("x", 1))
    assert type(arrived) is ValueError
    assert arrived.args == ("x", 1)


def test_nested_frames_arrive(trip: Any) -> None:
    frame = pd.DataFrame({"a": np.arange(100_000), "s": ["x"] * 100_000})
    arrived = trip({"frame": frame, "n": 1, "series": pd.Series([1, 2], name="s")})
    pd.testing.assert_frame_equal(arrived["frame"], frame)
    pd.testing.assert_series_equal(arrived["series"], pd.Series([1, 2], name="s"))
    arrived["frame"].loc[0, "a"] = 7  # buffers beside the pickle are writable
    assert arrived["frame"]["a"][0] == 7


@pytest.mark.parametrize(
    "value", [pd.Index([1, 2], name="i"), pd.Categorical(["a", "b"]), pd.array([1, None], "Int64")]
)
def test_arrays_of_pandas_arrive(trip: Any, value: Any) -> None:
    arrived = trip(value)
    assert type(arrived) is type(value)
    assert repr(arrived) == repr(value)


def test_arrays_can_be_changed(trip: Any) -> None:
    trip.write(np.arange(100_000.0).reshape(100, 1000))
    arrived = trip.read()
    arrived *= 2
    assert arrived[0, 1] == 2
    assert trip.read()[0, 1] == 1


OUTPUTS = [
    (None, []),
    ((), []),
    ([], []),
    ([7], [7]),
    ([None], [None]),
    ([None, None], [None, None]),
    ([[]], [[]]),
    ((1, [2, 3], {"a": 1}), [1, [2, 3], {"a": 1}]),
    ([1, 2, 3], [1, 2, 3]),
    ({"a": 1}, [{"a": 1}]),
    ("ab", ["ab"]),
    (collections.namedtuple("Pair", "a b")(1, 2), [1, 2]),
    ({1, 2}, [{1, 2}]),
    (0, [0]),
]


@pytest.mark.parametrize(("value", "expected"), OUTPUTS, ids=lambda value: type(value).__name__)
def test_outputs(value: object, expected: list[object]) -> None:
    assert same(codecs.outputs(value), expected)


def test_an_array_is_one_output() -> None:
    array = np.array([1, 2])
    assert codecs.outputs(array)[0] is array


@pytest.mark.parametrize(
    ("value", "kind", "codec"),
    [
        (1, "json", "json"),
        ("x", "text", "text"),
        ([1], "json", "json"),
        ((1,), "json", "tagged"),
        (b"x", "opaque", "bytes"),
        (Thing(1), "opaque", "pickle"),
        (np.array([1]), "opaque", "numpy"),
        ("\ud800", "json", "tagged"),
        (float("nan"), "json", "tagged"),
    ],
)
def test_kinds(trip: Any, value: object, kind: str, codec: str) -> None:
    message = trip.write(value)
    assert (message["kind"], message["codec"]) == (kind, codec)


@pytest.mark.parametrize(("length", "inline"), [(62, True), (63, False)])
def test_json_within_the_limit_is_in_the_message(trip: Any, length: int, inline: bool) -> None:
    value = ["x" * (length - 2)]  # and four bytes of brackets and quotes
    trip.inline_bytes = 64
    message = trip.write(value)
    assert ("text" in message) is inline
    assert ("files" in message) is not inline
    assert trip.read() == value


@pytest.mark.parametrize(("text", "inline"), [("é" * 32, True), ("é" * 33, False), ("x" * 64, True), ("x" * 65, False)])
def test_the_limit_counts_bytes(trip: Any, text: str, inline: bool) -> None:
    assert ("text" in trip.write(text)) is inline
    assert trip.read() == text


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb" * 100, "\ud83d\ude00"])
def test_lone_surrogates_survive(trip: Any, text: str) -> None:
    assert trip(text) == text
    assert trip({text: [text]}) == {text: [text]}


def test_text_is_stored_byte_for_byte(trip: Any) -> None:
    text = "a\r\nb\rc\n" * 50
    message = trip.write(text)
    with open(f"{trip.folder}/{message['files'][0]}", "rb") as file:
        assert file.read() == text.encode()
    assert trip.read() == text


def looped() -> list[Any]:
    value: list[Any] = [1]
    value.append({"deep": [value]})
    return value


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


UNSTORABLE = [
    (looped(), 'output_0[1]["deep"][0] contains itself', "without a loop"),
    (nested(5_000), "nested", "flatter"),
    (nested(100_000), "nested", "flatter"),
    (lambda: 1, "output_0 is a lambda", "return what it computes"),
    ({"a": [1, {"f": lambda: 1}]}, 'output_0["a"][1]["f"] is a lambda', "return what it computes"),
    ({"t": (1, sys)}, 'output_0["t"][1] is the module `sys`', "import it"),
    (open(__file__, encoding="utf-8"), "`_io.TextIOWrapper`", "return the data it holds"),  # noqa: SIM115
    ([type("Local", (), {})()], "Local`, a class that the next block cannot import", "utils/"),
    (NoModule(), "output_0 is of type `NoModule`, a class that the next block cannot import", "utils/"),
    ([NoModule()], "output_0[0] is of type `NoModule`", "utils/"),
    ({"k": NoModule}, 'output_0["k"] is the class `NoModule`', "import it"),
    (pd.DataFrame({"c": [NoModule()]}), "of type `NoModule`", "utils/"),
    ({"k": type("Local", (), {})}, 'output_0["k"] is the class `Local`', "import it"),
    (Thing(lambda: 1), 'output_0["size"] is a lambda', "return what it computes"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("value", "message", "hint"), UNSTORABLE, ids=lambda value: type(value).__name__)
def test_what_cannot_be_stored_is_named(trip: Any, value: object, message: str, hint: str) -> None:
    with pytest.raises(codecs.Unstorable) as raised:
        trip.write(value)
    assert message in raised.value.message
    assert hint in raised.value.hint
    assert str(raised.value) == raised.value.message


@pytest.mark.parametrize("wrap", [lambda x: [x], lambda x: (x,), lambda x: {"a": x}, lambda x: {(1,): x}])
def test_deep_values_arrive(trip: Any, wrap: Any) -> None:
    value: Any = 1.5
    for _ in range(190):
        value = wrap(value)
    assert trip(value) == value


def test_a_shared_part_is_not_a_loop(trip: Any) -> None:
    part = [1.5, {"a": (1,)}]
    assert trip([part, part]) == [part, part]


def test_writing_plain_values_imports_nothing_heavy() -> None:
    code = (
        "import sys, tempfile, baton.codecs as c\n"
        "d = tempfile.mkdtemp()\n"
        "for v in (1, 'x', {'a': [1.5, (2,)]}, b'x' * 100, 'y' * 100):\n"
        "    m = c.write('output_0', v, d, print, 10)\n"
        "    assert c.read(m, d) == v\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('numpy', 'pandas', 'pyarrow', 'polars')])\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=_library())
    assert result.stdout == "[]\n"


def test_importing_the_package_stays_light() -> None:
    code = (
        "import sys\nbefore = set(sys.modules)\nimport baton.codecs\n"
        "print(sorted(m for m in set(sys.modules) - before if not m.startswith(('baton', '__future__'))))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=_library())
    assert result.stdout == "[]\n"


def _library() -> str:
    import os

    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(codecs.__file__))))


def test_an_unknown_codec_is_named() -> None:
    with pytest.raises(ValueError, match="`parquet9`"):
        codecs.read({"name": "output_0", "kind": "frame", "codec": "parquet9", "files": []})
