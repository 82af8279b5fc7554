if 'custom' not in globals():
    from mage_ai.data_preparation.decorators import custom
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@custom
def run({{ parameters }}*args, **kwargs):
    """Do anything. What is returned reaches the blocks below."""
    return {'variables': sorted(kwargs)}


@test
def test_output(output, *args) -> None:
    """Fails the block when its result is not usable. Every output comes as an argument of its own."""
    assert output is not None, 'the block has no output'
