"""Outputs of blocks of other runs, named now and read when they are needed."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["RemoteBlock", "outputs_of"]


class RemoteBlock:
    """A block of some run, whose outputs can be asked for."""

    def __init__(
        self,
        block_uuid: str,
        pipeline_uuid: str,
        execution_partition: str | None = None,
        repo_path: str | None = None,
        **_options: Any,
    ) -> None:
        self.block_uuid = block_uuid
        self.pipeline_uuid = pipeline_uuid
        self.execution_partition = execution_partition
        self.repo_path = repo_path

    @classmethod
    def load(cls, **names: Any) -> RemoteBlock:
        """The block that these names mean."""
        return cls(**names)

    @classmethod
    def of(cls, value: RemoteBlock | dict[str, Any]) -> RemoteBlock:
        """The block that a mapping with the keys of the constructor means."""
        return value if isinstance(value, RemoteBlock) else cls(**value)

    def to_dict(self, **_options: Any) -> dict[str, Any]:
        """Its names, as a mapping."""
        return {
            "block_uuid": self.block_uuid,
            "pipeline_uuid": self.pipeline_uuid,
            "execution_partition": self.execution_partition,
        }

    def get_outputs(self, **_options: Any) -> list[Any]:
        """What it has stored, in order."""
        from baton.variables import get_variables

        return list(get_variables(self.pipeline_uuid, self.block_uuid, self.execution_partition).values())

    def __repr__(self) -> str:
        return f"RemoteBlock({self.block_uuid!r}, {self.pipeline_uuid!r}, {self.execution_partition!r})"


def outputs_of(value: Any) -> Any:
    """What a run was given as `remote_blocks`, with the outputs in place of their names."""
    if isinstance(value, dict) and isinstance(value.get("$outputs"), list):
        return [RemoteBlock.of(names).get_outputs() for names in value["$outputs"]]
    return value
