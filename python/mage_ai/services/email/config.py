"""Settings of mail."""

from __future__ import annotations

from baton.services.configs import EmailConfig
from mage_ai import _absent

__all__ = ["EmailConfig"]

__getattr__ = _absent.attribute_error_of(__name__)
