"""Enumerations whose members are text."""

from __future__ import annotations

import enum

from mage_ai import _absent


class StrEnum(str, enum.Enum):
    """A member is equal to its value, and shows as it."""

    def __str__(self) -> str:
        return str(self.value)


class IntEnum(enum.IntEnum):
    """A member is equal to its number."""


__getattr__ = _absent.attribute_error_of(__name__)
