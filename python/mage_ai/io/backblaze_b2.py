"""Objects of Backblaze B2 as data frames."""

from __future__ import annotations

from baton.objects import BackblazeB2
from mage_ai import _absent

__all__ = [
    "BackblazeB2",
]

__getattr__ = _absent.attribute_error_of(__name__)
