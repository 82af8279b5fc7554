from pandas import DataFrame, Series

if 'transformer' not in globals():
    from mage_ai.data_preparation.decorators import transformer
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@transformer
def remove_outliers(data: DataFrame, {{ more }}*args, **kwargs) -> DataFrame:
    """Remove rows with numbers far from the others of their column."""
    columns = list(data.select_dtypes('number').columns)
    limit = 1.5  # how many interquartile ranges away is too far
    is_wanted = Series(True, index=data.index)
    for column in columns:
        low, high = data[column].quantile(0.25), data[column].quantile(0.75)
        margin = limit * (high - low)
        is_wanted &= data[column].between(low - margin, high + margin) | data[column].isna()
    return data[is_wanted]


@test
def test_output(output, *args) -> None:
    """Fails the block when its result is not usable. Every output comes as an argument of its own."""
    assert output is not None, 'the block has no output'
