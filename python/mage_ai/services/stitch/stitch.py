"""Jobs of Stitch."""

from __future__ import annotations

from baton.services.jobs import StitchClient
from mage_ai import _absent

__all__ = ["StitchClient"]

__getattr__ = _absent.attribute_error_of(__name__)
