"""The three functions the worker calls: what a block's return value consists of, storing one output, reading one.

Decides only who stores a value: by the library it comes from, never by trying. Imports a codec when a value needs it.
"""

from __future__ import annotations

import os
import sys

from baton.codecs.sink import Sink
from baton.kinds import home, library_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from baton.codecs.sink import Message


def outputs(value: object) -> list[object]:
    """What a block returned, as its outputs: nothing for `None`, the items of a list or tuple, else the value."""
    if value is None:
        return []
    if isinstance(value, (list, tuple)):
        return list(value)
    return [value]


def write(name: str, value: object, staging: str, emit: Callable[[Message], None], inline_bytes: int) -> Message:
    """Store one output in files of `staging` and give its `output` message.

    `emit` receives a `chunk` message as soon as an Arrow file is closed, always from the calling thread. Raises
    `Unstorable` for values that cannot be stored, and `OSError` when the files cannot be written.
    """
    if type(value).__name__ == "generator" and home(type(value)) == "builtins":
        value = _drain(value)
    writer = _WRITERS.get(library_of(value), _write_other)
    return writer(value, Sink(name, staging, emit, inline_bytes))


def read(product: dict[str, Any], folder: str | None = None) -> Any:
    """The value of a product, as the block downstream receives it.

    `product` is described as in a job, with absolute paths, or is an `output` message whose files are in `folder`.
    """
    codec, meta = product["codec"], product.get("meta")
    text = product.get("text")
    paths = [os.path.join(folder, file) if folder else file for file in product.get("files") or ()]
    reader = _READERS.get(codec)
    if reader is None:
        raise ValueError(
            f"the product `{product.get('name')}` was stored as `{codec}`, which this worker does not know"
        )
    return reader(text, paths, meta)


def _drain(generator: Any) -> object:
    """The items of a generator: frames one below the other, anything else as a list."""
    from baton.codecs import batches

    # A block that passes on what it reads in batches passes on their rows.
    items = [item.deserialize() if isinstance(item, batches.Batch) else item for item in generator]
    kinds = {type(item) for item in items}
    frames = [sys.modules[name].DataFrame for name in ("pandas", "polars") if name in sys.modules]
    if any(kinds == {frame} for frame in frames):
        return batches.joined(items)
    return items


# Who writes


def _write_other(value: object, sink: Sink) -> Message:
    from baton.codecs import values

    return values.write(value, sink)


def _write_pandas(value: Any, sink: Sink) -> Message:
    pandas = sys.modules["pandas"]
    if type(value) is pandas.DataFrame:
        from baton.codecs import pandas_frame

        return pandas_frame.write_frame(value, sink)
    if type(value) is pandas.Series:
        from baton.codecs import pandas_frame

        return pandas_frame.write_series(value, sink)
    return _write_other(value, sink)


def _write_polars(value: Any, sink: Sink) -> Message:
    from baton.codecs import polars_frame

    return polars_frame.write(value, sink) or _write_other(value, sink)


def _write_arrow(value: Any, sink: Sink) -> Message:
    from baton.codecs import arrow_table

    return arrow_table.write(value, sink) or _write_other(value, sink)


def _write_numpy(value: Any, sink: Sink) -> Message:
    if type(value) is sys.modules["numpy"].ndarray and not value.dtype.hasobject and value.dtype.names is None:
        from baton.codecs import numpy_array

        return numpy_array.write(value, sink)
    return _write_other(value, sink)


def _write_picture(value: Any, sink: Sink) -> Message:
    from baton.codecs import picture

    return picture.write(value, sink) or _write_other(value, sink)


_WRITERS: dict[str, Callable[[Any, Sink], Message]] = {
    "pandas": _write_pandas,
    "polars": _write_polars,
    "pyarrow": _write_arrow,
    "numpy": _write_numpy,
    "matplotlib": _write_picture,
    "PIL": _write_picture,
}


# Who reads


def _read_value(text: str | None, paths: list[str], _meta: Any) -> Any:
    from baton.codecs import values

    return values.read_json(text, paths)


def _read_text(text: str | None, paths: list[str], _meta: Any) -> Any:
    from baton.codecs import values

    return values.read_text(text, paths)


def _read_bytes(_text: str | None, paths: list[str], meta: Any) -> Any:
    from baton.codecs import values

    return values.read_bytes(paths, meta)


def _read_pickle(_text: str | None, paths: list[str], meta: Any) -> Any:
    from baton.codecs import pickled

    return pickled.read(paths, meta)


def _read_pandas(_text: str | None, paths: list[str], meta: Any) -> Any:
    from baton.codecs import pandas_frame

    return pandas_frame.read_frame(paths, meta)


def _read_series(_text: str | None, paths: list[str], meta: Any) -> Any:
    from baton.codecs import pandas_frame

    return pandas_frame.read_series(paths, meta)


def _read_polars(_text: str | None, paths: list[str], meta: Any) -> Any:
    from baton.codecs import polars_frame

    return polars_frame.read(paths, meta)


def _read_arrow(_text: str | None, paths: list[str], meta: Any) -> Any:
    from baton.codecs import arrow_table

    return arrow_table.read(paths, meta)


def _read_numpy(_text: str | None, paths: list[str], _meta: Any) -> Any:
    from baton.codecs import numpy_array

    return numpy_array.read(paths)


def _read_picture(_text: str | None, paths: list[str], meta: Any) -> Any:
    from baton.codecs import picture

    return picture.read(paths, meta)


_READERS: dict[str, Callable[[str | None, list[str], Any], Any]] = {
    "json": _read_value,
    "tagged": _read_value,
    "text": _read_text,
    "bytes": _read_bytes,
    "pickle": _read_pickle,
    "pandas": _read_pandas,
    "pandas-series": _read_series,
    "polars": _read_polars,
    "arrow": _read_arrow,
    "numpy": _read_numpy,
    "picture": _read_picture,
}
