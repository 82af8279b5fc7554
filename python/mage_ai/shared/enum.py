"""Enumerations of words and of numbers."""

from __future__ import annotations

from enum import IntEnum

from baton.words import StrEnum
from mage_ai import _absent

__all__ = ["IntEnum", "StrEnum"]

__getattr__ = _absent.attribute_error_of(__name__)
