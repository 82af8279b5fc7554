"""Stored outputs of blocks, and the global variables of pipelines.

from baton.variables import get_variable
orders = get_variable("daily", "load_orders", "output_0", partition=kwargs["execution_partition"])
"""

from __future__ import annotations

import warnings

from baton.host import HostError, NotFoundError, NotOfferedError, ask, own_project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "VariableManager",
    "delete_global_variable",
    "get_global_variable",
    "get_global_variables",
    "get_variable",
    "get_variables",
    "set_global_variable",
]

_SAMPLE_ROWS = 10


def get_variable(
    pipeline_uuid: str,
    block_uuid: str,
    key: str,
    partition: str | None = None,
    run: int | None = None,
    raise_exception: bool = False,
    sample: bool = False,
    sample_count: int | None = None,
    dynamic_block_index: int | None = None,
    repo_path: str | None = None,
    spark: Any = None,
    **_options: Any,
) -> Any:
    """An output that a block has stored, such as `output_0`; `{}` when there is none.

    `partition` names the run of a trigger: a block finds its own in `kwargs["execution_partition"]`. `run` is the
    number of a run. With neither, it is the newest output of a run that a person started; the run that asks comes
    first. With `raise_exception` a missing output is an error; with `sample` only the first rows come. A child run of
    a dynamic block is named by its own name, `clean:0` or `clean:eu`, or by `dynamic_block_index`.
    """
    own_project(repo_path)
    _no_spark(spark)
    if dynamic_block_index is not None:
        block_uuid = f"{block_uuid}:{dynamic_block_index}"
    answer = ask(
        "product", pipeline=pipeline_uuid, block=block_uuid, output=str(key), partition=_text(partition), run=run
    )
    product = answer["product"]
    if product is None:
        return _missing(pipeline_uuid, block_uuid, key, answer.get("note"), raise_exception)
    from baton import codecs

    value = codecs.read(product)
    return _first_rows(value, sample_count or _SAMPLE_ROWS) if sample or sample_count else value


def get_variables(
    pipeline_uuid: str, block_uuid: str, partition: str | None = None, run: int | None = None
) -> dict[str, Any]:
    """All outputs that a block has stored, by name; see `get_variable`."""
    answer = ask("outputs", pipeline=pipeline_uuid, block=block_uuid, partition=_text(partition), run=run)
    from baton import codecs

    return {product["name"]: codecs.read(product) for product in answer["products"]}


def _no_spark(spark: object) -> None:
    if spark is not None:
        raise NotOfferedError(
            "`get_variable(..., spark=...)` is not offered by Baton: take the output as it is stored, and make a Spark "
            "frame of it with `spark.createDataFrame(...)`"
        )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _missing(pipeline: str, block: str, key: str, note: str | None, raise_exception: bool) -> dict[str, Any]:
    words = f"block `{block}` of pipeline `{pipeline}` has no stored output `{key}`"
    if raise_exception:
        raise NotFoundError(f"{words}: {note}" if note else words, "not_found")
    warnings.warn(note or f"{words}: this gives an empty dict, as in Mage", stacklevel=3)
    return {}


def _first_rows(value: Any, count: int) -> Any:
    if hasattr(value, "head") and hasattr(value, "shape"):
        return value.head(count)
    return value[:count] if isinstance(value, list) else value


def get_global_variable(pipeline_uuid: str, key: str, repo_path: str | None = None, **_options: Any) -> Any:
    """A global variable of a pipeline, as its metadata has it now; `None` without one of this name."""
    return get_global_variables(pipeline_uuid, repo_path=repo_path).get(key)


def get_global_variables(pipeline_uuid: str, repo_path: str | None = None, **_options: Any) -> dict[str, Any]:
    """The global variables of a pipeline, as its metadata has them now."""
    own_project(repo_path)
    from baton.worker.job import revive

    variables: dict[str, Any] = revive(ask("variables", pipeline=pipeline_uuid))
    return variables


def set_global_variable(pipeline_uuid: str, key: str, value: Any, repo_path: str | None = None) -> None:
    """Set a global variable in the pipeline's metadata.yaml at once; nothing else in the file changes.

    The value is what YAML has: text, numbers, booleans, `None`, lists, dicts. Dates are written as ISO text.
    """
    own_project(repo_path)
    ask("variable_set", pipeline=pipeline_uuid, key=str(key), value=_plain(value, str(key)))


