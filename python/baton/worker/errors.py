"""Turns an exception into the error of the protocol: class, words, the user's lines, and what to do.

Must work for every exception, also one whose `__str__` raises, or that was raised because the stack or the memory
ended.
"""

from __future__ import annotations

import errno
import os

from baton.worker.failure import BlockFailure
from baton.worker.frames import Trace, frame, owner_of, relative, trace_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST_MESSAGE = 20_000
_LONGEST_CAUSE = 2_000
_MOST_CAUSES = 5
_MOST_PARTS = 20
_NO_ROOM = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}

# Packages whose name is not the name of their import.
_DISTRIBUTIONS = {
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "fitz": "PyMuPDF",
    "googleapiclient": "google-api-python-client",
    "jose": "python-jose",
    "jwt": "PyJWT",
    "kafka": "kafka-python",
    "MySQLdb": "mysqlclient",
    "OpenSSL": "pyOpenSSL",
    "psycopg2": "psycopg2-binary",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "snowflake": "snowflake-connector-python",
    "telegram": "python-telegram-bot",
    "win32com": "pywin32",
    "yaml": "PyYAML",
}


def describe(error: BaseException, block: Any) -> dict[str, Any]:
    """The protocol's `error` for what ended an attempt of `block`, a `Job`."""
    repo_path, kind = block.repo_path, "exception"
    if isinstance(error, BlockFailure):
        return _error(error.kind, error.exception, error.message, error.frames, error.hint)
    trace = trace_of(error.__traceback__, repo_path)
    notes: list[str] = []
    hint: str | None = None
    message = text_of(error)
    if isinstance(error, SystemExit):
        return _exit(error, trace)
    if isinstance(error, KeyboardInterrupt):
        return _error("exit", "KeyboardInterrupt", message or "the block was interrupted", trace.frames, None)
    if isinstance(error, SyntaxError) and error.filename and owner_of(error.filename, repo_path) == "user":
        kind = "syntax"
        message = error.msg or message
        trace = Trace([*trace.frames, _syntax_frame(error, repo_path)], None)
    else:
        hint = _hint(error, block)
        if not message:
            message = _silent(error, trace)
    if trace.raised_in:
        notes.append(f"raised in {trace.raised_in}")
    notes.extend(_parts(error))
    notes.extend(_notes(error))
    notes.extend(_causes(error))
    return _error(kind, type_name(error), "\n".join([message, *notes]), trace.frames, hint)


def _error(
    kind: str, exception: str | None, message: str, frames: list[dict[str, Any]], hint: str | None
) -> dict[str, Any]:
    return {"kind": kind, "exception": exception, "message": cap(message), "frames": frames, "hint": hint}


def type_name(error: BaseException) -> str:
    """The type as a traceback shows it; what a block defines has no module."""
    kind = type(error)
    module = kind.__module__
    return kind.__qualname__ if module in ("builtins", "__main__") else f"{module}.{kind.__qualname__}"


def text_of(error: BaseException) -> str:
    """`str(error)`, or a sentence when that fails."""
    try:
        return str(error)
    except BaseException as failed:  # noqa: BLE001
        return f"<the text of this {type(error).__name__} could not be made: {type(failed).__name__}>"


