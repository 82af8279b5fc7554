from pathlib import Path

import pandas as pd

from flights.utils.output import output_folder

if 'data_exporter' not in globals():
    from mage_ai.data_preparation.decorators import data_exporter
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@data_exporter
def export_months(months: pd.DataFrame, *args, **kwargs) -> str:
    """The comparison of the months as CSV; returns its path."""
    path = output_folder(kwargs) / 'months.csv'
    months.to_csv(path, index=False)
    return str(path)


@test
def test_file_is_written(path, *args) -> None:
    assert Path(path).stat().st_size > 0
