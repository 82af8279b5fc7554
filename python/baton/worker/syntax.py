"""Where a file of the user's is not Python: its line, and the place in it, as the parser says."""

from __future__ import annotations

import os
import re

from baton.worker.failure import BlockFailure
from baton.worker.frames import Trace, frame, owner_of, relative, with_caret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NULL = "null bytes"
_NULL_HINT = "delete the null byte; a file that is full of them was saved as UTF-16: save it as UTF-8"
# Folders that are searched at most for the file of a module with a null byte, which the exception does not name.
_MOST_FOLDERS = 2_000


def syntax_failure(error: BaseException, trace: Trace, repo_path: str) -> BlockFailure | None:
    """The failure when a module of the user's, imported by his code, is not Python; else nothing."""
    if isinstance(error, SyntaxError) and error.filename:
        # Text that is parsed may be called anything.
        if owner_of(error.filename, repo_path) != "user" or not os.path.isfile(error.filename):
            return None
        return _failure(error, [*trace.frames, _place(_counted_in_characters(error), repo_path)])
    if isinstance(error, (SyntaxError, ValueError)) and _NULL in str(error) and trace.frames:
        path = _module_with_null(trace.frames[-1]["code"] or "", repo_path)
        if path is not None:
            with open(path, encoding="utf-8", errors="replace") as file:
                return _failure(error, [*trace.frames, _place_of_null(file.read(), path, repo_path)], _NULL_HINT)
    return None


def compile_failure(error: Exception, text: str, path: str, repo_path: str) -> BlockFailure:
    """The failure of a block whose file is not Python."""
    if "\0" in text and _NULL in str(error):
        return _failure(error, [_place_of_null(text, path, repo_path)], _NULL_HINT)
    if isinstance(error, SyntaxError):
        return _failure(error, [_place(error, repo_path)] if error.lineno else [])
    frames = [{"file": relative(path, repo_path), "line": 1, "function": "<module>", "code": None}]
    message = str(error) or "the file is nested too deeply to be compiled"
    return BlockFailure("syntax", message, exception=type(error).__name__, frames=frames)


def _counted_in_characters(error: SyntaxError) -> SyntaxError:
    """The error with places in characters. Before Python 3.13 those of imported files are in bytes."""
    if (error.text or "").isascii():
        return error
    import tokenize

    try:
        with tokenize.open(error.filename or "") as file:
            compile(file.read(), error.filename or "", "exec", dont_inherit=True)
    except SyntaxError as again:
        return again if again.lineno == error.lineno else error
    return error


def _failure(error: BaseException, frames: list[dict[str, Any]], hint: str | None = None) -> BlockFailure:
    message = (error.msg if isinstance(error, SyntaxError) else str(error)) or "invalid syntax"
    return BlockFailure("syntax", message, exception=type(error).__name__, frames=frames, hint=hint)


def _place(error: SyntaxError, repo_path: str) -> dict[str, Any]:
    """The line that the parser stopped at, with the place in it that it complains about."""
    import linecache

    path = error.filename or ""
    found = frame(path, error.lineno, "<module>", repo_path)
    seen = (error.text or "").rstrip("\r\n")
    line = linecache.getline(path, error.lineno or 0).rstrip("\r\n") or seen
    if not line.strip() or not error.offset or error.offset < 1:
        return {**found, "code": line.strip() or None}
    begin = error.offset - 1
    end = begin + 1
    if (getattr(error, "end_lineno", None) or 0) > (error.lineno or 0):
        end = len(line)
    else:
        end = max(end, (getattr(error, "end_offset", None) or 0) - 1)
    if seen and seen.strip() != line.strip():
        # Before Python 3.12 an error in an f-string counts from the expression's own beginning, in brackets.
        at = line.find(seen.strip()[1:-1])
        if not seen.startswith("(") or at < 0:
            return found
        begin, end = begin + at - 1, end + at - 1
    if isinstance(error, IndentationError) and begin >= len(line):
        begin, end = 0, 1  # what is wrong is how the line begins, and Python shows its end
    return {**found, **with_caret(line, begin, end)}


def _place_of_null(text: str, path: str, repo_path: str) -> dict[str, Any]:
    before, _, after = text.partition("\0")
    begin = before.rpartition("\n")[2]
    line = begin + "\0" + after.partition("\n")[0]
    number = before.count("\n") + 1
    found = {"file": relative(path, repo_path), "line": number, "function": "<module>"}
    return {**found, **with_caret(line, len(begin), len(begin) + 1)}


def _module_with_null(line: str, repo_path: str) -> str | None:
    """The file with a null byte of a module that an `import` names."""
    names = set(re.findall(r"\w+", line))
    for number, (folder, folders, files) in enumerate(os.walk(repo_path)):
        if number > _MOST_FOLDERS:
            break
        folders[:] = [name for name in folders if not name.startswith(".")]
        for file in files:
            stem, ending = os.path.splitext(file)
            if ending == ".py" and (os.path.basename(folder) if stem == "__init__" else stem) in names:
                path = os.path.join(folder, file)
                with open(path, "rb") as content:
                    if b"\0" in content.read():
                        return path
    return None
