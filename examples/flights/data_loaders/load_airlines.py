import pandas as pd

from flights.utils.tables import read_table

if 'data_loader' not in globals():
    from mage_ai.data_preparation.decorators import data_loader
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@data_loader
def load_airlines(*args, **kwargs) -> pd.DataFrame:
    """Names of the airlines by carrier code."""
    return read_table('airlines')


@test
def test_carriers_are_unique(airlines, *args) -> None:
    assert airlines['carrier'].is_unique
