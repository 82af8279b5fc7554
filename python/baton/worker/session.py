"""What blocks that run in one process share: `context`, and, where the pipeline asks for it, their values."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Session:
    """The memory of one block process, for as many jobs as it gets."""

    def __init__(self) -> None:
        self.context: dict[str, Any] = {}
        self.cache: dict[str, list[Any]] = {}  # outputs by block
