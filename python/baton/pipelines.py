"""Pipelines and blocks as the project's files declare them, to look at: `Pipeline.get("daily").blocks_by_uuid`.

Nothing here changes a pipeline, but for its global variables.
"""

from __future__ import annotations

import os

from baton.host import NotOfferedError, ask, own_project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

__all__ = ["Block", "Pipeline"]

_RUN_INSTEAD = "run it with `baton run PROJECT PIPELINE`, and a single block of it with `--block UUID`"
_EDIT_INSTEAD = "edit the files of the project, or make a new one with `baton new`"
_INSTEAD = {
    "execute": _RUN_INSTEAD,
    "execute_block": _RUN_INSTEAD,
    "execute_block_function": _RUN_INSTEAD,
    "execute_sync": _RUN_INSTEAD,
    "execute_with_callback": _RUN_INSTEAD,
    "run_blocks": _RUN_INSTEAD,
    "run_tests": _RUN_INSTEAD,
    "add_block": _EDIT_INSTEAD,
    "create": _EDIT_INSTEAD,
    "delete": _EDIT_INSTEAD,
    "delete_block": _EDIT_INSTEAD,
    "duplicate": _EDIT_INSTEAD,
    "save": _EDIT_INSTEAD,
    "save_async": _EDIT_INSTEAD,
    "update": _EDIT_INSTEAD,
    "update_block": _EDIT_INSTEAD,
    "update_content": _EDIT_INSTEAD,
    "get_outputs": "read them with `get_variable(pipeline_uuid, block_uuid, 'output_0')`",
}


def _absent(kind: str, name: str) -> str:
    words = f"`{kind}.{name}` is not offered by Baton"
    return f"{words}: {_INSTEAD[name]}" if name in _INSTEAD else words


class _Refusing(type):
    """Has `Pipeline.create` and the like say what to do instead."""

    def __getattr__(cls, name: str) -> Any:
        if name not in _INSTEAD:
            raise AttributeError(_absent(cls.__name__, name))
        return _refuse(cls.__name__, name)


def _refuse(kind: str, name: str) -> Any:
    def refused(*_arguments: Any, **_keywords: Any) -> NoReturn:
        raise NotOfferedError(_absent(kind, name))

    return refused


