from pandas import DataFrame

if 'transformer' not in globals():
    from mage_ai.data_preparation.decorators import transformer
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@transformer
def standardize(data: DataFrame, {{ more }}*args, **kwargs) -> DataFrame:
    """Scale numbers to mean 0 and standard deviation 1."""
    columns = list(data.select_dtypes('number').columns)
    scaled = {}
    for column in columns:
        scaled[column] = (data[column] - data[column].mean()) / (data[column].std() or 1)
    return data.assign(**scaled)


@test
def test_output(output, *args) -> None:
    """Fails the block when its result is not usable. Every output comes as an argument of its own."""
    assert output is not None, 'the block has no output'
