"""Stored frames, a batch of rows at a time, so that a block can work through more than its memory holds.

Batches are cut over the files of a product: a file is mapped when its first batch is asked for, and let go with the
last batch that needs it.
"""

from __future__ import annotations

from baton.kinds import library_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

# What Mage takes where nothing is said: rows and bytes of a batch at most, and batches at most.
ROWS = 1_000_000
BYTES = 100 << 20
COUNT = 1_000

# The codecs whose product is a frame, by what it is called in `variable_type`.
_KINDS = {"pandas": "dataframe", "polars": "polars_dataframe", "arrow": "arrow_table"}


class WrongSettings(ValueError):
    """The settings of the block do not fit, or not to this frame."""


class Batch:
    """Rows of a frame that are read when they are asked for."""

    def __init__(self, pieces: list[tuple[_Piece, int, int]]) -> None:
        self._pieces = pieces

    def __len__(self) -> int:
        return sum(stop - start for _, start, stop in self._pieces)

    @property
    def num_rows(self) -> int:
        """How many rows these are."""
        return len(self)

    def deserialize(self) -> Any:
        """The rows as a frame of the library that the upstream block returned."""
        return joined([rows_of(piece.frame(), start, stop) for piece, start, stop in self._pieces])

    def generator(self, batch_size: int = ROWS) -> Iterator[Batch]:
        """These rows, `batch_size` at a time."""
        return cut(iter(self._pieces), batch_size)


class _Piece:
    """Rows that lie together: a file of a product, or a frame in memory."""

    def __init__(self, rows: int, load: Callable[[], Any]) -> None:
        self.rows = rows
        self._load = load
        self._frame: Any = None

    def frame(self) -> Any:
        if self._frame is None:
            self._frame = self._load()
        return self._frame


class Reader:
    """A stored frame that the block reads itself, as often as it likes."""

    def __init__(self, stored: Stored, settings: Settings) -> None:
        self._stored = stored
        self._settings = settings
        self.chunks = settings.chunks
        self.number_of_outputs = 1
        self.resource_usages: list[Any] = []
        self.data_source = stored.paths
        self.variable_path = stored.paths[0] if stored.paths else None
        self.variable_type = stored.kind

    def read_sync(self, batch_size: int | None = None) -> Iterator[Batch]:
        """The rows in batches: of the size that the block's settings ask for, or of this many rows."""
        return self._stored.batches(self._settings, batch_size)


