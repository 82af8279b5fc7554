"""What happens when code asks for a part of `mage_ai` that Baton does not offer."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType
    from typing import Any

# What to use today, by the longest prefix that fits.
_INSTEAD = {
    "mage_ai": "what blocks may import is listed in Baton's docs/reference/compatibility.md",
    "mage_ai.ai": "use the package of the model's maker, for example `openai`",
    "mage_ai.api": "call the server's HTTP interface",
    "mage_ai.cli": "call the command `baton`",
    "mage_ai.data_cleaner": "write the step with pandas: `df.drop_duplicates()`, `df.fillna()`, `df.rename()`, ...",
    "mage_ai.data_preparation.decorators": "a decorator is named after the block's type, for example `data_loader`",
    "mage_ai.data_preparation.git": "use Git itself, or the package `GitPython`",
    "mage_ai.data_preparation.io": "the clients are in `mage_ai.io`, for example `from mage_ai.io.file import FileIO`",
    "mage_ai.data_preparation.models": "use `Pipeline.get(uuid)`; variables of the run are in `kwargs`",
    "mage_ai.data_preparation.shared.secrets": "use `get_secret_value(name)`, `create_secret` and `delete_secret`",
    "mage_ai.data_preparation.streaming": "the base classes are in `mage_ai.streaming`",
    "mage_ai.data_preparation.variable_manager": "use `get_variable`, `get_global_variable` or `set_global_variable`",
    "mage_ai.deployments": "use Git itself, or the package `GitPython`",
    "mage_ai.io": "use the package of the service's maker",
    "mage_ai.io.airtable": "use the package `pyairtable`",
    "mage_ai.io.algolia": "use the package `algoliasearch`",
    "mage_ai.io.athena": "use the package `awswrangler`",
    "mage_ai.io.azure_data_lake_storage": "use the package `azure-storage-file-datalake`",
    "mage_ai.io.bigquery": "use the package `google-cloud-bigquery`",
    "mage_ai.io.chroma": "use the package `chromadb`",
    "mage_ai.io.clickhouse": "use the package `clickhouse-connect`",
    "mage_ai.io.config.VaultLoader": "use the package `hvac`, or `EnvironmentVariableLoader`",
    "mage_ai.io.databricks_sql": "use the package `databricks-sql-connector`",
    "mage_ai.io.druid": "use the package `pydruid`",
    "mage_ai.io.duckdb": "use the package `duckdb`",
    "mage_ai.io.google_sheets": "use the package `gspread`",
    "mage_ai.io.iceberg_s3": "use the package `pyiceberg`",
    "mage_ai.io.microsoft_fabric_warehouse": "use the package `pyodbc`",
    "mage_ai.io.mongodb": "use the package `pymongo`",
    "mage_ai.io.mssql": "use the package `pyodbc`",
    "mage_ai.io.mysql": "use the package `PyMySQL`",
    "mage_ai.io.oracledb": "use the package `oracledb`",
    "mage_ai.io.pinot": "use the package `pinotdb`",
    "mage_ai.io.postgres": "use the package `psycopg`",
    "mage_ai.io.power_bi": "call the HTTP interface of Power BI with `requests`",
    "mage_ai.io.qdrant": "use the package `qdrant-client`",
    "mage_ai.io.redshift": "use the package `redshift-connector`",
    "mage_ai.io.snowflake": "use the package `snowflake-connector-python`",
    "mage_ai.io.spark": "use the package `pyspark`",
    "mage_ai.io.sqlite": "use the module `sqlite3` of Python",
    "mage_ai.io.trino": "use the package `trino`",
    "mage_ai.io.weaviate": "use the package `weaviate-client`",
    "mage_ai.orchestration": "look at runs with `PipelineRun.query`, wait for one with `check_status`",
    "mage_ai.orchestration.db": "look at runs with `PipelineRun.query`; the database itself is closed to blocks",
    "mage_ai.orchestration.db.models.oauth": "Baton has no users yet: whoever may open the project may run it",
    "mage_ai.presenters": "presenters are pages of the server; a block has no use for them",
    "mage_ai.server": "the server is the command `baton`; a block cannot reach into it",
    "mage_ai.services": "use the service's own package",
    "mage_ai.services.datadog": "use the package `datadog`",
    "mage_ai.services.hashicorp": "use the package `hvac`",
    "mage_ai.settings": "read the environment variable: `os.environ['NAME']`",
    "mage_ai.shared": "write the function in the project, for example in its folder `utils`",
    "mage_ai.streaming": "the base classes are in `streaming.sources.base_python` and `streaming.sinks.base_python`",
}


def message_for(name: str) -> str:
    """The sentence that says that this module or attribute is not there."""
    words = f"`{name}` is not offered by Baton"
    best = max((prefix for prefix in _INSTEAD if f"{name}.".startswith(f"{prefix}.")), key=len)
    return f"{words} (yet): {_INSTEAD[best]}"


class _Finder:
    """Asked last: the module was found nowhere.

    Not derived from `importlib.abc.MetaPathFinder`, which adds nothing to it and takes ten milliseconds to import.
    """

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
