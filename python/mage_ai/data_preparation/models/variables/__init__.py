"""What stored outputs are."""

from __future__ import annotations

from mage_ai import _absent

__getattr__ = _absent.attribute_error_of(__name__)
