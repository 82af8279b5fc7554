import pandas as pd

from flights.utils.delays import delay_summary

if 'transformer' not in globals():
    from mage_ai.data_preparation.decorators import transformer
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@transformer
def busiest_routes(flights: pd.DataFrame, *args, **kwargs) -> pd.DataFrame:
    """The routes with the most flights; the variable `top` says how many."""
    top = int(kwargs.get('top') or 20)
    # Four destinations are not in the table of airports: they keep their code as a name.
    named = flights.assign(dest_name=flights['dest_name'].fillna(flights['dest']))
    routes = delay_summary(named, ['origin', 'dest', 'dest_name'])
    routes = routes.sort_values(['flights', 'origin', 'dest'], ascending=[False, True, True])
    return routes.head(top).reset_index(drop=True)


@test
def test_sorted_by_flights(routes, *args) -> None:
    assert routes['flights'].is_monotonic_decreasing
