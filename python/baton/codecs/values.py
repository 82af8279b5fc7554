"""Everything that is not a frame: JSON, text, bytes, and objects as pickle.

Before a value is stored, it is brought into the form in which Mage would pass it on, as far as that loses nothing that
is worth keeping: keys of dictionaries become text, numpy numbers deep inside become plain ones, subclasses of `str`,
`int` and `float` (also of numpy, also members of such an Enum) become these, and what cannot be stored as itself takes
the form it has in Mage (an exception a dictionary, a class its name).
"""

from __future__ import annotations

import json
import sys
import types

from baton.codecs import tagged
from baton.codecs.errors import Unstorable
from baton.kinds import home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from baton.codecs.sink import Message, Sink

# Types of direct values with which Mage stores a container as plain JSON.
_JSON_TYPES = (bool, int, float, str, list, dict, tuple, set, type(None))


def write(value: Any, sink: Sink) -> Message:
    """Store a value that has no codec of its own."""
    value = _plain(value)
    kind = type(value)
    if kind is str:
        return _write_text(value, sink)
    if kind is bytes or kind is bytearray:
        sink.write_bytes("bin", value)
        return sink.message("opaque", "bytes", {"type": kind.__name__})
    try:
        value = passed_on(value, sink.name)
        text, has_tags = tagged.dumps(value, sink.name)
    except tagged.Untaggable:
        from baton.codecs import pickled

        return pickled.write(value, sink)
    except RecursionError:
        raise _too_deep(sink.name) from None
    return sink.text("json", "tagged" if has_tags else "json", text, "json")


def _write_text(value: str, sink: Sink) -> Message:
    try:
        return sink.text("text", "text", value, "txt")
    except UnicodeEncodeError:  # lone surrogates are no text that a file can hold
        return sink.text("json", "tagged", tagged.dumps(value)[0], "json")


def read_json(text: str | None, paths: list[str]) -> Any:
    """The value of a JSON product."""
    if text is None:
        with open(paths[0], "rb") as file:
            return tagged.loads(file.read())
    return tagged.loads(text)


def read_text(text: str | None, paths: list[str]) -> str:
    """The value of a text product."""
    if text is None:
        with open(paths[0], "rb") as file:
            return file.read().decode("utf-8")
    return text


def read_bytes(paths: list[str], meta: Any) -> bytes | bytearray:
    """The value of a bytes product."""
    with open(paths[0], "rb") as file:
        data = file.read()
    return bytearray(data) if meta["type"] == "bytearray" else data


def _too_deep(name: str) -> Unstorable:
    return Unstorable(
        f"{name} is nested too deeply to be stored",
        "return a flatter value, for instance a list of records",
    )


# The form in which a value is passed on


def passed_on(value: Any, root: str) -> Any:
    """The value in the form the next block receives. Gives the value itself where nothing changes."""
    if isinstance(value, BaseException):
        return _exception(value)
    if isinstance(value, type):
        return _class(value)
    if type(value) is dict or type(value) is list or type(value) is tuple:
        direct = value.values() if type(value) is dict else value
        plain = all(isinstance(item, _JSON_TYPES) for item in direct)
        return _Walk(root, plain).walk(value, 0)
    return _Walk(root, plain=False).walk(value, 0)


def _exception(value: BaseException) -> Any:
    """The exception itself if it survives pickle, else what Mage passes on."""
    from baton.codecs import pickled

    try:
        again = pickled.loads(pickled.dump(value))
        if type(again) is type(value) and str(again) == str(value):
            return value
    except Exception:  # noqa: BLE001, S110 - a class may raise anything from its own methods
        pass
    return {"type": type(value).__name__, "message": str(value), "traceback": []}


def _class(value: type) -> Any:
    """The class itself if the next block can import it, else its name, as in Mage."""
    from baton.codecs import pickled

    return value if pickled.importable(value) else f"{home(value) or 'builtins'}.{value.__qualname__}"


