"""Where in the user's code an exception came from.

A traceback passes through the worker, the user's files and libraries. People need their own lines, and where the
library gave up; the rest is left out.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

LIBRARY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_STANDARD = os.path.dirname(os.path.abspath(os.__file__))
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_MOST_FRAMES = 40
_MOST_REPEATS = 3
_LONGEST_LINE = 300


class Trace:
    """The frames of one exception: the user's, and the place in a library where it was raised, if it was."""

    def __init__(self, frames: list[dict[str, Any]], raised_in: str | None) -> None:
        self.frames = frames
        self.raised_in = raised_in


def owner_of(path: str, repo_path: str) -> str:
    """Whose a file is: `user`, `library` or `worker`."""
    if not path or path.startswith("<"):
        return "library"
    path = os.path.abspath(path)
    if any(part in path for part in _INSTALLED):
        return "library"
    if _is_below(path, repo_path):
        return "user"
    if _is_below(path, os.path.join(LIBRARY, "baton")) or _is_below(path, os.path.join(LIBRARY, "mage_ai")):
        return "worker"
    if _is_below(path, _STANDARD) or _is_below(path, os.path.dirname(os.path.abspath(sys.executable))):
        return "library"
    return "user"


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip(os.sep) + os.sep)


def relative(path: str, repo_path: str) -> str:
    """A path as people know it: relative to the project where it lies in it."""
    if path.startswith("<"):
        return path
    path = os.path.abspath(path)
    return os.path.relpath(path, repo_path) if _is_below(path, repo_path) else path


def trace_of(traceback: TracebackType | None, repo_path: str) -> Trace:
    """The user's frames of a traceback, outermost first, at most a few dozen."""
    frames: list[dict[str, Any]] = []
    raised_in: str | None = None
    while traceback is not None:
        code = traceback.tb_frame.f_code
        owner = owner_of(code.co_filename, repo_path)
        if owner == "user":
            frames.append(frame(code.co_filename, traceback.tb_lineno, code.co_name, repo_path))
            raised_in = None
        elif owner == "library":
            raised_in = f"{_short(code.co_filename)}:{traceback.tb_lineno} ({code.co_name})"
        traceback = traceback.tb_next
    if not frames:
        raised_in = None
    frames = _without_repeats(frames)
    if len(frames) > _MOST_FRAMES:
        half = _MOST_FRAMES // 2
        left_out = f"... {len(frames) - 2 * half} frames left out ..."
        gap = {**frames[half], "function": left_out, "code": None}
        frames = [*frames[:half], gap, *frames[-half:]]
    return Trace(frames, raised_in)


def _without_repeats(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of a line that calls itself again and again, its first and its last frame, and how often between them."""
    shorter: list[dict[str, Any]] = []
    start = 0
    while start < len(frames):
        end = start + 1
        while end < len(frames) and frames[end] == frames[start]:
            end += 1
        if end - start > _MOST_REPEATS:
            left_out = f"... the same line {end - start - 2} more times ..."
            gap = {**frames[start], "function": left_out, "code": None}
            shorter += [frames[start], gap, frames[end - 1]]
        else:
            shorter += frames[start:end]
        start = end
    return shorter


def definition_of(function: object, repo_path: str) -> list[dict[str, Any]]:
    """The line of the user's that begins a function, as the only frame; nothing when it is not known."""
    import linecache

    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    code = getattr(function, "__code__", None)
    if code is None or owner_of(code.co_filename, repo_path) != "user":
        return []
    line = code.co_firstlineno
    # Decorators come first, and are part of the function.
    while linecache.getline(code.co_filename, line).lstrip().startswith("@"):
        line += 1
    return [frame(code.co_filename, line, code.co_name, repo_path)]


def frame(path: str, line: int | None, function: str, repo_path: str) -> dict[str, Any]:
    """One frame of the protocol."""
    import linecache

    text = linecache.getline(path, line or 0).strip()[:_LONGEST_LINE]
    return {"file": relative(path, repo_path), "line": line or 1, "function": function, "code": text or None}


def with_caret(line: str, begin: int, end: int) -> dict[str, Any]:
    """A line as the `code` of a frame, with the place from `begin` to `end` in it as its `caret`.

    What is missing at the end of a line has its place behind it. Of a long line the part around the place is shown.
    """
    code = line.strip()
    indent = len(line) - len(line.lstrip())
    begin = min(max(begin - indent, 0), len(code))
    end = max(min(end - indent, len(code)), begin + 1)
    if end > _LONGEST_LINE and begin > _LONGEST_LINE // 2:
        left_out = begin - _LONGEST_LINE // 2
        code = "…" + code[left_out:]
        begin, end = begin - left_out + 1, end - left_out + 1
    code = code[:_LONGEST_LINE]
    caret = {"from": begin, "to": max(min(end, _LONGEST_LINE), begin + 1)}
    return {"code": code.replace("\0", "\N{REPLACEMENT CHARACTER}"), "caret": caret}


def _short(path: str) -> str:
    """A library's file without the folders that only this machine has."""
    for part in _INSTALLED:
        if part in path:
            return path.rsplit(part, 1)[1]
    if _is_below(path, _STANDARD):
        return os.path.relpath(path, _STANDARD)
    return path
