"""Words that the clients take."""

from __future__ import annotations

from mage_ai import _absent

UNIQUE_CONFLICT_METHOD_IGNORE = "IGNORE"
UNIQUE_CONFLICT_METHOD_UPDATE = "UPDATE"

__getattr__ = _absent.attribute_error_of(__name__)
