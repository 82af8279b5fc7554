"""What all sources share."""

from __future__ import annotations

from baton.streaming import BaseSource, SourceConsumeMethod
from mage_ai import _absent

__all__ = ["BaseSource", "SourceConsumeMethod"]

__getattr__ = _absent.attribute_error_of(__name__)
