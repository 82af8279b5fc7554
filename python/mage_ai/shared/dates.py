"""Functions on dates."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from mage_ai import _absent

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def n_days_ago(n: float) -> str:
    """The date `n` days before today, as `2026-01-31`. Today is that of the machine's time zone."""
    return (datetime.now() - timedelta(days=n)).strftime("%Y-%m-%d")


def compare(date1: datetime | None, date2: datetime | None) -> int | None:
    """-1, 0 or 1: whether the first is before, at or after the second; `None` when one is missing.

    A moment without a time zone is taken to be in UTC when the other has one.
    """
    if date1 is None or date2 is None:
        return None
    if isinstance(date1, datetime) and isinstance(date2, datetime) and (date1.tzinfo is None) != (date2.tzinfo is None):
        date1, date2 = (one if one.tzinfo else one.replace(tzinfo=timezone.utc) for one in (date1, date2))
    return (date1 > date2) - (date1 < date2)


def str_to_timedelta(period_str: str) -> timedelta:
    """A period such as `12h`, `90d` or `2w`."""
    unit = _UNITS.get(period_str[-1:])
    if unit is None:
        raise ValueError(f"a period is a number and one of {', '.join(_UNITS)}, such as 90d, and not {period_str!r}")
    return int(period_str[:-1]) * unit


def week_of_month(day: datetime) -> int:
    """The number of a day's week in its month. Weeks begin on Sunday, and the first may be short."""
    before = (day.replace(day=1).weekday() + 1) % 7  # the days of that week that belong to the month before
    return (before + day.day - 1) // 7 + 1


__getattr__ = _absent.attribute_error_of(__name__)
