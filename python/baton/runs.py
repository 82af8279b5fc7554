"""Runs of the project's pipelines, to look at: `check_status`, and the records `PipelineRun`, `BlockRun`,
`PipelineSchedule` with the columns that Mage's have.

Reads only. Moments are in UTC and have no time zone, as `kwargs["execution_date"]`.
"""

from __future__ import annotations

from baton.host import ask, own_project
from baton.records import Column, Derived, Record
from baton.words import StrEnum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from baton.pipelines import Pipeline

__all__ = [
    "BlockRun",
    "BlockRunStatus",
    "PipelineRun",
    "PipelineRunStatus",
    "PipelineSchedule",
    "RunStatusError",
    "ScheduleStatus",
    "check_status",
]

_MOST = 1000


class PipelineRunStatus(StrEnum):
    """Where a run stands."""

    INITIAL = "initial"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class BlockRunStatus(StrEnum):
    """Where a block of a run stands."""

    INITIAL = "initial"
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UPSTREAM_FAILED = "upstream_failed"
    CONDITION_FAILED = "condition_failed"


class ScheduleStatus(StrEnum):
    """Whether a trigger is on."""

    ACTIVE = "active"
    INACTIVE = "inactive"


class RunStatusError(Exception):
    """The run, or the block, that was waited for will not complete."""


class PipelineRun(Record):
    """A run of a pipeline."""

    PipelineRunStatus = PipelineRunStatus

    id = Column()
    pipeline_uuid = Column()
    status = Column()
    execution_date = Column()
    created_at = Column()
    started_at = Column()
    completed_at = Column()
    updated_at = Column()
    variables = Column()
    pipeline_schedule_id = Derived(lambda run: getattr(run.pipeline_schedule, "id", None))
    pipeline_schedule_name = Column()
    execution_partition = Column()
    backfill_id = Column()
    passed_sla = Column()
    block_runs: list[BlockRun]
    event_variables: dict[str, Any]
    metrics: dict[str, Any]
    executor_type: str
    _env: str
    _partial: bool
    _triggers: dict[str, list[PipelineSchedule]]

    def __init__(self, facts: dict[str, Any]) -> None:
        from baton.worker.job import revive

        super().__init__(
            {
                "id": facts["id"],
                "pipeline_uuid": facts["pipeline_uuid"],
                "status": PipelineRunStatus(facts["status"]),
                "execution_date": _moment(facts["execution_date"]),
                "created_at": _moment(facts["created_at"]),
                "started_at": _moment(facts["started_at"]),
                "completed_at": _moment(facts["completed_at"]),
                "updated_at": _moment(facts["completed_at"] or facts["started_at"] or facts["created_at"]),
                "variables": revive(facts["variables"]),
                "event_variables": facts.get("event") or {},
                "metrics": {},
                "pipeline_schedule_name": facts["trigger_name"],
                "execution_partition": facts["execution_partition"],
                "backfill_id": None,
                "passed_sla": False,
                "executor_type": "local_python",
                "block_runs": [BlockRun({**block, "pipeline_run_id": facts["id"]}) for block in facts["block_runs"]],
                "_env": facts["env"],
                "_partial": facts["partial"],
                # Read once for all runs of a query.
                "_triggers": {},
            }
        )

    @classmethod
    def load(cls, equal: dict[str, Any]) -> list[PipelineRun]:
        """The newest runs, up to a thousand."""
        if "id" in equal:
            found = ask("run", id=int(equal["id"]))
            return [cls(found)] if found else []
        statuses = [equal["status"]] if "status" in equal else []
        found = ask("runs", pipeline=equal.get("pipeline_uuid"), status=statuses, limit=_MOST)
        runs = [cls(run) for run in found]
        triggers: dict[str, list[PipelineSchedule]] = {}
        for run in runs:
            run._triggers = triggers  # noqa: SLF001
        return runs

    @property
    def pipeline_schedule(self) -> PipelineSchedule | None:
        """Its trigger, as the files of its pipeline declare it; `None` for one that they do not."""
        name, pipeline = self.pipeline_schedule_name, self.pipeline_uuid
        if name and pipeline not in self._triggers:
            self._triggers[pipeline] = PipelineSchedule.load({"pipeline_uuid": pipeline})
        return next((trigger for trigger in self._triggers.get(pipeline, ()) if trigger.name == name), None)

    @property
    def pipeline(self) -> Pipeline:
        """Its pipeline, as the project declares it now."""
        from baton.pipelines import Pipeline

        return Pipeline.get(self.pipeline_uuid)

    @property
    def block_runs_count(self) -> int:
        """How many block runs it has."""
        return len(self.block_runs)

    @property
    def completed_block_runs(self) -> list[BlockRun]:
        """Its block runs that completed."""
        return [block for block in self.block_runs if block.status == BlockRunStatus.COMPLETED]

    def get_variables(self, **_options: Any) -> dict[str, Any]:
        """The variables that its blocks got."""
        date = self.execution_date
        return {
            **self.variables,
            "env": self._env,
            "ds": date.strftime("%Y-%m-%d"),
            "hr": date.strftime("%H"),
            "execution_date": date,
            "execution_partition": self.execution_partition,
        }

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"`PipelineRun.{name}` is not offered by Baton")