class Block(metaclass=_Refusing):
    """A block of a pipeline."""

    def __init__(self, facts: dict[str, Any], pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.uuid: str = facts["uuid"]
        self.name: str = facts["name"]
        self.type: str = _word("BlockType", facts["type"])
        self.language: str = _word("BlockLanguage", facts["language"])
        self.upstream_block_uuids: list[str] = facts["upstream_blocks"]
        self.downstream_block_uuids: list[str] = facts["downstream_blocks"]
        self.configuration: dict[str, Any] = facts["configuration"]
        self.executor_type: str = facts["executor_type"]
        self.color: str | None = facts["color"]
        self.timeout: float | None = facts["timeout"]
        self.retry_config: dict[str, Any] = facts["retry_config"]
        self.replicated_block: str | None = facts["replicated_block"]
        self.has_callback: bool = facts["has_callback"]
        self._file: str | None = facts["file_path"]

    @property
    def upstream_blocks(self) -> list[Block]:
        """The blocks whose outputs it gets, in the order of its arguments."""
        return self.pipeline.get_blocks(self.upstream_block_uuids)

    @property
    def downstream_blocks(self) -> list[Block]:
        """The blocks that get its outputs."""
        return self.pipeline.get_blocks(self.downstream_block_uuids)

    @property
    def file_path(self) -> str | None:
        """The path of its file; `None` for a kind of block that has none."""
        from baton.project import get_repo_path

        return os.path.join(get_repo_path(), self._file) if self._file else None

    @property
    def content(self) -> str:
        """The text of its file, as it is now."""
        path = self.file_path
        if path is None or not os.path.isfile(path):
            return ""
        with open(path, encoding="utf-8") as file:
            return file.read()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in _INSTEAD:
            raise AttributeError(_absent("Block", name))
        return _refuse("Block", name)

    def __repr__(self) -> str:
        return f"Block({self.uuid!r})"


class Pipeline(metaclass=_Refusing):
    """A pipeline of the project."""

    def __init__(self, uuid: str, repo_path: str | None = None, config: dict[str, Any] | None = None) -> None:
        own_project(repo_path)
        from baton.project import get_repo_path
        from baton.worker.job import revive

        facts: dict[str, Any] = config or ask("pipeline", uuid=uuid)
        self.repo_path = get_repo_path()
        self.uuid: str = facts["uuid"]
        self.name: str = facts["name"]
        self.description: str | None = facts["description"]
        self.type: str = _word("PipelineType", facts["type"])
        self.variables: dict[str, Any] = revive(facts["variables"])
        self.tags: list[str] = facts["tags"]
        self.retry_config: dict[str, Any] = facts["retry_config"]
        self.concurrency_config: dict[str, Any] = facts["concurrency_config"]
        self.run_pipeline_in_one_process: bool = facts["run_pipeline_in_one_process"]
        self.cache_block_output_in_memory: bool = facts["cache_block_output_in_memory"]
        self.blocks_by_uuid = self._blocks(facts["blocks"])
        self.callbacks_by_uuid = self._blocks(facts["callbacks"])
        self.conditionals_by_uuid = self._blocks(facts["conditionals"])
        self.widgets_by_uuid = self._blocks(facts["widgets"])

    def _blocks(self, facts: list[dict[str, Any]]) -> dict[str, Block]:
        return {entry["uuid"]: Block(entry, self) for entry in facts}

    @classmethod
    def get(cls, uuid: str, repo_path: str | None = None, **_options: Any) -> Pipeline:
        """The pipeline of this name. Raises when the project has none."""
        return cls(uuid, repo_path=repo_path)

    @staticmethod
    def get_all_pipelines(repo_path: str | None = None, **_options: Any) -> list[str]:
        """The names of all pipelines of the project."""
        own_project(repo_path)
        names: list[str] = ask("pipelines")
        return names

    @property
    def blocks(self) -> list[Block]:
        """Its blocks, in the order of the file."""
        return list(self.blocks_by_uuid.values())

    def get_block(self, block_uuid: str, *_arguments: Any, **_options: Any) -> Block | None:
        """The block of this name, wherever it is listed; `None` without one."""
        for blocks in (self.blocks_by_uuid, self.callbacks_by_uuid, self.conditionals_by_uuid, self.widgets_by_uuid):
            if block_uuid in blocks:
                return blocks[block_uuid]
        return None

    def get_blocks(self, block_uuids: list[str], **_options: Any) -> list[Block]:
        """Those of these blocks that the pipeline has."""
        return [self.blocks_by_uuid[uuid] for uuid in block_uuids if uuid in self.blocks_by_uuid]

    def has_block(self, block_uuid: str, **_options: Any) -> bool:
        """Whether there is a block of this name."""
        return self.get_block(block_uuid) is not None

    def execute_sync(self, global_vars: dict[str, Any] | None = None, **_options: Any) -> None:
        """Run it as a run of its own, with these variables, and wait for the end; raises when it fails."""
        from baton.triggers import trigger_pipeline

        trigger_pipeline(self.uuid, variables=global_vars, check_status=True, error_on_failure=True)

    async def execute(self, global_vars: dict[str, Any] | None = None, **options: Any) -> None:
        """As `execute_sync`, to be awaited."""
        self.execute_sync(global_vars, **options)

    def update_global_variable(self, key: str, value: Any) -> None:
        """Set a global variable in the pipeline's metadata at once."""
        from baton.variables import get_global_variables, set_global_variable

        set_global_variable(self.uuid, key, value)
        self.variables = get_global_variables(self.uuid)

    def delete_global_variable(self, key: str) -> None:
        """Remove a global variable from the pipeline's metadata at once."""
        from baton.variables import delete_global_variable, get_global_variables

        delete_global_variable(self.uuid, key)
        self.variables = get_global_variables(self.uuid)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in _INSTEAD:
            raise AttributeError(_absent("Pipeline", name))
        return _refuse("Pipeline", name)

    def __repr__(self) -> str:
        return f"Pipeline({self.uuid!r})"


def _word(kind: str, text: str) -> str:
    """The member of Mage's enumeration that is equal to the text, where there is one."""
    from mage_ai.data_preparation.models import constants

    enumeration: Any = getattr(constants, kind)
    try:
        member: str = enumeration(text)
    except ValueError:
        return text
    return member
