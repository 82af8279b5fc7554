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
from mage_ai.settings.utils import REPO_PATH_ENV_VAR, base_repo_dirname, base_repo_path

__all__ = [
    "DEFAULT_MAGE_DATA_DIR",
    "MAGE_CLUSTER_TYPE_ENV_VAR",
    "MAGE_DATA_DIR_ENV_VAR",
    "MAGE_PROJECT_TYPE_ENV_VAR",
    "PROJECT_METADATA_FILENAME",
    "REPO_PATH_ENV_VAR",
    "base_repo_dirname",
    "base_repo_path",
    "base_repo_path_directory_name",
    "get_data_dir",
    "get_metadata_path",
    "get_repo_name",
    "get_repo_path",
    "get_variables_dir",
    "set_repo_path",
]

DEFAULT_MAGE_DATA_DIR = "~/.mage_data"
MAGE_CLUSTER_TYPE_ENV_VAR = "CLUSTER_TYPE"
MAGE_DATA_DIR_ENV_VAR = "MAGE_DATA_DIR"
MAGE_PROJECT_TYPE_ENV_VAR = "PROJECT_TYPE"
PROJECT_METADATA_FILENAME = "metadata.yaml"


def base_repo_path_directory_name() -> str:
    """The folder that holds the base project."""
    return base_repo_dirname()


__getattr__ = _absent.attribute_error_of(__name__)
