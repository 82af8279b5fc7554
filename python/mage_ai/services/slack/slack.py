"""Sending messages to Slack."""

from __future__ import annotations

from baton.services.configs import SlackConfig
from baton.services.messages import send_slack_message
from mage_ai import _absent

__all__ = ["SlackConfig", "send_slack_message"]

__getattr__ = _absent.attribute_error_of(__name__)
