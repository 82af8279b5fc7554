"""Global data products, to read: `GlobalDataProduct.get(uuid).get_outputs()`."""

from __future__ import annotations

from baton.global_products import GlobalDataProduct
from mage_ai import _absent

__all__ = [
    "GlobalDataProduct",
]

__getattr__ = _absent.attribute_error_of(__name__)
