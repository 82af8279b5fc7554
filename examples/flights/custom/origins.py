import pandas as pd

if 'custom' not in globals():
    from mage_ai.data_preparation.decorators import custom
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@custom
def origins(flights: pd.DataFrame, *args, **kwargs) -> list:
    """One item for each airport that flights start at, and with it the name of the child run that it makes.

    The block is dynamic: the block below runs once per item, side by side.
    """
    codes = sorted(flights['origin'].unique())
    return [codes, [{'block_uuid': code.lower()} for code in codes]]


@test
def test_one_name_for_each_airport(codes, names) -> None:
    assert len(codes) == len(names) == 3
