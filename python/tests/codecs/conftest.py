"""A round trip through files, as the worker makes it: the messages go through JSON on the way."""

from __future__ import annotations

import json
from typing import Any

import pytest

from baton import codecs
from baton.codecs import sink


class Trip:
    """Stores values and reads them back, and keeps what was said about them."""

    def __init__(self, folder: Any) -> None:
        self.folder = str(folder)
        self.inline_bytes = 64
        self.chunks: list[dict[str, Any]] = []
        self.message: dict[str, Any] = {}
        self._count = 0

    def write(self, value: object) -> dict[str, Any]:
        self.chunks = []
        name = f"output_{self._count}"
        self._count += 1

        def emit(message: dict[str, Any]) -> None:
            with open(f"{self.folder}/{message['file']}", "rb") as file:
                assert file.read(6) == b"ARROW1", "an announced file is complete"
                file.seek(-6, 2)
                assert file.read() == b"ARROW1", "an announced file is complete"
            self.chunks.append(json.loads(json.dumps(message)))

        message = codecs.write(name, value, self.folder, emit, self.inline_bytes)
        self.message = json.loads(json.dumps(message, allow_nan=False))
        assert message["t"] == "output"
        assert message["name"] == name
        if message["kind"] == "frame":
            last = self.chunks[-len(message["files"]) :]
            assert [chunk["file"] for chunk in last] == message["files"]
            assert sum(chunk["rows"] for chunk in last) == message["rows"]
        return self.message

    def read(self) -> Any:
        return codecs.read(self.message, self.folder)

    def __call__(self, value: object) -> Any:
        self.write(value)
        return self.read()


@pytest.fixture
def trip(tmp_path: Any) -> Trip:
    return Trip(tmp_path)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sink, "CHUNK_ROWS", 4)
    return 4
