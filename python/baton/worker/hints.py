"""What a person can do about an exception of theirs, where that can be known.

Looks at the exception and at the variables of the frames that it passed through. Says nothing rather than something
that may be wrong.
"""

from __future__ import annotations

import errno
import os
import re
import sys

from baton.worker.frames import owner_of
from baton.worker.imports import missing_module, missing_name
from baton.worker.nearest import similar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType
    from typing import Any

    from baton.worker.job import Job

NO_ROOM = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}
_VARARGS = 0x04
_VARKEYWORDS = 0x08
_MOST_NAMES = 20
_DECORATORS = {"data_loader", "transformer", "data_exporter", "custom", "sensor", "condition", "callback"}
# What only runs with the keyword arguments of a trigger have.
_TRIGGERED = {
    "ds",
    "event",
    "execution_date",
    "execution_partition",
    "hr",
    "logger",
    "pipeline_run_id",
    "retry",
    "trigger_name",
}
# What people write without the import that they are used to.
_USUAL_IMPORTS = {
    "DataFrame": "from pandas import DataFrame",
    "datetime": "from datetime import datetime",
    "np": "import numpy as np",
    "pd": "import pandas as pd",
    "pl": "import polars as pl",
    "plt": "import matplotlib.pyplot as plt",
    "sns": "import seaborn as sns",
    "timedelta": "from datetime import timedelta",
}


class Place:
    """Where user code was when the exception came: its innermost frame, and whether it raised it itself."""

    def __init__(self, frame: FrameType, line: str, *, is_raiser: bool) -> None:
        self.frame = frame
        self.line = line
        self.is_raiser = is_raiser


def hint_for(error: BaseException, job: Job) -> str | None:
    """One sentence that says what to do, or None."""
    given = getattr(error, "baton_hint", None)  # of a client of ours, on the error of another's package
    if isinstance(given, str):
        return given
    place = _place_of(error, job)
    if isinstance(error, ModuleNotFoundError) and error.name:
        return missing_module(error.name, job, place.line if place is not None and place.is_raiser else None)
    if isinstance(error, ImportError):
        return missing_name(error)
    if isinstance(error, MemoryError):
        return "the block needs more memory than there is: load fewer columns or rows, or work in parts"
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return "there is no room left for the file: free space on its disk, or raise the limit on file size"
    if isinstance(error, FileNotFoundError) and isinstance(error.filename, str):
        return _missing_file(error.filename, job)
    if isinstance(error, NameError):
        return _unknown_name(error, job, place)
    if isinstance(error, RecursionError):
        return "a function calls itself without an end"
    if isinstance(error, KeyError) and place is not None:
        return _missing_key(error, job, place)
    if isinstance(error, AttributeError) and place is not None:
        return _missing_attribute(error, job, place)
    if isinstance(error, ValueError) and re.match(r"The truth value of a(n array| Series| DataFrame)\b", str(error)):
        return "a comparison of many values gives an answer for each: take `.all()` or `.any()` of it, or `len()`"
    if isinstance(error, TypeError) and "NoneType.__format__" in str(error):
        return "a value of the f-string is None, which takes no format such as `:.2f`: give it a default before"
    return None


def project_path(repo_path: str) -> str:
    """The project's folder as one would type it."""
    try:
        path = os.path.relpath(repo_path)
    except (OSError, ValueError):  # the block has left or removed its working directory
        return repo_path
    return repo_path if path.startswith("..") else path


def _place_of(error: BaseException, job: Job) -> Place | None:
    import linecache

    place, traceback = None, error.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        owner = owner_of(frame.f_code.co_filename, job.repo_path)
        if owner == "user":
            line = linecache.getline(frame.f_code.co_filename, traceback.tb_lineno)
            place = Place(frame, line, is_raiser=True)
        elif place is not None:
            place.is_raiser = False
        traceback = traceback.tb_next
    return place


def _missing_file(path: str, job: Job) -> str | None:
    if os.path.isabs(path):
        return None
    if os.path.exists(os.path.join(job.repo_path, path)):
        return (
            f"the file is in the project, and the run was started elsewhere: `os.path.join(get_repo_path(), {path!r})` "
            "finds it from everywhere (`from mage_ai.settings.repo import get_repo_path`)"
        )
    try:
        folder = os.getcwd()
    except OSError:
        return None
    return f"a relative path starts at the working directory, {folder}"


def _unknown_name(error: NameError, job: Job, place: Place | None) -> str | None:
    name = getattr(error, "name", None) or str(error).partition("'")[2].partition("'")[0]  # Python 3.9
    if name in _DECORATORS:
        return (
            f"a block of type `{job.type}` takes `@{job.type}`: write that, or change the type of the block; "
            "decorators of other types have to be imported"
        )
    if name == "__file__":
        return "a block has no `__file__`: start paths at `get_repo_path()` of `mage_ai.settings.repo`"
    if place is None or isinstance(error, UnboundLocalError):
        return None
    # A module in use is named in what follows: `json.loads`. Its name alone may be a variable that is missing.
    is_module = re.search(rf"\b{re.escape(name)}\.\w", place.line) is not None
    if name in _USUAL_IMPORTS:
        return f"the file does not import it: `{_USUAL_IMPORTS[name]}`"
    if is_module and name in (*getattr(sys, "stdlib_module_names", ()), "requests"):
        return f"the file does not import it: `import {name}`"
    import builtins

    nearest = similar(name, {*place.frame.f_locals, *place.frame.f_globals, *vars(builtins)})
    return f"did you mean `{nearest}`?" if nearest else None


