"""What counts as a delay, for every table that sums them up."""

import pandas as pd

# The US Department of Transportation calls a flight delayed from this minute on.
DELAYED_FROM_MINUTES = 15
# A share of fewer flights than these says little.
ENOUGH_FLIGHTS = 50


def delay_summary(flights: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Flights, cancellations and departure delays of each group of `flights`."""
    marked = flights.assign(
        delayed=flights['dep_delay'].ge(DELAYED_FROM_MINUTES).fillna(False).astype(bool),
    )
    summary = marked.groupby(by, observed=True, as_index=False).agg(
        flights=('flight', 'size'),
        cancelled=('cancelled', 'sum'),
        delayed=('delayed', 'sum'),
        mean_dep_delay=('dep_delay', 'mean'),
        mean_arr_delay=('arr_delay', 'mean'),
    )
    flown = (summary['flights'] - summary['cancelled']).where(lambda n: n > 0)
    summary['delayed_share'] = (summary['delayed'] / flown).round(4)
    for column in ['mean_dep_delay', 'mean_arr_delay']:
        summary[column] = summary[column].astype('float64').round(2)
    return summary
