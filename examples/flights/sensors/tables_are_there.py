from flights.utils.tables import missing_tables

if 'sensor' not in globals():
    from mage_ai.data_preparation.decorators import sensor


@sensor
def tables_are_there(*args, **kwargs) -> bool:
    """The loaders wait for this. It is asked again, once a minute, until it says True."""
    missing = missing_tables()
    if missing:
        print(f'still missing: {", ".join(missing)}')
    return not missing
