from os import makedirs, path

from mage_ai.settings.repo import get_repo_path

if 'data_exporter' not in globals():
    from mage_ai.data_preparation.decorators import data_exporter
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@data_exporter
def export_revenue(revenue, *args, **kwargs):
    """Write the result as CSV into the folder `output` of the project."""
    folder = path.join(get_repo_path(), 'output')
    makedirs(folder, exist_ok=True)
    file = path.join(folder, 'daily_revenue.csv')
    revenue.to_csv(file, index=False)
    print(f'{len(revenue)} rows written to output/daily_revenue.csv')
    return {'file': 'output/daily_revenue.csv', 'rows': len(revenue)}


@test
def test_something_was_written(report, *args) -> None:
    assert report['rows'] > 0, 'the file has no rows'
