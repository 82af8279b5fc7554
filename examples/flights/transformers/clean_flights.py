import pandas as pd

if 'transformer' not in globals():
    from mage_ai.data_preparation.decorators import transformer
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@transformer
def clean_flights(flights: pd.DataFrame, *args, **kwargs) -> pd.DataFrame:
    """Typed columns, one departure time instead of its parts, and cancelled flights marked."""
    clean = flights.rename(columns={'time_hour': 'scheduled_hour'})
    clean['scheduled_hour'] = pd.to_datetime(clean['scheduled_hour'], utc=True)
    clean['scheduled_departure'] = clean['scheduled_hour'] + pd.to_timedelta(clean['minute'], unit='min')
    # A flight without a departure time never left.
    clean['cancelled'] = clean['dep_time'].isna()
    for column in ['dep_delay', 'arr_delay', 'air_time']:
        clean[column] = clean[column].astype('Int16')
    for column in ['carrier', 'origin', 'dest']:
        clean[column] = clean[column].astype('category')
    columns = [
        'month', 'scheduled_departure', 'scheduled_hour', 'carrier', 'flight', 'tailnum', 'origin', 'dest',
        'distance', 'air_time', 'dep_delay', 'arr_delay', 'cancelled',
    ]
    return clean[columns]


@test
def test_cancelled_flights_have_no_delay(flights, *args) -> None:
    assert flights.loc[flights['cancelled'], 'dep_delay'].isna().all()


@test
def test_departures_have_a_time_zone(flights, *args) -> None:
    assert str(flights['scheduled_departure'].dt.tz) == 'UTC'
