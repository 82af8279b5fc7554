from pandas import DataFrame

if 'transformer' not in globals():
    from mage_ai.data_preparation.decorators import transformer
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@transformer
def drop_duplicates(data: DataFrame, {{ more }}*args, **kwargs) -> DataFrame:
    """Keep one of several rows that are equal."""
    columns = list(data.columns)  # rows are equal when these columns are
    return data.drop_duplicates(subset=columns, keep='first')


@test
def test_output(output, *args) -> None:
    """Fails the block when its result is not usable. Every output comes as an argument of its own."""
    assert output is not None, 'the block has no output'
