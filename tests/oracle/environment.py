"""The Python environment in which the recorded pipelines run, with the versions of the recording where it can.

The recording was made with Python 3.11 and the versions in the project's requirements.txt; other versions print some
values differently. Made once with uv for each list of requirements and kept among the tools.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RECORDED_PYTHON = "3.11"
# What only pipelines need that do not run yet.
LEFT_OUT = ("duckdb", "psycopg2-binary")


class NoEnvironment(Exception):
    """The environment cannot be made; says why and what to do."""


@dataclass
class Environment:
    """An interpreter, and how it differs from that of the recording."""

    python: Path
    differences: list[str]


def cache() -> Path:
    """The folder of builds and tools, found as scripts/setup.sh finds it."""
    folder = Path(os.environ.get("BATON_CACHE") or Path.home() / ".cache" / "baton")
    return folder if folder.is_dir() else ROOT / "target"


def recorded_versions() -> dict[str, str]:
    """The packages that the pipelines import, with the versions of the recording."""
    text = (HERE / "fixtures" / "oracle_project" / "requirements.txt").read_text()
    pins = dict(re.findall(r"^([\w-]+)==(\S+)", text, re.MULTILINE))
    return {name: version for name, version in pins.items() if name not in LEFT_OUT}


def made() -> Environment:
    """The environment, made now if it is not there yet."""
    pins = [f"{name}=={version}" for name, version in recorded_versions().items()]
    exact = _made(pins, RECORDED_PYTHON)
    if exact is None:
        # Without the recording's Python: what fits this one.
        exact = _made(list(recorded_versions()), sys.executable)
    if exact is None:
        raise NoEnvironment("uv could not make the environment: see its messages above")
    return described(exact)


def described(python: Path) -> Environment:
    """An interpreter, looked at."""
    names = list(recorded_versions())
    code = (
        "import json, sys; from importlib import metadata\n"
        "def version(name):\n"
        "    try: return metadata.version(name)\n"
        "    except metadata.PackageNotFoundError: return None\n"
        f"print(json.dumps(['%d.%d' % sys.version_info[:2], {{name: version(name) for name in {names!r}}}]))"
    )
    answer = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True).stdout
    version, packages = json.loads(answer)
    differences = [f"Python {version} instead of {RECORDED_PYTHON}"] if version != RECORDED_PYTHON else []
    for name, recorded in recorded_versions().items():
        if packages[name] != recorded:
            differences.append(f"{name} {packages[name] or 'missing'} instead of {recorded}")
    return Environment(python, differences)


def _uv() -> str:
    own = cache() / "tools" / "uv" / "bin" / "uv"
    found = os.environ.get("BATON_UV") or shutil.which("uv") or (str(own) if own.is_file() else None)
    if found is None:
        raise NoEnvironment("uv is missing: run `make test` once, which installs it, or `pip install uv`")
    return found


def _made(packages: list[str], interpreter: str) -> Path | None:
    """The interpreter of an environment with these packages and Baton's base set; nothing when uv cannot make it."""
    base = ROOT / "python" / "base-set.txt"
    what = "\n".join([*packages, interpreter, base.read_text()])
    folder = cache() / "tools" / f"oracle-{zlib.crc32(what.encode())}"
    python = folder / "bin" / "python"
    if (folder / "complete").exists():
        return python
    print(f"Making the Python environment of the oracle in {folder}", flush=True)
    uv = _uv()
    environ = {"UV_PYTHON_DOWNLOADS": "never", **os.environ}
    for command in (
        [uv, "venv", "--quiet", "--clear", "--python", interpreter, str(folder)],
        [uv, "pip", "install", "--quiet", "--python", str(python), "-r", str(base), *packages],
    ):
        if subprocess.run(command, env=environ, check=False).returncode != 0:
            return None
    (folder / "complete").touch()
    return python
