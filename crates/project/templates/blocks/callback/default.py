if 'callback' not in globals():
    from mage_ai.data_preparation.decorators import callback


@callback('success')
def success_callback(parent_block_data, **kwargs) -> None:
    """Runs when the block that this is attached to has succeeded, with what that block returned."""
    print(f"{kwargs['parent_block_uuid']} succeeded")


@callback('failure')
def failure_callback(parent_block_data, **kwargs) -> None:
    """Runs when it has failed; the error is in kwargs['__error']."""
    print(f"{kwargs['parent_block_uuid']} failed: {kwargs.get('__error')}")
