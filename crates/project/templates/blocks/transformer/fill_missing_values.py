from pandas import DataFrame

if 'transformer' not in globals():
    from mage_ai.data_preparation.decorators import transformer
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@transformer
def fill_missing_values(data: DataFrame, {{ more }}*args, **kwargs) -> DataFrame:
    """Fill missing numbers with the median of their column."""
    columns = list(data.select_dtypes('number').columns)
    return data.assign(**{column: data[column].fillna(data[column].median()) for column in columns})


@test
def test_output(output, *args) -> None:
    """Fails the block when its result is not usable. Every output comes as an argument of its own."""
    assert output is not None, 'the block has no output'
