"""Functions on lists."""

from __future__ import annotations

import random

from mage_ai import _absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
    from typing import Any


def batch(iterable: Sequence[Any], n: int = 1) -> Iterator[Sequence[Any]]:
    """Slices of `n` items, the last with what is left."""
    for start in range(0, len(iterable), n):
        yield iterable[start : start + n]


def difference(li1: Iterable[Any], li2: Iterable[Any]) -> list[Any]:
    """The items that only one of the two lists has: those of the first, then those of the second."""
    first, second = list(li1), list(li2)
    in_first, in_second = set(first), set(second)
    return [item for item in first if item not in in_second] + [item for item in second if item not in in_first]


def subtract(arr1: Iterable[Any], arr2: Iterable[Any]) -> list[Any]:
    """The items of the first list that the second does not have."""
    without = set(arr2)
    return [item for item in arr1 if item not in without]


def flatten(arr: Iterable[Iterable[Any]]) -> list[Any]:
    """The items of the lists in a list; one level."""
    return [item for inner in arr for item in inner]


def find(condition: Callable[[Any], Any], arr: Iterable[Any], map: Callable[[Any], Any] | None = None) -> Any:
    """The first item for which the condition holds, passed through `map`; `None` when there is none."""
    for item in arr:
        if condition(item):
            return map(item) if map else item
    return None


def find_index(condition: Callable[[Any], Any], arr: Iterable[Any]) -> int:
    """The position of the first item for which the condition holds; -1 when there is none."""
    return next((at for at, item in enumerate(arr) if condition(item)), -1)


def unique_by(arr1: Iterable[Any], key: Callable[[Any], Hashable]) -> list[Any]:
    """One item for each value of `key`: the first."""
    found: dict[Hashable, Any] = {}
    for item in arr1:
        found.setdefault(key(item), item)
    return list(found.values())


def is_iterable(obj: Any, exclude_dicts: bool = True, exclude_strings: bool = True) -> bool:
    """Whether a value can be gone through; text and dictionaries do not count unless asked for."""
    if (exclude_dicts and isinstance(obj, dict)) or (exclude_strings and isinstance(obj, str)):
        return False
    try:
        iter(obj)
    except TypeError:
        return False
    return True


def sample(arr: Sequence[Any]) -> Any:
    """One of the items, by chance."""
    return random.choice(arr)  # noqa: S311 -- nothing secret


__getattr__ = _absent.attribute_error_of(__name__)
