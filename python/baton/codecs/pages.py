"""Arrow files whose buffers start at pages, and numpy arrays that lie over the buffers of several such files at once.

A column of a large frame is in pieces, one in each file, and pandas wants it in one. Instead of copying the pieces
together they are mapped one behind the other, which the kernel does by page: each piece must start at a page of its
file and, but for the last, fill its pages. Files of 2^20 rows do, when the writer leaves gaps between the buffers. The
gaps are ordinary padding, so these are Arrow files for every reader.

pyarrow has no setting for this padding. It writes the file into a list here, and three numbers in its metadata (where a
buffer is, how long the body is, how long the metadata are) are put right on the way to the disk.
"""

from __future__ import annotations

import mmap
import os
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PAGE = mmap.PAGESIZE
# Rows that make whole pages of every column, also of one bit for each row.
WHOLE_ROWS = 8 * PAGE
# Mappings of one process; Linux allows 65,530 (vm.max_map_count).
_MAX_PIECES = 10_000


# Writing


class _Pieces:
    """A file object that keeps what is written, and copies nothing."""

    closed = False

    def __init__(self) -> None:
        self.at: dict[int, Any] = {}
        self.end = 0

    def write(self, data: Any) -> int:
        length = len(data) if isinstance(data, bytes) else data.size
        if length:
            self.at[self.end] = data
            self.end += length
        return length

    def tell(self) -> int:
        return self.end

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def joined(self, start: int, stop: int) -> bytearray:
        """The bytes between two ends of pieces."""
        out = bytearray()
        for position, data in self.at.items():
            if start <= position < stop:
                out += memoryview(data)
        return out


class _Table:
    """A table of a flatbuffer: https://flatbuffers.dev/internals."""

    def __init__(self, data: bytearray, position: int) -> None:
        self.data = data
        self.position = position

    @classmethod
    def root(cls, data: bytearray) -> _Table:
        return cls(data, struct.unpack_from("<I", data, 0)[0])

    def field(self, number: int) -> int:
        """Where the value of a field is; 0 for a field with its default."""
        table = self.position - struct.unpack_from("<i", self.data, self.position)[0]
        size = struct.unpack_from("<H", self.data, table)[0]
        slot = 4 + 2 * number
        offset = struct.unpack_from("<H", self.data, table + slot)[0] if slot < size else 0
        return self.position + offset if offset else 0

    def follow(self, number: int) -> int:
        """Where a field points."""
        position = self.field(number)
        return int(position + struct.unpack_from("<I", self.data, position)[0])

    def structs(self, number: int, size: int) -> list[int]:
        """Where the structs of a vector are."""
        start = self.follow(number)
        count = struct.unpack_from("<I", self.data, start)[0]
        return [start + 4 + size * index for index in range(count)]


# Fields of the tables in Arrow's Message.fbs and File.fbs.
_MESSAGE_HEADER, _MESSAGE_BODY_LENGTH = 2, 3
_BATCH_BUFFERS = 2
_FOOTER_BATCHES = 3
_BUFFER_BYTES, _BLOCK_BYTES = 16, 24
_TRAILER_BYTES = 10


def write_file(path: str, batch: Any) -> None:
    """Write one record batch as an Arrow file with its buffers at pages."""
    import pyarrow as pa

    pieces = _Pieces()
    with pa.ipc.new_file(pieces, batch.schema) as writer:
        writer.write_batch(batch)
    tail = pieces.joined(max(position for position in pieces.at if position < pieces.end - _TRAILER_BYTES), pieces.end)
    footer_bytes = struct.unpack_from("<i", tail, len(tail) - _TRAILER_BYTES)[0]
    footer_start = pieces.end - _TRAILER_BYTES - footer_bytes
    footer = pieces.joined(footer_start, footer_start + footer_bytes)
    block = _Table.root(footer).structs(_FOOTER_BATCHES, _BLOCK_BYTES)[0]
    start, metadata_bytes, body_bytes = struct.unpack_from("<qi4xq", footer, block)

    metadata = pieces.joined(start, start + metadata_bytes)[8:]  # without the marker and the length
    metadata += bytes(-(start + 8 + len(metadata)) % PAGE)
    body = start + 8 + len(metadata)
    message = _Table.root(metadata)
    placed: list[tuple[int, Any]] = []
    end = 0
    for buffer in _Table(metadata, message.follow(_MESSAGE_HEADER)).structs(_BATCH_BUFFERS, _BUFFER_BYTES):
        offset, length = struct.unpack_from("<qq", metadata, buffer)
        if length:
            placed.append((body + end, memoryview(pieces.at[start + metadata_bytes + offset])[:length]))
        struct.pack_into("<qq", metadata, buffer, end, length)
        end += length + -length % PAGE
    struct.pack_into("<q", metadata, message.field(_MESSAGE_BODY_LENGTH), end)
    struct.pack_into("<qi4xq", footer, block, start, 8 + len(metadata), end)
    rest = pieces.joined(start + metadata_bytes + body_bytes, footer_start) + footer + tail[-_TRAILER_BYTES:]

    head = pieces.joined(0, start) + struct.pack("<Ii", 0xFFFFFFFF, len(metadata)) + metadata
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        for position, data in [(0, head), *placed, (body + end, rest)]:
            _write_at(descriptor, memoryview(data).cast("B"), position)
    finally:
        os.close(descriptor)


