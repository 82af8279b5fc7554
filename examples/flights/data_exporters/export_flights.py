from pathlib import Path

import pandas as pd

from flights.utils.output import output_folder

if 'data_exporter' not in globals():
    from mage_ai.data_preparation.decorators import data_exporter
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@data_exporter
def export_flights(flights: pd.DataFrame, *args, **kwargs) -> dict:
    """The joined flights as Parquet, one folder per month. Months that a run does not touch stay as they are."""
    folder = output_folder(kwargs) / 'flights'
    flights.to_parquet(
        folder,
        partition_cols=['month'],
        basename_template='part-{i}.parquet',
        existing_data_behavior='delete_matching',
        index=False,
    )
    months = sorted(int(month) for month in flights['month'].unique())
    print(f'{len(flights)} flights of months {months} are in {folder}')
    return {'folder': str(folder), 'months': months, 'rows': len(flights)}


@test
def test_every_row_is_in_a_file(export, *args) -> None:
    written = pd.read_parquet(export['folder'], columns=['month', 'flight'])
    assert written['month'].astype(int).isin(export['months']).sum() == export['rows']


@test
def test_every_month_has_a_folder(export, *args) -> None:
    for month in export['months']:
        assert list(Path(export['folder'], f'month={month}').glob('*.parquet')), f'month {month} has no file'
