from os import path

from pandas import DataFrame

from mage_ai.io.file import FileIO
from mage_ai.settings.repo import get_repo_path

if 'data_loader' not in globals():
    from mage_ai.data_preparation.decorators import data_loader
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@data_loader
def load_data_from_file(*args, **kwargs) -> DataFrame:
    """Read a file of the project: CSV, JSON, Parquet, XML, HDF5 or Excel, as its name says."""
    file = path.join(get_repo_path(), kwargs.get('file', 'data/orders.csv'))
    return FileIO().load(file)


@test
def test_output(output, *args) -> None:
    """Fails the block when its result is not usable. Every output comes as an argument of its own."""
    assert output is not None, 'the block has no output'
