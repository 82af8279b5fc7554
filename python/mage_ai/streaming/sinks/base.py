"""What all sinks share."""

from __future__ import annotations

from baton.streaming import BaseSink
from mage_ai import _absent

__all__ = ["BaseSink"]

__getattr__ = _absent.attribute_error_of(__name__)
