"""Sinks that are written in a block."""

from __future__ import annotations

from baton.streaming import BasePythonSink, BaseSink
from mage_ai import _absent

__all__ = ["BasePythonSink", "BaseSink"]

__getattr__ = _absent.attribute_error_of(__name__)
