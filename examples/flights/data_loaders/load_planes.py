import pandas as pd

from flights.utils.tables import read_table

if 'data_loader' not in globals():
    from mage_ai.data_preparation.decorators import data_loader
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@data_loader
def load_planes(*args, **kwargs) -> pd.DataFrame:
    """Planes by tail number."""
    return read_table('planes')


@test
def test_tail_numbers_are_unique(planes, *args) -> None:
    assert planes['tailnum'].is_unique
