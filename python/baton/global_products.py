"""Global data products: outputs of a pipeline's newest run, kept fresh for the blocks of other pipelines.

`global_data_products.yaml` declares them. The host decides whether one has to be made anew, and makes it.
"""

from __future__ import annotations

import time

from baton.host import ask
from baton.runs import PipelineRun
from baton.triggers import sendable, wait_for_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from baton.remote import RemoteBlock

__all__ = ["GlobalDataProduct", "outputs", "renew"]

_PAUSE = 1.0


class GlobalDataProduct:
    """A product by its name, to read: `GlobalDataProduct.get("training_set").get_outputs()["build"]`."""

    def __init__(self, uuid: str) -> None:
        self.uuid = uuid

    @classmethod
    def get(cls, uuid: str, **_options: Any) -> GlobalDataProduct:
        """The product of this name."""
        return cls(uuid)

    def get_outputs(self, **_options: Any) -> dict[str, list[Any]]:
        """What its newest runs have stored, block by block; nothing new is made."""
        return outputs({"uuid": self.uuid})

    def __repr__(self) -> str:
        return f"GlobalDataProduct({self.uuid!r})"


def renew(
    settings: dict[str, Any],
    variables: dict[str, Any] | None = None,
    remote_blocks: Iterable[RemoteBlock] = (),
) -> None:
    """See to it that a product is fresh: wait for a new run of its pipeline when it is not.

    `settings` are those of a block: the product's `uuid`, and what replaces its own settings.
    """
    name = settings.get("uuid")
    waited = False
    while True:
        answer = ask(
            "product_renew",
            settings=settings,
            variables=sendable(variables or {}),
            remote_blocks=[block.to_dict() for block in remote_blocks],
        )
        if answer["state"] != "waiting":
            break
        if not waited:
            print(f"The global data product `{name}` is being made by another run: waiting for it.")  # noqa: T201
            waited = True
        time.sleep(_PAUSE)
    if answer["state"] == "fresh":
        until = f", good until {answer['until']}" if answer.get("until") else ""
        print(  # noqa: T201
            f"The global data product `{name}` is up to date: run {answer['run_id']} of {answer['at']}{until}."
        )
        return
    run = PipelineRun(answer["run"])
    print(f"Started run {run.id} of pipeline `{run.pipeline_uuid}` for the product `{name}`.")  # noqa: T201
    ended = wait_for_run(run)
    if ended.status != "completed":
        from baton.runs import RunStatusError

        raise RunStatusError(f"run {run.id}, which was to make the global data product `{name}`, was cancelled")


def outputs(settings: dict[str, Any]) -> dict[str, list[Any]]:
    """What a product's newest runs have stored: for each of its blocks a list of outputs, the newest run first."""
    from baton import codecs

    answer = ask("product_outputs", settings=settings)
    return {entry["block"]: [codecs.read(product) for product in entry["outputs"]] for entry in answer["blocks"]}
