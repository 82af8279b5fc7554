import pandas as pd

from flights.utils.delays import ENOUGH_FLIGHTS, delay_summary

if 'transformer' not in globals():
    from mage_ai.data_preparation.decorators import transformer
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@transformer
def hours_of_origin(origin: str, flights: pd.DataFrame, *args, **kwargs) -> pd.DataFrame:
    """Delays by the hour of departure, New York time, at one airport. Runs once for each airport."""
    own = flights[flights['origin'] == origin]
    local = own['scheduled_departure'].dt.tz_convert('America/New_York')
    summary = delay_summary(own.assign(hour=local.dt.hour), ['origin', 'hour'])
    busy = summary[summary['flights'] >= ENOUGH_FLIGHTS]
    worst = busy.loc[busy['delayed_share'].idxmax()]
    print(f'{origin}: {worst["delayed_share"]:.1%} of the flights at {worst["hour"]} o\'clock are late')
    return summary


@test
def test_one_airport(summary, *args) -> None:
    assert summary['origin'].nunique() == 1
