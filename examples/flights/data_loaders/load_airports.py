import pandas as pd

from flights.utils.tables import read_table

if 'data_loader' not in globals():
    from mage_ai.data_preparation.decorators import data_loader
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@data_loader
def load_airports(*args, **kwargs) -> pd.DataFrame:
    """Names and places of the airports by FAA code."""
    return read_table('airports', usecols=['faa', 'name', 'lat', 'lon'])


@test
def test_places_are_on_the_globe(airports, *args) -> None:
    assert airports['lat'].between(-90, 90).all()
    assert airports['lon'].between(-180, 180).all()
