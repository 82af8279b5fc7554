"""Secrets of the project: `get_secret_value("api_token")`. They are set with `baton secret PROJECT set NAME`.

Baton hides their values in what the run prints and logs, and in its errors.
"""

from __future__ import annotations

import warnings

from baton.host import ask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Secret", "create_secret", "delete_secret", "get_secret_value"]


class Secret:
    """A secret that was stored; its value stays with Baton."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"Secret({self.name!r})"


def get_secret_value(
    name: str,
    entity: Any = "global",
    pipeline_uuid: str | None = None,
    project_uuid: str | None = None,  # noqa: ARG001 -- there is one project
    repo_name: str | None = None,  # noqa: ARG001
    suppress_warning: bool = False,
) -> str | None:
    """The value of a secret; `None`, with a warning, when there is no such secret.

    `entity` is `global`, `project`, or `pipeline` together with `pipeline_uuid`; each has names of its own.
    """
    value: str | None = ask("secret", name=name, **_scope(entity, pipeline_uuid))
    if value is None and not suppress_warning:
        warnings.warn(
            f"there is no secret `{name}`: set it with `baton secret PROJECT set {name}`",
            stacklevel=2,
        )
    return value


def create_secret(
    name: str,
    value: str,
    entity: Any = "global",
    pipeline_uuid: str | None = None,
    project_uuid: str | None = None,  # noqa: ARG001
    **_options: Any,
) -> Secret:
    """Store a new secret. A name that its scope has already is an error, and the old value stays."""
    ask("secret_create", name=name, value=str(value), **_scope(entity, pipeline_uuid))
    return Secret(name)


def delete_secret(
    name: str,
    entity: Any = "global",
    pipeline_uuid: str | None = None,
    project_uuid: str | None = None,  # noqa: ARG001
    **_options: Any,
) -> None:
    """Remove a secret. One that is not there is fine."""
    ask("secret_delete", name=name, **_scope(entity, pipeline_uuid))


def _scope(entity: Any, pipeline_uuid: str | None) -> dict[str, Any]:
    return {"entity": str(getattr(entity, "value", entity) or "global"), "pipeline_uuid": pipeline_uuid}
