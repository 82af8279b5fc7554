"""Where the files of one output go, and what is said about them. Knows nothing of the values."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Message = dict[str, Any]

# Rows of one Arrow file. The host hashes and describes a file while the next is written, so a large frame should be
# several; reading is cheapest when a frame is one.
CHUNK_ROWS = 1 << 20
# A file should not be larger than this, unless a single row is.
CHUNK_BYTES = 256 << 20


class Sink:
    """The staging folder as one output sees it: names for its files, and the messages about them."""

    def __init__(self, name: str, staging: str, emit: Callable[[Message], None], inline_bytes: int) -> None:
        self.name = name
        self.staging = staging
        self.inline_bytes = inline_bytes
        self.chunk_rows = CHUNK_ROWS
        self.files: list[str] = []
        self._emit = emit
        self._next = 0

    def new_file(self, extension: str) -> str:
        """Name the next file of the output and give its path. It belongs to the output unless `restart` follows."""
        file = f"{self.name}.{self._next}.{extension}"
        self._next += 1
        self.files.append(file)
        return os.path.join(self.staging, file)

    def closed(self, path: str, rows: int) -> None:
        """Say that an Arrow file is complete."""
        self._emit({"t": "chunk", "output": self.name, "file": os.path.basename(path), "rows": rows})

    def restart(self) -> None:
        """Forget the files so far. They stay: the host may be reading them. Their names are not used again."""
        self.files = []

    def write_bytes(self, extension: str, *parts: bytes | memoryview) -> None:
        """Write a file of the output in one go."""
        with open(self.new_file(extension), "wb", buffering=0) as file:
            for part in parts:
                rest = memoryview(part).cast("B")
                while rest:
                    rest = rest[file.write(rest) :]

    def message(self, kind: str, codec: str, meta: Any = None, rows: int | None = None) -> Message:
        """The `output` message of an output whose files are complete."""
        return {
            "t": "output",
            "name": self.name,
            "kind": kind,
            "codec": codec,
            "meta": meta,
            "rows": rows,
            "files": self.files,
        }

    def text(self, kind: str, codec: str, text: str, extension: str) -> Message:
        """Store a text: in the message when it is small, else in a file. It must have no lone surrogates."""
        data = text.encode("utf-8")
        if len(data) > self.inline_bytes:
            self.write_bytes(extension, data)
            return self.message(kind, codec)
        message = self.message(kind, codec)
        del message["files"]
        message["text"] = text
        return message
