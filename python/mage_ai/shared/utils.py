"""Names, files and kinds of data."""

from __future__ import annotations

import os
import re

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

    What is no letter, digit or underscore becomes an underscore, unless it is one of `allow_characters`; quotes, `$`
    and line ends go; a digit in front gets `letter_` before it, unless `allow_number`.
    """
    kept = "".join(re.escape(one) for one in allow_characters or ())
    cleaned = re.sub(rf"[^\w{kept}]", "_", _DROPPED.sub("", name))
    if not allow_number and cleaned[:1].isdecimal():
        cleaned = f"letter_{cleaned}"
    return cleaned if case_sensitive else cleaned.lower()


def files_in_path(path: str, verbose: int = 0) -> list[str]:  # noqa: ARG001
    """All files of a folder and of those in it."""
    return [os.path.join(folder, name) for folder, _, names in sorted(os.walk(path)) for name in sorted(names)]


def files_in_single_path(path: str, verbose: int = 0) -> list[str]:  # noqa: ARG001
    """The files of a folder."""
    return [one.path for one in sorted(os.scandir(path), key=lambda one: one.name) if one.is_file()]


def is_spark_env() -> bool:
    """Whether blocks run on a Spark cluster; here they do not."""
    return False


def is_spark_dataframe(df: Any) -> bool:
    """Whether a value is a frame of Spark."""
    return type(df).__name__ == "DataFrame" and type(df).__module__.startswith("pyspark.")


def convert_pandas_dtype_to_python_type(dtype: Any) -> type:
    """The plain type that values of a column's type are closest to."""
    name = str(dtype).lower()
    if name.startswith("bool"):
        return bool
    if name.startswith(("int", "uint")):
        return int
    return float if name.startswith("float") else str


__getattr__ = _absent.attribute_error_of(__name__)
