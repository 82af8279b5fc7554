"""An older name of `mage_ai.settings.repo`."""

from __future__ import annotations

from baton.project import (
    get_data_dir,
    get_repo_name,
    get_repo_path,
    get_variables_dir,
)
from mage_ai import _absent

__all__ = [
    "get_data_dir",
    "get_repo_name",
    "get_repo_path",
    "get_variables_dir",
]

__getattr__ = _absent.attribute_error_of(__name__)
