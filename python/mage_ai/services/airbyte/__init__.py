"""Airbyte."""

from __future__ import annotations

from baton.services.jobs import Airbyte
from mage_ai import _absent

__all__ = ["Airbyte"]

__getattr__ = _absent.attribute_error_of(__name__)
