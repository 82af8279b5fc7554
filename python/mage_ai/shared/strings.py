"""Functions on text."""

from __future__ import annotations

import enum
import os
import re

from mage_ai import _absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def is_number(s: Any) -> bool:
    """Whether a text, or a value, reads as a number."""
    try:
        float(s)
    except (TypeError, ValueError):
        return False
    return True


def camel_to_snake_case(name: str) -> str:
    """`camelCase` and `HTTPServer` as `camel_case` and `http_server`."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def classify(name: str) -> str:
    """`pipeline_run` as `PipelineRun`."""
    return "".join(word.capitalize() for word in name.split("_"))


def singularize(name: str) -> str:
    """`policies`, `statuses`, `pipelines` as `policy`, `status`, `pipeline`."""
    for ending, instead in (
        ("ies", "y"),
        ("sses", "ss"),
        ("shes", "sh"),
        ("ches", "ch"),
        ("xes", "x"),
        ("tuses", "tus"),
    ):
        if name.endswith(ending) and len(name) > len(ending):
            return name[: -len(ending)] + instead
    return name if name.endswith(("ss", "us", "is")) else name.removesuffix("s")


def capitalize_remove_underscore_lower(name: str) -> str:
    """`DATA_LOADER` as `Data loader`."""
    return name.replace("_", " ").capitalize()


def format_enum(value: Any) -> Any:
    """The value of a member of an enumeration; anything else as it is."""
    return value.value if isinstance(value, enum.Enum) else value


def remove_extension_from_filename(filename: str) -> str:
    """The name of a file without what follows the last dot."""
    return os.path.splitext(filename)[0]


def replacer(s: str, newstring: str, index: int, nofail: bool = False) -> str:
    """The text with the character at a position replaced; with `nofail`, a position outside adds to an end."""
    if not nofail and not 0 <= index < len(s):
        raise ValueError(f"the position {index} lies outside of a text of {len(s)} characters")
    if index < 0:
        return newstring + s
    return s[:index] + newstring + s[index + 1 :]


def size_of_string(string: str) -> float:
    """How many megabytes the text takes in UTF-8."""
    return len(string.encode("utf-8")) / 10**6


__getattr__ = _absent.attribute_error_of(__name__)
