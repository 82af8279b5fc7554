import pandas as pd

if 'transformer' not in globals():
    from mage_ai.data_preparation.decorators import transformer
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@transformer
def compare_months(by_carrier: pd.DataFrame, *args, **kwargs) -> pd.DataFrame:
    """The months from best to worst. Runs only for the whole year: see the conditional `whole_year`."""
    months = by_carrier.groupby('month', as_index=False)[['flights', 'cancelled', 'delayed']].sum()
    months['delayed_share'] = (months['delayed'] / (months['flights'] - months['cancelled'])).round(4)
    return months.sort_values('delayed_share').reset_index(drop=True)


@test
def test_every_month_is_in(months, *args) -> None:
    assert sorted(months['month']) == list(range(1, 13))
