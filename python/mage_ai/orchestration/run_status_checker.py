"""Waiting for the run of another pipeline, in sensors."""

from __future__ import annotations

from baton.runs import check_status
from mage_ai import _absent

__all__ = [
    "check_status",
]

__getattr__ = _absent.attribute_error_of(__name__)
