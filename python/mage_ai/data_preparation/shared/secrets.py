"""Secrets of the project: `get_secret_value(name)`."""

from __future__ import annotations

from baton.secrets import Secret, create_secret, delete_secret, get_secret_value
from mage_ai import _absent

__all__ = [
    "Secret",
    "create_secret",
    "delete_secret",
    "get_secret_value",
]

__getattr__ = _absent.attribute_error_of(__name__)
