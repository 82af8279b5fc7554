"""The job of a block process, as the host sends it."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


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
        self.kwargs: dict[str, Any] = revive(message.get("kwargs") or {})
        self.triggered: bool = message.get("triggered", False)
        self.environ: dict[str, str] = message.get("environ") or {}
        self.staging: str = message["staging"]
        self.run_tests: bool = message.get("run_tests", True)
        self.inline_bytes: int = message.get("inline_bytes", 0)

    @property
    def upstream(self) -> list[str]:
        """The upstream blocks, in the order of the arguments."""
        return [entry["block"] for entry in self.inputs]


def revive(value: Any) -> Any:
    """JSON with `{"$datetime": iso}` made into the values that user code expects."""
    if isinstance(value, list):
        return [revive(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and isinstance(value.get("$datetime"), str):
        from datetime import datetime

        text = value["$datetime"]
        return datetime.fromisoformat(f"{text[:-1]}+00:00" if text.endswith("Z") else text)
    return {key: revive(item) for key, item in value.items()}
