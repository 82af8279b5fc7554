"""Which environment the code runs in: `$ENV`, `dev` by default."""

from __future__ import annotations

import os
import sys

from mage_ai import _absent
from mage_ai.shared.constants import ENV_DEV, ENV_PROD, ENV_STAGING, ENV_TEST, ENV_TEST_MAGE, VALID_ENVS

_TRUE = ("1", "t", "true")
_DEVELOPMENT = "development"
_PRODUCTION = "production"


def get_env() -> str:
    """The name of the environment; `production` is `prod`, and a name that Mage does not know is `dev`."""
    name = os.getenv("ENV")
    if name == _PRODUCTION:
        return ENV_PROD
    return name if name in VALID_ENVS else ENV_DEV


def is_dev() -> bool:
    """Whether `$ENV` says that this is development. Nothing said is not enough."""
    return os.getenv("ENV") in (ENV_DEV, _DEVELOPMENT)


def is_production() -> bool:
    """Whether this is production."""
    return get_env() == ENV_PROD


def is_staging() -> bool:
    """Whether this is staging."""
    return get_env() == ENV_STAGING


def is_test() -> bool:
    """Whether tests run."""
    return get_env() in (ENV_TEST, ENV_TEST_MAGE) or any("unittest" in argument for argument in sys.argv)


def is_test_mage() -> bool:
    """Whether tests of Mage itself run."""
    return get_env() == ENV_TEST_MAGE


def is_debug() -> bool:
    """Whether `$DEBUG` is on."""
    return os.getenv("DEBUG", "").lower() in _TRUE


__getattr__ = _absent.attribute_error_of(__name__)
