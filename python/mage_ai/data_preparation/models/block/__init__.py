"""Blocks, to look at."""

from __future__ import annotations

from baton.pipelines import Block
from mage_ai import _absent

__all__ = [
    "Block",
]

__getattr__ = _absent.attribute_error_of(__name__)
