from pandas import DataFrame

if 'transformer' not in globals():
    from mage_ai.data_preparation.decorators import transformer
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@transformer
def filter_rows(data: DataFrame, {{ more }}*args, **kwargs) -> DataFrame:
    """Keep the rows that fulfil a condition."""
    is_wanted = data[data.columns[0]].notna()  # such as data['price'] > 10
    return data[is_wanted]


@test
def test_output(output, *args) -> None:
    """Fails the block when its result is not usable. Every output comes as an argument of its own."""
    assert output is not None, 'the block has no output'
