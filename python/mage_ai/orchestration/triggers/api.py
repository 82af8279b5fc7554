"""Starting the run of another pipeline."""

from __future__ import annotations

from baton.triggers import trigger_pipeline
from mage_ai import _absent

__all__ = [
    "trigger_pipeline",
]

__getattr__ = _absent.attribute_error_of(__name__)
