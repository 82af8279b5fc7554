if 'transformer' not in globals():
    from mage_ai.data_preparation.decorators import transformer
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


@transformer
def daily_revenue(orders, *args, **kwargs):
    """Add up what was paid, per day and region.

    The statuses that count come from the pipeline's variables, so that a run can change them:
    baton run . example_pipeline --vars '{"statuses": ["paid", "cancelled"]}'
    """
    counted = orders[orders['status'].isin(kwargs.get('statuses', ['paid']))]
    counted = counted.assign(
        day=counted['ordered_at'].dt.date.astype(str),
        revenue=counted['quantity'] * counted['unit_price'],
    )
    return (
        counted.groupby(['day', 'region'], as_index=False)
        .agg(orders=('order_id', 'count'), revenue=('revenue', 'sum'))
        .round({'revenue': 2})
    )


@test
def test_revenue_is_never_negative(revenue, *args) -> None:
    assert (revenue['revenue'] >= 0).all(), 'a region lost money in a day'