def _missing_key(error: KeyError, job: Job, place: Place) -> str | None:
    key = error.args[0] if error.args else None
    if place.is_raiser:
        return _missing_in_dict(key, job, place)
    columns = _columns_in(error)
    if columns is None or key in columns:
        return None
    nearest = similar(key, columns) if isinstance(key, str) else None
    if nearest:
        return f"the frame has no column `{key}`: did you mean `{nearest}`?"
    shown = ", ".join(f"`{column}`" for column in columns[:_MOST_NAMES])
    more = f" and {len(columns) - _MOST_NAMES} more" if len(columns) > _MOST_NAMES else ""
    return f"the frame has no column `{key}`; it has {shown or 'no columns'}{more}"


def _missing_in_dict(key: object, job: Job, place: Place) -> str | None:
    code = place.frame.f_code
    if code.co_flags & _VARKEYWORDS and isinstance(key, str):
        name = code.co_varnames[code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & _VARARGS)]
        variables = place.frame.f_locals.get(name)
        if f"{name}[" in place.line and isinstance(variables, dict) and key not in variables:
            return _missing_variable(key, name, variables, job)
    for name in re.findall(r"(?<![\w.\])])(\w+)\[", place.line):
        value = place.frame.f_locals.get(name)
        if type(value) is dict and key not in value:
            nearest = similar(key, value) if isinstance(key, str) else None
            return f"`{name}` has no key {key!r}" + (f": did you mean {nearest!r}?" if nearest else _listed(value))
    return None


def _listed(keys: Iterable[object]) -> str:
    # Only what looks like a name: other keys may be data.
    shown = [repr(key) for key in keys if isinstance(key, str) and key.isidentifier()]
    if not shown:
        return ""
    more = f" and {len(shown) - _MOST_NAMES} more" if len(shown) > _MOST_NAMES else ""
    return f"; it has {', '.join(shown[:_MOST_NAMES])}{more}"


def _missing_variable(key: str, name: str, variables: dict[str, Any], job: Job) -> str:
    if key in _TRIGGERED and not job.triggered:
        return f"only triggered runs have `{key}`: run with `--env prod`, or read it as `{name}.get({key!r})`"
    nearest = similar(key, variables)
    meant = f"; did you mean `{nearest}`?" if nearest else ""
    return (
        f"the run has no variable `{key}`: add it to `variables` of the pipeline, pass `--var {key}=...`, "
        f"or read it as `{name}.get({key!r})`{meant}"
    )


def _columns_in(error: BaseException) -> list[object] | None:
    """The columns of the frame of pandas whose method raised."""
    traceback, columns = error.__traceback__, None
    while traceback is not None:
        frame = traceback.tb_frame
        if frame.f_code.co_filename.endswith(os.path.join("pandas", "core", "frame.py")):
            columns = getattr(frame.f_locals.get("self"), "columns", None)
        traceback = traceback.tb_next
    if columns is None or getattr(columns, "nlevels", 2) != 1:
        return None
    return list(columns)


def _missing_argument(error: AttributeError, job: Job, place: Place) -> str | None:
    """What `kwargs.get('logger')` gives where a run has none."""
    used = re.search(rf"\b(\w+)\.{re.escape(error.name or '')}\b", place.line)
    name = used and used[1]
    if job.triggered or name not in _TRIGGERED or name not in place.frame.f_locals:
        return None
    instead = "`print` instead" if name == "logger" else "a default where it is None"
    return f"only triggered runs have `{name}`: run with `--env prod`, or use {instead}"


def _missing_attribute(error: AttributeError, job: Job, place: Place) -> str | None:
    """Where the value came from, when it is an input of the block: the mistake is then often one block above."""
    value = getattr(error, "obj", None)  # from Python 3.10 on
    code = place.frame.f_code
    if os.path.abspath(code.co_filename) != job.path or not place.is_raiser:
        return None
    if value is None:
        return _missing_argument(error, job, place)
    names = code.co_varnames[: code.co_argcount]
    for name, block in zip(names, job.upstream):
        if place.frame.f_locals.get(name) is value:
            if isinstance(value, list) and not value:
                return f"`{name}` is `[]` since the upstream block `{block}` returned nothing: return a value there"
            several = ", or several values" if isinstance(value, list) else ""
            return f"`{name}` is what the upstream block `{block}` returned: `{type(value).__name__}`{several}"
    return None