class _Walk:
    """Rebuilds the builtin containers of a value from the first change down; everything else is kept as it is."""

    def __init__(self, root: str, plain: bool) -> None:
        self.root = root
        # Whether Mage would write the whole as plain JSON, where numpy values deep inside become plain ones.
        self.plain = plain
        self._open: dict[int, None] = {}
        self._path: list[object] = []

    def walk(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind in _LEAVES:
            return value
        if kind is dict or (home(kind) == "collections" and isinstance(value, dict)):
            return self._within(value, depth, self._dict)
        if kind is list or kind is tuple:
            return self._within(value, depth, self._sequence)
        if kind is types.GeneratorType:
            return self.walk(list(value), depth)
        if self.plain and depth > 0:
            base = _plain(value)
            if base is not value:
                return base
            if home(kind) == "numpy" and depth > 1:
                return self._numpy(value)
        return _member_or_value(value, keep=not self.plain or depth < 2)

    def _within(self, value: Any, depth: int, step: Any) -> Any:
        if id(value) in self._open:
            raise Unstorable(
                f"{tagged.place(self.root, self._path)} contains itself",
                "return a value without a loop, for instance the parts of it that the next block needs",
            )
        if depth > tagged.MAX_DEPTH:
            raise Unstorable(
                f"{self.root} is nested more than {tagged.MAX_DEPTH} levels deep",
                "return a flatter value, for instance a list of records",
            )
        self._open[id(value)] = None
        result = step(value, depth)
        del self._open[id(value)]
        return result

    def _sequence(self, value: Any, depth: int) -> Any:
        if _LEAVES.issuperset(map(type, value)):
            return value
        items = []
        for position, item in enumerate(value):
            self._path.append(position)
            items.append(self.walk(item, depth + 1))
            self._path.pop()
        if all(new is old for new, old in zip(items, value)):
            return value
        return items if type(value) is list else tuple(items)

    def _dict(self, value: Any, depth: int) -> Any:
        keys = _text_keys(value)
        if keys is None and type(value) is dict and _LEAVES.issuperset(map(type, value.values())):
            return value
        items = []
        for key, item in value.items():
            self._path.append(key)
            items.append(self.walk(item, depth + 1))
            self._path.pop()
        unchanged = keys is None and all(new is old for new, old in zip(items, value.values()))
        name = type(value).__name__
        lost_factory = name == "defaultdict" and not _is_known_factory(value.default_factory)
        if unchanged and not lost_factory:
            return value
        pairs = dict(zip(value if keys is None else keys, items))
        if name == "dict" or lost_factory:
            return pairs
        if name == "defaultdict":
            return type(value)(value.default_factory, pairs)
        return type(value)(pairs)

    def _numpy(self, value: Any) -> Any:
        numpy: Any = sys.modules["numpy"]
        if isinstance(value, (numpy.bool_, numpy.integer, numpy.floating)) and value.dtype.itemsize <= 8:
            return value.item()
        if type(value) is numpy.ndarray and value.dtype.kind in "biufU":
            return value.tolist()
        return value


_LEAVES = frozenset((str, int, float, bool, type(None)))


def _plain(value: Any) -> Any:
    """A string or number of a subclass as Python's own, which it is after JSON; anything else as it is."""
    if type(value) in _LEAVES:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__int__(value)
    return float.__float__(value) if isinstance(value, float) else value


def _text_keys(value: dict[Any, Any]) -> list[str] | None:
    """The keys as JSON writes them; `None` if they are text already, or if text would lose one of them."""
    if all(type(key) is str for key in value):
        return None
    if not all(key is None or isinstance(key, (str, int, float)) for key in value):
        return None
    keys = [_text_key(_plain(key)) for key in value]
    return keys if len(set(keys)) == len(keys) else None


def _text_key(key: Any) -> str:
    if key is None:
        return "null"
    if isinstance(key, bool):
        return "true" if key else "false"
    return key if isinstance(key, str) else json.dumps(key)


def _is_known_factory(factory: Any) -> bool:
    if factory is None or tagged.FACTORIES.get(getattr(factory, "__name__", "")) is factory:
        return True
    from baton.codecs import pickled

    return pickled.is_picklable(factory)


def _member_or_value(value: Any, keep: bool) -> Any:
    """A member of an Enum is passed on as its value, as in Mage, unless it is to be kept and can be imported."""
    enum = sys.modules.get("enum")
    if enum is None or not isinstance(value, enum.Enum):
        return value
    from baton.codecs import pickled

    return value if keep and pickled.importable(type(value)) else value.value
