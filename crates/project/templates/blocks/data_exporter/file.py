from os import makedirs, path

from pandas import DataFrame

from mage_ai.io.file import FileIO
from mage_ai.settings.repo import get_repo_path

if 'data_exporter' not in globals():
    from mage_ai.data_preparation.decorators import data_exporter


@data_exporter
def export_data_to_file(data: DataFrame, {{ more }}*args, **kwargs) -> None:
    """Write a frame to a file of the project: CSV, JSON, Parquet, XML, HDF5 or Excel, as its name says."""
    file = path.join(get_repo_path(), kwargs.get('output_file', 'output/data.csv'))
    makedirs(path.dirname(file), exist_ok=True)
    FileIO().export(data, file)
