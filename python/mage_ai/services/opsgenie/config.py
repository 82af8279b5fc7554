"""Settings of Opsgenie."""

from __future__ import annotations

from baton.services.configs import OpsgenieConfig
from mage_ai import _absent

__all__ = ["OpsgenieConfig"]

__getattr__ = _absent.attribute_error_of(__name__)
