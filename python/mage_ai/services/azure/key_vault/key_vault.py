"""Secrets of the Azure Key Vault."""

from __future__ import annotations

from baton.services.clouds import azure_secret as get_secret
from mage_ai import _absent

__all__ = ["get_secret"]

__getattr__ = _absent.attribute_error_of(__name__)
