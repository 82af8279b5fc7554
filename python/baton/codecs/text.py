"""Columns of Python strings, the part of a frame that costs most.

Where few different strings repeat, a chunk is stored with a dictionary of them: it is smaller, and reading makes each
string once and shares it. The dictionary of a chunk goes on where that of the chunk before ended: looking a string up
costs half of what adding it costs, and a reader takes the last one for all. Where rows share the very same string
objects (as after such a read), the dictionary is found by their addresses, in `shared`, which never looks at the
strings themselves.
"""

from __future__ import annotations

from baton.codecs import fixed, shared
from baton.codecs.chunks import Beyond, Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from baton.codecs.files import ArrowFiles

    Encode = Callable[[int, int], Any]

# Shorter columns are stored as they are: a dictionary saves nothing worth the trouble.
_MIN_ROWS = 1 << 15
# A dictionary pays when a chunk holds each string about this often.
_REPEATS = 4


def plan(
    values: Any,
    spec: dict[str, Any],
    fallback: Callable[[], Plan] | None,
    rows_together: int,
    objects: shared.Shared | None = None,
) -> Plan:
    """A plan for an object array of `str` and missing values. `rows_together` is the size of a chunk.

    Other values among them are noticed while they are encoded, and then it is for `fallback` to store the column.
    """
    import pyarrow as pa

    sample = shared.sample(values)
    texts = [value for value in sample.tolist() if isinstance(value, str)]
    text_bytes = 4 + sum(map(len, texts)) / (len(texts) or 1)

    def large() -> Plan:
        return _large(values, spec, text_bytes, fallback)

    if objects is not None:
        try:
            encoded = _to_arrow(objects.objects).dictionary_encode()
        except Beyond:
            return large()
        return _by_object(objects.rows, encoded, spec, large)
    most = min(len(values), rows_together) // _REPEATS
    if len(values) < _MIN_ROWS or shared.distinct(texts) > most:
        return Plan(pa.string(), spec, _plain(values), text_bytes, fallback=large)
    arrow_type = pa.dictionary(pa.int32(), pa.string())
    return Plan(arrow_type, spec, _plain(values), 4.0, "dictionary", large, lambda: _Dictionary(most))


def _large(values: Any, spec: dict[str, Any], text_bytes: float, fallback: Callable[[], Plan] | None) -> Plan:
    """For chunks of more than 2 GiB of text."""
    import pyarrow as pa

    def large(start: int, stop: int) -> Any:
        return _converted(values[start:stop], pa.large_string())

    return Plan(pa.large_string(), spec, large, text_bytes, fallback=fallback)


def _to_arrow(values: Any) -> Any:
    import pyarrow as pa

    array = _converted(values, pa.string())
    if isinstance(array, pa.ChunkedArray):  # more than 2 GiB
        raise Beyond
    return array


def _converted(values: Any, arrow_type: Any) -> Any:
    import pandas as pd
    import pyarrow as pa

    # What pyarrow would take for text, bytes for instance, is none.
    complete = pd.api.types.infer_dtype(values, skipna=False) == "string"
    if not complete and pd.api.types.infer_dtype(values, skipna=True) not in ("string", "empty"):
        raise Beyond
    try:
        return pa.array(values, type=arrow_type, from_pandas=not complete)
    except UnicodeEncodeError:  # lone surrogates
        raise Beyond from None


def _plain(values: Any) -> Encode:
    def plain(start: int, stop: int) -> Any:
        return _to_arrow(values[start:stop])

    return plain


class _Dictionary:
    """Gives the chunks of a column, one after the other, dictionaries that each go on where the one before ended."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: Any = None

    def __call__(self, array: Any) -> Any:
        import pyarrow as pa
        import pyarrow.compute as pc

        if self._known is None:
            return self._afresh(array)
        indices = pc.index_in(array, value_set=self._known)
        if indices.null_count > array.null_count:
            unknown = pc.and_(indices.is_null(), array.is_valid())
            new = array.filter(unknown).dictionary_encode()
            if len(self._known) + len(new.dictionary) > self._most:
                return self._afresh(array)
            added = pc.add(new.indices, pa.scalar(len(self._known), pa.int32()))
            indices = pc.replace_with_mask(indices, unknown, added)
            self._known = pa.concat_arrays([self._known, new.dictionary])
        return pa.DictionaryArray.from_arrays(indices, self._known, safe=False)

    def _afresh(self, array: Any) -> Any:
        encoded = array.dictionary_encode()
        self._known = encoded.dictionary
        return encoded


def _by_object(rows: Any, encoded: Any, spec: dict[str, Any], large: Callable[[], Plan]) -> Plan:
    """For rows that share objects; `encoded` is what these are, as text with a dictionary."""
    import numpy as np
    import pyarrow as pa

    count = len(encoded.dictionary)
    dtype = next(kind for kind in (np.int8, np.int16, np.int32) if count <= np.iinfo(kind).max)
    index_type = pa.from_numpy_dtype(dtype)
    # Equal strings may be several objects, and missing values have an address too: encoding again settles both.
    same = encoded.null_count == 0 and count == len(encoded)
    indices = encoded.indices.cast(index_type)

    def by_object(start: int, stop: int) -> Any:
        part = rows[start:stop]
        found = pa.array(part.astype(dtype, copy=False)) if same else indices.take(pa.array(part))
        return pa.DictionaryArray.from_arrays(found, encoded.dictionary)

    return Plan(pa.dictionary(index_type, pa.string()), spec, by_object, 4.0, "dictionary", large)


def find_shared(values: Any, rows_together: int) -> shared.Shared | None:
    """The different objects of a column in which rows share them; `None` where a sample says that few do."""
    if len(values) < _MIN_ROWS:
        return None
    places = shared.addresses(shared.sample(values)).tolist()
    if shared.distinct(places) > min(len(values), rows_together) / _REPEATS:
        return None
    return shared.Shared(values, rows_together)


def decode(column: Any, source: ArrowFiles) -> Any:
    """The strings of a column as an object array, `None` where there is none."""
    import numpy as np
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        out: Any = np.empty(len(column), object)
        start = 0
        for chunk in column.chunks:
            out[start : start + len(chunk)] = chunk.to_numpy(zero_copy_only=False)
            start += len(chunk)
        return out
    if not column.num_chunks:
        return np.empty(0, object)
    column = _one_dictionary(column)
    dictionary = column.chunk(column.num_chunks - 1).dictionary
    objects: Any = np.empty(len(dictionary) + 1, object)  # the last stays None
    objects[: len(dictionary)] = dictionary.to_numpy(zero_copy_only=False)
    parts = []
    for chunk in column.chunks:
        indices = pa.chunked_array([chunk.indices])
        numbers = fixed.values(indices, indices.type.to_pandas_dtype(), source)
        missing = fixed.missing(indices)
        parts.append(numbers if missing is None else np.where(missing, np.int32(len(dictionary)), numbers))
    return shared.spread(objects, parts)


def _one_dictionary(column: Any) -> Any:
    """A column whose chunks can all be read with the dictionary of the last one."""
    last = column.chunk(column.num_chunks - 1).dictionary
    for chunk in column.chunks:
        known = chunk.dictionary
        if len(known) > len(last) or not known.equals(last.slice(0, len(known))):
            return column.unify_dictionaries()
    return column