def delete_global_variable(pipeline_uuid: str, key: str, repo_path: str | None = None) -> None:
    """Remove a global variable from the pipeline's metadata.yaml at once. One that is not there is fine."""
    own_project(repo_path)
    ask("variable_delete", pipeline=pipeline_uuid, key=str(key))


def _plain(value: Any, place: str) -> Any:
    """The value as JSON has it."""
    if value is None or type(value) in (bool, int, str):
        return value
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise HostError(f"the variable `{place}` is {value}, which metadata.yaml cannot hold", "invalid")
        return float(value)
    if isinstance(value, dict):
        return {str(key): _plain(item, f"{place}.{key}") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{place}[{number}]") for number, item in enumerate(value)]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, (int, str)):  # an enumeration, or another kind of these
        plain = getattr(value, "value", value)
        return int(plain) if isinstance(plain, int) else str(plain)
    if hasattr(value, "item") and getattr(value, "shape", None) == ():  # a number of numpy
        return _plain(value.item(), place)
    raise HostError(
        f"the variable `{place}` is a {type(value).__name__}, which metadata.yaml cannot hold: "
        "use text, a number, a list or a dict, or return the data from a block",
        "invalid",
    )


class VariableManager:
    """Reads stored outputs of blocks by their names. Writing is not offered: a block stores data by returning it."""

    def __init__(self, repo_path: str | None = None, variables_dir: str | None = None, **_options: Any) -> None:
        own_project(repo_path)
        from baton.project import get_repo_path, get_variables_dir

        self.repo_path = get_repo_path()
        self.variables_dir = variables_dir or get_variables_dir()

    @classmethod
    def get_manager(cls, repo_path: str | None = None, variables_dir: str | None = None) -> VariableManager:
        """A manager; where outputs are stored is Baton's own business."""
        return cls(repo_path=repo_path, variables_dir=variables_dir)

    def get_variable(
        self,
        pipeline_uuid: str,
        block_uuid: str,
        variable_uuid: str,
        partition: str | None = None,
        **options: Any,
    ) -> Any:
        """As the function `get_variable`."""
        return get_variable(pipeline_uuid, block_uuid, variable_uuid, partition=partition, **options)

    def get_variables_by_block(
        self,
        pipeline_uuid: str,
        block_uuid: str,
        partition: str | None = None,
        max_results: int | None = None,
        **_options: Any,
    ) -> list[str]:
        """The names of the outputs that a block has stored."""
        answer = ask("outputs", pipeline=pipeline_uuid, block=block_uuid, partition=_text(partition), run=None)
        return [product["name"] for product in answer["products"]][:max_results]

    def get_variables_by_pipeline(self, pipeline_uuid: str) -> dict[str, list[str]]:
        """The names of the stored outputs of each block of a pipeline that has any."""
        pipeline = ask("pipeline", uuid=pipeline_uuid)
        names = {
            block["uuid"]: self.get_variables_by_block(pipeline_uuid, block["uuid"]) for block in pipeline["blocks"]
        }
        return {block: found for block, found in names.items() if found}

    def add_variable(
        self,
        pipeline_uuid: str,  # noqa: ARG002
        block_uuid: str,
        variable_uuid: str,
        data: Any,  # noqa: ARG002
        partition: str | None = None,  # noqa: ARG002
        variable_type: Any = None,  # noqa: ARG002
        **_options: Any,
    ) -> None:
        """Not offered: what a block stores is what it returns, so that every output belongs to a run."""
        raise NotOfferedError(
            f"`VariableManager.add_variable` is not offered by Baton: to store `{variable_uuid}`, return it from the "
            f"block `{block_uuid}` and read it with `get_variable`; keep a small value with `set_global_variable`, or "
            "write a file below `get_data_dir()`"
        )

    def delete_variable(self, *_names: str, **_options: Any) -> None:
        """Not offered: outputs belong to the record of their run."""
        raise NotOfferedError(
            "`VariableManager.delete_variable` is not offered by Baton: stored outputs belong to their run"
        )

    def clean_variables(self, pipeline_uuid: str | None = None, **_options: Any) -> None:  # noqa: ARG002
        """Do nothing, and say so: Baton keeps each content once, and sees to old ones itself."""
        warnings.warn("`clean_variables` does nothing: Baton sees to stored outputs itself", stacklevel=2)
