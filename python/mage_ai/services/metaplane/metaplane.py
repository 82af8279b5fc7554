"""Monitors of Metaplane."""

from __future__ import annotations

from baton.services.jobs import Metaplane
from mage_ai import _absent

__all__ = ["Metaplane"]

__getattr__ = _absent.attribute_error_of(__name__)
