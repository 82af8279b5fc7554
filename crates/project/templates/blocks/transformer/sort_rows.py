from pandas import DataFrame

if 'transformer' not in globals():
    from mage_ai.data_preparation.decorators import transformer
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@transformer
def sort_rows(data: DataFrame, {{ more }}*args, **kwargs) -> DataFrame:
    """Sort the rows."""
    columns = list(data.columns[:1])  # the first of them counts most
    return data.sort_values(columns, ascending=True, ignore_index=True)


@test
def test_output(output, *args) -> None:
    """Fails the block when its result is not usable. Every output comes as an argument of its own."""
    assert output is not None, 'the block has no output'