def cap(text: str, limit: int = LONGEST_MESSAGE) -> str:
    """Text of a bearable length that says when it was cut."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n… {len(text) - limit} more characters"


def is_out_of_room(error: BaseException) -> bool:
    """Whether writing failed because the disk, a quota or a limit on file size left no room."""
    if not isinstance(error, OSError):
        return False
    if error.errno in _NO_ROOM:
        return True
    # Arrow writes the number into its text.
    text = text_of(error).lower()
    return any(f"errno {number}" in text for number in _NO_ROOM)


def _exit(error: SystemExit, trace: Trace) -> dict[str, Any]:
    code = error.code
    shown = "" if code is None else cap(repr(code), 200)
    return _error(
        "exit",
        "SystemExit",
        f"the block called sys.exit({shown})",
        trace.frames,
        "a block ends by returning: use `return` to stop early and `raise` to fail",
    )


def _syntax_frame(error: SyntaxError, repo_path: str) -> dict[str, Any]:
    found = frame(error.filename or "", error.lineno, "<module>", repo_path)
    if found["code"] is None and error.text:
        found["code"] = error.text.strip()
    return found


def _silent(error: BaseException, trace: Trace) -> str:
    """Words for an exception that has none."""
    line = trace.frames[-1]["code"] if trace.frames else None
    if isinstance(error, AssertionError) and line:
        return str(line)
    return f"{type(error).__name__} was raised without a message"


def _parts(error: BaseException) -> list[str]:
    """The members of an exception group."""
    members = getattr(error, "exceptions", None)
    if not isinstance(members, tuple):
        return []
    lines = [
        f"- {type_name(member)}: {cap(text_of(member), _LONGEST_CAUSE)}"
        for member in members[:_MOST_PARTS]
        if isinstance(member, BaseException)
    ]
    if len(members) > _MOST_PARTS:
        lines.append(f"- … {len(members) - _MOST_PARTS} more")
    return lines


def _notes(error: BaseException) -> list[str]:
    notes = getattr(error, "__notes__", ())
    return [cap(str(note), _LONGEST_CAUSE) for note in notes] if isinstance(notes, (list, tuple)) else []


def _causes(error: BaseException) -> list[str]:
    """What led to the exception, nearest first: its cause, or what was being handled."""
    lines: list[str] = []
    seen = {id(error)}
    current = error
    while len(lines) < _MOST_CAUSES:
        cause, words = current.__cause__, "caused by"
        if cause is None and not current.__suppress_context__:
            cause, words = current.__context__, "raised while handling"
        if cause is None or id(cause) in seen:
            break
        seen.add(id(cause))
        text = cap(text_of(cause), _LONGEST_CAUSE)
        lines.append(f"{words} {type_name(cause)}: {text}" if text else f"{words} {type_name(cause)}")
        current = cause
    return lines


def _hint(error: BaseException, block: Any) -> str | None:
    """What a person can do, where that is known."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return _missing_module(error.name, block)
    if isinstance(error, MemoryError):
        return "the block needs more memory than there is: load fewer columns or rows, or work in parts"
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return "there is no room left for the file: free space on its disk, or raise the limit on file size"
    if isinstance(error, FileNotFoundError) and isinstance(error.filename, str):
        if not os.path.isabs(error.filename):
            return f"a relative path starts at the working directory, {os.getcwd()}"
    elif isinstance(error, NameError):
        name = getattr(error, "name", None) or text_of(error).partition("'")[2].partition("'")[0]  # Python 3.9
        if name in _DECORATORS:
            return f"a block of type `{block.type}` takes `@{block.type}`; other decorators have to be imported"
        if name == "__file__":
            return "a block has no `__file__`: start paths at `get_repo_path()` of `mage_ai.settings.repo`"
    elif isinstance(error, RecursionError):
        return "a function calls itself without an end"
    return None


_DECORATORS = {"data_loader", "transformer", "data_exporter", "custom", "sensor", "condition", "callback"}


def _missing_module(name: str, block: Any) -> str | None:
    top = name.split(".", 1)[0]
    if top in ("mage_ai", "baton"):
        return None  # the message says it
    if top == os.path.basename(block.repo_path) or os.path.isdir(os.path.join(block.repo_path, top)):
        return f"the project has no file for the module `{name}`"
    return f"add `{_DISTRIBUTIONS.get(top, top)}` to the project's requirements.txt"


def compile_failure(error: Exception, path: str, repo_path: str) -> BlockFailure:
    """The failure of a block whose file is not Python."""
    if isinstance(error, SyntaxError):
        frames = [_syntax_frame(error, repo_path)] if error.lineno else []
        return BlockFailure("syntax", error.msg or "invalid syntax", exception=type(error).__name__, frames=frames)
    frames = [{"file": relative(path, repo_path), "line": 1, "function": "<module>", "code": None}]
    message = text_of(error) or "the file is nested too deeply to be compiled"
    return BlockFailure("syntax", message, exception=type(error).__name__, frames=frames)
