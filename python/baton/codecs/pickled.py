"""Values that only Python knows: pickle, with large buffers beside it so that they are mapped and not copied.

The server never opens these bytes; the worker that does is one that runs this project's code anyway. What cannot be
pickled is named by its place in the value.
"""

from __future__ import annotations

import io
import pickle
import sys

from baton.codecs import files
from baton.codecs.errors import Unstorable
from baton.codecs.tagged import place
from baton.kinds import home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from baton.codecs.sink import Message, Sink

_PROTOCOL = 5
# Smaller buffers stay in the stream: a mapping costs more than a copy.
_OUT_OF_BAND_BYTES = 64 << 10
_ALIGNMENT = 64
_PLAIN_MODULES = frozenset(("builtins", "datetime", "collections", "decimal", "uuid"))


class _Nameless(Exception):
    """A class or function that another process could not import."""


class _Pickler(pickle.Pickler):
    """Refuses what would be pickled well and never found again: classes of the block's own file."""

    _checked: set[int] | None = None

    def reducer_override(self, value: Any) -> Any:
        """Check every class and function that is stored by its name; change nothing."""
        if isinstance(value, type) or type(value).__name__ == "function":
            if self._checked is None:
                self._checked = set()
            if id(value) not in self._checked:
                self._checked.add(id(value))
                if not importable(value):
                    raise _Nameless(f"{home(value)}.{value.__qualname__}")
        return NotImplemented


def importable(value: Any) -> bool:
    """Whether another process finds this class or function by its module and name."""
    module = sys.modules.get(getattr(value, "__module__", None) or "")
    if module is None or module.__name__ == "__main__":
        return False
    if module.__name__ not in sys.builtin_module_names and getattr(module, "__spec__", None) is None:
        return False
    found: Any = module
    for part in value.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is value


def dump(value: object, buffers: list[pickle.PickleBuffer] | None = None) -> bytes:
    """The pickled bytes of a value. Large buffers are put into `buffers` instead, if it is given."""

    def keep_in_band(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes < _OUT_OF_BAND_BYTES or buffers is None:
            return True
        buffers.append(buffer)
        return False

    stream = io.BytesIO()
    callback = None if buffers is None else keep_in_band
    _Pickler(stream, _PROTOCOL, buffer_callback=callback).dump(value)
    return stream.getvalue()


def loads(data: bytes) -> Any:
    """The value of bytes that `dump` made without buffers."""
    return pickle.loads(data)  # noqa: S301 - see the top of this file


def is_picklable(value: object) -> bool:
    """Whether the value can be stored this way."""
    try:
        dump(value)
    except Exception:  # noqa: BLE001 - a class may raise anything from its own methods
        return False
    return True


def write(value: object, sink: Sink, root: str | None = None) -> Message:
    """Store a value as opaque bytes. Raises `Unstorable`."""
    buffers: list[pickle.PickleBuffer] = []
    try:
        data = dump(value, buffers)
    except (OSError, MemoryError):
        raise
    except Exception as error:
        raise unstorable(value, root or sink.name, error) from error
    sink.write_bytes("pickle", data)
    meta: dict[str, Any] | None = None
    if buffers:
        meta = {"buffers": _write_buffers([buffer.raw() for buffer in buffers], sink)}
    return sink.message("opaque", "pickle", meta)


def _write_buffers(buffers: list[memoryview], sink: Sink) -> list[list[int]]:
    parts: list[bytes | memoryview] = []
    places = []
    end = 0
    for buffer in buffers:
        gap = -end % _ALIGNMENT
        if gap:
            parts.append(bytes(gap))
        places.append([end + gap, buffer.nbytes])
        parts.append(buffer)
        end += gap + buffer.nbytes
    sink.write_bytes("buffers", *parts)
    return places


def read(paths: list[str], meta: Any) -> Any:
    """The value of files that `write` made. Arrays in it lie over a private mapping and can be changed."""
    with open(paths[0], "rb") as file:
        data = file.read()
    buffers = []
    if meta:
        view = memoryview(files.map_private(paths[1]))
        buffers = [view[start : start + length] for start, length in meta["buffers"]]
    return pickle.loads(data, buffers=buffers)  # noqa: S301 - see the top of this file


# Saying what is wrong


def unstorable(value: object, root: str, error: BaseException) -> Unstorable:
    """The error for a value that pickle refused, naming the innermost part that it refuses."""
    path, culprit = _culprit(value)
    what, hint = _describe(culprit, error)
    return Unstorable(f"{place(root, path)} is {what}", hint)


def _culprit(value: object) -> tuple[list[object], object]:
    path: list[object] = []
    seen = {id(value)}
    while True:
        for step, item in _parts(value):
            if id(item) not in seen and not is_picklable(item):
                seen.add(id(item))
                path.append(step)
                value = item
                break
        else:
            return path, value


def _parts(value: Any) -> list[tuple[object, object]]:
    if isinstance(value, dict):
        return [*value.items(), *((key, key) for key in value)]
    if isinstance(value, (list, tuple)):
        return list(enumerate(value))
    if isinstance(value, (set, frozenset)):
        return [(item, item) for item in value]
    state = getattr(value, "__dict__", None)
    if isinstance(state, dict) and not isinstance(value, type) and type(value).__name__ not in ("function", "module"):
        return list(state.items())
    return []


def _describe(value: Any, error: BaseException) -> tuple[str, str]:
    """What a value is, to stand after "is", and what to do instead."""
    kind = type(value)
    module = home(kind)
    name = f"{module}.{kind.__qualname__}" if module and module not in _PLAIN_MODULES else kind.__qualname__
    if kind.__name__ == "function":
        shown = (
            "a lambda"
            if value.__name__ == "<lambda>"
            else f"the function `{value.__name__}`, which is defined in the block"
        )
        advice = "return what it computes, or define it in a module of the project and import it"
        return f"{shown} and cannot be stored", advice
    if isinstance(value, type):
        return (
            f"the class `{value.__qualname__}`, which is defined in the block and cannot be stored",
            "define it in a module of the project (for instance in utils/) and import it",
        )
    if kind.__name__ == "module":
        return f"the module `{value.__name__}` and cannot be stored", "import it in the block that needs it"
    if kind.__name__ in ("generator", "async_generator", "coroutine", "map", "filter", "zip"):
        advice = "await it, and return its result" if kind.__name__ == "coroutine" else "return list(...) of it"
        return f"of type `{name}`, which can be used only once, here, and cannot be stored", advice
    if isinstance(error, RecursionError):
        return "nested too deeply to be stored", "return a flatter value, for instance a list of records"
    if not importable(kind):
        return (
            f"of type `{name}`, a class that the next block cannot import",
            "define the class in a module of the project (for instance in utils/) and import it, or return a dict",
        )
    return (
        f"of type `{name}`, which cannot be stored: {error}",
        "return the data it holds (a frame, a dict, a list), and make the object again in the block that needs it",
    )
