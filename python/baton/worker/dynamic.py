"""The items of a dynamic block: how many child runs they make, and what their metadata says of these.

Of a list only the count and names go to the host; an item itself stays in the product and is read by its child run.
A block that yields its items hands over one after the other, each as an output of its own, so that child runs start
while it goes on.
"""

from __future__ import annotations

import types

from baton.worker.failure import BlockFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from baton.worker.job import Job

_WRAP = "return a list that holds the list of items, and after it, if there is any, a list of dicts with metadata: "
_EXAMPLE = "`return [items]` or `return [items, metadata]`"


def items_of(outputs: list[Any], block: str) -> dict[str, Any]:
    """The message that tells the host of the items; makes iterators among the outputs into lists on the way."""
    if not outputs:
        return {"t": "items", "count": 0}
    if len(outputs) > 2:
        raise _wrong(block, f"{len(outputs)} values")
    for number, value in enumerate(outputs):
        if isinstance(value, (types.GeneratorType, set, frozenset, range, map, filter, zip)):
            outputs[number] = list(value)
    items = outputs[0]
    if isinstance(items, (dict, str, bytes)) or not hasattr(items, "__len__"):
        raise _wrong(block, f"`{type(items).__name__}` where the list of items belongs")
    message: dict[str, Any] = {"t": "items", "count": len(items)}
    if len(outputs) == 2:
        metadata = outputs[1]
        if not isinstance(metadata, (list, tuple)) or not all(
            entry is None or isinstance(entry, dict) for entry in metadata
        ):
            raise _wrong(block, f"`{type(metadata).__name__}` where the list of dicts with metadata belongs")
        known = [entry or {} for entry in metadata[: len(items)]]
        message["names"] = _trimmed([_name(entry) for entry in known])
        message["after"] = _trimmed([_after(entry) for entry in known])
    return message


def yields(value: object, job: Job) -> bool:
    """Whether the items of a dynamic block are handed over one by one.

    Not in a run of one process, where no child run could start meanwhile, and not where `modes` asks for the end.
    """
    if not job.dynamic or job.mark is not None or not isinstance(value, types.GeneratorType):
        return False
    settings = job.configuration.get("dynamic")
    modes = settings.get("modes") if isinstance(settings, dict) else None
    named = [mode.get("type") for mode in modes or () if isinstance(mode, dict)]
    return not named or "stream" in named


def hand_over(
    items: Iterable[Any],
    store: Callable[[str, Any], dict[str, Any]],
    send: Callable[[dict[str, Any]], None],
    *,
    keep: bool,
) -> list[Any]:
    """Store and announce each item as it comes. Gives the items if they are to be kept, for tests."""
    count = 0
    kept: list[Any] = []
    for item in items:
        message = store(f"output_{count}", item)
        send({**message, "t": "yielded"})
        count += 1
        if keep:
            kept.append(item)
        del item
    send({"t": "items", "count": count, "yielded": True})
    return kept


def _name(metadata: dict[str, Any]) -> str | None:
    name = metadata.get("block_uuid")
    return None if name is None else str(name)


def _after(metadata: dict[str, Any]) -> list[str]:
    names = metadata.get("upstream_blocks")
    return [str(name) for name in names] if isinstance(names, (list, tuple)) else []


def _trimmed(values: list[Any]) -> list[Any]:
    """Without a tail that says nothing, which most metadata consists of."""
    while values and not values[-1]:
        values.pop()
    return values


def _wrong(block: str, found: str) -> BlockFailure:
    return BlockFailure(
        "signature",
        f"the dynamic block `{block}` returned {found}",
        hint=_WRAP + _EXAMPLE,
    )
