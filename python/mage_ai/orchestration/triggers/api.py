"""Starting the run of another pipeline; it says what to do instead until there is a server."""

from __future__ import annotations

from baton.runs import trigger_pipeline
from mage_ai import _absent

__all__ = [
    "trigger_pipeline",
]

__getattr__ = _absent.attribute_error_of(__name__)
