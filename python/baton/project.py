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
    repo_path: str | None = None,
    file_path: str | None = None,
    absolute_path: bool = True,
    root_project: bool = False,
    user: Any = None,  # noqa: ARG001
) -> str:
    """The folder of the project, or, with `file_path`, of the project that the file lies in.

    With `root_project`, and where several projects share a folder with a `settings.yaml`, that folder.
    """
    if file_path is not None:
        found = _project_above(file_path)
        if found is not None:
            repo_path = found
    own = None if root_project else os.environ.get(_RUNTIME)
    found_path = repo_path or own or os.environ.get(_ROOT) or os.getcwd()
    return os.path.abspath(found_path) if absolute_path else os.path.relpath(found_path)


def _project_above(path: str) -> str | None:
    folder = os.path.dirname(os.path.abspath(path))
    while True:
        if os.path.isfile(os.path.join(folder, "metadata.yaml")):
            return folder
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above


def set_repo_path(repo_path: str) -> None:
    """Have this process work on the project of another folder."""
    os.environ[_ROOT] = os.path.abspath(repo_path)
    os.environ.pop(_RUNTIME, None)


def get_metadata_path(root_project: bool = False) -> str:  # noqa: ARG001
    """The project's `metadata.yaml`."""
    return os.path.join(get_repo_path(), "metadata.yaml")


def get_repo_name(repo_path: str | None = None, root_project: bool = False) -> str:  # noqa: ARG001
    """The name of the project's folder, which is also the name under which its code is imported."""
    return os.path.basename(get_repo_path(repo_path))


def get_data_dir() -> str:
    """The folder that the settings name for data: `$MAGE_DATA_DIR`, else `~/.mage_data`.

    Baton keeps nothing there; it is a place that existing code may use.
    """
    return os.path.expanduser(os.environ.get(_DATA) or _DEFAULT_DATA)


def get_variables_dir(
    repo_path: str | None = None,
    repo_config: Any = None,  # noqa: ARG001
    root_project: bool = False,  # noqa: ARG001
) -> str:
    """The folder of the project below the data folder: `$MAGE_DATA_DIR`, else `variables_dir` of metadata.yaml.

    A relative folder is inside the project, an absolute one gets the project's name added. A URL stays as it is.
    """
    root = get_repo_path(repo_path)
    folder = os.environ.get(_DATA) or _variables_dir_of(root) or _DEFAULT_DATA
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
