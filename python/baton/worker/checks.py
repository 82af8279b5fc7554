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
# What is told of each test: the newest attempts of a block keep it.
_MOST_RESULTS = 50
_LONGEST_RESULT = 1_000


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
    results: list[dict[str, Any]] = []
    try:
        _call_each(tests, outputs, job, kwargs, failed, results)
    finally:
        passed = sum(result["status"] == "passed" for result in results)
        rest = [{"name": shape_of(test).name, "status": "not_run"} for test in tests[len(results) :]]
        told = [*results, *rest][:_MOST_RESULTS]
        channel.send({"t": "tests", "passed": passed, "total": len(tests), "results": told})
    print(f"{passed}/{len(tests)} tests passed.")  # noqa: T201
    if failed:
        raise _failure(failed, len(tests), bool(outputs), job)


def _call_each(
    tests: list[Callable[..., Any]],
    outputs: list[Any],
    job: Job,
    kwargs: dict[str, Any],
    failed: list[tuple[str, AssertionError]],
    results: list[dict[str, Any]],
) -> None:
    """Call one test after the other and note how each ended."""
    for test in tests:
        shape = shape_of(test)
        try:
            arguments = outputs_for(shape, job.uuid, outputs)
        except BlockFailure as failure:
            failure.frames = definition_of(test, job.repo_path)
            results.append(_result(shape.name, "error", failure.message, failure.frames))
            raise
        keywords = keywords_for(shape, kwargs)
        try:
            test(*arguments, **keywords)
        except AssertionError as error:
            failed.append((shape.name, error))
            frames = trace_of(error.__traceback__, job.repo_path).frames
            results.append(_result(shape.name, "failed", text_of(error) or _assertion(error, frames), frames))
        except Exception as error:
            frames = trace_of(error.__traceback__, job.repo_path).frames
            words = f"{type(error).__name__}: {text_of(error)}"
            results.append(_result(shape.name, "error", words, frames))
            _add_note(error, f"raised by the test `{shape.name}`, not by the block itself")
            raise
        else:
            results.append({"name": shape.name, "status": "passed"})


def _result(name: str, status: str, words: str, frames: list[dict[str, Any]]) -> dict[str, Any]:
    told: dict[str, Any] = {"name": name, "status": status, "message": cap(words, _LONGEST_RESULT)}
    if frames:
        # Where the test itself stands still, also where it has called something else.
        own = [frame for frame in frames if frame["function"] == name]
        told["line"] = (own or frames)[-1]["line"]
    return told


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
