"""Spark sessions."""

from __future__ import annotations

from baton.services.clouds import get_spark_session
from mage_ai import _absent

__all__ = ["get_spark_session"]

__getattr__ = _absent.attribute_error_of(__name__)
