"""Settings of connections."""

from __future__ import annotations

from baton.config import (
    AWSSecretLoader,
    BaseConfigLoader,
    ConfigFileLoader,
    ConfigKey,
    EnvironmentVariableLoader,
)
from mage_ai import _absent

__all__ = [
    "AWSSecretLoader",
    "BaseConfigLoader",
    "ConfigFileLoader",
    "ConfigKey",
    "EnvironmentVariableLoader",
]

__getattr__ = _absent.attribute_error_of(__name__)
