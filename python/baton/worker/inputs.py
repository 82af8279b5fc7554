"""What a block receives from the blocks above it: products read from their files, one value for each upstream block.

A dynamic block hands over one item, child runs whose outputs are reduced are handed over as one list, and in a run
of one process values may come from memory as they are.
"""

from __future__ import annotations

from baton.kinds import library_of
from baton.worker import transfer
from baton.worker.errors import text_of, type_name
from baton.worker.failure import BlockFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from baton.worker.job import Job

# What a child run that stored nothing looks like among the outputs of its siblings.
_NOTHING = None


def read_inputs(job: Job, cache: Mapping[str, list[Any]] | None = None) -> list[Any]:
    """One value for each upstream block: `[]` for no product, the product if there is one, else a list of them.

    `cache` holds outputs of blocks of this process that are handed over as they are.
    """
    return [_value(entry, cache or {}, transfer.way_of(job, entry["block"])) for entry in job.inputs]


def _value(entry: dict[str, Any], cache: Mapping[str, list[Any]], way: transfer.Way | None) -> Any:
    block = entry["block"]
    children = entry.get("children")
    if children is not None:
        return _reduce(block, children, yielded=bool(entry.get("yielded")))
    if entry.get("item") is not None:
        return item_of(block, entry["products"], entry["item"])
    if block in cache:
        values = [value if way is None else way.of_value(value) for value in cache[block]]
    else:
        values = read_products(block, entry["products"], way)
    return values[0] if len(values) == 1 else values


def read_products(block: str, products: Sequence[dict[str, Any]], way: transfer.Way | None = None) -> list[Any]:
    """The values of a block's products, frames among them in the `way` that the block asks for."""
    if not products:
        return []
    from baton import codecs

    values: list[Any] = []
    for product in products:
        try:
            values.append(codecs.read(product) if way is None else way.of_product(product))
        except BlockFailure:
            raise
        except Exception as error:
            raise BlockFailure(
                "exception",
                f"`{product['name']}` of the upstream block `{block}` could not be read: "
                f"{type_name(error)}: {text_of(error)}",
                exception=type_name(error),
                hint="it was written by other code or another environment: run the upstream block again",
            ) from error
    return values


def _reduce(block: str, children: Sequence[Sequence[dict[str, Any]]], *, yielded: bool) -> list[Any]:
    """The outputs of all child runs as one list, in order (spec 2.12). Lists are joined, frames stay apart.

    Of child runs that are dynamic themselves and have `yielded` their items, it is the items.
    """
    reduced: list[Any] = []
    for number, products in enumerate(children):
        values = read_products(block, products)
        if yielded:
            reduced.extend(values)
            continue
        if len(values) > 1 and not isinstance(values[0], list):
            raise BlockFailure(
                "signature",
                f"child run {number} of block `{block}` returned {len(values)} values, which are read as items and "
                f"their metadata, and the first of them is no list",
                hint=f"let `{block}` return one value: a dict, or a list inside a list, as in `return [[a, b]]`",
            )
        value = values[0] if values else _NOTHING
        if isinstance(value, list):
            reduced.extend(value)
        else:
            reduced.append(value)
    return reduced


def item_of(block: str, products: Sequence[dict[str, Any]], index: int) -> Any:
    """One item of what a dynamic block returned: a row of a frame, an element of anything else."""
    values = read_products(block, products[:1])
    items: Any = values[0] if values else []
    try:
        # A row of a pandas frame or an element of a series; their own brackets would look up labels.
        if hasattr(items, "iloc"):
            return items.iloc[index]
        if _is_polars_frame(items):
            return items.row(index, named=True)
        return items[index]
    except (IndexError, KeyError, TypeError) as error:
        raise BlockFailure(
            "exception",
            f"item {index} of the dynamic block `{block}` could not be taken: {type_name(error)}: {text_of(error)}",
            exception=type_name(error),
            hint="run the dynamic block again",
        ) from error


def metadata_of(job: Job) -> dict[str, Any]:
    """What the metadata of the items of a child run adds to its keyword arguments, block by block."""
    added: dict[str, Any] = {}
    for entry in job.inputs:
        index = entry.get("item")
        if index is None or len(entry["products"]) < 2:
            continue
        metadata = read_products(entry["block"], entry["products"][1:2])[0]
        if isinstance(metadata, list) and index < len(metadata) and isinstance(metadata[index], dict):
            added.update(metadata[index])
    return added


def _is_polars_frame(value: object) -> bool:
    return type(value).__name__ == "DataFrame" and library_of(value) == "polars"
