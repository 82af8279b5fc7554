import pandas as pd

if 'transformer' not in globals():
    from mage_ai.data_preparation.decorators import transformer
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@transformer
def join_flights(
    flights: pd.DataFrame,
    weather: pd.DataFrame,
    planes: pd.DataFrame,
    airlines: pd.DataFrame,
    airports: pd.DataFrame,
    *args,
    **kwargs,
) -> pd.DataFrame:
    """Each flight with the weather at its departure, its plane, its airline and its destination."""
    destinations = airports.rename(columns={'faa': 'dest', 'name': 'dest_name'})[['dest', 'dest_name']]
    joined = (
        flights.astype({'carrier': str, 'origin': str, 'dest': str})
        .merge(weather, how='left', on=['origin', 'scheduled_hour'], validate='many_to_one')
        .merge(planes, how='left', on='tailnum', validate='many_to_one')
        .merge(airlines.rename(columns={'name': 'airline'}), how='left', on='carrier', validate='many_to_one')
        .merge(destinations, how='left', on='dest', validate='many_to_one')
    )
    weather_known, plane_known = joined['visibility'].notna().mean(), joined['seats'].notna().mean()
    print(f'{len(joined)} flights, {weather_known:.1%} with weather, {plane_known:.1%} with a plane')
    return joined


@test
def test_most_flights_have_weather(flights, *args) -> None:
    assert flights['visibility'].notna().mean() > 0.95, 'the hours of flights and weather do not match'


@test
def test_every_flight_has_an_airline(flights, *args) -> None:
    assert flights['airline'].notna().all()
