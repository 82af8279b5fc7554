"""Which environment the code runs in: `$ENV`, `dev` by default."""

from __future__ import annotations

import os
import sys

from mage_ai import _absent
from mage_ai.shared.constants import ENV_DEV, ENV_PRODUCTION, ENV_STAGING, ENV_TEST

_TRUE = ("1", "t", "true")


def get_env() -> str:
    """The name of the environment."""
    return os.getenv("ENV") or ENV_DEV


def is_dev() -> bool:
    """Whether this is development."""
    return get_env() in (ENV_DEV, "development")


def is_production() -> bool:
    """Whether this is production."""
    return get_env() in (ENV_PRODUCTION, "production")


def is_staging() -> bool:
    """Whether this is staging."""
    return get_env() == ENV_STAGING


def is_test() -> bool:
    """Whether tests run."""
    return get_env() == ENV_TEST or any("unittest" in argument for argument in sys.argv)


def is_debug() -> bool:
    """Whether `$DEBUG` is on."""
    return os.getenv("DEBUG", "").lower() in _TRUE


__getattr__ = _absent.attribute_error_of(__name__)
