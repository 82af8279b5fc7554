import pandas as pd

from flights.utils.delays import ENOUGH_FLIGHTS

if 'transformer' not in globals():
    from mage_ai.data_preparation.decorators import transformer
if 'test' not in globals():
    from mage_ai.data_preparation.decorators import test


def share(value: float) -> str:
    return f'{value:.1%}'


@transformer
def delay_report(
    by_carrier: pd.DataFrame,
    routes: pd.DataFrame,
    weather: pd.DataFrame,
    hours: pd.DataFrame,
    *args,
    **kwargs,
) -> str:
    """The findings as Markdown, for people who do not open tables."""
    totals = by_carrier[['flights', 'cancelled', 'delayed']].sum()
    flown = totals['flights'] - totals['cancelled']
    months = sorted(by_carrier['month'].unique())
    period = f'Months {months[0]} to {months[-1]}' if len(months) > 1 else f'Month {months[0]}'
    lines = [
        '# Departures from New York, 2013',
        '',
        f'{period}: {totals["flights"]:,} flights, {totals["cancelled"]:,} cancelled; '
        f'{share(totals["delayed"] / flown)} of those that left were 15 minutes late or more.',
        '',
        '| Airline | Flights | Delayed |',
        '|---|---:|---:|',
    ]
    carriers = by_carrier.groupby('airline')[['flights', 'cancelled', 'delayed']].sum()
    carriers['share'] = carriers['delayed'] / (carriers['flights'] - carriers['cancelled'])
    for airline, row in carriers.sort_values('share', ascending=False).iterrows():
        lines.append(f'| {airline} | {row["flights"]:,.0f} | {share(row["share"])} |')
    lines += ['', '| Route | Flights | Delayed |', '|---|---:|---:|']
    for row in routes.head(5).itertuples():
        lines.append(f'| {row.origin} to {row.dest_name} | {row.flights:,} | {share(row.delayed_share)} |')
    lines += ['', '| Visibility, miles | Flights | Delayed |', '|---|---:|---:|']
    bands = weather.groupby('visibility_band')[['flights', 'cancelled', 'delayed']].sum()
    bands['share'] = bands['delayed'] / (bands['flights'] - bands['cancelled'])
    for band in ['0-1', '1-3', '3-6', '6-10']:
        if band in bands.index:
            lines.append(f'| {band} | {bands.loc[band, "flights"]:,.0f} | {share(bands.loc[band, "share"])} |')
    lines += ['', '| Airport | Best hour | Delayed | Worst hour | Delayed |', '|---|---:|---:|---:|---:|']
    for origin, rows in hours[hours['flights'] >= ENOUGH_FLIGHTS].groupby('origin'):
        best = rows.loc[rows['delayed_share'].idxmin()]
        worst = rows.loc[rows['delayed_share'].idxmax()]
        lines.append(
            f'| {origin} | {best["hour"]} | {share(best["delayed_share"])} '
            f'| {worst["hour"]} | {share(worst["delayed_share"])} |'
        )
    return '\n'.join(lines) + '\n'


@test
def test_names_an_airline(report, *args) -> None:
    assert '| Airline |' in report
    assert report.count('\n| ') > 10
