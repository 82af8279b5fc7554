"""Objects of Amazon S3 and of stores that speak like it as data frames."""

from __future__ import annotations

from baton.objects import S3
from mage_ai import _absent

__all__ = [
    "S3",
]

__getattr__ = _absent.attribute_error_of(__name__)
