"""Functions on dictionaries."""

from __future__ import annotations

import math
import re

from mage_ai import _absent

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


def merge_dict(a: Mapping[Any, Any], b: Mapping[Any, Any]) -> dict[Any, Any]:
    """A new dictionary with the keys of both; the second wins."""
    return {**a, **b}


def ignore_keys(d: Mapping[Any, Any], keys: Iterable[Any]) -> dict[Any, Any]:
    """The dictionary without some keys."""
    without = set(keys)
    return {key: value for key, value in d.items() if key not in without}


def ignore_keys_with_blank_values(d: Mapping[Any, Any], include_values: Sequence[Any] | None = None) -> dict[Any, Any]:
    """The dictionary without keys whose value is empty, zero or `None`, apart from values in `include_values`."""
    return {key: value for key, value in d.items() if value or (include_values and value in include_values)}


def extract(d: Mapping[Any, Any], keys: Iterable[Any]) -> dict[Any, Any]:
    """The dictionary with some keys only; a value of `None` is left out."""
    return {key: d[key] for key in keys if d.get(key) is not None}


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


def flatten_dict(input_data: Mapping[str, Any], prefix: str | None = None) -> dict[str, Any]:
    """A dictionary of dictionaries as one: keys are joined with dots."""
    found = _flat(input_data, ".")
    return {f"{prefix}.{key}": value for key, value in found.items()} if prefix else found


def _flat(data: Mapping[str, Any], mark: str, levels: int | None = None) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict) and (levels is None or levels > 1):
            inner = _flat(value, mark, None if levels is None else levels - 1)
            flat.update({f"{key}{mark}{name}": one for name, one in inner.items()})
        else:
            flat[key] = value
    return flat


def get_json_value(json_string: Any, key: str) -> Any:
    """The value at a path such as `a.b[0].c` of a JSON text or of what one was read into."""
    import json

    from baton.templates import json_value

    return json_value(json_string if isinstance(json_string, str) else json.dumps(json_string), key)


def get_safe_value(data: Any, key: Any, default_value: Any = None) -> Any:
    """The value of a key, or the default when there is no dictionary or no such key."""
    return data.get(key, default_value) if isinstance(data, dict) else default_value


def set_value(obj: dict[Any, Any], keys: Sequence[Any], value: Any) -> dict[Any, Any]:
    """Set a value at a path of keys, and give the dictionary back."""
    inner = obj
    for key in keys[:-1]:
        inner = inner.setdefault(key, {})
    inner[keys[-1]] = value
    return obj


def replace_dict_nan_value(d: Mapping[Any, Any]) -> dict[Any, Any]:
    """The dictionary with `None` for every number that is none (NaN)."""
    return {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in d.items()}


def camel_case_keys_to_snake_case(d: Mapping[str, Any]) -> dict[str, Any]:
    """The dictionary, and those in it, with keys such as `camel_case`."""
    from mage_ai.shared.strings import camel_to_snake_case

    return {
        camel_to_snake_case(key): camel_case_keys_to_snake_case(value) if isinstance(value, dict) else value
        for key, value in d.items()
    }


__getattr__ = _absent.attribute_error_of(__name__)
