"""The place of the base project; a project that is no part of another is its own."""

from __future__ import annotations

import os

from baton.project import get_repo_path
from mage_ai import _absent

REPO_PATH_ENV_VAR = "MAGE_REPO_PATH"


def base_repo_path() -> str:
    """The folder of the base project."""
    return get_repo_path()


def base_repo_name() -> str:
    """The name of the base project's folder."""
    return os.path.basename(base_repo_path())


def base_repo_dirname() -> str:
    """The folder that holds the base project."""
    return os.path.dirname(base_repo_path())


__getattr__ = _absent.attribute_error_of(__name__)
