"""How a block wants its inputs and outputs handed over: `configuration.variables`, which Mage looks at with
`MEMORY_MANAGER_VERSION=2` (spec 2.3, 2.13). Without that variable it means nothing, here as there.
"""

from __future__ import annotations

import os

from baton.worker.failure import BlockFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from baton.codecs.batches import Settings, Stored
    from baton.worker.job import Job

_VARIABLE = "MEMORY_MANAGER_VERSION"
_WAYS = ("batch", "generator", "reader")
_MODES = ("append", "replace", "fail")


class Way:
    """How one input is handed over."""

    def __init__(self, job: Job, way: str, settings: Settings) -> None:
        self._job = job
        self.way = way
        self.settings = settings

    def of_product(self, product: dict[str, Any]) -> Any:
        """The argument that the block's function gets for a product; what is no frame comes as it is."""
        from baton import codecs
        from baton.codecs import batches

        stored = batches.of_product(product)
        return codecs.read(product) if stored is None else self._hand_over(stored)

    def of_value(self, value: Any) -> Any:
        """The same for a value in memory."""
        from baton.codecs import batches

        stored = batches.of_value(value)
        return value if stored is None else self._hand_over(stored)

    def _hand_over(self, stored: Stored) -> Any:
        from baton.codecs import batches

        try:
            return self._argument(stored)
        except batches.WrongSettings as error:
            raise _wrong(self._job, str(error)) from error

    def _argument(self, stored: Stored) -> Any:
        from baton.codecs import batches

        if self.way == "reader":
            return batches.Reader(stored, self.settings)
        found = stored.batches(self.settings)
        if self.way == "generator":
            return found
        frames = [batch.deserialize() for batch in found]
        if self.way == "batch":
            return frames
        if frames:
            return batches.joined(frames)
        # No row fits: the frame without its rows still has the columns.
        return batches.rows_of(next(stored.batches(self.settings.whole())).deserialize(), 0, 0)


def way_of(job: Job, upstream: str) -> Way | None:
    """How the output of an upstream block is handed over; `None` where it is handed over whole."""
    variables = _variables(job)
    if variables is None:
        return None
    from baton.codecs.batches import Settings

    read = _dict(job, variables, "read")
    wanted = {**read, **_dict(job, _dict(job, variables, "upstream"), upstream)}
    types = wanted.get("input_data_types") or []
    way = next((way for way in _WAYS if way in types), "default")
    chunks = wanted.get("chunks") or []
    if way == "default" and not chunks:
        return None
    if not all(isinstance(chunk, dict) and chunk for chunk in chunks):
        raise _wrong(job, "`chunks` has to be a list of columns with their values, as in `[{power: 5}]`")
    return Way(job, way, Settings(_dict(job, wanted, "batch_settings"), chunks))


def write_mode(job: Job) -> str:
    """What happens to the output that the block has stored before: `replace`, `append` or `fail`."""
    variables = _variables(job)
    if variables is None:
        return "replace"
    settings = _dict(job, _dict(job, variables, "write"), "batch_settings")
    mode = settings.get("mode") or "replace"
    if mode not in _MODES:
        raise _wrong(job, f"`mode` is `{mode}`, and can be {', '.join(f'`{known}`' for known in _MODES)}")
    return str(mode)


class Earlier:
    """What a block that appends has stored before: by hand the newest, in the run of a trigger nothing."""

    def __init__(self, job: Job) -> None:
        self._products: list[dict[str, Any]] = []
        if not job.triggered:
            from baton.host import ask

            self._products = ask("outputs", pipeline=job.pipeline, block=job.uuid, partition=None, run=None)["products"]

    def __bool__(self) -> bool:
        return bool(self._products)

    @property
    def parts(self) -> int:
        """How often the block has appended; `part_index` of this time."""
        return max((_parts(product) for product in self._products), default=0)

    def with_new(self, outputs: list[Any]) -> list[Any]:
        """The outputs with those from before above them. What is no frame replaces what was there."""
        from baton import codecs
        from baton.codecs import batches

        whole = list(outputs)
        for number, product in enumerate(self._products[: len(outputs)]):
            new = batches.of_value(outputs[number])
            old = batches.of_product(product)
            if new is not None and old is not None and new.kind == old.kind:
                whole[number] = batches.joined([codecs.read(product), outputs[number]])
        return whole

    def count(self, written: dict[str, Any]) -> None:
        """Note in the message of an output of how many parts it consists."""
        if isinstance(written.get("meta"), dict):
            written["meta"]["parts"] = self.parts + 1


def earlier(job: Job) -> Earlier | None:
    """What the block has stored before, if its settings ask what becomes of that."""
    mode = write_mode(job)
    if mode == "replace":
        return None
    found = Earlier(job)
    if mode == "fail" and found:
        raise BlockFailure(
            "storage",
            f"block `{job.uuid}` has an output already, and its settings say that it must not be replaced",
            hint="set its `mode` in the pipeline's metadata.yaml to `replace` or `append`, or delete that run",
        )
    return found if mode == "append" else None


def _parts(product: dict[str, Any]) -> int:
    meta = product.get("meta")
    return int(meta.get("parts", 1)) if isinstance(meta, dict) else 1


def _variables(job: Job) -> dict[str, Any] | None:
    if not job.configuration.get("variables"):
        return None
    try:
        if int(os.environ.get(_VARIABLE) or 1) < 2:
            return None
    except ValueError:
        return None
    return _dict(job, job.configuration, "variables")


def _dict(job: Job, settings: dict[str, Any], key: str) -> dict[str, Any]:
    value = settings.get(key) or {}
    if not isinstance(value, dict):
        raise _wrong(job, f"`{key}` has to be a mapping, and is {type(value).__name__}")
    return value


def _wrong(job: Job, what: str) -> BlockFailure:
    return BlockFailure(
        "signature",
        f"`configuration.variables` of block `{job.uuid}` cannot be read: {what}",
        hint="correct it in the pipeline's metadata.yaml",
    )
