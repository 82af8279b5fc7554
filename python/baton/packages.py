"""Imports a package that a project may lack, and says how it is brought.

Everything that blocks import from here works with the standard library alone until it is used; what a function then
needs it asks for through `need`.
"""

from __future__ import annotations

import importlib
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def need(module: str, purpose: str, line: str | None = None) -> Any:
    """The module, or an error that names the line to add. `line` is for a distribution with another name."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        # A package that is there and lacks one of its own parts has to say so itself.
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
    raise missing(line or module.split(".", 1)[0], purpose)


def missing(line: str, purpose: str) -> ModuleNotFoundError:
    """The error for a package that is not installed. It carries no `name`: its text holds the advice already."""
    return ModuleNotFoundError(f"{purpose} needs the package `{line}`, which is not installed: {to_add(f'`{line}`')}")


def to_add(package: str) -> str:
    """What to do about a package that is not installed."""
    # The host marks the environments that it makes of requirements.txt. Into other interpreters it installs nothing.
    if os.path.exists(os.path.join(sys.prefix, "baton-ready")):
        return f"add {package} to the project's requirements.txt"
    return f"install {package} for `{sys.executable}`, which was chosen instead of the project's own environment"
