"""Jobs of Hightouch."""

from __future__ import annotations

from baton.services.jobs import HightouchClient
from mage_ai import _absent

__all__ = ["HightouchClient"]

__getattr__ = _absent.attribute_error_of(__name__)
