import pandas as pd

KEY = ['origin', 'scheduled_hour']
# Miles per hour; the table has one hour with 1,048.
STRONGEST_WIND = 120

if 'transformer' not in globals():
    from mage_ai.data_preparation.decorators import transformer
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@transformer
def clean_weather(weather: pd.DataFrame, *args, **kwargs) -> pd.DataFrame:
    """One row per airport and hour. A gust that was not measured is no gust; short gaps are filled forward."""
    clean = weather.rename(columns={'time_hour': 'scheduled_hour', 'visib': 'visibility'})
    clean['scheduled_hour'] = pd.to_datetime(clean['scheduled_hour'], utc=True)
    clean = clean.sort_values(KEY).drop_duplicates(KEY, keep='last')
    for column in ['wind_speed', 'wind_gust']:
        clean[column] = clean[column].where(clean[column] <= STRONGEST_WIND)
    clean['wind_gust'] = clean['wind_gust'].fillna(clean['wind_speed'])
    measured = ['temp', 'humid', 'pressure', 'wind_speed']
    clean[measured] = clean.groupby('origin')[measured].ffill(limit=6)
    columns = [*KEY, 'temp', 'humid', 'pressure', 'precip', 'visibility', 'wind_speed', 'wind_gust']
    return clean[columns].reset_index(drop=True)


@test
def test_one_row_per_airport_and_hour(weather, *args) -> None:
    assert not weather.duplicated(KEY).any()


@test
def test_winds_are_plausible(weather, *args) -> None:
    assert weather['wind_speed'].dropna().between(0, STRONGEST_WIND).all()
