from pandas import DataFrame

if 'data_loader' not in globals():
    from mage_ai.data_preparation.decorators import data_loader
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@data_loader
def load_data(*args, **kwargs) -> DataFrame:
    """Give the data that the pipeline starts from.

    What is returned reaches the blocks below: a frame, a dict, a list, a number, text, ...
    Variables come as keyword arguments, such as kwargs['region'].
    """
    rows = kwargs.get('rows', 3)
    return DataFrame({'id': range(1, rows + 1), 'price': [9.5] * rows})


@test
def test_output(output, *args) -> None:
    """Fails the block when its result is not usable. Every output comes as an argument of its own."""
    assert output is not None, 'the block has no output'
