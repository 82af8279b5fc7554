"""Classes of records that are filtered as an ORM does it: `Run.query.filter(Run.status == "failed").all()`.

The records come as a list; nothing here knows where from, and nothing is written back.
"""

from __future__ import annotations

from baton.host import NotOfferedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, NoReturn

__all__ = ["Column", "Condition", "Derived", "Order", "Query", "Record"]


class Condition:
    """What a column must be. `equal` is the value when only that one will do."""

    def __init__(self, column: str, holds: Callable[[Any], bool], equal: Any = None) -> None:
        self.column = column
        self.holds = holds
        self.equal = equal


class Order:
    """A column to sort by."""

    def __init__(self, column: str, *, descending: bool) -> None:
        self.column = column
        self.descending = descending


class Column:
    """A column: on the class it makes conditions, on a record it is the value."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: object | None, owner: type) -> Any:
        return self if instance is None else vars(instance).get(self.name)

    def _compare(self, other: Any, holds: Callable[[Any, Any], bool]) -> Condition:
        other = _comparable(other)
        return Condition(self.name, lambda value: value is not None and holds(_comparable(value), other))

    def __eq__(self, other: object) -> Any:
        return _equal(self.name, other)

    def __ne__(self, other: object) -> Any:
        wanted = _comparable(other)
        return Condition(self.name, lambda value: _comparable(value) != wanted)

    def __lt__(self, other: Any) -> Condition:
        return self._compare(other, lambda left, right: left < right)

    def __le__(self, other: Any) -> Condition:
        return self._compare(other, lambda left, right: left <= right)

    def __gt__(self, other: Any) -> Condition:
        return self._compare(other, lambda left, right: left > right)

    def __ge__(self, other: Any) -> Condition:
        return self._compare(other, lambda left, right: left >= right)

    __hash__ = object.__hash__

    def in_(self, values: Iterable[Any]) -> Condition:
        """One of these."""
        wanted = [_comparable(value) for value in values]
        return Condition(self.name, lambda value: _comparable(value) in wanted)

    def notin_(self, values: Iterable[Any]) -> Condition:
        """None of these."""
        wanted = [_comparable(value) for value in values]
        return Condition(self.name, lambda value: _comparable(value) not in wanted)

    not_in = notin_

    def is_(self, other: Any) -> Condition:
        """This very value, as `None`."""
        return Condition(self.name, lambda value: value is other)

    def is_not(self, other: Any) -> Condition:
        """Anything but this very value."""
        return Condition(self.name, lambda value: value is not other)

    def between(self, first: Any, last: Any) -> Condition:
        """From the first to the last, both included."""
        first, last = _comparable(first), _comparable(last)
        return Condition(self.name, lambda value: value is not None and first <= _comparable(value) <= last)

    def asc(self) -> Order:
        """The smallest first."""
        return Order(self.name, descending=False)

    def desc(self) -> Order:
        """The largest first."""
        return Order(self.name, descending=True)


class Derived(Column):
    """A column whose value is worked out when a record is asked for it."""

    def __init__(self, value: Callable[[Any], Any]) -> None:
        self._value = value

    def __get__(self, instance: object | None, owner: type) -> Any:
        return self if instance is None else self._value(instance)


def _equal(column: str, other: Any) -> Condition:
    wanted = _comparable(other)
    return Condition(column, lambda value: _comparable(value) == wanted, equal=wanted)


def _comparable(value: Any) -> Any:
    """Enumerations as their text; moments with a time zone as those of the records, in UTC without one."""
    value = getattr(value, "value", value)
    if getattr(value, "tzinfo", None) is not None and hasattr(value, "astimezone"):
        from datetime import timezone

        return value.astimezone(timezone.utc).replace(tzinfo=None)
    return value


class Query:
    """Records that meet conditions. It is read when it is asked for records, each time anew."""

    def __init__(
        self,
        load: Callable[[dict[str, Any]], list[Any]],
        conditions: tuple[Condition, ...] = (),
        orders: tuple[Order, ...] = (),
        most: int | None = None,
        skipped: int = 0,
    ) -> None:
        self._load = load
        self._conditions = conditions
        self._orders = orders
        self._most = most
        self._skipped = skipped

    def _with(self, **changes: Any) -> Query:
        settings: dict[str, Any] = {
            "conditions": self._conditions,
            "orders": self._orders,
            "most": self._most,
            "skipped": self._skipped,
        }
        return Query(self._load, **{**settings, **changes})

    def filter(self, *conditions: Any) -> Query:
        """Only records that meet all these conditions, such as `PipelineRun.status == 'completed'`."""
        for condition in conditions:
            if not isinstance(condition, Condition):
                raise NotOfferedError(
                    "this filter is not offered by Baton: compare a column of the class with a value, "
                    "and give several conditions to `filter` for all of them to hold"
                )
        return self._with(conditions=(*self._conditions, *conditions))

    where = filter  # noqa: A003 -- the method above

    def filter_by(self, **columns: Any) -> Query:
        """Only records whose columns have these values."""
        return self._with(conditions=(*self._conditions, *(_equal(name, value) for name, value in columns.items())))

    def order_by(self, *columns: Any) -> Query:
        """Sorted by these columns."""
        orders = tuple(column if isinstance(column, Order) else column.asc() for column in columns)
        return self._with(orders=(*self._orders, *orders))

    def limit(self, count: int | None) -> Query:
        """So many at most."""
        return self._with(most=count)

    def offset(self, count: int | None) -> Query:
        """Without the first ones."""
        return self._with(skipped=count or 0)

    def all(self) -> list[Any]:
        """The records."""
        equal = {condition.column: condition.equal for condition in self._conditions if condition.equal is not None}
        records = [
            record
            for record in self._load(equal)
            if all(condition.holds(getattr(record, condition.column, None)) for condition in self._conditions)
        ]
        for order in reversed(self._orders):
            records.sort(key=lambda record: _sorted_by(getattr(record, order.column, None)), reverse=order.descending)
        end = None if self._most is None else self._skipped + self._most
        return records[self._skipped : end]

    def first(self) -> Any:
        """The first record, or `None`."""
        return next(iter(self.limit(1).all()), None)

    def one_or_none(self) -> Any:
        """The only record, or `None`. Several are an error."""
        records = self.all()
        if len(records) > 1:
            raise ValueError(f"one record was expected, and there are {len(records)}")
        return records[0] if records else None

    def one(self) -> Any:
        """The only record. None or several are an error."""
        record = self.one_or_none()
        if record is None:
            raise ValueError("one record was expected, and there is none")
        return record

    def get(self, id: Any) -> Any:
        """The record with this id, or `None`."""
        return self.filter_by(id=id).first()

    def count(self) -> int:
        """How many there are."""
        return len(self.all())

    def __iter__(self) -> Iterator[Any]:
        return iter(self.all())

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"`query.{name}` is not offered by Baton: use filter, filter_by, order_by, limit, offset, all, first, one, "
            "get or count"
        )


def _sorted_by(value: Any) -> tuple[bool, Any]:
    return (value is not None, _comparable(value))


class _QueryOf:
    """`Class.query`: a query of all records of the class."""

    def __get__(self, _instance: object | None, owner: Any) -> Query:
        return Query(owner.load)


class Record:
    """A record that is read and never written."""

    query = _QueryOf()

    def __init__(self, facts: dict[str, Any]) -> None:
        vars(self).update(facts)

    @classmethod
    def load(cls, equal: dict[str, Any]) -> list[Any]:
        """All records, or at least those whose columns are equal to these values."""
        raise NotImplementedError

    @classmethod
    def get(cls, id: Any = None, **_columns: Any) -> Any:
        """The record with this id, or `None`."""
        return cls.query.get(id)

    @classmethod
    def _written(cls, what: str) -> NoReturn:
        raise NotOfferedError(f"`{cls.__name__}.{what}` is not offered by Baton: records of runs are only read here")

    @classmethod
    def create(cls, **_columns: Any) -> NoReturn:
        """Not offered: records are written by Baton alone."""
        cls._written("create")

    def update(self, **_columns: Any) -> NoReturn:
        """Not offered: records are written by Baton alone."""
        self._written("update")

    def delete(self, **_options: Any) -> NoReturn:
        """Not offered: records are written by Baton alone."""
        self._written("delete")

    def save(self, **_options: Any) -> NoReturn:
        """Not offered: records are written by Baton alone."""
        self._written("save")

    def refresh(self) -> None:
        """Read the record anew."""
        found = type(self).get(vars(self)["id"])
        if found is not None:
            vars(self).update(vars(found))

    def to_dict(self, **_options: Any) -> dict[str, Any]:
        """The columns."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({vars(self).get('id')!r})"
