import pandas as pd
from pandas import DataFrame

if 'transformer' not in globals():
    from mage_ai.data_preparation.decorators import transformer
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@transformer
def fix_syntax_errors(data: DataFrame, {{ more }}*args, **kwargs) -> DataFrame:
    """Turn text that is not valid as a number into a missing value."""
    columns = []  # columns that should hold numbers
    return data.assign(**{column: pd.to_numeric(data[column], errors='coerce') for column in columns})


@test
def test_output(output, *args) -> None:
    """Fails the block when its result is not usable. Every output comes as an argument of its own."""
    assert output is not None, 'the block has no output'
