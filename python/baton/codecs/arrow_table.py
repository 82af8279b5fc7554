"""pyarrow's tables, record batches, and arrays."""

from __future__ import annotations

import sys

from baton.codecs import chunks, pages
from baton.codecs.files import ArrowFiles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from baton.codecs.sink import Message, Sink


def write(value: Any, sink: Sink) -> Message | None:
    """Store a table or what can be part of one; `None` for everything else of pyarrow."""
    pa = sys.modules["pyarrow"]
    if isinstance(value, pa.Table):
        return _write(value, "table", sink)
    if isinstance(value, pa.RecordBatch):
        return _write(pa.Table.from_batches([value]), "batch", sink)
    if isinstance(value, pa.ChunkedArray):
        return _write(pa.table([value], names=["values"]), "chunked_array", sink)
    if isinstance(value, pa.Array):
        return _write(pa.table([value], names=["values"]), "array", sink)
    return None


def _write(table: Any, arrives: str, sink: Sink) -> Message | None:
    import pyarrow as pa

    if not table.num_columns:
        return None
    # A file has one dictionary for each column.
    table = table.unify_dictionaries()
    options = pa.ipc.IpcWriteOptions(unify_dictionaries=True)

    def write_chunk(start: int, path: str) -> int:
        part = table.slice(start, sink.chunk_rows)
        pages.write_plain(path, part, options)
        return int(part.num_rows)

    chunks.in_order(sink, range(0, max(table.num_rows, 1), sink.chunk_rows), write_chunk)
    return sink.message("frame", "arrow", {"arrives": arrives}, table.num_rows)


def read(paths: list[str], meta: Any) -> Any:
    """The table, batch or array of a product, over the mapped files."""
    import pyarrow as pa

    table = ArrowFiles(paths).table
    arrives = meta["arrives"]
    if arrives == "table":
        return table
    if arrives == "chunked_array":
        return table.column(0)
    if arrives == "array":
        column = table.column(0).combine_chunks()
        return pa.concat_arrays(column.chunks) if isinstance(column, pa.ChunkedArray) else column
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)
