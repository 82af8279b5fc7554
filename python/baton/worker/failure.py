"""A failure that the worker itself finds, with its class and what to do about it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class BlockFailure(Exception):
    """Ends an attempt. `kind` is one of the protocol's; `frames` name a place in the user's code, if there is one."""

    def __init__(
        self,
        kind: str,
        message: str,
        *,
        hint: str | None = None,
        exception: str | None = None,
        frames: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.hint = hint
        self.exception = exception
        self.frames = frames or []
