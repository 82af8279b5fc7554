if 'sensor' not in globals():
    from mage_ai.data_preparation.decorators import sensor


@sensor
def check_condition(*args, **kwargs) -> bool:
    """Say whether the blocks below may start. It is asked again, once a minute, until it says True."""
    return True
