if 'condition' not in globals():
    from mage_ai.data_preparation.decorators import condition


@condition
def evaluate_condition(*args, **kwargs) -> bool:
    """Say whether the block that this is attached to runs. It gets the inputs of that block.

    On False the block and all blocks below it are left out, and the run goes on.
    """
    return kwargs.get('is_wanted', True)
