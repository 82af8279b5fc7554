"""Enumerations of words.

A member is equal to its text and shows as it, in every Python from 3.9 on: `enum.StrEnum` came with 3.11, and what a
plain mix of `str` and `Enum` shows in an f-string differs between versions.
"""

from __future__ import annotations

import enum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["StrEnum"]


class StrEnum(str, enum.Enum):
    """A member is equal to its value, and shows as it; `auto()` is the name in small letters."""

    def __str__(self) -> str:
        return str(self.value)

    def __format__(self, format_spec: str) -> str:
        return format(str(self.value), format_spec)

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[Any]) -> str:  # noqa: ARG004
        return name.lower()
