"""Settings of Google Chat."""

from __future__ import annotations

from baton.services.configs import GoogleChatConfig
from mage_ai import _absent

__all__ = ["GoogleChatConfig"]

__getattr__ = _absent.attribute_error_of(__name__)
