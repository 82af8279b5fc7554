"""Columns of Python strings, the part of a frame that costs most.

Where few different strings repeat, a chunk is stored with a dictionary of them: it is smaller, and reading makes each
string once and shares it. Where rows share the very same string objects (as after such a read), the dictionary is found
by comparing addresses, which never looks at the strings themselves.
"""

from __future__ import annotations

from baton.codecs import fixed
from baton.codecs.chunks import Beyond, Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from baton.codecs.files import ArrowFiles

    Encode = Callable[[int, int], Any]

# Shorter columns are stored as they are: a dictionary saves nothing worth the trouble.
_MIN_ROWS = 1 << 15
_SAMPLE = 4096
# A dictionary pays when a chunk holds each string about this often.
_REPEATS = 4


def plan(
    values: Any,
    spec: dict[str, Any],
    fallback: Callable[[], Plan] | None,
    rows_together: int,
    shared: Shared | None = None,
) -> Plan:
    """A plan for an object array of `str` and missing values. `rows_together` is the size of a chunk."""
    import pyarrow as pa

    sample = _sample(values)
    texts = [value for value in sample.tolist() if isinstance(value, str)]
    text_bytes = 4 + sum(map(len, texts)) / (len(texts) or 1)

    def large() -> Plan:
        return _large(values, spec, text_bytes, fallback)

    encode: Encode
    if shared is not None:
        try:
            encode = shared.encoder()
        except Beyond:
            return large()
    elif len(values) >= _MIN_ROWS and _distinct(texts) <= min(len(values), rows_together) / _REPEATS:
        encode = _by_text(values)
    else:
        return Plan(pa.string(), spec, _plain(values), text_bytes, fallback=large)
    return Plan(pa.dictionary(pa.int32(), pa.string()), spec, encode, 4.0, "dictionary", large)


def _large(values: Any, spec: dict[str, Any], text_bytes: float, fallback: Callable[[], Plan] | None) -> Plan:
    """For chunks of more than 2 GiB of text."""
    import pyarrow as pa

    def large(start: int, stop: int) -> Any:
        try:
            return pa.array(values[start:stop], type=pa.large_string(), from_pandas=True)
        except UnicodeEncodeError:
            raise Beyond from None

    return Plan(pa.large_string(), spec, large, text_bytes, fallback=fallback)


def _sample(values: Any) -> Any:
    """Values from random rows, the same ones each time; neither the user's random numbers nor ours are touched."""
    import numpy as np

    if len(values) <= _SAMPLE:
        return values
    return values[np.random.default_rng(0).integers(0, len(values), _SAMPLE)]


def _distinct(sample: list[Any]) -> float:
    """An estimate of how many different values a column has, from how often a sample of it met one twice."""
    met_twice = len(sample) - len(set(sample))
    if met_twice < 8:
        return float("inf")
    return len(set(sample)) * len(sample) / (2 * met_twice)


class _Addresses:
    """The memory of an object array, as the numbers that the references in it are."""

    def __init__(self, values: Any) -> None:
        interface = values.__array_interface__
        self.owner = values
        self.__array_interface__ = {
            "version": 3,
            "typestr": "<i8",
            "data": (interface["data"][0], True),
            "shape": interface["shape"],
            "strides": interface["strides"],
        }


def _addresses(values: Any) -> Any:
    import numpy as np

    return np.asarray(_Addresses(values))


def _to_arrow(values: Any) -> Any:
    import pyarrow as pa

    try:
        array = pa.array(values, type=pa.string(), from_pandas=True)
    except UnicodeEncodeError:  # lone surrogates
        raise Beyond from None
    if isinstance(array, pa.ChunkedArray):  # more than 2 GiB
        raise Beyond
    return array


def _plain(values: Any) -> Encode:
    def plain(start: int, stop: int) -> Any:
        return _to_arrow(values[start:stop])

    return plain


def _by_text(values: Any) -> Encode:
    def by_text(start: int, stop: int) -> Any:
        return _to_arrow(values[start:stop]).dictionary_encode()

    return by_text


def find_shared(values: Any, rows_together: int) -> Shared | None:
    """The different objects of a column in which rows share them; `None` where a sample says that few do."""
    if len(values) < _MIN_ROWS:
        return None
    if _distinct(_addresses(_sample(values)).tolist()) > min(len(values), rows_together) / _REPEATS:
        return None
    return Shared(values, rows_together)


class Shared:
    """The different objects in an object array, and which of them is in each row, found by address."""

    def __init__(self, values: Any, rows_together: int) -> None:
        import numpy as np
        import pyarrow as pa

        addresses = _addresses(values)
        starts = range(0, len(values), rows_together)

        def find(start: int) -> Any:
            return pa.array(np.ascontiguousarray(addresses[start : start + rows_together])).dictionary_encode()

        if len(starts) == 1:
            found = pa.chunked_array([find(0)])
        else:
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(2, "baton-write") as pool:
                found = pa.chunked_array(list(pool.map(find, starts))).unify_dictionaries()
        self._rows = pa.chunked_array([chunk.indices for chunk in found.chunks])
        example: Any = np.empty(len(found.chunk(0).dictionary), np.int64)
        for start, chunk in zip(starts, self._rows.chunks):
            example[chunk.to_numpy()] = np.arange(start, start + len(chunk))
        self.objects = values[example]

    def encoder(self) -> Encode:
        """An encoder of the column, if the objects are strings and missing values. Raises `Beyond`."""
        import pyarrow as pa

        # Equal strings may be several objects, and missing values have an address too: encoding again settles both.
        encoded = _to_arrow(self.objects).dictionary_encode()
        same = encoded.null_count == 0 and len(encoded.dictionary) == len(encoded)

        def by_address(start: int, stop: int) -> Any:
            rows = self._rows.slice(start, stop - start)
            rows = rows.chunk(0) if rows.num_chunks == 1 else pa.concat_arrays(rows.chunks)
            return pa.DictionaryArray.from_arrays(rows if same else encoded.indices.take(rows), encoded.dictionary)

        return by_address


def decode(column: Any, source: ArrowFiles) -> Any:
    """The strings of a column as an object array, `None` where there is none."""
    import numpy as np
    import pyarrow as pa

    out: Any = np.empty(len(column), object)
    start = 0
    if not pa.types.is_dictionary(column.type):
        for chunk in column.chunks:
            out[start : start + len(chunk)] = chunk.to_numpy(zero_copy_only=False)
            start += len(chunk)
        return out
    if column.num_chunks > 1:
        column = column.unify_dictionaries()
    shared: Any = None
    for chunk in column.chunks:
        if shared is None:
            dictionary = chunk.dictionary
            shared = np.empty(len(dictionary) + 1, object)  # the last stays None
            shared[: len(dictionary)] = dictionary.to_numpy(zero_copy_only=False)
        indices = fixed.values(pa.chunked_array([chunk.indices]), np.int32, source)
        missing = fixed.missing(pa.chunked_array([chunk.indices]))
        if missing is not None:
            indices = np.where(missing, np.int32(len(shared) - 1), indices)
        np.take(shared, indices, out=out[start : start + len(chunk)], mode="clip")
        start += len(chunk)
    return out
