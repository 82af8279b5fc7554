"""Stored outputs of blocks and global variables of pipelines."""

from __future__ import annotations

from baton.variables import (
    VariableManager,
    delete_global_variable,
    get_global_variable,
    get_global_variables,
    get_variable,
    get_variables,
    set_global_variable,
)
from mage_ai import _absent

__all__ = [
    "VariableManager",
    "delete_global_variable",
    "get_global_variable",
    "get_global_variables",
    "get_variable",
    "get_variables",
    "set_global_variable",
]

__getattr__ = _absent.attribute_error_of(__name__)
