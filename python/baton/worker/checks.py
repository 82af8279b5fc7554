"""The `@test` functions of a block: called with what a downstream block would get."""

from __future__ import annotations

from baton.worker.arguments import keywords_for, outputs_for, shape_of
from baton.worker.errors import cap, text_of
from baton.worker.failure import BlockFailure
from baton.worker.frames import trace_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from baton.worker.job import Job
    from baton.worker.protocol import Channel

_LONGEST_ASSERTION = 4_000


def run_tests(
    tests: list[Callable[..., Any]],
    written: list[dict[str, Any]],
    job: Job,
    kwargs: dict[str, Any],
    channel: Channel,
) -> None:
    """Call every test with all outputs, read back from where they were stored. What a test returns is ignored.

    A failed assertion ends its test and the others go on; any other exception ends the attempt.
    """
    outputs: list[Any] = []
    if written:
        from baton import codecs

        outputs = [codecs.read(message, folder=job.staging) for message in written]
    failed: list[tuple[str, AssertionError]] = []
    for test in tests:
        shape = shape_of(test)
        arguments = outputs_for(shape, job.uuid, outputs)
        keywords = keywords_for(shape, kwargs)
        try:
            test(*arguments, **keywords)
        except AssertionError as error:
            failed.append((shape.name, error))
    passed = len(tests) - len(failed)
    print(f"{passed}/{len(tests)} tests passed.")  # noqa: T201
    channel.send({"t": "tests", "passed": passed, "total": len(tests)})
    if failed:
        raise _failure(failed, len(tests), job)


def _failure(failed: list[tuple[str, AssertionError]], total: int, job: Job) -> BlockFailure:
    lines: list[str] = []
    first_frames: list[dict[str, Any]] = []
    for name, error in failed:
        trace = trace_of(error.__traceback__, job.repo_path)
        place = f" (line {trace.frames[-1]['line']})" if trace.frames else ""
        code = trace.frames[-1]["code"] if trace.frames else None
        words = text_of(error) or code or "an assertion failed"
        lines.append(f"`{name}`{place}: {cap(words, _LONGEST_ASSERTION)}")
        first_frames = first_frames or trace.frames
    if total == 1:
        message = f"the test {lines[0]}"
    else:
        message = "\n".join([f"{len(failed)} of {total} tests failed", *(f"- {line}" for line in lines)])
    return BlockFailure(
        "test_failed",
        message,
        exception="AssertionError",
        frames=first_frames,
        hint="the outputs are stored: look at them, then mend the block or its test",
    )
