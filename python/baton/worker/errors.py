"""Turns an exception into the error of the protocol: class, words, the user's lines, and what to do.

Must work for every exception, also one whose `__str__` raises, or that was raised because the stack or the memory
ended.
"""

from __future__ import annotations

from baton.kinds import full_name
from baton.worker.failure import BlockFailure
from baton.worker.frames import Trace, trace_of
from baton.worker.hints import NO_ROOM, hint_for
from baton.worker.syntax import syntax_failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST_MESSAGE = 20_000
_LONGEST_CAUSE = 2_000
_MOST_CAUSES = 5
_MOST_PARTS = 20
_DEEPEST_PART = 5
# How lines begin that say more about an exception than its own words.
_ADDED = ("raised in ", "raised by the test ", "caused by ", "raised while handling ")


def describe(error: BaseException, block: Any) -> dict[str, Any]:
    """The protocol's `error` for what ended an attempt of `block`, a `Job`."""
    repo_path = block.repo_path
    if isinstance(error, BlockFailure):
        return _error(error.kind, error.exception, error.message, error.frames, error.hint)
    trace = trace_of(error.__traceback__, repo_path)
    message = text_of(error)
    if isinstance(error, SystemExit):
        return _exit(error, trace)
    if isinstance(error, KeyboardInterrupt):
        return _error("exit", "KeyboardInterrupt", message or "the block was interrupted", trace.frames, None)
    syntax = _syntax(error, trace, repo_path)
    if syntax is not None:
        notes = [*_notes(error), *_causes(error, repo_path)]
        message = "\n".join([syntax.message, *notes])
        return _error(syntax.kind, syntax.exception, message, syntax.frames, syntax.hint)
    notes = [f"raised in {trace.raised_in}"] if trace.raised_in else []
    notes.extend(_parts(error, repo_path))
    notes.extend(_notes(error))
    notes.extend(_causes(error, repo_path))
    message = "\n".join([message or _silent(error, trace), *notes])
    return _error("exception", type_name(error), message, trace.frames, _hint(error, block))


def _error(
    kind: str, exception: str | None, message: str, frames: list[dict[str, Any]], hint: str | None
) -> dict[str, Any]:
    return {"kind": kind, "exception": exception, "message": cap(message), "frames": frames, "hint": hint}


def own_words(message: str) -> str:
    """The words of the exception itself, without the lines that `describe` adds below them."""
    lines = message.split("\n")
    added = (number for number, line in enumerate(lines) if number and line.startswith(_ADDED))
    return "\n".join(lines[: next(added, len(lines))])


def type_name(error: BaseException) -> str:
    """The type as a traceback shows it."""
    return full_name(type(error))


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
    if error.errno in NO_ROOM:
        return True
    # Arrow writes the number into its text.
    text = text_of(error).lower()
    return any(f"errno {number}" in text for number in NO_ROOM)


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


def _silent(error: BaseException, trace: Trace) -> str:
    """Words for an exception that has none."""
    line = trace.frames[-1]["code"] if trace.frames else None
    if isinstance(error, AssertionError) and line:
        return str(line)
    return "raised without a message"


def _parts(error: BaseException, repo_path: str, depth: int = 0) -> list[str]:
    """The members of an exception group, those of groups in it further to the right."""
    members = getattr(error, "exceptions", None)
    if not isinstance(members, tuple) or depth > _DEEPEST_PART:
        return []
    indent = "  " * depth
    lines: list[str] = []
    for member in members[:_MOST_PARTS]:
        if isinstance(member, BaseException):
            lines.append(f"{indent}- {_in_one_line(member, repo_path)}")
            lines.extend(_parts(member, repo_path, depth + 1))
    if len(members) > _MOST_PARTS:
        lines.append(f"{indent}- … {len(members) - _MOST_PARTS} more")
    return lines


def _in_one_line(error: BaseException, repo_path: str) -> str:
    """Type, words, and the user's line that it came from."""
    text = cap(text_of(error), _LONGEST_CAUSE)
    words = f"{type_name(error)}: {text}" if text else type_name(error)
    return words + place_of(error, repo_path)


def place_of(error: BaseException, repo_path: str) -> str:
    """` (transformers/clean.py:12)`, the user's line that an exception came from; nothing when there is none."""
    frames = trace_of(error.__traceback__, repo_path).frames
    return f" ({frames[-1]['file']}:{frames[-1]['line']})" if frames else ""


def _notes(error: BaseException) -> list[str]:
    notes = getattr(error, "__notes__", ())
    return [cap(str(note), _LONGEST_CAUSE) for note in notes] if isinstance(notes, (list, tuple)) else []


def _causes(error: BaseException, repo_path: str) -> list[str]:
    """What led to the exception, nearest first: its cause, or what was being handled."""
    lines: list[str] = []
    seen = {id(error)}
    said = (type(error), text_of(error))
    current = error
    while len(lines) < _MOST_CAUSES:
        cause, words = current.__cause__, "caused by"
        if cause is None and not current.__suppress_context__:
            cause, words = current.__context__, "raised while handling"
        if cause is None or id(cause) in seen:
            break
        seen.add(id(cause))
        # Libraries raise the same again in their outer layers, as pandas does for a missing column.
        same = (type(cause), text_of(cause))
        if same != said:
            lines.append(f"{words} {_in_one_line(cause, repo_path)}")
        current, said = cause, same
    return lines


def _hint(error: BaseException, job: Any) -> str | None:
    """The hint; looking for one must not cost the error itself."""
    try:
        return hint_for(error, job)
    except Exception:  # noqa: BLE001 -- what user code put into its exception may fail in any way
        return None


def _syntax(error: BaseException, trace: Trace, repo_path: str) -> BlockFailure | None:
    """The failure when an imported file is not Python; looking for its place must not cost the error itself."""
    try:
        return syntax_failure(error, trace, repo_path)
    except Exception:  # noqa: BLE001
        return None
