import pandas as pd

from flights.utils.delays import delay_summary

if 'transformer' not in globals():
    from mage_ai.data_preparation.decorators import transformer
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@transformer
def delay_by_carrier_and_month(flights: pd.DataFrame, *args, **kwargs) -> pd.DataFrame:
    """Delays of each airline in each month."""
    return delay_summary(flights, ['carrier', 'airline', 'month'])


@test
def test_shares_are_shares(summary, *args) -> None:
    assert summary['delayed_share'].dropna().between(0, 1).all()


@test
def test_one_row_per_carrier_and_month(summary, *args) -> None:
    assert not summary.duplicated(['carrier', 'month']).any()
