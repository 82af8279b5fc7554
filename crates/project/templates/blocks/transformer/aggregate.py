from pandas import DataFrame

if 'transformer' not in globals():
    from mage_ai.data_preparation.decorators import transformer
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@transformer
def aggregate(data: DataFrame, {{ more }}*args, **kwargs) -> DataFrame:
    """{{ name }}, for each group of rows."""
    group_by = list(data.columns[:1])  # rows with equal values here are a group
    columns = list(data.select_dtypes('number').columns.difference(group_by))  # columns to sum up
    return data.groupby(group_by, as_index=False, dropna=False)[columns].agg('{{ how }}')


@test
def test_output(output, *args) -> None:
    """Fails the block when its result is not usable. Every output comes as an argument of its own."""
    assert output is not None, 'the block has no output'
