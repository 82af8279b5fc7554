"""Pipelines, to look at: `Pipeline.get(uuid)`."""

from __future__ import annotations

from baton.pipelines import Pipeline
from mage_ai import _absent

__all__ = [
    "Pipeline",
]

__getattr__ = _absent.attribute_error_of(__name__)
