"""An older reader of connection settings."""

from __future__ import annotations

from baton.config import IOConfig
from mage_ai import _absent

__all__ = ["IOConfig"]

__getattr__ = _absent.attribute_error_of(__name__)
