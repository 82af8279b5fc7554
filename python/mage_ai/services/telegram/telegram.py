"""Sending messages to Telegram."""

from __future__ import annotations

from baton.services.configs import TelegramConfig
from baton.services.messages import send_telegram_message
from mage_ai import _absent

__all__ = ["TelegramConfig", "send_telegram_message"]

__getattr__ = _absent.attribute_error_of(__name__)
