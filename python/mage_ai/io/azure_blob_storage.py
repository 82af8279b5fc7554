"""Objects of Azure Blob Storage as data frames."""

from __future__ import annotations

from baton.objects import AzureBlobStorage
from mage_ai import _absent

__all__ = [
    "AzureBlobStorage",
]

__getattr__ = _absent.attribute_error_of(__name__)
