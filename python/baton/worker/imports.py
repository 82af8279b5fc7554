"""What to do about an import that fails: the module that was meant, or the package that has to be there."""

from __future__ import annotations

import os
import re
import sys

from baton.packages import to_add
from baton.worker.nearest import nearest_of, similar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from baton.worker.job import Job

# Packages whose name is not the name of their import.
_DISTRIBUTIONS = {
    "Crypto": "pycryptodome",
    "IPython": "ipython",
    "Levenshtein": "levenshtein",
    "MySQLdb": "mysqlclient",
    "OpenSSL": "pyOpenSSL",
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "fitz": "PyMuPDF",
    "git": "GitPython",
    "github": "PyGithub",
    "gitlab": "python-gitlab",
    "googleapiclient": "google-api-python-client",
    "grpc": "grpcio",
    "influxdb_client_3": "influxdb3-python",
    "jose": "python-jose",
    "jwt": "PyJWT",
    "kafka": "kafka-python",
    "ldap": "python-ldap",
    "magic": "python-magic",
    "mpl_toolkits": "matplotlib",
    "mysql": "mysql-connector-python",
    "nacl": "PyNaCl",
    "osgeo": "GDAL",
    "pkg_resources": "setuptools<81",
    "pptx": "python-pptx",
    "psycopg2": "psycopg2-binary",
    "ruamel": "ruamel.yaml",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "skopt": "scikit-optimize",
    "slugify": "python-slugify",
    "snowflake": "snowflake-connector-python",
    "telegram": "python-telegram-bot",
    "umap": "umap-learn",
    "usb": "pyusb",
    "websocket": "websocket-client",
    "win32com": "pywin32",
    "yaml": "PyYAML",
    "zmq": "pyzmq",
}
_ALIAS = "default_repo"
_MOST_FOLDERS = 2_000
# How much of a name has to be the same, for a package to be meant.
_LIKE_A_PACKAGE = 0.75
_SHORTEST_NAME = 4


def missing_module(name: str, job: Job, line: str | None) -> str | None:
    """What to do about a module that is not there. `line` is the user's own that names it; a library's import has none.

    The nearest guess wins: a file of the project, then what is known of packages, then a name that is spelt alike.
    """
    top = name.partition(".")[0]
    if top in ("mage_ai", "baton"):
        return None  # the message says it
    if line is not None:
        root = _roots(job).get(top)
        if root is not None:
            whole = _nearest_path(_whole(name, line).split(".")[1:], root)
            return _in_project(name, name.split(".")[1:], root, f"{top}.", whole)
        if top not in _DISTRIBUTIONS:
            found = _of_the_project(_whole(name, line), job) or _known_otherwise(top)
            if found is not None:
                return found
    if top == "google":
        return to_add(_google(_imported(name, line or "")))
    if "." in name and _is_there(top):
        return _part_of_package(name)
    wanted = to_add(f"`{_DISTRIBUTIONS.get(top, top)}`")
    meant = _like_a_package(top) if line is not None and top not in _DISTRIBUTIONS else None
    return f"did you mean `{meant}`? If not, {wanted}" if meant else wanted


def missing_name(error: ImportError) -> str | None:
    """What to do about a name that an imported module does not have."""
    words = str(error)
    if "partially initialized module" in words:
        return "two files import each other: move what both need into a third one"
    module = sys.modules.get(error.name or "")
    # Python: "cannot import name 'x' from …"; the parts of `mage_ai` that are missing: "`mage_ai.y.x` is not …".
    found = re.match(r"cannot import name '(\w+)'|`(?:\w+\.)*(\w+)`", words)
    if module is None or found is None:
        return None
    nearest = similar(found[1] or found[2], dir(module))
    if nearest is None and error.name == "google.cloud":
        return to_add(_google(f"google.cloud.{found[1]}"))
    return f"did you mean `{nearest}`?" if nearest else None


def _roots(job: Job) -> dict[str, str]:
    """The folders that a project is imported by, under their names."""
    base = os.environ.get("MAGE_REPO_PATH") or job.repo_path
    return {_ALIAS: base, os.path.basename(base): base, os.path.basename(job.repo_path): job.repo_path}


def _whole(name: str, line: str) -> str:
    """The module as the line has it: Python names the first part of `a.b.c` that is not there."""
    found = re.search(rf"(?<![\w.]){re.escape(name)}(?:\.\w+)*", line)
    return found[0] if found else name


def _imported(name: str, line: str) -> str:
    """The module with what is imported from it: `google.cloud.bigquery` of `from google.cloud import bigquery`."""
    whole = _whole(name, line)
    found = re.search(rf"from\s+{re.escape(whole)}\s+import\s+(\w+)", line)
    return f"{whole}.{found[1]}" if found else whole


def _in_project(name: str, inside: list[str], root: str, prefix: str, whole: list[str] | None = None) -> str:
    """About a module that can only be a file of the project. `whole` is what it is part of, where that is known."""
    words = f"the project has no file for the module `{name}`"
    nearest = whole or _nearest_path(inside, root)
    if nearest is not None:
        return f"{words}: did you mean `{prefix}{'.'.join(nearest)}` ({_path_of(nearest, root)})?"
    return f"{words}: create `{os.path.join(*inside)}.py`, or correct the import" if inside else words


