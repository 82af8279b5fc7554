"""Names, files and kinds of data."""

from __future__ import annotations

import os
import re
from datetime import datetime

from mage_ai import _absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_DROPPED = re.compile('[\ufeff"$\n\r\t]')


def clean_name(
    name: str,
    allow_characters: Sequence[str] | None = None,
    allow_number: bool = False,
    case_sensitive: bool = False,
) -> str:
    r"""A name that can be a file, a column, a module: `Load Data-1` becomes `load_data_1`.

    What is no letter, digit or underscore becomes an underscore, unless it is one of `allow_characters`, of which
    those longer than one do not count; quotes, `$` and line ends go; a digit in front gets `letter_` before it,
    unless `allow_number`.
    """
    kept = "".join(re.escape(one) for one in allow_characters or () if len(one) == 1)
    cleaned = re.sub(rf"[^\w{kept}]", "_", _DROPPED.sub("", name))
    if not allow_number and cleaned[:1].isdecimal():
        cleaned = f"letter_{cleaned}"
    return cleaned if case_sensitive else cleaned.lower()


def files_in_path(path: str, verbose: int = 0) -> list[str]:  # noqa: ARG001
    """All files of a folder and of those in it."""
    return [os.path.join(folder, name) for folder, _, names in sorted(os.walk(path)) for name in sorted(names)]


def files_in_single_path(path: str) -> list[str]:
    """The files of a folder; none when there is no such folder."""
    if not os.path.isdir(path):
        return []
    return [one.path for one in sorted(os.scandir(path), key=lambda one: one.name) if one.is_file()]


def get_absolute_path(path: str) -> str:
    """The path with `~` and variables of the environment written out, from the root."""
    return os.path.abspath(os.path.expanduser(os.path.expandvars(path)))


def is_port_in_use(port: int, host: str = "localhost") -> bool:
    """Whether something listens on a port."""
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        return probe.connect_ex((host, port)) == 0


def is_spark_env() -> bool:
    """Whether blocks run on a Spark cluster; here they do not."""
    return False


def is_spark_dataframe(df: Any) -> bool:
    """Whether a value is a frame of Spark."""
    return type(df).__name__ == "DataFrame" and type(df).__module__.startswith("pyspark.")


def convert_pandas_dtype_to_python_type(dtype: Any) -> type:
    """The plain type of a column's values: `int` for `int64`, `float`, `bool`, `datetime`, and `str` for all others."""
    name = str(dtype)
    if name in ("int64", "integer"):
        return int
    if name in ("bool", "boolean"):
        return bool
    if name.startswith("float"):
        return float
    return datetime if name.startswith("datetime") else str


def convert_python_type_to_bigquery_type(python_type: Any) -> str:
    """BigQuery's word for a plain type."""
    return _word(python_type, ("INT64", "FLOAT64", "BOOL", "DATETIME", "STRING"))


def convert_python_type_to_clickhouse_type(python_type: Any) -> str:
    """ClickHouse's word for a plain type that may be missing."""
    return f"Nullable({_word(python_type, ('Int64', 'Float64', 'Boolean', 'Datetime64', 'String'))})"


def convert_python_type_to_redshift_type(python_type: Any) -> str:
    """Redshift's word for a plain type."""
    return _word(python_type, ("BIGINT", "FLOAT8", "BOOLEAN", "TIMESTAMP", "VARCHAR"))


def convert_python_type_to_trino_type(
    python_type: Any,
    usr_data_types: dict[str, Any] | None = None,  # noqa: ARG001
) -> str:
    """Trino's word for a plain type."""
    return _word(python_type, ("BIGINT", "DOUBLE", "BOOLEAN", "TIMESTAMP", "VARCHAR"))


def _word(python_type: Any, words: Sequence[str]) -> str:
    """The word for `int`, `float`, `bool`, `datetime` or, last, anything else."""
    return next((word for kind, word in zip((int, float, bool, datetime), words) if python_type is kind), words[-1])


__getattr__ = _absent.attribute_error_of(__name__)
