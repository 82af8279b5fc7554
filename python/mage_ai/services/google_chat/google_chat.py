"""Sending messages to Google Chat."""

from __future__ import annotations

from baton.services.configs import GoogleChatConfig
from baton.services.messages import send_google_chat_message
from mage_ai import _absent

__all__ = ["GoogleChatConfig", "send_google_chat_message"]

__getattr__ = _absent.attribute_error_of(__name__)
