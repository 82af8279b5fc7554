"""Reading and writing files as data frames.

The work is pandas' own (or that of Polars for its frames); this module knows which function reads which extension.
"""

from __future__ import annotations

import os
import re

from baton.kinds import library_of
from baton.packages import missing
from baton.words import StrEnum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


class FileFormat(StrEnum):
    """A format that `FileIO` knows."""

    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"
    HDF5 = "hdf5"
    XML = "xml"
    EXCEL = "excel"


_EXTENSIONS = {
    ".csv": FileFormat.CSV,
    ".json": FileFormat.JSON,
    ".parquet": FileFormat.PARQUET,
    ".pq": FileFormat.PARQUET,
    ".hdf5": FileFormat.HDF5,
    ".xml": FileFormat.XML,
    ".xls": FileFormat.EXCEL,
    ".xlsx": FileFormat.EXCEL,
}


# What reads or writes a format beside pandas itself, for the message that it is missing.
_PACKAGES = {
    FileFormat.PARQUET: "pyarrow",
    FileFormat.HDF5: "tables",
    FileFormat.XML: "lxml",
    FileFormat.EXCEL: "openpyxl",
}


class FileIO:
    """Loads and exports frames: `FileIO().load('titanic.csv')`."""

    def __init__(self, verbose: bool = False, **_settings: Any) -> None:
        self.verbose = verbose

    def __enter__(self) -> FileIO:
        return self

    def __exit__(self, *_error: object) -> None:
        return None

    def load(
        self,
        filepath: str | os.PathLike[str] | None = None,
        format: FileFormat | str | None = None,
        file_directories: Sequence[str] | None = None,
        **reader_options: Any,
    ) -> Any:
        """The pandas frame of a file, or of all files of some folders and of those in them, one after the other.

        Further keywords go to the pandas function that reads the format.
        """
        reader_options.pop("limit", None)  # Mage takes it and reads all rows
        if file_directories is not None:
            return self._load_folders(file_directories, format, reader_options)
        if filepath is None:
            raise ValueError("FileIO.load needs a `filepath` or `file_directories`")
        return self._read(os.fspath(filepath), format, reader_options)

    def _load_folders(self, folders: Sequence[str], format: FileFormat | str | None, options: dict[str, Any]) -> Any:
        import pandas as pd

        asked = [folders] if isinstance(folders, str) else list(folders)
        paths = [
            os.path.join(folder, name)
            for top in asked
            for folder, _, names in sorted(os.walk(top))
            for name in sorted(names)
            if not name.startswith(".")
        ]
        if not paths:
            raise FileNotFoundError(f"the folders {asked} hold no files")
        return pd.concat([self._read(path, format, options) for path in paths], ignore_index=True)

    def _read(self, path: str, format: FileFormat | str | None, options: dict[str, Any]) -> Any:
        return read_frame(path, format_of(path, format), options, path)

    def export(
        self,
        df: Any,
        filepath: str | os.PathLike[str],
        format: FileFormat | str | None = None,
        **writer_options: Any,
    ) -> None:
        """Write a pandas or Polars frame to a file. Further keywords go to the function that writes the format.

        pandas writes the index unless told `index=False`; Parquet keeps milliseconds unless told otherwise by
        `coerce_timestamps`. Both are so in Mage, and files are compared.
        """
        path = os.fspath(filepath)
        write_frame(df, path, format_of(path, format), writer_options, path)

    def exists(self, filepath: str | os.PathLike[str]) -> bool:
        """Whether there is a file or folder of this path."""
        return os.path.exists(filepath)


def read_frame(path: str, format: FileFormat, options: dict[str, Any], name: str) -> Any:
    """The pandas frame of a file. `name` is what errors call it."""
    import pandas as pd

    readers = {
        FileFormat.CSV: pd.read_csv,
        FileFormat.JSON: pd.read_json,
        FileFormat.PARQUET: pd.read_parquet,
        FileFormat.HDF5: pd.read_hdf,
        FileFormat.XML: pd.read_xml,
        FileFormat.EXCEL: pd.read_excel,
    }
    try:
        return readers[format](path, **options)
    except ImportError as error:
        explained = _explained(error, format, f"reading {name}")
        if explained is None:
            raise
        raise explained from None


def write_frame(df: Any, path: str, format: FileFormat, options: dict[str, Any], name: str) -> None:
    """Write a pandas or Polars frame to a file. `name` is what errors call it."""
    if _is_polars(df):
        write = _write_polars
    elif hasattr(df, "to_csv") and hasattr(df, "columns"):
        write = _write_pandas
    else:
        raise TypeError(f"only pandas and Polars frames are exported, and this is a {type(df).__name__}")
    try:
        write(df, path, format, options)
    except ImportError as error:
        explained = _explained(error, format, f"writing {name}")
        if explained is None:
            raise
        raise explained from None


def _write_pandas(df: Any, path: str, format: FileFormat, options: dict[str, Any]) -> None:
    if format is FileFormat.CSV:
        df.to_csv(path, **options)
    elif format is FileFormat.JSON:
        df.to_json(path, **options)
    elif format is FileFormat.PARQUET:
        if options.get("engine", "auto") != "fastparquet" and "coerce_timestamps" not in options:
            options.update(coerce_timestamps="ms", allow_truncated_timestamps=True)
        df.to_parquet(path, **options)
    elif format is FileFormat.HDF5:
        options.setdefault("key", os.path.splitext(os.path.basename(path))[0])
        df.to_hdf(path, **options)
    elif format is FileFormat.XML:
        df.to_xml(path, **options)
    else:
        df.to_excel(path, **options)


def _write_polars(df: Any, path: str, format: FileFormat, options: dict[str, Any]) -> None:
    options.pop("index", None)  # Polars has none
    if not hasattr(df, "write_csv"):
        df = df.collect()
    if format is FileFormat.CSV:
        df.write_csv(path, **options)
    elif format is FileFormat.JSON:
        df.write_json(path, **options)
    elif format is FileFormat.PARQUET:
        df.write_parquet(path, **options)
    elif format is FileFormat.HDF5:
        _write_pandas(df.to_pandas(), path, format, options)
    else:
        _write_pandas(df.to_pandas(), path, format, {"index": False, **options})


def format_of(path: str, format: FileFormat | str | None = None) -> FileFormat:
    """The format that is named, or the one of the path's extension."""
    if format is not None:
        try:
            return FileFormat(format)
        except ValueError:
            known = ", ".join(member.value for member in FileFormat)
            raise ValueError(f"unknown file format {format!r}; known are {known}") from None
    extension = os.path.splitext(path)[1]
    if extension in _EXTENSIONS:
        return _EXTENSIONS[extension]
    raise ValueError(
        f"the format of {path!r} cannot be told from its extension {extension!r} (known are "
        f"{', '.join(_EXTENSIONS)}); name it, for example format='csv'"
    )


def _is_polars(value: Any) -> bool:
    return type(value).__name__ in ("DataFrame", "LazyFrame") and library_of(value) == "polars"


def _explained(error: ImportError, format: FileFormat, purpose: str) -> ImportError | None:
    """What to say instead of pandas' own words when it lacks a package; nothing when it is about something else."""
    text = str(error)
    # pandas names the package in quotes; for Parquet it lists all engines that it tried. Others just fail to import.
    named = re.search(r"optional dependency '([\w-]+)'|^(lxml) not found|^No module named '(openpyxl|xlrd|odf)\b", text)
    if named is None and "usable engine" not in text:
        return None
    found = next(filter(None, named.groups())) if named else _PACKAGES[format]
    return missing({"pytables": "tables", "odf": "odfpy"}.get(found, found), purpose)
