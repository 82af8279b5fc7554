"""Arrow arrays over numpy memory, and numpy arrays over Arrow memory: values of fixed width, without copies.

Missing values keep their numpy form (NaN, NaT) under Arrow's null, so that every reader sees a null and pandas gets its
own bytes back.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from baton.codecs.files import ArrowFiles


def array(arrow_type: Any, values: Any, missing: Any = None) -> Any:
    """An Arrow array over the memory of a numpy array; `missing` marks the nulls."""
    import numpy as np
    import pyarrow as pa

    bitmap, nulls = validity(missing)
    if values.dtype.kind == "b":
        data = np.packbits(values, bitorder="little")
    else:
        data = np.ascontiguousarray(values)
        if data.dtype.kind in "mM":
            data = data.view("i8")
    return pa.Array.from_buffers(arrow_type, len(values), [bitmap, pa.py_buffer(data)], null_count=nulls)


def validity(missing: Any) -> tuple[Any, int]:
    """Arrow's bitmap of what is there, and the number of nulls; no bitmap when there are none."""
    import numpy as np
    import pyarrow as pa

    nulls = 0 if missing is None else int(np.count_nonzero(missing))
    if not nulls:
        return None, 0
    return pa.py_buffer(np.packbits(~missing, bitorder="little")), nulls


def values(column: Any, dtype: Any, source: ArrowFiles) -> Any:
    """The values of a chunked column as a writable numpy array; what is under a null is kept.

    Lies over the mapped files where it can, else is copied together.
    """
    import numpy as np

    chunks = [chunk for chunk in column.chunks if len(chunk)]
    if len(chunks) == 1:
        return _view(chunks[0], dtype, source)
    if chunks and np.dtype(dtype).kind != "b":
        size = np.dtype(dtype).itemsize
        memory = source.memory_of([_place(chunk, size) for chunk in chunks])
        if memory is not None:
            return np.frombuffer(memory, dtype, len(column))
    together = np.empty(len(column), dtype)
    start = 0
    for chunk in chunks:
        together[start : start + len(chunk)] = _view(chunk, dtype, source)
        start += len(chunk)
    return together


def _place(chunk: Any, size: int) -> tuple[int, int]:
    """Where the values of an array are in memory, and how many bytes they are."""
    return chunk.buffers()[1].address + chunk.offset * size, len(chunk) * size


def _view(chunk: Any, dtype: Any, source: ArrowFiles) -> Any:
    import numpy as np

    dtype = np.dtype(dtype)
    buffer = chunk.buffers()[1]
    if dtype.kind == "b":
        bits = np.frombuffer(buffer, np.uint8)
        return np.unpackbits(bits, bitorder="little", count=chunk.offset + len(chunk))[chunk.offset :].view(bool)
    found = source.memory_at(buffer.address + chunk.offset * dtype.itemsize)
    if found is None:
        return np.frombuffer(buffer, dtype, len(chunk), chunk.offset * dtype.itemsize).copy()
    memory, position = found
    return np.frombuffer(memory, dtype, len(chunk), position)


def missing(column: Any) -> Any:
    """Where a chunked column is null, as booleans; `None` when it is nowhere."""
    import numpy as np

    if column.null_count == 0:
        return None
    parts = [_missing(chunk) for chunk in column.chunks if len(chunk)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _missing(chunk: Any) -> Any:
    import numpy as np

    bitmap = chunk.buffers()[0]
    if bitmap is None or chunk.null_count == 0:
        return np.zeros(len(chunk), bool)
    bits = np.unpackbits(np.frombuffer(bitmap, np.uint8), bitorder="little", count=chunk.offset + len(chunk))
    return bits[chunk.offset :] == 0
