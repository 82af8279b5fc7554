"""Sources that are written in a block."""

from __future__ import annotations

from baton.streaming import BasePythonSource, BaseSource, SourceConsumeMethod
from mage_ai import _absent

__all__ = ["BasePythonSource", "BaseSource", "SourceConsumeMethod"]

__getattr__ = _absent.attribute_error_of(__name__)
