import pandas as pd

if 'transformer' not in globals():
    from mage_ai.data_preparation.decorators import transformer
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@transformer
def clean_planes(planes: pd.DataFrame, *args, **kwargs) -> pd.DataFrame:
    """Maker, model, seats and year of each plane; one spelling for each maker."""
    clean = planes.rename(columns={'year': 'built'})
    clean['built'] = clean['built'].astype('Int16')
    clean['manufacturer'] = clean['manufacturer'].str.replace(r'^AIRBUS.*', 'AIRBUS', regex=True)
    clean['manufacturer'] = clean['manufacturer'].str.replace(r'^MCDONNELL DOUGLAS.*', 'MCDONNELL DOUGLAS', regex=True)
    return clean[['tailnum', 'manufacturer', 'model', 'built', 'seats']]


@test
def test_every_plane_has_seats(planes, *args) -> None:
    assert (planes['seats'] > 0).all()
