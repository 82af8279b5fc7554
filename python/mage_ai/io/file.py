"""Files as data frames."""

from __future__ import annotations

from baton.files import FileIO
from mage_ai import _absent

__all__ = [
    "FileIO",
]

__getattr__ = _absent.attribute_error_of(__name__)
