"""Sending messages to Discord."""

from __future__ import annotations

from baton.services.configs import DiscordConfig
from baton.services.messages import send_discord_message
from mage_ai import _absent

__all__ = ["DiscordConfig", "send_discord_message"]

__getattr__ = _absent.attribute_error_of(__name__)
