from flights.utils.tables import selected_months

if 'condition' not in globals():
    from mage_ai.data_preparation.decorators import condition


@condition
def whole_year(*args, **kwargs) -> bool:
    """Months can be compared only when the run is about all of them."""
    return len(selected_months(kwargs)) == 12
