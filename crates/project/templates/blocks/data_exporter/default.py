if 'data_exporter' not in globals():
    from mage_ai.data_preparation.decorators import data_exporter


@data_exporter
def export_data({{ parameters }}*args, **kwargs) -> None:
    """Write data to where it is needed.

    There is one parameter for each block above, in the order of `upstream_blocks`.
    """
    print(f'received a value of type {type(data).__name__}')
