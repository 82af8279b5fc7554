"""Names of triggers that code makes."""

from __future__ import annotations

from mage_ai import _absent

DEFAULT_POLL_INTERVAL = 60
TRIGGER_NAME_FOR_GLOBAL_DATA_PRODUCT = "GLOBAL_DATA_PRODUCT_TRIGGER"
TRIGGER_NAME_FOR_GLOBAL_HOOK = "GLOBAL_HOOK_TRIGGER"
TRIGGER_NAME_FOR_TRIGGER_CREATED_FROM_CODE = "API_TRIGGER_CREATED_FROM_CODE"

__getattr__ = _absent.attribute_error_of(__name__)
