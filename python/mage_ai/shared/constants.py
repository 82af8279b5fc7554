"""Names of environments."""

from __future__ import annotations

from mage_ai import _absent

ENV_DEV = "dev"
ENV_PRODUCTION = "prod"
ENV_STAGING = "staging"
ENV_TEST = "test"

__getattr__ = _absent.attribute_error_of(__name__)
