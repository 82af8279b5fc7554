from os import path

import pandas as pd
from mage_ai.settings.repo import get_repo_path

if 'data_loader' not in globals():
    from mage_ai.data_preparation.decorators import data_loader
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@data_loader
def load_orders(*args, **kwargs):
    """Read the orders of a week from a file of the project."""
    file = path.join(get_repo_path(), 'data', 'orders.csv')
    return pd.read_csv(file, parse_dates=['ordered_at'])


@test
def test_every_order_has_a_number_of_its_own(orders, *args) -> None:
    assert len(orders) > 0, 'there are no orders'
    assert orders['order_id'].is_unique, 'two orders have the same number'
