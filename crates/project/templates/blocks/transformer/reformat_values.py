from pandas import DataFrame

if 'transformer' not in globals():
    from mage_ai.data_preparation.decorators import transformer
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@transformer
def reformat_values(data: DataFrame, {{ more }}*args, **kwargs) -> DataFrame:
    """Give text in columns one form: without spaces around it, in lower case."""
    columns = list(data.select_dtypes(['object', 'string']).columns)
    cleaned = {
        column: data[column].map(lambda value: value.strip().lower() if isinstance(value, str) else value)
        for column in columns
    }
    return data.assign(**cleaned)


@test
def test_output(output, *args) -> None:
    """Fails the block when its result is not usable. Every output comes as an argument of its own."""
    assert output is not None, 'the block has no output'
