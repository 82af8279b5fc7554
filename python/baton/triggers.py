"""Starting runs of other pipelines from a block: `trigger_pipeline("daily", variables={"region": "eu"})`.

The host starts them, beside the run of the block that asks, and sees to it that none outlives it unnoticed.
"""

from __future__ import annotations

import math
import time

from baton.host import ask, own_project
from baton.kinds import library_of
from baton.remote import RemoteBlock
from baton.runs import PipelineRun, PipelineRunStatus, RunStatusError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = ["sendable", "trigger_pipeline", "wait_for_run"]

_FINAL = (PipelineRunStatus.COMPLETED, PipelineRunStatus.FAILED, PipelineRunStatus.CANCELLED)
# A run is looked at more and more seldom, but at least once in this many seconds.
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0


def trigger_pipeline(
    pipeline_uuid: str,
    repo_path: str | None = None,
    variables: dict[str, Any] | None = None,
    check_status: bool = False,
    error_on_failure: bool = False,
    poll_interval: float = 60,
    poll_timeout: float | None = None,
    schedule_name: str | None = None,
    verbose: bool = True,
    remote_blocks: Iterable[RemoteBlock | dict[str, Any]] | None = None,
    return_remote_blocks: bool = False,
    **_options: Any,
) -> Any:
    """Start a run of a pipeline of the project, with these variables, and give it.

    With `check_status` wait until it has ended, at most `poll_timeout` seconds; with `error_on_failure` too, raise when
    it has failed. Its blocks see `schedule_name` as the name of their trigger. `remote_blocks` names outputs of other
    runs, which its blocks get as `kwargs["remote_blocks"]`; with `return_remote_blocks` the answer names its own.

    A run that is not waited for goes on beside the block. The run of the block ends after it, and stopping one stops
    both.
    """
    own_project(repo_path)
    run = PipelineRun(
        ask(
            "trigger",
            pipeline=pipeline_uuid,
            variables=sendable(variables or {}),
            schedule_name=schedule_name,
            remote_blocks=[RemoteBlock.of(block).to_dict() for block in remote_blocks or ()],
        )
    )
    if verbose:
        print(f"Started run {run.id} of pipeline `{pipeline_uuid}`.")  # noqa: T201
    if check_status:
        run = wait_for_run(run, poll_interval, poll_timeout, error_on_failure=error_on_failure, verbose=verbose)
    if not return_remote_blocks:
        return run
    blocks = ask("pipeline", uuid=pipeline_uuid)["blocks"]
    named = [RemoteBlock(block["uuid"], pipeline_uuid, run.execution_partition) for block in blocks]
    return [{"remote_blocks": named}]


def wait_for_run(
    run: PipelineRun,
    poll_interval: float = 60,
    poll_timeout: float | None = None,
    *,
    error_on_failure: bool = True,
    verbose: bool = True,
) -> PipelineRun:
    """Wait until a run has ended, and give it as it is then.

    It is looked at at least every second, and said to be still running every `poll_interval` seconds. Raises after
    `poll_timeout` seconds, and, with `error_on_failure`, when it has failed.
    """
    begun = told = time.monotonic()
    pause = _FIRST_PAUSE
    while run.status not in _FINAL:
        now = time.monotonic()
        if poll_timeout is not None and now - begun >= poll_timeout:
            raise RunStatusError(
                f"run {run.id} of pipeline `{run.pipeline_uuid}` has not ended within {poll_timeout:g} seconds; "
                f"it is {run.status.value}, and goes on"
            )
        if verbose and poll_interval and now - told >= poll_interval:
            told = now
            print(f"Run {run.id} of pipeline `{run.pipeline_uuid}` is {run.status.value}.")  # noqa: T201
        rest = math.inf if poll_timeout is None else begun + poll_timeout - now
        time.sleep(max(0.0, min(pause, poll_interval, rest)))
        pause = min(pause * 1.5, _LONGEST_PAUSE)
        facts = ask("run", id=run.id)
        if facts is None:
            raise RunStatusError(f"run {run.id} of pipeline `{run.pipeline_uuid}` was deleted")
        run = PipelineRun(facts)
    if verbose:
        print(f"Run {run.id} of pipeline `{run.pipeline_uuid}` has ended: {run.status.value}.")  # noqa: T201
    if error_on_failure and run.status == PipelineRunStatus.FAILED:
        raise RunStatusError(f"run {run.id} of pipeline `{run.pipeline_uuid}` has failed{_cause(run)}")
    return run


def _cause(run: PipelineRun) -> str:
    for block in run.block_runs:
        if block.status == "failed":
            message = block.metrics.get("error", {}).get("message") or "no error is known"
            return f": block `{block.block_uuid}`: {message.splitlines()[0]}; `baton logs PROJECT {run.id}` shows it"
    return ""


def sendable(value: Any) -> Any:
    """A value as JSON can carry it to the blocks of another run: dates keep their type, numpy's numbers become ours."""
    import datetime as dt

    if isinstance(value, dict):
        return {str(key): sendable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [sendable(item) for item in value]
    if isinstance(value, dt.datetime):
        return {"$datetime": value.isoformat()}
    if isinstance(value, dt.date):
        return {"$date": value.isoformat()}
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": repr(value)}
    if library_of(value) == "numpy" and hasattr(value, "tolist"):
        return sendable(value.tolist())
    return value
