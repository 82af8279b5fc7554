"""Sending alerts to Opsgenie."""

from __future__ import annotations

from baton.services.configs import OpsgenieConfig
from baton.services.messages import send_opsgenie_alert
from mage_ai import _absent

__all__ = ["OpsgenieConfig", "send_opsgenie_alert"]

__getattr__ = _absent.attribute_error_of(__name__)
