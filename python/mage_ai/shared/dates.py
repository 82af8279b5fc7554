"""Functions on dates."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from mage_ai import _absent


def n_days_ago(n: int) -> datetime:
    """Now less `n` days, in UTC and without a zone."""
    return datetime.now(timezone.utc).replace(tzinfo=None) - timedelta(days=n)


def compare(date1: datetime, date2: datetime) -> int:
    """-1, 0 or 1: whether the first is before, at or after the second."""
    return (date1 > date2) - (date1 < date2)


__getattr__ = _absent.attribute_error_of(__name__)