class Settings:
    """How a block reads an input: `batch_settings` and `chunks` of `configuration.variables`."""

    def __init__(self, batch_settings: dict[str, Any] | None, chunks: Sequence[dict[str, Any]] | None) -> None:
        self.batches = batch_settings or {}
        self.chunks = list(chunks or ())

    def whole(self) -> Settings:
        """The same without a choice of rows."""
        return Settings(self.batches, None)

    def rows_of_a_batch(self, rows: int, size: int) -> int:
        """Rows of each batch of a frame of so many rows and bytes. What has to be at least wins over a maximum."""
        most = self._limit("items", "maximum", ROWS)
        most_bytes = self._limit("size", "maximum", BYTES)
        if size > most_bytes:
            most = min(most, rows * most_bytes // size)
        least = max(self._limit("items", "minimum", 1), -(-rows // self._limit("count", "maximum", COUNT)))
        return max(most, least, 1)

    def _limit(self, of: str, side: str, default: int) -> int:
        limits = self.batches.get(of) or {}
        value = limits.get(side) if isinstance(limits, dict) else 0
        if value is None:
            return default
        if type(value) is not int or value < 1:
            raise WrongSettings(f"`{of}` of `batch_settings` needs whole numbers from 1, as in `{{{side}: 1000}}`")
        return value


class Stored:
    """A frame that a block can read in batches."""

    def __init__(self, kind: str, paths: list[str], size: int, pieces: Callable[[], list[_Piece]]) -> None:
        self.kind = kind
        self.paths = paths
        self._size = size
        # Made anew for each reading: a piece keeps what it has read.
        self._pieces = pieces

    def batches(self, settings: Settings, rows: int | None = None) -> Iterator[Batch]:
        """All rows, or those that `chunks` asks for, in batches."""
        pieces = self._pieces()
        rows = rows or settings.rows_of_a_batch(sum(piece.rows for piece in pieces), self._size)
        batches = cut(((piece, 0, piece.rows) for piece in _taken(pieces)), rows)
        return _chosen(batches, settings.chunks) if settings.chunks else batches


def of_product(product: dict[str, Any]) -> Stored | None:
    """A product as a frame to read in batches; `None` for one that is no frame."""
    import os

    kind = _KINDS.get(product["codec"])
    meta = product.get("meta") or {}
    if kind is None or meta.get("arrives", "frame") not in ("frame", "table"):
        return None
    paths: list[str] = list(product.get("files") or ())

    def pieces() -> list[_Piece]:
        found: list[_Piece] = []
        first = 0
        for path in paths:
            rows = _rows_in(path)
            found.append(_Piece(rows, _reader_of(product, path, first, rows)))
            first += rows
        return found

    return Stored(kind, paths, sum(os.path.getsize(path) for path in paths), pieces)


def of_value(value: Any) -> Stored | None:
    """A frame in memory as one to read in batches; `None` for anything else."""
    kind = _KINDS.get(library_of(value).replace("pyarrow", "arrow"))
    if kind is None or type(value).__name__ not in ("DataFrame", "Table"):
        return None
    return Stored(kind, [], 0, lambda: [_Piece(len(value), lambda: value)])


def cut(pieces: Iterator[tuple[_Piece, int, int]], rows: int) -> Iterator[Batch]:
    """The rows of pieces, so many at a time; an empty frame is one empty batch."""
    if rows < 1:
        raise ValueError("a batch has at least one row")
    gathered: list[tuple[_Piece, int, int]] = []
    room = rows
    given = False
    for piece, start, stop in pieces:
        at = start
        while stop - at >= room:
            gathered.append((piece, at, at + room))
            at += room
            yield Batch(gathered)
            given, gathered, room = True, [], rows
        if at < stop or (start == stop and not given and not gathered):
            gathered.append((piece, at, stop))
            room -= stop - at
    if gathered and (not given or room < rows):
        yield Batch(gathered)


def joined(frames: list[Any]) -> Any:
    """Frames of one library, one below the other."""
    if len(frames) == 1:
        return frames[0]
    library = library_of(frames[0])
    if library == "pandas":
        import pandas as pd

        return pd.concat(frames)
    if library == "polars":
        import polars as pl

        return pl.concat(frames)
    import pyarrow as pa

    return pa.concat_tables(frames)


def rows_of(frame: Any, start: int, stop: int) -> Any:
    """Some rows of a frame."""
    if start == 0 and stop == len(frame):
        return frame
    return frame.iloc[start:stop] if library_of(frame) == "pandas" else frame.slice(start, stop - start)


def _taken(pieces: list[_Piece]) -> Iterator[_Piece]:
    """The pieces, none of which stays here when it has been given."""
    pieces.reverse()
    while pieces:
        yield pieces.pop()


def _rows_in(path: str) -> int:
    import pyarrow as pa

    with pa.memory_map(path) as source:
        file = pa.ipc.open_file(source)
        return sum(file.get_batch(number).num_rows for number in range(file.num_record_batches))


def _reader_of(product: dict[str, Any], path: str, first: int, rows: int) -> Callable[[], Any]:
    from baton.codecs import products

    meta = product.get("meta") or {}
    index = meta.get("index")
    if isinstance(index, dict) and "range" in index:
        start, _, step = index["range"]
        shifted = [start + first * step, start + (first + rows) * step, step]
        meta = {**meta, "index": {**index, "range": shifted}}
    return lambda: products.read({**product, "files": [path], "meta": meta})


def _chosen(batches: Iterator[Batch], chunks: Sequence[dict[str, Any]]) -> Iterator[Batch]:
    """Of each batch the rows that fit one of the chunks; batches without such rows are left out."""
    for batch in batches:
        frame = _fitting(batch.deserialize(), chunks)
        if len(frame):
            yield Batch([(_Piece(len(frame), lambda frame=frame: frame), 0, len(frame))])  # type: ignore[misc]


def _fitting(frame: Any, chunks: Sequence[dict[str, Any]]) -> Any:
    """The rows whose columns have the values of a chunk, of any of them."""
    import operator
    from functools import reduce

    library = library_of(frame)
    names = list(frame.column_names if library == "pyarrow" else frame.columns)
    unknown = next((column for chunk in chunks for column in chunk if column not in names), None)
    if unknown is not None:
        shown = ", ".join(f"`{name}`" for name in names[:20])
        raise WrongSettings(f"`chunks` names the column `{unknown}`, and the frame has {shown}")
    equal: Any = operator.eq
    both: Any = operator.and_
    either: Any = operator.or_
    if library == "pyarrow":
        import pyarrow.compute as pc

        equal, both, either = pc.equal, pc.and_, pc.or_
    masks = [reduce(both, [equal(frame[column], value) for column, value in chunk.items()]) for chunk in chunks]
    mask = reduce(either, masks)
    return frame[mask] if library == "pandas" else frame.filter(mask)
