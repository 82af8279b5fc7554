"""What user code can import of its project: the folders on `sys.path`, and the name `default_repo`."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_ALIAS = "default_repo"


class _DefaultRepo:
    """Finds `default_repo`, which is what Mage's image calls the folder that a project is mounted at.

    It comes last among the finders: a folder of this name wins.
    """

    def __init__(self, folders: list[str]) -> None:
        self.folders = folders

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """A package without code of its own whose modules are those of the project."""
        if name != _ALIAS:
            return None
        from importlib.machinery import ModuleSpec

        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = list(self.folders)
        return spec


def make_importable(repo_path: str, base: str, *, strict: bool = False) -> None:
    """Let user code import `<project>.utils.x` as in Mage, and `utils.x`, which is what people expect.

    `base` is the folder of several projects where there is one, else the project: its code can be imported, too.
    `strict` is Mage's own rule: only `<project>.utils.x`.
    """
    for root in (repo_path, base):
        for folder in (os.path.dirname(root), root):
            if folder not in sys.path and not (strict and folder == root):
                sys.path.append(folder)
    if not any(isinstance(finder, _DefaultRepo) for finder in sys.meta_path):
        sys.meta_path.append(_DefaultRepo([base] if base == repo_path else [base, repo_path]))
