"""The job of a block process, as the host sends it."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Attached:
    """A conditional, callback or extension that belongs to the block of a job."""

    def __init__(self, message: dict[str, Any], repo_path: str) -> None:
        self.uuid: str = message["uuid"]
        self.path = os.path.join(repo_path, message.get("file") or f"{self.uuid}.py")
        self.code: str | None = message.get("code")
        self.configuration: dict[str, Any] = message.get("configuration") or {}
        self.extension: str | None = message.get("extension")


class Job:
    """One attempt of one block: what to run, on what, and where its products go."""

    def __init__(self, message: dict[str, Any]) -> None:
        block = message["block"]
        self.run = message["run"]
        self.attempt = message["attempt"]
        self.pipeline: str = message["pipeline"]
        self.repo_path: str = os.path.abspath(message["repo_path"])
        self.uuid: str = block["uuid"]
        self.type: str = block["type"]
        self.language: str = block.get("language") or "python"
        self.configuration: dict[str, Any] = block.get("configuration") or {}
        # The path as users see it in tracebacks: the real one, also when the planned text is not what it holds now.
        self.path = os.path.join(self.repo_path, block.get("file") or f"{self.uuid}.py")
        self.code: str | None = message.get("code")
        self.inputs: list[dict[str, Any]] = message.get("inputs") or []
        # "block", or "callbacks": then `on` says how the block ended, and `output` and `error` with what.
        self.role: str = message.get("role") or "block"
        self.on: str | None = message.get("on")
        self.output: list[dict[str, Any]] = message.get("output") or []
        self.error: dict[str, Any] | None = message.get("error")
        self.dynamic: bool = message.get("dynamic", False)
        self.conditions = self._attached(message.get("conditions"))
        self.callbacks = self._attached(message.get("callbacks"))
        self.extensions = self._attached(message.get("extensions"))
        # In a run of one process: the mark that ends this job's output, and whether values pass in memory.
        self.mark: str | None = message.get("mark")
        self.cache: bool = message.get("cache", False)
        self.cpus: int | None = message.get("cpus")
        self.kwargs: dict[str, Any] = revive(message.get("kwargs") or {})
        self.triggered: bool = message.get("triggered", False)
        self.environ: dict[str, str] = message.get("environ") or {}
        self.staging: str = message["staging"]
        self.run_tests: bool = message.get("run_tests", True)
        self.strict: bool = message.get("strict", False)
        self.inline_bytes: int = message.get("inline_bytes", 0)

    def _attached(self, messages: list[dict[str, Any]] | None) -> list[Attached]:
        return [Attached(message, self.repo_path) for message in messages or []]

    @property
    def upstream(self) -> list[str]:
        """The upstream blocks, in the order of the arguments."""
        return [entry["block"] for entry in self.inputs]


def revive(value: Any) -> Any:
    """JSON with `{"$datetime": iso}`, `$date`, `$float` and `$int` made into the values that user code expects."""
    if isinstance(value, list):
        return [revive(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and isinstance(value.get("$datetime"), str):
        from datetime import datetime

        text = value["$datetime"]
        return datetime.fromisoformat(f"{text[:-1]}+00:00" if text.endswith("Z") else text)
    if len(value) == 1 and isinstance(value.get("$date"), str):
        from datetime import date

        return date.fromisoformat(value["$date"])
    if len(value) == 1 and isinstance(value.get("$float"), str):
        return float(value["$float"])
    if len(value) == 1 and isinstance(value.get("$int"), str):
        return int(value["$int"].replace("_", ""))
    return {key: revive(item) for key, item in value.items()}
