import pandas as pd

from flights.utils.tables import read_table

if 'data_loader' not in globals():
    from mage_ai.data_preparation.decorators import data_loader
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@data_loader
def load_weather(*args, **kwargs) -> pd.DataFrame:
    """Hourly weather at the three airports."""
    return read_table('weather')


@test
def test_covers_every_airport(weather, *args) -> None:
    assert set(weather['origin']) == {'EWR', 'JFK', 'LGA'}
