"""pandas frames and Series: labels, index and attributes here, each column in `columns`.

Column labels that are numbers or missing become text, as in Mage. Labels with which Mage would fail (dates, tuples,
duplicates) are kept as they are. An index is kept whole; a RangeIndex needs no column for it.
"""

from __future__ import annotations

import json

from baton.codecs import chunks, columns, labels, lists, tagged
from baton.codecs.files import ArrowFiles
from baton.codecs.tagged import place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from baton.codecs.chunks import Plan
    from baton.codecs.sink import Message, Sink

# Above this many columns a frame is put together as pandas does it, one block for each dtype: code that adds columns
# to a frame of a hundred blocks is slow, and pandas warns about it. Frames of several files stay as they are: their
# columns were copied together once, and a second copy would double the memory.
_MAX_BLOCKS = 64
# Below this size one thread reads.
_PARALLEL_BYTES = 16 << 20


def write_frame(frame: Any, sink: Sink) -> Message:
    """Store a DataFrame."""
    meta: dict[str, Any] = {"labels": _labels(frame.columns)}
    names = list(meta["labels"].pop("shown"))
    plans = []
    for position in range(frame.shape[1]):
        column = frame.iloc[:, position]
        where = place(sink.name, [names[position]])
        plans.append(columns.plan(columns.array_of(column), where, sink.chunk_rows))
    return _write(sink, "pandas", names, plans, frame, meta)


def write_series(series: Any, sink: Sink) -> Message:
    """Store a Series."""
    meta = {"name": labels.encode_object(_name(series.name))}
    plan = lists.as_arrays(columns.plan(columns.array_of(series), sink.name, sink.chunk_rows))
    name = "values" if series.name is None else _shown(series.name)
    return _write(sink, "pandas-series", [name], [plan], series, meta)


def _write(sink: Sink, codec: str, names: list[str], plans: list[Plan], value: Any, meta: dict[str, Any]) -> Message:
    width = len(plans)
    meta["index"], index_names = _plan_index(value.index, plans, sink)
    names = _unique(names + index_names)
    attributes = _attributes(value.attrs)
    if attributes is not None:
        meta["attrs"] = attributes
    described = json.dumps(_pandas_metadata(names, width, value.index), separators=(",", ":"))
    chunks.write(names, plans, len(value), sink, {"pandas": described})
    meta["columns"] = [plan.spec for plan in plans]
    return sink.message("frame", codec, meta, len(value))


# Labels


def _labels(index: Any) -> dict[str, Any]:
    """How the column labels are stored: as text if text is what arrives, else exactly; and what to call the columns."""
    import pandas as pd

    shown = [_shown(label) for label in index]
    names = tagged.tree([None]) if index.name is None and index.nlevels == 1 else None
    if len(index) and not isinstance(index, pd.MultiIndex) and all(_becomes_text(label) for label in index):
        texts = [label if type(label) is str else str(label) for label in index]
        if len(set(texts)) == len(texts):
            encoded: dict[str, Any] = {"shown": shown}
            if texts != shown:  # lone surrogates
                encoded["exact"] = labels.encode(pd.Index(texts, dtype=object))
            else:
                encoded["texts"] = texts
            if names is None:
                encoded["name"] = labels.encode_object(index.name)
            return encoded
    return {"shown": shown, "exact": labels.encode(index)}


def _becomes_text(label: Any) -> bool:
    import numpy as np

    return label is None or isinstance(label, (str, int, float, np.integer, np.floating, np.bool_))


def _name(name: Any) -> Any:
    """The name of a Series or of an index level: numbers become text, as column labels do."""
    return name if name is None or type(name) is str or not _becomes_text(name) else str(name)


def _shown(label: Any) -> str:
    return str(label).encode("utf-8", "replace").decode("utf-8")


def _unique(names: list[str]) -> list[str]:
    """The names with a number behind those that appeared before."""
    taken = set(names)
    if len(taken) == len(names):
        return names
    seen: set[str] = set()
    unique = []
    for name in names:
        candidate, number = name, 0
        while candidate in seen or (number and candidate in taken):
            number += 1
            candidate = f"{name}.{number}"
        seen.add(candidate)
        unique.append(candidate)
    return unique


def _column_index(encoded: dict[str, Any]) -> Any:
    import pandas as pd

    texts = encoded.get("texts")
    index = labels.decode(encoded["exact"]) if texts is None else pd.Index(texts, dtype=object)
    if "name" in encoded:
        index.name = labels.decode_object(encoded["name"])
    return index


# The index of the rows


