import re

from pandas import DataFrame

if 'transformer' not in globals():
    from mage_ai.data_preparation.decorators import transformer
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@transformer
def clean_column_names(data: DataFrame, {{ more }}*args, **kwargs) -> DataFrame:
    """Give the columns names in lower case, of letters, digits and underscores."""
    names = {column: re.sub(r'\W+', '_', str(column).strip()).strip('_').lower() for column in data.columns}
    return data.rename(columns=names)


@test
def test_output(output, *args) -> None:
    """Fails the block when its result is not usable. Every output comes as an argument of its own."""
    assert output is not None, 'the block has no output'
