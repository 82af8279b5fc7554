"""What a block says: its logger, its warnings, and text streams that never refuse text."""

from __future__ import annotations

import io
import json
import sys
import warnings

from baton.worker.errors import cap, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO

    from baton.worker.protocol import Channel

# A record is for reading; larger texts are products or files.
LONGEST_RECORD = 1_000_000
_LONGEST_TAG = 100_000


class Logger:
    """The `logger` of a block's keyword arguments: `logger.info('loaded', rows=3)`.

    Takes a message and tags, as in Mage; other attributes are those of a standard logger.
    """

    def __init__(self, channel: Channel, name: str) -> None:
        self._channel = channel
        self._name = name

    def debug(self, message: object, **tags: Any) -> None:
        """Say what helps to find a mistake."""
        self._record("DEBUG", message, tags)

    def info(self, message: object, **tags: Any) -> None:
        """Say what happens."""
        self._record("INFO", message, tags)

    def warning(self, message: object, **tags: Any) -> None:
        """Say what may be wrong."""
        self._record("WARNING", message, tags)

    def error(self, message: object, **tags: Any) -> None:
        """Say what went wrong. `error=exc` adds its traceback."""
        self._record("ERROR", message, tags)

    def critical(self, message: object, **tags: Any) -> None:
        """Say what cannot be gone on with."""
        self._record("CRITICAL", message, tags)

    def exception(self, message: object, **tags: Any) -> None:
        """Say what went wrong, with the traceback of the exception being handled."""
        tags.setdefault("error", sys.exc_info()[1])
        if tags["error"] is None:
            del tags["error"]
        self._record("EXCEPTION", message, tags)

    def __getattr__(self, name: str) -> Any:
        import logging

        return getattr(logging.getLogger(self._name), name)

    def _record(self, level: str, message: object, tags: dict[str, Any]) -> None:
        error = tags.get("error")
        if isinstance(error, BaseException):
            tags = {**tags, **_error_tags(error)}
        send_record(self._channel, level, message, {name: safe(value) for name, value in tags.items()})


def send_record(channel: Channel, level: str, message: object, tags: dict[str, Any]) -> None:
    """Send a record to the host. What cannot be sent is printed: a record is never a reason to fail."""
    try:
        text = cap(str(message), LONGEST_RECORD)
        for stream in _streams:
            stream.end_line()
        if channel.is_ours():
            channel.send({"t": "log", "level": level, "message": text, "tags": tags})
        else:  # a process that the block forked
            print(text, file=sys.stderr, flush=True)  # noqa: T201
    except Exception as problem:  # noqa: BLE001
        print(f"a log record was lost: {text_of(problem)}", file=sys.stderr, flush=True)  # noqa: T201


def _error_tags(error: BaseException) -> dict[str, Any]:
    import traceback

    try:
        lines = traceback.format_exception(type(error), error, error.__traceback__)
        stack = [list(entry) for entry in traceback.extract_tb(error.__traceback__)]
    except Exception as problem:  # noqa: BLE001
        lines, stack = [f"<the traceback could not be made: {text_of(problem)}>"], []
    return {
        "error": cap("".join(lines), _LONGEST_TAG),
        "error_stack": stack,
        "error_stacktrace": text_of(error),
    }


def safe(value: Any) -> Any:
    """A value as JSON can say it; what it cannot say becomes text."""
    if value is None or isinstance(value, (bool, str)) or type(value) is int:
        return cap(value, _LONGEST_TAG) if isinstance(value, str) else value
    try:
        text = json.dumps(value, allow_nan=False, default=str)
        if len(text) <= _LONGEST_TAG:
            return json.loads(text)
    except Exception:  # noqa: BLE001, S110
        pass
    try:
        return cap(str(value), _LONGEST_TAG)
    except Exception as problem:  # noqa: BLE001
        return f"<{type(value).__name__} without text: {text_of(problem)}>"


def capture_warnings(channel: Channel) -> None:
    """Have warnings reported as records."""

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if file is not None:
            file.write(warnings.formatwarning(message, category, filename, lineno, line))
            return
        tags = {"category": category.__name__, "file": filename, "line": lineno}
        send_record(channel, "WARNING", f"{category.__name__}: {message}", tags)

    warnings.showwarning = show


class _Stream(io.TextIOWrapper):
    """Standard output or error. A line that is not at its end ends where something else is said.

    So a record has what was printed up to there, and records come in the order in which they were said.
    """

    others: tuple[_Stream, ...] = ()
    _is_open = False

    def write(self, text: str) -> int:
        """Write text; the lines of the others that are open end before it."""
        for other in self.others:
            other.end_line()
        count = super().write(text)
        if text:
            self._is_open = text[-1] != "\n"
        return count

    def end_line(self) -> None:
        """End the line that is open."""
        if self._is_open:
            self._is_open = False
            try:
                super().write("\n")
            except (OSError, ValueError):  # closed, or without a reader: whoever speaks now is not to blame
                pass


_streams: list[_Stream] = []


def open_streams() -> None:
    """Standard output and error as UTF-8, a line at a time, taking also text that no encoding can hold."""
    _streams.clear()
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        # Not the streams of before a fork: theirs may have been files that can seek, which a pipe cannot.
        raw = open(descriptor, "wb", closefd=False)  # noqa: SIM115
        stream = _Stream(raw, encoding="utf-8", errors="backslashreplace", line_buffering=True)
        _streams.append(stream)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    for stream in _streams:
        stream.others = tuple(other for other in _streams if other is not stream)


def flush_streams() -> None:
    """Write what is still buffered. A reader that has gone is no reason to fail."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass
