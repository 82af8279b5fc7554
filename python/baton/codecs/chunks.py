"""Writes a frame as Arrow files, one chunk of rows each, while the next chunks are being converted.

Two threads convert and write: what holds the interpreter's lock in one (Python strings) overlaps with what does not in
the other (hashing strings, writing). Announcements come from the caller's thread, in the order of the rows.
"""

from __future__ import annotations

from itertools import islice

from baton.codecs import pages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from baton.codecs.sink import Sink

_THREADS = 2
# Chunks that are converted or waiting at a time; they bound the memory that writing takes.
_IN_FLIGHT = 3


class Plan:
    """How one column is stored: its Arrow type, what reading needs to know, and how rows become an Arrow array."""

    def __init__(
        self,
        arrow_type: Any,
        spec: dict[str, Any],
        encode: Callable[[int, int], Any],
        row_bytes: float,
        encoding: str | None = None,
        fallback: Callable[[], Plan] | None = None,
        finish: Callable[[], Callable[[Any], Any]] | None = None,
    ) -> None:
        self.arrow_type = arrow_type
        self.spec = spec
        self.encode = encode
        self.row_bytes = row_bytes
        # Told to other readers in the field's metadata.
        self.encoding = encoding
        # Another plan, for values that turn out to be beyond this one.
        self.fallback = fallback
        # Makes what completes the encoded arrays, one after the other in the order of the rows.
        self.finish = finish

    def field(self, name: str) -> Any:
        """The field of the schema."""
        import pyarrow as pa

        metadata = {"baton:encoding": self.encoding} if self.encoding else None
        return pa.field(name, self.arrow_type, metadata=metadata)


class Beyond(Exception):
    """Raised by `encode` when the values do not fit the plan of their column."""


class _Replan(Exception):
    def __init__(self, column: int) -> None:
        super().__init__(column)
        self.column = column


def write(names: Sequence[str], plans: list[Plan], rows: int, sink: Sink, metadata: dict[str, str]) -> None:
    """Write all rows. `plans` is changed where a plan had to be replaced by its fallback."""
    while True:
        try:
            _write_all(names, plans, rows, sink, metadata)
        except _Replan as replan:
            fallback = plans[replan.column].fallback
            if fallback is None:
                raise
            plans[replan.column] = fallback()
            sink.restart()
        else:
            return


def _write_all(names: Sequence[str], plans: list[Plan], rows: int, sink: Sink, metadata: dict[str, str]) -> None:
    import pyarrow as pa

    schema = pa.schema([plan.field(name) for name, plan in zip(names, plans)], metadata=metadata or None)
    from baton.codecs.sink import CHUNK_BYTES

    row_bytes = sum(plan.row_bytes for plan in plans)
    step = max(1, min(sink.chunk_rows, int(CHUNK_BYTES / max(row_bytes, 1))))
    if step > pages.WHOLE_ROWS:
        step -= step % pages.WHOLE_ROWS
    starts = range(0, max(rows, 1), step)

    finishers = [plan.finish() if plan.finish else None for plan in plans]

    def encode(start: int) -> list[Any]:
        return _arrays(plans, start, min(start + step, rows))

    def finish(arrays: list[Any]) -> Any:
        finished = [complete(array) if complete else array for complete, array in zip(finishers, arrays)]
        return pa.RecordBatch.from_arrays(finished, schema=schema)

    def write_chunk(batch: Any, path: str) -> int:
        if len(starts) > 1 and step % pages.WHOLE_ROWS == 0:
            pages.write_file(path, batch)
        else:
            pages.write_plain(path, batch)
        return int(batch.num_rows)

    in_order(sink, starts, write_chunk, encode, finish)


def in_order(
    sink: Sink,
    starts: range,
    write_chunk: Callable[[Any, str], int],
    encode: Callable[[int], Any] = lambda start: start,
    finish: Callable[[Any], Any] = lambda encoded: encoded,
) -> None:
    """Write one file for each start, several at a time, and announce them in order.

    `encode` and `write_chunk` run in threads; `finish` in between, in the caller's and in order.
    """
    if len(starts) == 1:
        path = sink.new_file("arrow")
        sink.closed(path, write_chunk(finish(encode(starts[0])), path))
        return
    from collections import deque
    from concurrent.futures import ThreadPoolExecutor

    encoding: Any = deque()
    writing: Any = deque()
    with ThreadPoolExecutor(_THREADS, "baton-write") as pool:
        try:
            left = iter(starts)
            encoding.extend(pool.submit(encode, start) for start in islice(left, _THREADS))
            while encoding:
                finished = finish(encoding.popleft().result())
                path = sink.new_file("arrow")
                writing.append((path, pool.submit(write_chunk, finished, path)))
                del finished
                while len(writing) > _IN_FLIGHT - _THREADS or (writing and writing[0][1].done()):
                    path, written = writing.popleft()
                    sink.closed(path, written.result())
                encoding.extend(pool.submit(encode, start) for start in islice(left, 1))
            while writing:
                path, written = writing.popleft()
                sink.closed(path, written.result())
        finally:
            for task in (*encoding, *(written for _, written in writing)):
                task.cancel()


def _arrays(plans: list[Plan], start: int, stop: int) -> list[Any]:
    arrays = []
    for position, plan in enumerate(plans):
        try:
            arrays.append(plan.encode(start, stop))
        except Beyond:
            raise _Replan(position) from None
    return arrays
