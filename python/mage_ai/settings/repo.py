"""Where the project is."""

from __future__ import annotations

from baton.project import (
    get_data_dir,
    get_metadata_path,
    get_repo_name,
    get_repo_path,
    get_variables_dir,
    set_repo_path,
)
from mage_ai import _absent

__all__ = [
    "DEFAULT_MAGE_DATA_DIR",
    "MAGE_DATA_DIR_ENV_VAR",
    "MAGE_PROJECT_TYPE_ENV_VAR",
    "MAGE_REPO_PATH_ENV_VAR",
    "get_data_dir",
    "get_metadata_path",
    "get_repo_name",
    "get_repo_path",
    "get_variables_dir",
    "set_repo_path",
]

DEFAULT_MAGE_DATA_DIR = "~/.mage_data"
MAGE_DATA_DIR_ENV_VAR = "MAGE_DATA_DIR"
MAGE_PROJECT_TYPE_ENV_VAR = "PROJECT_TYPE"
MAGE_REPO_PATH_ENV_VAR = "MAGE_REPO_PATH"

__getattr__ = _absent.attribute_error_of(__name__)
