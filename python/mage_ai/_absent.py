"""What happens when code asks for a part of `mage_ai` that Baton does not offer."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType
    from typing import Any

# What to use today, by the longest prefix that fits.
_INSTEAD = {
    "mage_ai.data_cleaner": "write the step with pandas: `df.drop_duplicates()`, `df.fillna()`, `df.rename()`, ...",
    "mage_ai.data_preparation.models": "variables and settings of the run are in the block's `kwargs`",
    "mage_ai.data_preparation.shared.secrets": "read an environment variable: `os.environ['NAME']`",
    "mage_ai.data_preparation.variable_manager": "take the value as an upstream input or from the block's `kwargs`",
    "mage_ai.io.airtable": "use the package `pyairtable`",
    "mage_ai.io.algolia": "use the package `algoliasearch`",
    "mage_ai.io.azure_blob_storage": "use the package `azure-storage-blob`",
    "mage_ai.io.bigquery": "use the package `google-cloud-bigquery`",
    "mage_ai.io.clickhouse": "use the package `clickhouse-connect`",
    "mage_ai.io.duckdb": "use the package `duckdb`",
    "mage_ai.io.google_cloud_storage": "use the package `google-cloud-storage`",
    "mage_ai.io.google_sheets": "use the package `gspread`",
    "mage_ai.io.mongodb": "use the package `pymongo`",
    "mage_ai.io.mssql": "use the package `pyodbc`",
    "mage_ai.io.mysql": "use the package `PyMySQL`",
    "mage_ai.io.oracledb": "use the package `oracledb`",
    "mage_ai.io.postgres": "use the package `psycopg`",
    "mage_ai.io.redshift": "use the package `redshift-connector`",
    "mage_ai.io.s3": "use the package `boto3`",
    "mage_ai.io.snowflake": "use the package `snowflake-connector-python`",
    "mage_ai.io.trino": "use the package `trino`",
    "mage_ai.orchestration": "run the other pipeline with `baton run PROJECT PIPELINE`",
    "mage_ai.services": "use the service's own package",
    "mage_ai.streaming": "streaming pipelines do not run in Baton yet",
}


def message_for(name: str) -> str:
    """The sentence that says that this module or attribute is not there."""
    words = f"`{name}` is not offered by Baton"
    best = max((prefix for prefix in _INSTEAD if f"{name}.".startswith(f"{prefix}.")), key=len, default=None)
    return f"{words} (yet): {_INSTEAD[best]}" if best else f"{words} (yet)"


class _Finder(MetaPathFinder):
    """Asked last: the module was found nowhere."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        if fullname.startswith("mage_ai."):
            raise ModuleNotFoundError(message_for(fullname), name=fullname)
        return None


def install() -> None:
    """Have missing modules of `mage_ai` explained."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())


def attribute_error_of(module: str) -> Callable[[str], Any]:
    """A module's `__getattr__`.

    `from module import name` shows an `ImportError` only if it is raised here, while everything else that looks
    for attributes (`hasattr`, `pickle`) has to get an `AttributeError`.
    """

    def absent(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        caller = sys._getframe(1)  # noqa: SLF001
        message = message_for(f"{module}.{name}")
        if _is_import_from(caller.f_code, caller.f_lasti):
            raise ImportError(message, name=module)
        raise AttributeError(message)

    return absent


def _is_import_from(code: CodeType, at: int) -> bool:
    import opcode

    return 0 <= at < len(code.co_code) and code.co_code[at] == opcode.opmap["IMPORT_FROM"]
