"""Baton's Python side: what block code imports, and the worker that runs it.

    from baton import transformer, test

Importing this package imports nothing else: each name is looked up when it is first used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from baton.config import ConfigFileLoader, ConfigKey, EnvironmentVariableLoader
    from baton.decorators import (
        callback,
        condition,
        custom,
        data_exporter,
        data_loader,
        preprocesser,
        sensor,
        test,
        transformer,
    )
    from baton.files import FileIO
    from baton.project import get_repo_path

__version__ = "0.1.0"

_HOME = {
    "ConfigFileLoader": "baton.config",
    "ConfigKey": "baton.config",
    "EnvironmentVariableLoader": "baton.config",
    "FileIO": "baton.files",
    "callback": "baton.decorators",
    "condition": "baton.decorators",
    "custom": "baton.decorators",
    "data_exporter": "baton.decorators",
    "data_loader": "baton.decorators",
    "get_repo_path": "baton.project",
    "preprocesser": "baton.decorators",
    "sensor": "baton.decorators",
    "test": "baton.decorators",
    "transformer": "baton.decorators",
}

__all__ = [
    "ConfigFileLoader",
    "ConfigKey",
    "EnvironmentVariableLoader",
    "FileIO",
    "callback",
    "condition",
    "custom",
    "data_exporter",
    "data_loader",
    "get_repo_path",
    "preprocesser",
    "sensor",
    "test",
    "transformer",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'baton' has no attribute {name!r}; it offers {', '.join(__all__)}")
    import importlib

    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value
