"""Asks the process that runs the blocks for what a block cannot reach itself: secrets, variables, products, runs.

Block code never opens Baton's database or key files; every question goes through here, and the host decides.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["HostError", "NoHostError", "NotFoundError", "NotOfferedError", "ask", "is_there", "own_project"]


class HostError(RuntimeError):
    """The host did not answer a question. `kind` is `not_found`, `denied`, `invalid` or `failed`."""

    def __init__(self, message: str, kind: str = "failed") -> None:
        super().__init__(message)
        self.kind = kind


class NotFoundError(HostError):
    """What was asked for does not exist."""


class NoHostError(HostError):
    """There is nobody to ask: this process is not the one that runs a block."""


class NotOfferedError(NotImplementedError):
    """Mage has this, and Baton does not; the message says what to use instead."""


_PURPOSES = {
    "secret": "secrets can be read",
    "secret_create": "secrets can be created",
    "secret_delete": "secrets can be deleted",
    "variables": "variables of a pipeline can be read",
    "variable_set": "variables of a pipeline can be set",
    "variable_delete": "variables of a pipeline can be deleted",
    "product": "outputs of blocks can be read",
    "outputs": "outputs of blocks can be read",
    "pipeline": "pipelines can be looked up",
    "pipelines": "pipelines can be looked up",
    "triggers": "triggers can be looked up",
    "runs": "runs can be looked up",
    "run": "runs can be looked up",
    "trigger": "runs of pipelines can be started",
    "product_renew": "global data products can be made",
    "product_outputs": "global data products can be read",
}


def is_there() -> bool:
    """Whether this process has a host to ask."""
    from baton.worker.protocol import current

    channel = current()
    return channel is not None and channel.is_ours()


def own_project(repo_path: str | None) -> None:
    """Raise when code means another project than the one that runs: the host knows only that one."""
    if not repo_path:
        return
    import os

    from baton.project import get_repo_path

    if os.path.realpath(repo_path) != os.path.realpath(get_repo_path()):
        raise HostError(f"`{repo_path}` is another project: a block reaches its own project only", "denied")


def ask(question: str, **args: Any) -> Any:
    """The host's answer to a question, as JSON has it. Raises `HostError`."""
    from baton.worker.protocol import ProtocolError, current

    channel = current()
    purpose = _PURPOSES.get(question, f"`{question}` can be asked")
    if channel is None:
        raise NoHostError(
            f"{purpose} only inside a run of Baton: start this code as a block, with `baton run PROJECT PIPELINE`",
            "denied",
        )
    if not channel.is_ours():
        raise NoHostError(
            f"{purpose} only in the process of the block itself, not in one that it has started: "
            "ask first, and hand the value over",
            "denied",
        )
    try:
        answer = channel.ask(question, args)
    except (TypeError, ValueError) as error:
        raise HostError(f"this cannot be sent to Baton: {error}", "invalid") from error
    except ProtocolError as error:
        raise HostError(f"this cannot be sent to Baton: {error}", "invalid") from error
    except OSError as error:
        raise HostError("Baton has gone away") from error
    if answer is None:
        raise HostError("Baton has gone away")
    if "error" in answer:
        kind = str(answer.get("kind") or "failed")
        raise (NotFoundError if kind == "not_found" else HostError)(str(answer["error"]), kind)
    return answer.get("value")
