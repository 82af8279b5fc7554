"""Settings of connections: profiles of `io_config.yaml`, or variables of the environment."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from pathlib import Path

from baton.config_keys import HEADERS, VERBOSE, ConfigKey
from baton.packages import need
from baton.project import get_repo_path
from baton.templates import load_yaml, render

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "AWSSecretLoader",
    "BaseConfigLoader",
    "ConfigFileLoader",
    "ConfigKey",
    "EnvironmentVariableLoader",
    "IOConfig",
    "read_profiles",
]


class BaseConfigLoader(ABC):
    """A source of settings: `loader[ConfigKey.POSTGRES_HOST]`. A key without a value gives `None`."""

    @abstractmethod
    def contains(self, key: ConfigKey | str, **kwargs: Any) -> bool:
        """Whether there is a setting of this name."""

    @abstractmethod
    def get(self, key: ConfigKey | str, **kwargs: Any) -> Any:
        """The setting, or `None`."""

    def __contains__(self, key: ConfigKey | str) -> bool:
        return self.contains(key)

    def __getitem__(self, key: ConfigKey | str) -> Any:
        return self.get(key)


def read_profiles(path: str | os.PathLike[str] | None = None) -> dict[str, Any]:
    """All profiles of an `io_config.yaml`, the project's own by default, with their templates rendered."""
    found = os.fspath(path) if path else os.path.join(get_repo_path(), "io_config.yaml")
    with open(found, encoding="utf-8") as file:
        profiles = load_yaml(render(file.read()))
    return profiles if isinstance(profiles, dict) else {}


def profile_of(profiles: dict[str, Any], profile: str, path: str | os.PathLike[str]) -> Any:
    """One profile, or an error that names those that the file has."""
    if profile not in profiles:
        known = ", ".join(name for name in profiles if name != "version") or "none"
        raise KeyError(f"{path} has no profile {profile!r}; its profiles are: {known}")
    return profiles[profile]


class ConfigFileLoader(BaseConfigLoader):
    """The settings of one profile, from the project's `io_config.yaml`, another file, or a dictionary."""

    def __init__(
        self,
        filepath: str | os.PathLike[str] | None = None,
        profile: str = "default",
        config: dict[str, Any] | None = None,
    ) -> None:
        self.filepath: Path | None = None
        self.profile = profile
        self.version: str | None = None
        if config:
            self.config: dict[str, Any] = config
        else:
            self.filepath = Path(filepath or os.path.join(get_repo_path(), "io_config.yaml"))
            self.config = self._read(self.filepath, profile)
        self.use_verbose_format = any(header in HEADERS for header in self.config)

    def _read(self, path: Path, profile: str) -> dict[str, Any]:
        profiles = read_profiles(path)
        self.version = profiles.get("version")
        found = profile_of(profiles, profile, path)
        return found if isinstance(found, dict) else {}

    def contains(self, key: ConfigKey | str) -> bool:  # type: ignore[override]
        """Whether the profile has the key. A verbose profile has it when there is a value."""
        if self.use_verbose_format:
            return self.get(key) is not None
        return key in self.config

    def get(self, key: ConfigKey | str) -> Any:  # type: ignore[override]
        """The value of the key, or `None`."""
        if not self.use_verbose_format:
            return self.config.get(key)
        try:
            path = VERBOSE[ConfigKey(key)]
        except (KeyError, ValueError):
            return None
        value: Any = self.config
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        return value


class IOConfig:
    """The profiles of an `io_config.yaml` as plain dictionaries: `IOConfig().use('default')`."""

    def __init__(self, filepath: str | os.PathLike[str] | None = None) -> None:
        self.filepath = os.fspath(filepath) if filepath else os.path.join(get_repo_path(), "io_config.yaml")

    def use(self, profile: str) -> Any:
        """The settings of one profile, in the shape in which the file has them."""
        return profile_of(read_profiles(self.filepath), profile, self.filepath)


class EnvironmentVariableLoader(BaseConfigLoader):
    """Settings from the environment: a key is the name of a variable."""

    def contains(self, env_var: ConfigKey | str) -> bool:  # type: ignore[override]
        """Whether the variable is set."""
        return _name(env_var) in os.environ

    def get(self, env_var: ConfigKey | str) -> Any:  # type: ignore[override]
        """The variable's value, or `None`."""
        return os.environ.get(_name(env_var))


class AWSSecretLoader(BaseConfigLoader):
    """Settings from the AWS Secrets Manager; the keywords are those of a `boto3` client."""

    def __init__(self, **kwargs: Any) -> None:
        boto3 = need("boto3", "AWSSecretLoader")
        self.client = boto3.client("secretsmanager", **kwargs)

    def contains(  # type: ignore[override]
        self, secret_id: ConfigKey | str, version_id: str | None = None, version_stage_label: str | None = None
    ) -> bool:
        """Whether there is a secret of this name."""
        return self._response(secret_id, version_id, version_stage_label) is not None

    def get(  # type: ignore[override]
        self, secret_id: ConfigKey | str, version_id: str | None = None, version_stage_label: str | None = None
    ) -> Any:
        """The secret, as text or bytes. `version_id` and `version_stage_label` choose another than the newest."""
        response = self._response(secret_id, version_id, version_stage_label)
        if response is None:
            raise TypeError(f"the AWS Secrets Manager has no secret {_name(secret_id)!r}")
        return response["SecretBinary"] if "SecretBinary" in response else response["SecretString"]

    def _response(self, secret_id: ConfigKey | str, version_id: str | None, version_stage_label: str | None) -> Any:
        request = {"SecretId": _name(secret_id)}
        if version_id:
            request["VersionId"] = version_id
        if version_stage_label:
            request["VersionStage"] = version_stage_label
        try:
            return self.client.get_secret_value(**request)
        except self.client.exceptions.ResourceNotFoundException:
            return None


def _name(key: ConfigKey | str) -> str:
    return key.value if isinstance(key, ConfigKey) else key