class BlockRun(Record):
    """One block of a run."""

    BlockRunStatus = BlockRunStatus

    id = Column()
    block_uuid = Column()
    pipeline_run_id = Column()
    status = Column()
    created_at = Column()
    started_at = Column()
    completed_at = Column()
    updated_at = Column()
    metrics: dict[str, Any]
    _declared: str | None

    def __init__(self, facts: dict[str, Any]) -> None:
        error = facts["error"]
        super().__init__(
            {
                "id": facts["id"],
                "block_uuid": facts["block_uuid"],
                "pipeline_run_id": facts["pipeline_run_id"],
                "status": BlockRunStatus(facts["status"]),
                "created_at": _moment(facts["started_at"]),
                "started_at": _moment(facts["started_at"]),
                "completed_at": _moment(facts["completed_at"]),
                "updated_at": _moment(facts["completed_at"] or facts["started_at"]),
                "metrics": {"error": {"error": error["message"], "message": error["message"]}} if error else {},
                # The block, unless it is one of several runs.
                "_declared": facts.get("declared"),
            }
        )

    @classmethod
    def load(cls, equal: dict[str, Any]) -> list[BlockRun]:
        """The block runs of one run, or of the newest runs."""
        number = equal.get("pipeline_run_id")
        if number is None and "id" in equal:
            number = int(equal["id"]) // 1_000_000
        runs = PipelineRun.load({} if number is None else {"id": number})
        return [block for run in runs for block in run.block_runs]

    @property
    def pipeline_run(self) -> PipelineRun | None:
        """The run it belongs to."""
        return PipelineRun.get(self.pipeline_run_id)  # type: ignore[no-any-return]


class PipelineSchedule(Record):
    """A trigger, as the files of its pipeline declare it."""

    ScheduleStatus = ScheduleStatus

    id = Column()
    name = Column()
    pipeline_uuid = Column()
    schedule_type = Column()
    schedule_interval = Column()
    start_time = Column()
    status = Column()
    variables = Column()
    settings = Column()
    sla = Column()
    description = Column()
    last_enabled_at = Column()

    @classmethod
    def load(cls, equal: dict[str, Any]) -> list[PipelineSchedule]:
        """The triggers of one pipeline, or of all."""
        uuid = equal.get("pipeline_uuid")
        pipelines = ask("pipelines") if uuid is None else [uuid]
        return [cls(trigger) for pipeline in pipelines for trigger in ask("triggers", pipeline=pipeline)]

    @property
    def pipeline_runs(self) -> list[PipelineRun]:
        """The runs of its pipeline that bear its name."""
        runs = PipelineRun.load({"pipeline_uuid": self.pipeline_uuid})
        return [run for run in runs if run.pipeline_schedule_name == self.name]


def check_status(
    pipeline_uuid: str,
    execution_date: datetime | str,
    repo_path: str | None = None,
    block_uuid: str | None = None,
    hours: int = 24,
) -> bool:
    """Whether the newest run of a pipeline with a logical date in the `hours` up to `execution_date` has completed.

    For sensors: `check_status("daily", kwargs["execution_date"], hours=1)`. False while it runs, and when there is no
    run. With `block_uuid` that block alone is looked at. Raises when the run, or the block, has failed or was
    cancelled, and when there is no such pipeline. Runs of some blocks only do not stand for their pipeline.
    """
    own_project(repo_path)
    if pipeline_uuid not in ask("pipelines"):
        raise RunStatusError(f"there is no pipeline `{pipeline_uuid}` to wait for")
    last = _micros(execution_date)
    found = ask("runs", pipeline=pipeline_uuid, **{"from": last - hours * 3_600_000_000, "to": last})
    runs = [run for run in map(PipelineRun, found) if not run._partial or _block_of(run, block_uuid)]  # noqa: SLF001
    if not runs:
        print(  # noqa: T201 -- people look for it in the log of a sensor
            f"There is no run of pipeline `{pipeline_uuid}` in the {hours} hours up to {execution_date} yet."
        )
        return False
    run = runs[0]
    if block_uuid is None:
        return _has_completed(run.status, f"run {run.id} of pipeline `{pipeline_uuid}`")
    block = _block_of(run, block_uuid)
    if block is None:
        raise RunStatusError(f"run {run.id} of pipeline `{pipeline_uuid}` has no block `{block_uuid}` to wait for")
    return _has_completed(block.status, f"block `{block_uuid}` in run {run.id} of pipeline `{pipeline_uuid}`")


def _block_of(run: PipelineRun, uuid: str | None) -> BlockRun | None:
    """The block run of this name, or that of a replicated block, whose name says more than the block's own."""
    named = next((block for block in run.block_runs if block.block_uuid == uuid), None)
    return named or next((block for block in run.block_runs if uuid is not None and block._declared == uuid), None)  # noqa: SLF001


def _has_completed(status: str, name: str) -> bool:
    if status in ("failed", "cancelled", "upstream_failed"):
        word = {"failed": "has failed", "cancelled": "was cancelled"}.get(
            status, "will not run: a block above it failed"
        )
        raise RunStatusError(f"{name} {word}")
    return status == "completed"


def _moment(micros: int | None) -> datetime | None:
    from datetime import datetime, timedelta

    return None if micros is None else datetime(1970, 1, 1) + timedelta(microseconds=micros)


def _micros(moment: datetime | str) -> int:
    from datetime import datetime, timedelta, timezone

    if isinstance(moment, str):
        moment = datetime.fromisoformat(f"{moment[:-1]}+00:00" if moment.endswith("Z") else moment)
    if moment.tzinfo is not None:
        moment = moment.astimezone(timezone.utc).replace(tzinfo=None)
    return (moment - datetime(1970, 1, 1)) // timedelta(microseconds=1)
