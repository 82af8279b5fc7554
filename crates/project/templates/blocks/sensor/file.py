from os import path

from mage_ai.settings.repo import get_repo_path

if 'sensor' not in globals():
    from mage_ai.data_preparation.decorators import sensor


@sensor
def file_is_there(*args, **kwargs) -> bool:
    """Wait for a file of the project."""
    return path.isfile(path.join(get_repo_path(), kwargs.get('file', 'data/orders.csv')))
