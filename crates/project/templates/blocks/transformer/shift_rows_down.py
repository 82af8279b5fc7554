from pandas import DataFrame

if 'transformer' not in globals():
    from mage_ai.data_preparation.decorators import transformer
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@transformer
def shift_rows_down(data: DataFrame, {{ more }}*args, **kwargs) -> DataFrame:
    """Add columns that hold the value of the row before."""
    columns = list(data.columns[:1])
    rows = 1
    return data.assign(**{f'{column}_before': data[column].shift(rows) for column in columns})


@test
def test_output(output, *args) -> None:
    """Fails the block when its result is not usable. Every output comes as an argument of its own."""
    assert output is not None, 'the block has no output'
