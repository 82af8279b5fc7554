import pandas as pd

if 'transformer' not in globals():
    from mage_ai.data_preparation.decorators import transformer
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@transformer
def delay_by_hour(airports: list, *args, **kwargs) -> pd.DataFrame:
    """The tables of all airports as one: `hours_of_origin` reduces its output, so they arrive as a list."""
    return pd.concat(airports, ignore_index=True)


@test
def test_every_airport_is_in(hours, *args) -> None:
    assert set(hours['origin']) == {'EWR', 'JFK', 'LGA'}
