"""Sending messages to Microsoft Teams."""

from __future__ import annotations

from baton.services.configs import TeamsConfig
from baton.services.messages import send_teams_message
from mage_ai import _absent

__all__ = ["TeamsConfig", "send_teams_message"]

__getattr__ = _absent.attribute_error_of(__name__)