def _plan_index(index: Any, plans: list[Plan], sink: Sink) -> tuple[dict[str, Any], list[str]]:
    """What to say about an index, and the names of the columns that its levels need, whose plans are added."""
    import pandas as pd

    described: dict[str, Any] = {"names": [labels.encode_object(_name(name)) for name in index.names]}
    if isinstance(index, pd.RangeIndex):
        described["range"] = [index.start, index.stop, index.step]
        if plans or not len(index):
            return described, []
    levels = [index.get_level_values(level) for level in range(index.nlevels)]
    described["levels"] = len(levels)
    frequency = getattr(index, "freq", None)
    if isinstance(index, (pd.DatetimeIndex, pd.TimedeltaIndex)) and frequency is not None:
        described["freq"] = frequency.freqstr
    if isinstance(index, pd.MultiIndex):
        described["multi"] = True
    names = []
    for level, values in enumerate(levels):
        where = f"the index of {sink.name}"
        plans.append(columns.plan(columns.array_of(values), where, sink.chunk_rows, exact=True))
        names.append(f"__index_level_{level}__" if values.name is None else _shown(values.name))
    return described, names


def _row_index(described: dict[str, Any], arrays: list[Any]) -> Any:
    import pandas as pd

    names = [labels.decode_object(name) for name in described["names"]]
    if "range" in described:
        start, stop, step = described["range"]
        return pd.RangeIndex(start, stop, step, name=names[0])
    if "multi" in described:
        return pd.MultiIndex.from_arrays([_index(array) for array in arrays], names=names)
    index = _index(arrays[0], names[0])
    if "freq" in described:
        index.freq = described["freq"]
    return index


def _index(array: Any, name: Any = None) -> Any:
    import pandas as pd

    # Without its dtype, an array of objects would be looked through for something better.
    return pd.Index(array, dtype=array.dtype, name=name, copy=False, tupleize_cols=False)


def _attributes(attrs: Any) -> Any:
    if not attrs:
        return None
    try:
        return labels.encode_object(dict(attrs))
    except Exception:  # noqa: BLE001 - pyarrow, and so Mage, leaves such attributes out too
        return None


def _pandas_metadata(names: list[str], width: int, index: Any) -> dict[str, Any]:
    """What pyarrow writes into a schema for pandas, as far as other readers need it to find the index."""
    if len(names) == width:
        ranged: Any = {"kind": "range", "name": None, "start": index.start, "stop": index.stop, "step": index.step}
        index_columns = [ranged]
    else:
        index_columns = list(names[width:])
    own = [name if isinstance(name, str) else None for name in index.names]
    described = [
        {"name": shown, "field_name": name, "pandas_type": None, "numpy_type": None, "metadata": None}
        for name, shown in zip(names[width:], own)
    ]
    return {"index_columns": index_columns, "column_indexes": [], "columns": described}


# Reading


def read_frame(paths: list[str], meta: Any) -> Any:
    """The DataFrame of a product."""
    import pandas as pd

    arrays, index = _read(paths, meta)
    together = len(arrays) > _MAX_BLOCKS and len(paths) == 1
    data = {position: _held(array, index) for position, array in enumerate(arrays)}
    frame = pd.DataFrame(data, index=index, copy=together)
    frame.columns = _column_index(meta["labels"])
    return _with_attributes(frame, meta)


def read_series(paths: list[str], meta: Any) -> Any:
    """The Series of a product."""
    import pandas as pd

    arrays, index = _read(paths, meta)
    series = pd.Series(arrays[0], index=index, dtype=arrays[0].dtype, copy=False)
    series.name = labels.decode_object(meta["name"])
    return _with_attributes(series, meta)


def _held(array: Any, index: Any) -> Any:
    """An array as pandas takes it without looking for a better dtype than object."""
    import pandas as pd

    return pd.Series(array, index=index, dtype=object, copy=False) if array.dtype == object else array


def _with_attributes(value: Any, meta: Any) -> Any:
    if "attrs" in meta:
        value.attrs = labels.decode_object(meta["attrs"])
    return value


def _read(paths: list[str], meta: Any) -> tuple[list[Any], Any]:
    """The arrays of the columns, and the index."""
    source = ArrowFiles(paths)
    specs = meta["columns"]
    if source.table.num_columns != len(specs):
        raise ValueError("the files of the product have other columns than its manifest says")

    def decode(position: int) -> Any:
        return columns.decode(source.table.column(position), specs[position], source)

    positions = range(len(specs))
    if len(specs) > 1 and source.table.nbytes > _PARALLEL_BYTES:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(2, "baton-read") as pool:
            arrays = list(pool.map(decode, positions))
    else:
        arrays = [decode(position) for position in positions]
    levels = meta["index"].get("levels", 0)
    width = len(arrays) - levels
    return arrays[:width], _row_index(meta["index"], arrays[width:])