def _of_the_project(name: str, job: Job) -> str | None:
    """About a module that may be a file of the project, though its name does not begin with the project's."""
    own, root = os.path.basename(job.repo_path), job.repo_path
    parts = name.split(".")
    prefix = f"{own}." if job.strict else ""
    there = _with_ending(parts, root)
    # A name of one part may as well be a package.
    otherwise = to_add(f"`{name}`") if len(parts) == 1 else None
    if there:
        meant = f"the project has `{_path_of(there, root)}`: import it as `{own}.{'.'.join(there)}`"
        return f"{meant}, or {otherwise}" if otherwise else meant
    is_old_name = parts[0] not in _modules_in(root) and len(parts) > 1
    if is_old_name and os.path.exists(os.path.join(root, _path_of(parts[1:], root))):
        # A project that was copied or cloned under another name still imports itself by the old one.
        rest = ".".join(parts[1:])
        return f"the project's folder is called `{own}`: write `{own}.{rest}`, or call the folder `{parts[0]}` again"
    if parts[0] in _modules_in(root):
        return _in_project(name, parts, root, prefix)
    nearest = _nearest_path(parts, root)
    if nearest is not None and not _is_like_other(parts[0], nearest[0]):
        meant = f"did you mean `{prefix}{'.'.join(nearest)}` of the project ({_path_of(nearest, root)})?"
        return f"{meant} If not, {otherwise}" if otherwise else meant
    return None


def _known_otherwise(top: str) -> str | None:
    """About a package that is imported under another name than it is installed by."""
    for module, distribution in _DISTRIBUTIONS.items():
        if top.lower() == re.sub(r"[-.]", "_", distribution.partition("<")[0].lower()) and top != module:
            there = "" if _is_there(module) else f", and {to_add(f'`{distribution}`')}"
            return f"the package `{distribution}` is imported as `{module}`: write that{there}"
    return None


def _part_of_package(name: str) -> str:
    """About a part that an installed package does not have."""
    parent, _, last = name.rpartition(".")
    while not _is_there(parent):
        parent, _, last = parent.rpartition(".")
    names: list[str] = []
    for folder in getattr(sys.modules.get(parent), "__path__", ()):
        names += _modules_in(folder)
    nearest = similar(last, [one for one in names if not one.startswith("_")])
    words = f"the installed `{parent}` has no module `{last}`"
    if nearest:
        return f"{words}: did you mean `{parent}.{nearest}`?"
    return f"{words}: the code may have been written for another version of it"


def _google(name: str) -> str:
    """The package of a module below `google`, a name that many packages share."""
    cloud = re.match(r"google\.cloud\.(\w+)", name)
    if cloud:
        return f"`google-cloud-{cloud[1].replace('_', '-')}`"
    if re.match(r"google\.(auth|oauth2)\b", name):
        return "`google-auth`"
    return f"the package of Google's that has `{name}`"


def _like_a_package(top: str) -> str | None:
    """A module of Python's own, or an installed one, that is spelt much like this name."""
    if len(top) < _SHORTEST_NAME:
        return None
    known = {*sys.builtin_module_names, *_modules_in(os.path.dirname(os.__file__))}
    for folder in sys.path:
        if folder.rstrip(os.sep).endswith("-packages"):
            known.update(_modules_in(folder))
    found = nearest_of(top, (one for one in known if not one.startswith("_")), _LIKE_A_PACKAGE)
    return None if found is None or _is_like_other(top, found) else found


def _is_like_other(name: str, found: str) -> bool:
    """Whether what was found is more likely another thing: `http` for `httpx`, `attr` for `attrs`."""
    return name.startswith(found)


def _is_there(module: str) -> bool:
    if module in sys.modules:
        return True
    import importlib.util

    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _nearest_path(inside: list[str], root: str) -> list[str] | None:
    """The parts of a module of the project that are spelt much like these."""
    found: list[str] = []
    for part in inside:
        names = _modules_in(os.path.join(root, *found))
        nearest = part if part in names else similar(part, names)
        if nearest is None:
            return None
        found.append(nearest)
    return found or None


def _with_ending(parts: list[str], root: str) -> list[str] | None:
    """The parts of the one module of the project whose name ends with these."""
    found: list[list[str]] = []
    for number, (folder, folders, files) in enumerate(os.walk(root)):
        if number > _MOST_FOLDERS:
            break
        folders[:] = sorted(name for name in folders if _is_source(name, folder))
        inner = os.path.relpath(folder, root)
        above = [] if inner == os.curdir else inner.split(os.sep)
        found += [[*above, file[:-3]] for file in files if file.endswith(".py")]
    found = [one for one in found if one[-len(parts) :] == parts]
    return found[0] if len(found) == 1 else None


def _path_of(parts: list[str], root: str) -> str:
    path = os.path.join(*parts)
    return f"{path}.py" if os.path.isfile(os.path.join(root, f"{path}.py")) else f"{path}/"


def _is_source(name: str, folder: str) -> bool:
    is_environment = os.path.isfile(os.path.join(folder, name, "pyvenv.cfg"))
    return name.isidentifier() and name != "__pycache__" and not is_environment


def _modules_in(folder: str) -> list[str]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return []
    stems: list[Any] = [entry.name.partition(".")[0] for entry in entries if entry.name.endswith((".py", ".so"))]
    return [stem for stem in stems if stem != "__init__"] + [
        entry.name for entry in entries if entry.name.isidentifier() and entry.is_dir() and entry.name != "__pycache__"
    ]
