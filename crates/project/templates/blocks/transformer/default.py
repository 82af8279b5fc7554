if 'transformer' not in globals():
    from mage_ai.data_preparation.decorators import transformer
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@transformer
def transform({{ parameters }}*args, **kwargs):
    """Turn data into other data.

    There is one parameter for each block above, in the order of `upstream_blocks`.
    """
    return data


@test
def test_output(output, *args) -> None:
    """Fails the block when its result is not usable. Every output comes as an argument of its own."""
    assert output is not None, 'the block has no output'
