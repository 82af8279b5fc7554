from pathlib import Path

from flights.utils.output import output_folder

if 'data_exporter' not in globals():
    from mage_ai.data_preparation.decorators import data_exporter
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@data_exporter
def export_report(report: str, *args, **kwargs) -> str:
    """The report as a file; returns its path."""
    path = output_folder(kwargs) / 'report.md'
    path.write_text(report, encoding='utf-8')
    print(f'the report is in {path}')
    return str(path)


@test
def test_report_is_written(path, *args) -> None:
    assert Path(path).stat().st_size > 0
