"""Settings of Telegram."""

from __future__ import annotations

from baton.services.configs import TelegramConfig
from mage_ai import _absent

__all__ = ["TelegramConfig"]

__getattr__ = _absent.attribute_error_of(__name__)
