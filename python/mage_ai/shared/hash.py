"""Functions on dictionaries."""

from __future__ import annotations

import copy
import json
import math
import re

from mage_ai import _absent
from mage_ai.shared.strings import camel_to_snake_case

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
    from typing import Any

_INDEXED = re.compile(r"^(?P<key>.*?)\[(?P<index>\d+)\]$")


def dig(obj_arg: Any, arr_or_string: str | Sequence[Any]) -> Any:
    """The value at a path: `'a.b[1]'`, or a list of keys.

    A key that is missing gives `None`; an empty value on the way is given back as it is: `dig({'a': {}}, 'a.z')` is
    `{}`.
    """
    path = arr_or_string.split(".") if isinstance(arr_or_string, str) else arr_or_string
    value = obj_arg
    for step in path:
        value = _step(value, step.strip() if isinstance(step, str) else step)
    return value


def _step(value: Any, key: Any) -> Any:
    indexed = _INDEXED.match(key) if isinstance(key, str) else None
    if indexed:
        inner = value[indexed["key"]] if indexed["key"] else value
        return inner[int(indexed["index"])]
    if not value:
        return value
    if isinstance(key, int) and isinstance(value, (list, tuple)):
        return value[key]
    return value.get(key)


def safe_dig(obj_arg: Any, arr_or_string: str | Sequence[Any]) -> Any:
    """The value at a path, as `dig` has it; `None` wherever the path cannot be followed."""
    path = arr_or_string.split(".") if isinstance(arr_or_string, str) else arr_or_string
    value = obj_arg
    for step in path:
        if not value:
            return None
        try:
            value = _step(value, step.strip() if isinstance(step, str) else step)
        except (AttributeError, IndexError, KeyError, TypeError):
            return None
    return value


def merge_dict(a: Mapping[Any, Any] | None, b: Mapping[Any, Any] | None) -> dict[Any, Any]:
    """A new dictionary with the keys of both; the second wins. `None` counts as an empty one."""
    merged: Any = copy.copy(a) if a else {}
    merged.update(b or {})
    return merged  # type: ignore[no-any-return]


def combine_into(child: Mapping[Any, Any], parent: dict[Any, Any]) -> None:
    """Write the keys of the first into the second, dictionaries in it into those of the same key."""
    for key, value in (child or {}).items():
        if isinstance(value, dict) and isinstance(parent.get(key), dict):
            combine_into(value, parent[key])
        else:
            parent[key] = value


def ignore_keys(d: Mapping[Any, Any], keys: Iterable[Any]) -> dict[Any, Any]:
    """The dictionary without some keys."""
    without = set(keys)
    return {key: value for key, value in d.items() if key not in without}


def ignore_keys_with_blank_values(d: Mapping[Any, Any], include_values: Sequence[Any] | None = None) -> dict[Any, Any]:
    """The dictionary without keys whose value is empty, zero or `None`, apart from values in `include_values`."""
    return {key: value for key, value in d.items() if value or (include_values and value in include_values)}


def extract(d: Mapping[Any, Any], keys: Iterable[Any], include_blank_values: bool = False) -> dict[Any, Any]:
    """The dictionary with some keys only.

    A value of `None` is left out; with `include_blank_values` it stays, and so does a key that is not there.
    """
    return {key: d.get(key) for key in keys if include_blank_values or d.get(key) is not None}


def extract_arrays(input_data: Mapping[Any, Any]) -> list[list[Any]]:
    """The values that are lists."""
    return [value for value in input_data.values() if isinstance(value, list)]


def index_by(func: Callable[[Any], Hashable], arr: Iterable[Any]) -> dict[Any, Any]:
    """The items by what the function gives for each; the last of equal ones."""
    return {func(item): item for item in arr}


def group_by(func: Callable[[Any], Hashable], arr: Iterable[Any]) -> dict[Any, list[Any]]:
    """Lists of the items by what the function gives for each."""
    groups: dict[Any, list[Any]] = {}
    for item in arr:
        groups.setdefault(func(item), []).append(item)
    return groups


def flatten(input_data: Mapping[str, Any]) -> dict[str, Any]:
    """A dictionary of dictionaries as one, three levels deep: keys are joined with `_`."""
    return _flat(input_data, "_", 3)


def flatten_dict(d: Mapping[str, Any], parent_key: str | None = "", sep: str = ".") -> dict[str, Any]:
    """A dictionary of dictionaries as one: keys are joined with dots, and begin with `parent_key`."""
    found = _flat(d, sep)
    return {f"{parent_key}{sep}{key}": value for key, value in found.items()} if parent_key else found


def unflatten_dict(d: Mapping[str, Any], sep: str = ".") -> dict[str, Any]:
    """What `flatten_dict` was given: each dot of a key opens a dictionary."""
    nested: dict[str, Any] = {}
    for path, value in d.items():
        inner = nested
        *above, last = path.split(sep)
        for key in above:
            inner = inner.setdefault(key, {})
        inner[last] = value
    return nested


def _flat(data: Mapping[str, Any], mark: str, levels: int | None = None) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict) and (levels is None or levels > 1):
            inner = _flat(value, mark, None if levels is None else levels - 1)
            flat.update({f"{key}{mark}{name}": one for name, one in inner.items()})
        else:
            flat[key] = value
    return flat


def get_json_value(str_value: Any, arr_or_string: str | Sequence[Any]) -> Any:
    """The value at a path such as `a.b[0].c` of a JSON text. What is no JSON text is given back as it is."""
    try:
        value = json.loads(str_value)
    except (TypeError, ValueError):
        return str_value
    return dig(value, arr_or_string)


def get_safe_value(data: Any, key: Any, default_value: Any = None) -> Any:
    """The value of a key, or the default when there is no dictionary or no such key."""
    return data.get(key, default_value) if isinstance(data, dict) else default_value


def set_value(obj: dict[Any, Any], keys: Sequence[Any], value: Any) -> dict[Any, Any]:
    """Set a value at a path of keys, and give the dictionary back. An empty value on the way becomes a dictionary."""
    inner = obj
    for key in keys[:-1]:
        if not inner.get(key):
            inner[key] = {}
        inner = inner[key]
    inner[keys[-1]] = value
    return obj


def replace_dict_nan_value(d: Mapping[Any, Any]) -> dict[Any, Any]:
    """The dictionary with `None` for every number that is none (NaN)."""
    return {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in d.items()}


def camel_case_keys_to_snake_case(d: Any) -> Any:
    """The dictionary, and those in it and in its lists, with keys such as `camel_case`."""
    if isinstance(d, list):
        return [camel_case_keys_to_snake_case(value) for value in d]
    if not isinstance(d, dict):
        return d
    return {camel_to_snake_case(key): camel_case_keys_to_snake_case(value) for key, value in d.items()}


__getattr__ = _absent.attribute_error_of(__name__)
