"""Settings of Microsoft Teams."""

from __future__ import annotations

from baton.services.configs import TeamsConfig
from mage_ai import _absent

__all__ = ["TeamsConfig"]

__getattr__ = _absent.attribute_error_of(__name__)
