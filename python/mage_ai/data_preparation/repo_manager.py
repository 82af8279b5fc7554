"""The project's settings and its place."""

from __future__ import annotations

from baton.metadata import (
    ClusterType,
    ProjectType,
    RepoConfig,
    get_cluster_type,
    get_project_type,
    get_project_uuid,
    get_repo_config,
    get_variables_retention_period,
)
from baton.project import (
    get_data_dir,
    get_repo_name,
    get_repo_path,
    get_variables_dir,
    set_repo_path,
)
from mage_ai import _absent
from mage_ai.settings.repo import (
    DEFAULT_MAGE_DATA_DIR,
    MAGE_DATA_DIR_ENV_VAR,
    PROJECT_METADATA_FILENAME,
    REPO_PATH_ENV_VAR,
    get_metadata_path,
)

__all__ = [
    "DEFAULT_MAGE_DATA_DIR",
    "MAGE_DATA_DIR_ENV_VAR",
    "PROJECT_METADATA_FILENAME",
    "REPO_PATH_ENV_VAR",
    "ClusterType",
    "ProjectType",
    "RepoConfig",
    "get_cluster_type",
    "get_data_dir",
    "get_metadata_path",
    "get_project_type",
    "get_project_uuid",
    "get_repo_config",
    "get_repo_name",
    "get_repo_path",
    "get_variables_dir",
    "get_variables_retention_period",
    "set_repo_path",
]

__getattr__ = _absent.attribute_error_of(__name__)
