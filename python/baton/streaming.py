"""The classes that Python sources and sinks of streaming pipelines derive from.

They keep a checkpoint and a buffer in plain files where they are given a path. Running a streaming pipeline is not
their work.
"""

from __future__ import annotations

import json
import os
import time
from abc import ABC, abstractmethod

from baton.words import StrEnum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any


class SourceConsumeMethod(StrEnum):
    """How messages are taken from a source: many at a time, one by one, or one by one without blocking."""

    BATCH_READ = "BATCH_READ"
    READ = "READ"
    READ_ASYNC = "READ_ASYNC"


class _Connection:
    """What sources and sinks share: settings, variables of the run, a checkpoint."""

    def __init__(
        self,
        config: dict[str, Any] | None = None,
        *,
        checkpoint_path: str | None = None,
        global_vars: dict[str, Any] | None = None,
        **_more: Any,
    ) -> None:
        self.config = config
        self.global_vars: dict[str, Any] = global_vars or {}
        self.checkpoint_path = checkpoint_path
        self.checkpoint: Any = self.read_checkpoint()

    def init_client(self) -> None:
        """Connect. Called once, when the object is made."""

    def destroy(self) -> None:
        """Disconnect. Called once, at the end."""

    def read_checkpoint(self) -> Any:
        """What was last kept, or nothing."""
        return _read_json(self.checkpoint_path)

    def update_checkpoint(self) -> None:
        """Keep `self.checkpoint`, so that the next start finds it."""
        _write_json(self.checkpoint_path, self.checkpoint)

    def print(self, message: object) -> None:
        """Write a line that begins with the name of the class."""
        self._print(message)

    def _print(self, message: object) -> None:
        print(f"[{type(self).__name__}] {message}")  # noqa: T201 -- a block's output is its log


class BaseSource(_Connection):
    """A source of messages: `consume_method` says which of the three ways of reading it has."""

    consume_method = SourceConsumeMethod.BATCH_READ

    def __init__(self, config: dict[str, Any] | None = None, **settings: Any) -> None:
        super().__init__(config, **settings)
        self.init_client()
        self.test_connection()

    def test_connection(self) -> bool | None:
        """Fail here when there is no connection."""
        return True

    def batch_read(self, handler: Callable[..., Any]) -> None:
        """Read for ever and call `handler` with each list of messages."""
        raise NotImplementedError(_lacks(self, "batch_read", SourceConsumeMethod.BATCH_READ))

    def read(self, handler: Callable[..., Any]) -> None:
        """Read for ever and call `handler` with each message."""
        raise NotImplementedError(_lacks(self, "read", SourceConsumeMethod.READ))

    async def read_async(self, handler: Callable[..., Any]) -> None:
        """Read for ever and await `handler` with each message."""
        raise NotImplementedError(_lacks(self, "read_async", SourceConsumeMethod.READ_ASYNC))


class BasePythonSource(BaseSource):
    """A source that is written in a block of the project."""


class BaseSink(_Connection, ABC):
    """Where messages go, with a buffer for those that wait."""

    def __init__(
        self, config: dict[str, Any] | None = None, *, buffer_path: str | None = None, **settings: Any
    ) -> None:
        super().__init__(config, **settings)
        self.buffer_path = buffer_path
        self.buffer: list[Any] = []
        self.buffer_start_time: float | None = None
        self.read_buffer()
        self.init_client()

    @abstractmethod
    def batch_write(self, messages: list[Any]) -> None:
        """Write a list of messages."""

    def write(self, message: Any) -> None:
        """Write one message."""
        self.batch_write([message])

    def test_connection(self) -> bool | None:
        """Fail here when there is no connection."""
        return True

    def read_buffer(self) -> list[Any]:
        """The messages that wait; those of an earlier process come from the buffer's file."""
        if not self.buffer:
            self.buffer = _read_json(self.buffer_path) or []
            self.buffer_start_time = time.time() if self.buffer else None
        return self.buffer

    def write_buffer(self, messages: Sequence[Any]) -> None:
        """Have messages wait."""
        if not self.buffer:
            self.buffer_start_time = time.time()
        self.buffer.extend(messages)
        _write_json(self.buffer_path, self.buffer)

    def clear_buffer(self) -> None:
        """Forget the messages that wait."""
        self.buffer = []
        self.buffer_start_time = None
        if self.buffer_path and os.path.exists(self.buffer_path):
            os.remove(self.buffer_path)

    def has_buffer_timed_out(self, buffer_timeout_seconds: float | None) -> bool:
        """Whether the oldest message has waited for as long as this."""
        if self.buffer_start_time is None or not buffer_timeout_seconds:
            return False
        return time.time() - self.buffer_start_time >= buffer_timeout_seconds


class BasePythonSink(BaseSink):
    """A sink that is written in a block of the project."""


def _lacks(source: BaseSource, method: str, consumes: SourceConsumeMethod) -> str:
    return f"`{type(source).__name__}` has no method `{method}`, and its `consume_method` is {consumes.value}"


def _read_json(path: str | None) -> Any:
    if not path or not os.path.isfile(path):
        return None
    with open(path, encoding="utf-8") as file:
        text = file.read()
    return json.loads(text) if text.strip() else None


def _write_json(path: str | None, value: Any) -> None:
    """Write the file whole, so that a process that dies leaves the old one or the new one."""
    if not path:
        return
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(f"{path}.part", "w", encoding="utf-8") as file:
        json.dump(value, file, default=str)
    os.replace(f"{path}.part", path)
