"""Data that is handed over a part at a time."""

from __future__ import annotations

from mage_ai import _absent

__getattr__ = _absent.attribute_error_of(__name__)
