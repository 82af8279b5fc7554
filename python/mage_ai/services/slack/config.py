"""Settings of Slack."""

from __future__ import annotations

from baton.services.configs import SlackConfig
from mage_ai import _absent

__all__ = ["SlackConfig"]

__getattr__ = _absent.attribute_error_of(__name__)
