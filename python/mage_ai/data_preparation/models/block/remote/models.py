"""Outputs of blocks of other runs, named now and read later."""

from __future__ import annotations

from baton.remote import RemoteBlock
from mage_ai import _absent

__all__ = [
    "RemoteBlock",
]

__getattr__ = _absent.attribute_error_of(__name__)
