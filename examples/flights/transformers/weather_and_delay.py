import pandas as pd

from flights.utils.delays import delay_summary

VISIBILITY = [-0.01, 1, 3, 6, 10]
WIND = [-0.01, 5, 10, 15, 20, 200]

if 'transformer' not in globals():
    from mage_ai.data_preparation.decorators import transformer
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@transformer
def weather_and_delay(flights: pd.DataFrame, *args, **kwargs) -> pd.DataFrame:
    """Delays by visibility (miles) and wind speed (miles per hour) at the hour of departure."""
    known = flights.dropna(subset=['visibility', 'wind_speed'])
    banded = known.assign(
        visibility_band=pd.cut(known['visibility'], VISIBILITY, labels=['0-1', '1-3', '3-6', '6-10']),
        wind_band=pd.cut(known['wind_speed'], WIND, labels=['0-5', '5-10', '10-15', '15-20', 'over 20']),
    )
    summary = delay_summary(banded, ['visibility_band', 'wind_band'])
    return summary.astype({'visibility_band': str, 'wind_band': str})


@test
def test_bands_are_known(summary, *args) -> None:
    assert not summary[['visibility_band', 'wind_band']].eq('nan').any(axis=None)
