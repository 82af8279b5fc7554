"""Reading files of products: mapped privately, so that a value lies over the file and can still be changed.

A private mapping (copy on write) gives arrays that pandas users may write into. Pages that nobody writes stay shared
with the page cache and do not count as the block's memory. The file itself never changes.
"""

from __future__ import annotations

import mmap
import os

from baton.codecs import pages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# A mapping keeps its file open until Python 3.13, and a process has few descriptors (1024 on many systems).
MAX_MAPPED = 200


def map_private(path: str) -> mmap.mmap | bytearray:
    """The bytes of a file, writable, without touching the file. An empty file cannot be mapped."""
    with open(path, "rb", buffering=0) as file:
        if os.fstat(file.fileno()).st_size == 0:
            return bytearray()
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)


def load(path: str) -> bytearray:
    """The bytes of a file in memory of our own."""
    with open(path, "rb", buffering=0) as file:
        data = bytearray(os.fstat(file.fileno()).st_size)
        view = memoryview(data)
        while view:
            got = file.readinto(view)
            if not got:
                raise OSError(f"{path} became shorter while it was read")
            view = view[got:]
    return data


class ArrowFiles:
    """The Arrow files of one frame as a table over their mappings."""

    def __init__(self, paths: list[str]) -> None:
        import pyarrow as pa

        self.regions: list[tuple[int, int, Any, str]] = []
        tables = []
        for position, path in enumerate(paths):
            memory: Any = map_private(path) if position < MAX_MAPPED else load(path)
            buffer = pa.py_buffer(memory)
            self.regions.append((buffer.address, buffer.size, memory, path))
            tables.append(pa.ipc.open_file(buffer).read_all())
        self.table: Any = tables[0] if len(tables) == 1 else pa.concat_tables(tables)
        self.regions.sort(key=lambda region: region[0])
        self._starts = [region[0] for region in self.regions]

    def _region(self, address: int) -> tuple[int, int, Any, str] | None:
        from bisect import bisect_right

        number = bisect_right(self._starts, address) - 1
        if number >= 0 and address < self.regions[number][0] + self.regions[number][1]:
            return self.regions[number]
        return None

    def memory_at(self, address: int) -> tuple[Any, int] | None:
        """The writable memory that holds an address, and the position in it."""
        region = self._region(address)
        return None if region is None else (region[2], address - region[0])

    def memory_of(self, places: list[tuple[int, int]]) -> Any:
        """One writable memory over several places (address, size) of the files; `None` where that cannot be."""
        pieces = []
        for address, size in places:
            region = self._region(address)
            if region is None:
                return None
            pieces.append((region[3], address - region[0], size))
        return pages.together(pieces)
