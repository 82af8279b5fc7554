from typing import Dict, List

if 'custom' not in globals():
    from mage_ai.data_preparation.decorators import custom
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@custom
def make_items({{ parameters }}*args, **kwargs) -> List[List[Dict]]:
    """Make one run of each block below for every item.

    The first list holds the items: each run gets one of them as its argument. The second list may give a run
    further keyword arguments, and with `block_uuid` a name.
    """
    names = kwargs.get('names', ['north', 'south'])
    items = [{'name': name, 'number': number} for number, name in enumerate(names)]
    settings = [{'block_uuid': name} for name in names]
    return [items, settings]


@test
def test_output(items, *args) -> None:
    """Fails the block when there is nothing to do."""
    assert len(items) > 0, 'there are no items'
