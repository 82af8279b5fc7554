"""Jobs of dbt Cloud."""

from __future__ import annotations

from baton.services.jobs import DbtCloudClient
from mage_ai import _absent

__all__ = ["DbtCloudClient"]

__getattr__ = _absent.attribute_error_of(__name__)
