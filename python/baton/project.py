"""Where the project of the running block is, and where data of its user may go."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The first is the folder that Mage would be started with: the project, or the folder of several (settings.yaml).
_ROOT = "MAGE_REPO_PATH"
_RUNTIME = "MAGE_RUNTIME__REPO_PATH"
_DATA = "MAGE_DATA_DIR"
_DEFAULT_DATA = os.path.join("~", ".mage_data")


def get_repo_path(
    context_data: dict[str, Any] | None = None,  # noqa: ARG001
    file_path: str | os.PathLike[str] | None = None,
    root_project: bool = False,
    absolute_path: bool = True,
    user: Any = None,  # noqa: ARG001
) -> str:
    """The folder of the project.

    Where several projects share a folder with a `settings.yaml`: with `root_project` that folder, and with
    `file_path` the project that the file lies in. `absolute_path=False` leaves out what comes before that folder.
    """
    root = os.path.abspath(os.environ.get(_ROOT) or os.getcwd())
    found = None
    if not root_project:
        found = _project_above(file_path, root) if file_path else None
        found = found or os.environ.get(_RUNTIME)
    path = os.path.abspath(found or root)
    return path if absolute_path else os.path.relpath(path, os.path.dirname(root))


def _project_above(path: str | os.PathLike[str], root: str) -> str | None:
    """The project at or below the root that the file lies in."""
    folder = os.path.dirname(os.path.abspath(path))
    while f"{folder}{os.sep}".startswith(f"{root}{os.sep}"):
        if os.path.isfile(os.path.join(folder, "metadata.yaml")):
            return folder
        folder = os.path.dirname(folder)
    return None


def project_path(repo_path: str | os.PathLike[str] | None) -> str:
    """The folder that is named, or else that of the project."""
    return os.path.abspath(repo_path) if repo_path else get_repo_path()


def set_repo_path(repo_path: str) -> None:
    """Have this process work on the project of another folder."""
    os.environ[_ROOT] = os.path.abspath(repo_path)
    os.environ.pop(_RUNTIME, None)


def get_metadata_path(repo_path: str | None = None, root_project: bool = False) -> str:
    """The project's `metadata.yaml`, or that of another folder."""
    return os.path.join(repo_path or get_repo_path(root_project=root_project), "metadata.yaml")


def get_repo_name(repo_path: str | None = None, root_project: bool = False) -> str:  # noqa: ARG001
    """The name of the project's folder, which is also the name under which its code is imported."""
    return os.path.basename(project_path(repo_path))


def get_data_dir() -> str:
    """The folder that the settings name for data: `$MAGE_DATA_DIR`, else `~/.mage_data`.

    Baton keeps nothing there; it is a place that existing code may use.
    """
    return os.path.expanduser(os.environ.get(_DATA) or _DEFAULT_DATA)


def get_variables_dir(
    repo_path: str | None = None,
    repo_config: dict[str, Any] | None = None,
    root_project: bool = False,  # noqa: ARG001
) -> str:
    """The folder of the project below the data folder: `$MAGE_DATA_DIR`, else `variables_dir` of metadata.yaml, or of
    the settings that are given.

    A relative folder is inside the project, an absolute one gets the project's name added. A URL stays as it is.
    """
    root = project_path(repo_path)
    folder = os.environ.get(_DATA)
    if not folder:
        folder = repo_config.get("variables_dir") if repo_config else _variables_dir_of(root)
    folder = folder or _DEFAULT_DATA
    if "://" in folder:
        return folder
    folder = os.path.expanduser(folder)
    if not os.path.isabs(folder):
        return os.path.normpath(os.path.join(root, folder))
    return folder if os.path.normpath(folder) == root else os.path.join(folder, os.path.basename(root))


def _variables_dir_of(root: str) -> str | None:
    """`variables_dir` of the project's metadata; nothing when the file cannot be read."""
    path = os.path.join(root, "metadata.yaml")
    if not os.path.isfile(path):
        return None
    from baton.templates import load_yaml, render

    with open(path, encoding="utf-8") as file:
        metadata = load_yaml(render(file.read(), secrets=False))
    value = metadata.get("variables_dir") if isinstance(metadata, dict) else None
    return value if isinstance(value, str) and value else None
