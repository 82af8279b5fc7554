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

__all__ = [
    "ClusterType",
    "ProjectType",
    "RepoConfig",
    "get_cluster_type",
    "get_data_dir",
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
