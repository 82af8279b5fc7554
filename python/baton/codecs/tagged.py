"""Exact JSON: values that JSON knows as themselves, and a few more that carry a tag.

A tag is an object with the key `$`: `{"$": "tuple", "v": [1, 2]}`. A dictionary with that key, or with keys that are
not text, is written as pairs. Nothing is looked up by a name that the text contains: the tags are a fixed list, so
reading never runs code. What has no tag is somebody else's to store.
"""

from __future__ import annotations

import json
import math
import sys

from baton.codecs.errors import Unstorable
from baton.kinds import home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# Readers and writers recurse, three calls a level here; this is far above what data needs and below Python's limit.
MAX_DEPTH = 200
# Python refuses to turn longer integers into decimal text, and back (sys.set_int_max_str_digits).
_MAX_INT_BITS = 14_000
_PLAIN = frozenset((str, int, float, bool, type(None)))
# Factories of a defaultdict that are known by name.
FACTORIES = {kind.__name__: kind for kind in (bool, bytes, complex, dict, float, int, list, set, str, tuple)}


class Untaggable(Exception):
    """A value, or something in it, has neither a JSON form nor a tag."""


def dumps(value: object, root: str = "value") -> tuple[str, bool]:
    """The text of a value, and whether it contains tags.

    Raises `Untaggable`, or `Unstorable` for containers that contain themselves or are nested without measure.
    `root` is what the value is called in the message.
    """
    text, has_tags = _dumps(value, root, any_text=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # rare, so that looking at each string would be a waste
        return _dumps(value, root, any_text=True)
    return text, has_tags


def _dumps(value: object, root: str, any_text: bool) -> tuple[str, bool]:
    encoder = _Encoder(root, any_text)
    encoded = encoder.encode(value, 0)
    return json.dumps(encoded, ensure_ascii=False, allow_nan=False, separators=(",", ":")), encoder.tagged


def loads(text: str | bytes) -> Any:
    """The value of a text that `dumps` made."""
    return json.loads(text, object_hook=_untag)


def tree(value: object) -> Any:
    """A value as something that `json` can write, for places that write JSON themselves. Raises `Untaggable`."""
    return _Encoder("value", any_text=True).encode(value, 0)


def value_of(encoded: Any) -> Any:
    """The value of what `tree` made."""
    if type(encoded) is dict:
        return _untag({key: value_of(item) for key, item in encoded.items()})
    if type(encoded) is list:
        return [value_of(item) for item in encoded]
    return encoded


class _Encoder:
    """Walks a value once. Gives the containers themselves where nothing in them needs a tag."""

    def __init__(self, root: str, any_text: bool) -> None:
        self.root = root
        # Whether strings may hold lone surrogates, which no encoding of text takes.
        self.any_text = any_text
        self.tagged = False
        self._open: dict[int, None] = {}
        self._path: list[object] = []

    def encode(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if (kind is str and (not self.any_text or _is_text(value))) or kind is bool or value is None:
            return value
        if kind is str:
            return self._tag("str", value.encode("utf-8", "surrogatepass").hex())
        if kind is int:
            return value if value.bit_length() < _MAX_INT_BITS else self._tag("int", hex(value))
        if kind is float:
            return value if math.isfinite(value) else self._tag("float", repr(value))
        if kind is list or kind is dict:
            return self._container(value, depth)
        module = home(kind)
        leaf = _LEAVES.get((module, kind.__qualname__))
        if leaf is not None:
            self.tagged = True
            return leaf(value)
        if module in ("builtins", "collections"):
            return self._other_container(value, depth)
        if module == "numpy":
            return self._numpy(value)
        raise Untaggable

    def _tag(self, tag: str, value: Any) -> dict[str, Any]:
        self.tagged = True
        return {"$": tag, "v": value}

    def _enter(self, value: object, depth: int) -> None:
        if id(value) in self._open:
            raise Unstorable(
                f"{place(self.root, self._path)} contains itself",
                "return a value without a loop, for instance the parts of it that the next block needs",
            )
        if depth > MAX_DEPTH:
            raise Unstorable(
                f"{self.root} is nested more than {MAX_DEPTH} levels deep",
                "return a flatter value, for instance a list of records",
            )
        self._open[id(value)] = None

    def _container(self, value: Any, depth: int) -> Any:
        if type(value) is dict:
            return self._dict(value, depth)
        if not self.any_text and _all_plain(value):
            return value
        self._enter(value, depth)
        items = self._items(value, depth)
        del self._open[id(value)]
        return items

    def _items(self, values: Any, depth: int) -> list[Any]:
        items = []
        for position, item in enumerate(values):
            self._path.append(position)
            items.append(self.encode(item, depth + 1))
            self._path.pop()
        return items

    def _dict(self, value: dict[Any, Any], depth: int) -> Any:
        text_keys = all(type(key) is str for key in value) and "$" not in value
        if self.any_text:
            text_keys = text_keys and all(map(_is_text, value))
        elif text_keys and _all_plain(value.values()):
            return value
        self._enter(value, depth)
        if text_keys:
            encoded: Any = {}
            for key, item in value.items():
                self._path.append(key)
                encoded[key] = self.encode(item, depth + 1)
                self._path.pop()
        else:
            encoded = self._tag("dict", self._pairs(value, depth))
        del self._open[id(value)]
        return encoded

    def _pairs(self, value: dict[Any, Any], depth: int) -> list[Any]:
        pairs = []
        for key, item in value.items():
            self._path.append(key)
            pairs.append([self.encode(key, depth + 1), self.encode(item, depth + 1)])
            self._path.pop()
        return pairs

    def _other_container(self, value: Any, depth: int) -> Any:
        kind = type(value)
        name = kind.__qualname__
        if kind is tuple or kind is set or kind is frozenset:
            self._enter(value, depth)
            encoded = self._tag(name, self._items(value, depth))
        elif kind.__module__ == "collections" and name in ("OrderedDict", "Counter", "defaultdict"):
            self._enter(value, depth)
            encoded = self._tag(name, self._pairs(value, depth))
            if name == "defaultdict":
                factory = value.default_factory
                if factory is not None and FACTORIES.get(getattr(factory, "__name__", "")) is not factory:
                    raise Untaggable
                encoded["f"] = None if factory is None else factory.__name__
        else:
            raise Untaggable
        del self._open[id(value)]
        return encoded

    def _numpy(self, value: Any) -> Any:
        numpy: Any = sys.modules.get("numpy")
        kind = type(value)
        if numpy is None or not issubclass(kind, (numpy.number, numpy.bool_, numpy.datetime64, numpy.timedelta64)):
            raise Untaggable
        code = value.dtype.str
        if code not in _NUMPY_CODES and value.dtype.kind not in "mM":
            raise Untaggable
        return {**self._tag("numpy", value.tobytes().hex()), "t": code}


def _all_plain(values: Any) -> bool:
    """Whether JSON gives all of these back as they are. Built for lists of millions."""
    kinds = set(map(type, values))
    if not kinds <= _PLAIN:
        return False
    if float in kinds and not all(math.isfinite(value) for value in values if type(value) is float):
        return False
    return int not in kinds or all(value.bit_length() < _MAX_INT_BITS for value in values if type(value) is int)


def _is_text(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def place(root: str, path: list[object]) -> str:
    """Where in a value something is, as Python would write it: `output_0["model"][3]`."""
    text = root
    for step in path:
        shown = json.dumps(step, ensure_ascii=False) if isinstance(step, str) else repr(step)
        text += f"[{shown if len(shown) <= 60 else shown[:57] + '...'}]"
    return text


# Sizes and byte order are part of the code, so a scalar is the same on every machine.
_NUMPY_CODES = frozenset(
    ("|b1", "|i1", "|u1", "<i2", "<i4", "<i8", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8", "<c8", "<c16")
)


# Values of the standard library


def _zone(zone: Any) -> Any:
    """A time zone by its rules' name or its offset. Raises `Untaggable` for zones that have neither."""
    import datetime as dt

    if zone is None:
        return None
    if zone is dt.timezone.utc:
        return "utc"
    if type(zone) is dt.timezone:
        name = zone.tzname(None)
        plain = dt.timezone(zone.utcoffset(None)).tzname(None)
        return {
            "offset": zone.utcoffset(None) / dt.timedelta(microseconds=1),
            "name": None if name == plain else name,
        }
    root = type(zone).__module__.partition(".")[0]
    if root == "zoneinfo" and zone.key is not None:
        return {"zoneinfo": zone.key}
    if root == "pytz" and getattr(zone, "zone", None) is not None:
        # A zone of pytz is a family; its members differ by the offset that holds at a date.
        pytz = sys.modules["pytz"]
        return {"pytz": zone.zone, "member": _pytz_member(pytz.timezone(zone.zone), zone)}
    raise Untaggable


def _pytz_member(family: Any, zone: Any) -> Any:
    if zone is family:
        return None
    for offset, member in getattr(family, "_tzinfos", {}).items():
        if member is zone:
            return [offset[0].total_seconds(), offset[1].total_seconds(), offset[2]]
    raise Untaggable


def _zone_of(encoded: Any) -> Any:
    import datetime as dt

    if encoded is None:
        return None
    if encoded == "utc":
        return dt.timezone.utc
    if "offset" in encoded:
        offset = dt.timedelta(microseconds=encoded["offset"])
        name = encoded["name"]
        return dt.timezone(offset) if name is None else dt.timezone(offset, name)
    if "zoneinfo" in encoded:
        import zoneinfo

        return zoneinfo.ZoneInfo(encoded["zoneinfo"])
    import pytz  # type: ignore[import-untyped, unused-ignore]

    family: Any = pytz.timezone(encoded["pytz"])
    if encoded["member"] is None:
        return family
    utc, dst, name = encoded["member"]
    member = (dt.timedelta(seconds=utc), dt.timedelta(seconds=dst), name)
    return family._tzinfos[member]  # noqa: SLF001 - pytz has no other way to name one


def _datetime(value: Any) -> dict[str, Any]:
    tagged: dict[str, Any] = {"$": "datetime", "v": value.replace(tzinfo=None).isoformat()}
    if value.tzinfo is not None:
        tagged["z"] = _zone(value.tzinfo)
    if value.fold:
        tagged["f"] = 1
    return tagged


def _datetime_of(encoded: dict[str, Any]) -> Any:
    import datetime as dt

    value = dt.datetime.fromisoformat(encoded["v"])
    return value.replace(tzinfo=_zone_of(encoded.get("z")), fold=encoded.get("f", 0))


def _time(value: Any) -> dict[str, Any]:
    return {**_datetime(value), "$": "time"}


def _time_of(encoded: dict[str, Any]) -> Any:
    import datetime as dt

    value = dt.time.fromisoformat(encoded["v"])
    return value.replace(tzinfo=_zone_of(encoded.get("z")), fold=encoded.get("f", 0))


def _date_of(encoded: dict[str, Any]) -> Any:
    import datetime as dt

    return dt.date.fromisoformat(encoded["v"])


def _timedelta(value: Any) -> dict[str, Any]:
    return {"$": "timedelta", "v": [value.days, value.seconds, value.microseconds]}


def _timedelta_of(encoded: dict[str, Any]) -> Any:
    import datetime as dt

    return dt.timedelta(*encoded["v"])


def _decimal_of(encoded: dict[str, Any]) -> Any:
    import decimal

    return decimal.Decimal(encoded["v"])


def _uuid_of(encoded: dict[str, Any]) -> Any:
    import uuid

    return uuid.UUID(encoded["v"])


def _bytes(value: bytes | bytearray) -> dict[str, Any]:
    import base64

    return {"$": type(value).__name__, "v": base64.b64encode(value).decode("ascii")}


def _bytes_of(encoded: dict[str, Any]) -> bytes:
    import base64

    return base64.b64decode(encoded["v"])


# Values of pandas and numpy


def _timestamp(value: Any) -> dict[str, Any]:
    tagged: dict[str, Any] = {"$": "timestamp", "v": int(value.asm8.view("i8")), "u": value.unit}
    if value.tzinfo is not None:
        zone = _zone(value.tzinfo)
        if type(zone) is dict and "member" in zone:
            zone["member"] = None  # pandas finds it by the date
        tagged["z"] = zone
    elif value.fold:
        tagged["f"] = 1
    return tagged


def _timestamp_of(encoded: dict[str, Any]) -> Any:
    import numpy as np
    import pandas as pd

    value = pd.Timestamp(np.datetime64(encoded["v"], encoded["u"]))
    if "z" in encoded:
        value = value.tz_localize("UTC").tz_convert(_zone_of(encoded["z"]))
    return value.replace(fold=1) if "f" in encoded else value


def _pandas_timedelta(value: Any) -> dict[str, Any]:
    return {"$": "pandas.timedelta", "v": int(value.asm8.view("i8")), "u": value.unit}


def _pandas_timedelta_of(encoded: dict[str, Any]) -> Any:
    import numpy as np
    import pandas as pd

    return pd.Timedelta(np.timedelta64(encoded["v"], encoded["u"]))


def _missing_of(encoded: dict[str, Any]) -> Any:
    import pandas as pd

    return pd.NaT if encoded["v"] == "NaT" else pd.NA


def _period_of(encoded: dict[str, Any]) -> Any:
    import pandas as pd

    return pd.Period(ordinal=encoded["v"], freq=encoded["f"])


def _numpy_of(encoded: dict[str, Any]) -> Any:
    import numpy as np

    return np.frombuffer(bytes.fromhex(encoded["v"]), dtype=encoded["t"])[0]


_LEAVES: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("builtins", "bytes"): _bytes,
    ("builtins", "bytearray"): _bytes,
    ("builtins", "complex"): lambda value: {"$": "complex", "v": [repr(value.real), repr(value.imag)]},
    ("builtins", "range"): lambda value: {"$": "range", "v": [value.start, value.stop, value.step]},
    ("datetime", "datetime"): _datetime,
    ("datetime", "date"): lambda value: {"$": "date", "v": value.isoformat()},
    ("datetime", "time"): _time,
    ("datetime", "timedelta"): _timedelta,
    ("decimal", "Decimal"): lambda value: {"$": "decimal", "v": str(value)},
    ("uuid", "UUID"): lambda value: {"$": "uuid", "v": str(value)},
    ("pandas._libs.tslibs.timestamps", "Timestamp"): _timestamp,
    ("pandas._libs.tslibs.timedeltas", "Timedelta"): _pandas_timedelta,
    ("pandas._libs.tslibs.nattype", "NaTType"): lambda _: {"$": "pandas", "v": "NaT"},
    ("pandas._libs.missing", "NAType"): lambda _: {"$": "pandas", "v": "NA"},
    ("pandas._libs.tslibs.period", "Period"): lambda value: {
        "$": "period",
        "v": value.ordinal,
        "f": value.freqstr,
    },
}


def _collection(name: str, pairs: Any, factory: Any = None) -> Any:
    import collections

    if name == "defaultdict":
        return collections.defaultdict(FACTORIES[factory] if factory else None, pairs)
    if name == "Counter":
        return collections.Counter(dict(pairs))
    return collections.OrderedDict(pairs)


_UNTAG: dict[str, Callable[[dict[str, Any]], Any]] = {
    "str": lambda encoded: bytes.fromhex(encoded["v"]).decode("utf-8", "surrogatepass"),
    "int": lambda encoded: int(encoded["v"], 16),
    "float": lambda encoded: float(encoded["v"]),
    "dict": lambda encoded: dict(encoded["v"]),
    "tuple": lambda encoded: tuple(encoded["v"]),
    "set": lambda encoded: set(encoded["v"]),
    "frozenset": lambda encoded: frozenset(encoded["v"]),
    "range": lambda encoded: range(*encoded["v"]),
    "complex": lambda encoded: complex(float(encoded["v"][0]), float(encoded["v"][1])),
    "bytes": _bytes_of,
    "bytearray": lambda encoded: bytearray(_bytes_of(encoded)),
    "OrderedDict": lambda encoded: _collection("OrderedDict", encoded["v"]),
    "Counter": lambda encoded: _collection("Counter", encoded["v"]),
    "defaultdict": lambda encoded: _collection("defaultdict", encoded["v"], encoded["f"]),
    "datetime": _datetime_of,
    "date": _date_of,
    "time": _time_of,
    "timedelta": _timedelta_of,
    "decimal": _decimal_of,
    "uuid": _uuid_of,
    "timestamp": _timestamp_of,
    "pandas.timedelta": _pandas_timedelta_of,
    "pandas": _missing_of,
    "period": _period_of,
    "numpy": _numpy_of,
}


def _untag(encoded: dict[str, Any]) -> Any:
    tag = encoded.get("$")
    if tag is None:
        return encoded
    return _UNTAG[tag](encoded)
