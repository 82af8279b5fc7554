"""Objects of Google Cloud Storage as data frames."""

from __future__ import annotations

from baton.objects import GoogleCloudStorage
from mage_ai import _absent

__all__ = [
    "GoogleCloudStorage",
]

__getattr__ = _absent.attribute_error_of(__name__)
