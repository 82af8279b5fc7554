"""Polars frames and Series, through Polars' own Arrow writer, which keeps every dtype but Object.

A Series arrives as a plain list, as in Mage. Lazy frames keep their plan and go with pickle.
"""

from __future__ import annotations

import os
import re
import sys

from baton.codecs import chunks
from baton.codecs.errors import Unstorable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from baton.codecs.sink import Message, Sink


def write(value: Any, sink: Sink) -> Message | None:
    """Store a DataFrame or a Series; `None` for everything else of Polars."""
    polars = sys.modules["polars"]
    if type(value) is polars.DataFrame:
        return _write(value, "frame", sink)
    if type(value) is polars.Series:
        return _write(value.to_frame(), "list", sink)
    return None


def _write(frame: Any, arrives: str, sink: Sink) -> Message | None:
    import polars as pl

    if not frame.width:
        return None
    for name, dtype in frame.schema.items():
        if dtype == pl.Object:
            raise Unstorable(
                f'{sink.name}["{name}"] is a Polars column of Python objects, which cannot be stored',
                "give the column another dtype, or return a list or a pandas frame",
            )
    rows = frame.height

    def write_chunk(start: int, path: str) -> int:
        part = frame.slice(start, sink.chunk_rows)
        # The oldest level is what every reader of Arrow understands.
        try:
            part.rechunk().write_ipc(path, compat_level=pl.CompatLevel.oldest())
        except OSError as error:
            raise _with_number(error) from error
        return int(part.height)

    chunks.in_order(sink, range(0, max(rows, 1), sink.chunk_rows), write_chunk)
    return sink.message("frame", "polars", {"arrives": arrives}, rows)


def _with_number(error: OSError) -> OSError:
    """The error with its number, which Polars gives only as text: a full disk is told by it."""
    found = re.search(r"os error (\d+)", str(error))
    if error.errno is not None or found is None:
        return error
    number = int(found.group(1))
    return OSError(number, os.strerror(number))


def read(paths: list[str], meta: Any) -> Any:
    """The frame of a product, or the list of a Series."""
    import polars as pl

    parts = [pl.read_ipc(path) for path in paths]
    frame = parts[0] if len(parts) == 1 else pl.concat(parts, rechunk=False)
    return frame.to_series(0).to_list() if meta["arrives"] == "list" else frame
