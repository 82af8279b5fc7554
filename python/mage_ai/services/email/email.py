"""Sending messages by mail."""

from __future__ import annotations

from baton.services.configs import EmailConfig
from baton.services.messages import send_email
from mage_ai import _absent

__all__ = ["EmailConfig", "send_email"]

__getattr__ = _absent.attribute_error_of(__name__)
