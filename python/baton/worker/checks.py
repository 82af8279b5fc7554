"""The `@test` functions of a block: called with what a downstream block would get."""

from __future__ import annotations

import re

from baton.worker.arguments import keywords_for, outputs_for, shape_of
from baton.worker.errors import cap, text_of
from baton.worker.failure import BlockFailure
from baton.worker.frames import definition_of, trace_of
from baton.worker.hints import project_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from baton.worker.job import Job
    from baton.worker.protocol import Channel

_LONGEST_ASSERTION = 4_000
_LONGEST_VALUE = 80
_MOST_VALUES = 5


def run_tests(
    tests: list[Callable[..., Any]],
    outputs: list[Any],
    job: Job,
    kwargs: dict[str, Any],
    channel: Channel,
) -> None:
    """Call every test with all outputs. What a test returns is ignored.

    A failed assertion ends its test and the others go on; any other exception ends the attempt.
    """
    failed: list[tuple[str, AssertionError]] = []
    for test in tests:
        shape = shape_of(test)
        try:
            arguments = outputs_for(shape, job.uuid, outputs)
        except BlockFailure as failure:
            failure.frames = definition_of(test, job.repo_path)
            raise
        keywords = keywords_for(shape, kwargs)
        try:
            test(*arguments, **keywords)
        except AssertionError as error:
            failed.append((shape.name, error))
        except Exception as error:
            _add_note(error, f"raised by the test `{shape.name}`, not by the block itself")
            raise
    passed = len(tests) - len(failed)
    print(f"{passed}/{len(tests)} tests passed.")  # noqa: T201
    channel.send({"t": "tests", "passed": passed, "total": len(tests)})
    if failed:
        raise _failure(failed, len(tests), bool(outputs), job)


def _add_note(error: Exception, note: str) -> None:
    """As `error.add_note`, which Python has from 3.11 on."""
    try:
        error.__notes__ = [*getattr(error, "__notes__", ()), note]  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001 -- an exception with slots, or with notes of another kind
        return


def _failure(failed: list[tuple[str, AssertionError]], total: int, stored: bool, job: Job) -> BlockFailure:
    lines: list[str] = []
    first_frames: list[dict[str, Any]] = []
    for name, error in failed:
        trace = trace_of(error.__traceback__, job.repo_path)
        place = f" (line {trace.frames[-1]['line']})" if trace.frames else ""
        words = text_of(error) or _assertion(error, trace.frames)
        lines.append(f"`{name}`{place}: {cap(words, _LONGEST_ASSERTION)}")
        first_frames = first_frames or trace.frames
    if total == 1:
        message = f"the test failed: {lines[0]}"
    else:
        message = "\n".join([f"{len(failed)} of {total} tests failed", *(f"- {line}" for line in lines)])
    if stored:
        command = f"baton output {project_path(job.repo_path)} {job.pipeline} {job.uuid} --run {job.run}"
        hint = f"what the block returned is stored, look at it: {command}"
    else:
        hint = "the block returned nothing: end it with `return`, or remove the test"
    return BlockFailure("test_failed", message, exception="AssertionError", frames=first_frames, hint=hint)


def _assertion(error: AssertionError, frames: list[dict[str, Any]]) -> str:
    """An assertion without words: its text, and the small values that it names."""
    code = frames[-1]["code"] if frames else None
    if not code:
        return "an assertion failed"
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    values = traceback.tb_frame.f_locals if traceback is not None else {}
    known = [
        f"{name} = {values[name]!r}"
        for name in dict.fromkeys(re.findall(r"\b[A-Za-z_]\w*\b", code))
        if type(values.get(name)) in (int, float, bool, str, type(None)) and name in values
    ]
    shown = ", ".join(cap(value, _LONGEST_VALUE) for value in known[:_MOST_VALUES])
    return f"{code}  ({shown})" if shown else str(code)
