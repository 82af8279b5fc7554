"""Settings of Discord."""

from __future__ import annotations

from baton.services.configs import DiscordConfig
from mage_ai import _absent

__all__ = ["DiscordConfig"]

__getattr__ = _absent.attribute_error_of(__name__)
