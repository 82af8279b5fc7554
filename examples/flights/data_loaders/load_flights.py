import pandas as pd

from flights.utils.tables import read_table, selected_months

if 'data_loader' not in globals():
    from mage_ai.data_preparation.decorators import data_loader
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@data_loader
def load_flights(*args, **kwargs) -> pd.DataFrame:
    """Every flight that left New York in 2013, or in the month that the variable `month` names."""
    flights = read_table('flights')
    months = selected_months(kwargs)
    print(f'{len(flights)} flights in the table, months to keep: {months}')
    return flights[flights['month'].isin(months)].reset_index(drop=True)


@test
def test_has_flights(flights, *args) -> None:
    assert len(flights) > 0, 'no flight in the chosen months'


@test
def test_starts_in_new_york(flights, *args) -> None:
    assert set(flights['origin']) <= {'EWR', 'JFK', 'LGA'}, 'a flight starts somewhere else'
