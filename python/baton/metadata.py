"""The project's `metadata.yaml`, as block code reads it.

Read only: a setting is changed in the file, where comments and order stay.
"""

from __future__ import annotations

import os

from baton.project import get_variables_dir, project_path
from baton.templates import load_yaml, render
from baton.words import StrEnum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PLACEHOLDER = "s3://bucket/path_prefix"  # as the file of a new project has it
_S3 = "s3://"
# What a key that the file lacks is: an empty map, or nothing.
_MAPS = (
    "ai_config",
    "emr_config",
    "features",
    "logging_config",
    "notification_config",
    "queue_config",
    "settings_backend",
)
_OTHERS = (
    "azure_container_instance_config",
    "cluster_type",
    "ecs_config",
    "gcp_cloud_run_config",
    "help_improve_mage",
    "k8s_executor_config",
    "ldap_config",
    "openai_api_key",
    "pipelines",
    "project_uuid",
    "retry_config",
    "spark_config",
    "variables_retention_period",
    "workspace_config_defaults",
    "workspace_initial_metadata",
)
# What `to_dict` has beside what the file has.
_LISTED = (
    "ai_config",
    "azure_container_instance_config",
    "ecs_config",
    "emr_config",
    "features",
    "gcp_cloud_run_config",
    "help_improve_mage",
    "notification_config",
    "openai_api_key",
    "pipelines",
    "project_type",
    "project_uuid",
    "queue_config",
    "remote_variables_dir",
    "repo_path",
    "spark_config",
    "variables_dir",
    "variables_retention_period",
    "workspace_config_defaults",
)


class ProjectType(StrEnum):
    """What a project is for."""

    MAIN = "main"
    SUB = "sub"
    STANDALONE = "standalone"


class ClusterType(StrEnum):
    """What the workspaces of a main project run on."""

    EMR = "emr"
    ECS = "ecs"
    CLOUD_RUN = "cloud_run"
    K8S = "k8s"


class RepoConfig:
    """The project's settings: each key of `metadata.yaml` is an attribute of the same name.

    A known key that the file lacks is `None`, or for some an empty map.
    """

    def __init__(
        self,
        repo_path: str | None = None,
        config_dict: dict[str, Any] | None = None,
        context_data: dict[str, Any] | None = None,  # noqa: ARG002
        root_project: bool = False,
        user: Any = None,  # noqa: ARG002
    ) -> None:
        self.root_project = root_project
        self.repo_path = project_path(repo_path)
        self.repo_config: dict[str, Any] = dict(config_dict) if config_dict is not None else self._read()
        values = self.repo_config
        self.project_type = values.get("project_type") or ProjectType.STANDALONE.value
        self.variables_dir = get_variables_dir(self.repo_path)
        remote = values.get("remote_variables_dir")
        self.remote_variables_dir: str | None = remote if remote and remote != _PLACEHOLDER else None
        self.s3_bucket: str | None = None
        self.s3_path_prefix: str | None = None
        if self.remote_variables_dir and self.remote_variables_dir.startswith(_S3):
            self.s3_bucket, _, self.s3_path_prefix = self.remote_variables_dir[len(_S3) :].partition("/")

    @classmethod
    def from_dict(cls, config_dict: dict[str, Any], root_project: bool = False) -> RepoConfig:
        """Settings that are at hand already."""
        return cls(config_dict=config_dict, root_project=root_project)

    @property
    def metadata_path(self) -> str:
        """The file."""
        return os.path.join(self.repo_path, "metadata.yaml")

    @property
    def repo_name(self) -> str:
        """The name of the project's folder."""
        return os.path.basename(self.repo_path)

    def to_dict(self, remote: bool = False) -> dict[str, Any]:
        """The settings of the file and the known ones. With `remote`, the folder of variables is the remote one."""
        values = {**self.repo_config, **{name: getattr(self, name) for name in _LISTED}}
        if remote and self.remote_variables_dir:
            values["variables_dir"] = self.remote_variables_dir
        return values

    def __getattr__(self, name: str) -> Any:
        values = self.__dict__.get("repo_config", {})
        if name in values:
            return values[name] if values[name] is not None or name not in _MAPS else {}
        if name in _MAPS:
            return {}
        if name in _OTHERS:
            return None
        if name == "save":
            raise AttributeError(
                f"`RepoConfig.save` is not offered by Baton: write the setting into {self.metadata_path}"
            )
        raise AttributeError(f"metadata.yaml has no setting {name!r}; it has: {', '.join(values) or 'none'}")

    def _read(self) -> dict[str, Any]:
        if not os.path.isfile(self.metadata_path):
            return {}
        with open(self.metadata_path, encoding="utf-8") as file:
            values = load_yaml(render(file.read()))
        return values if isinstance(values, dict) else {}


def get_repo_config(
    repo_path: str | None = None,
    context_data: dict[str, Any] | None = None,  # noqa: ARG001
    root_project: bool = False,
    user: Any = None,  # noqa: ARG001
) -> RepoConfig:
    """The settings of the running project, or of the one at a path."""
    return RepoConfig(repo_path, root_project=root_project)


def get_project_uuid() -> str | None:
    """The id that `metadata.yaml` gives the project."""
    value = get_repo_config().project_uuid
    return None if value is None else str(value)


def get_project_type(repo_config: RepoConfig | None = None, repo_path: str | None = None) -> str:
    """`standalone`, `main` or `sub`."""
    return str((repo_config or get_repo_config(repo_path)).project_type)


def get_cluster_type(repo_path: str | None = None) -> str | None:
    """What the workspaces of a main project run on."""
    value = get_repo_config(repo_path).cluster_type
    return None if value is None else str(value)


def get_variables_retention_period(repo_path: str | None = None) -> str | None:
    """How long data products are kept, such as `90d`."""
    value = get_repo_config(repo_path).variables_retention_period
    return None if value is None else str(value)