def write_plain(path: str, data: Any, options: Any = None) -> None:
    """Write a record batch or a table as an Arrow file as pyarrow lays it out."""
    import pyarrow as pa

    pieces = _Pieces()
    with pa.ipc.new_file(pieces, data.schema, options=options) as writer:
        writer.write(data)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        for position, piece in pieces.at.items():
            _write_at(descriptor, memoryview(piece).cast("B"), position)
    finally:
        os.close(descriptor)


# Bytes of one write. For larger ones the kernel takes large free blocks for its cache; in a virtual machine that
# gives unused memory back to its host those are the slow ones to touch. Measured on ext4 of Linux 6.18: 500 MB take
# 0.15 s in writes of 1 MiB and 1.2 s in writes of 4 MiB and more, as long as there is memory that was freed lately.
_WRITE_BYTES = 1 << 20


def _write_at(descriptor: int, data: memoryview, position: int) -> None:
    while data:
        written = os.pwrite(descriptor, data[:_WRITE_BYTES], position)
        data = data[written:]
        position += written


# Reading


class Span:
    """Address space into which pieces of files are mapped one behind the other, privately. Unmapped at the end."""

    def __init__(self, size: int) -> None:
        import ctypes

        self.size = size
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._libc.mmap.restype = ctypes.c_void_p
        self._libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_longlong]
        self._libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
        self._reserved = size + -size % PAGE
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        self.address = self._map(None, self._reserved, 0, flags, -1, 0)

    def _map(self, address: int | None, size: int, protection: int, flags: int, descriptor: int, offset: int) -> int:
        import ctypes

        got = self._libc.mmap(address, size, protection, flags, descriptor, offset)
        if got is None or got == ctypes.c_void_p(-1).value:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return int(got)

    def put(self, position: int, size: int, descriptor: int, offset: int) -> None:
        """Map a piece of a file. All but `size` are multiples of the page."""
        protection = mmap.PROT_READ | mmap.PROT_WRITE
        self._map(self.address + position, size, protection, mmap.MAP_PRIVATE | _MAP_FIXED, descriptor, offset)

    def memory(self) -> Any:
        """The whole as a buffer, which keeps the mapping."""
        import ctypes

        view: Any = (ctypes.c_char * self.size).from_address(self.address)
        view.span = self
        return view

    def __del__(self) -> None:
        if hasattr(self, "address"):
            self._libc.munmap(self.address, self._reserved)


_MAP_FIXED = 0x10


def together(pieces: list[tuple[str, int, int]]) -> Any:
    """One private buffer over pieces of files, given as path, offset and size; `None` where that cannot be."""
    if not sys.platform.startswith("linux") or len(pieces) > _MAX_PIECES:
        return None
    last = len(pieces) - 1
    if any(offset % PAGE or (size % PAGE and number != last) for number, (_, offset, size) in enumerate(pieces)):
        return None
    try:
        span = Span(sum(size for _, _, size in pieces))
        position = 0
        for path, offset, size in pieces:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                span.put(position, size, descriptor, offset)
            finally:
                os.close(descriptor)
            position += size
    except (OSError, AttributeError):  # no address space, too many mappings, another C library
        return None
    return span.memory()
