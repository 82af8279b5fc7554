"""Functions on text."""

from __future__ import annotations

import enum
import json
import re

from mage_ai import _absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SAME_IN_PLURAL = r"\b(equipment|fish|information|money|rice|sheep|species)$"

# Endings of plurals and what stands instead; the first that fits counts.
_SINGULARS = (
    (r"(pe)ople$", r"\1rson"),
    (r"(hu)mans$", r"\1man"),
    (r"(m)en$", r"\1an"),
    (r"(child)ren$", r"\1"),
    (r"(sex|move|zombie|movie|database|shoe)s$", r"\1"),
    (r"(series|news)$", r"\1"),
    (r"(quiz)zes$", r"\1"),
    (r"(matr)ices$", r"\1ix"),
    (r"(vert|ind)ices$", r"\1ex"),
    (r"^(ox)en$", r"\1"),
    (r"(alias|status)(es)?$", r"\1"),
    (r"(octop|vir)(us|i)$", r"\1us"),
    (r"^(ax)[ie]s$", r"\1is"),
    (r"(cris|test)[ie]s$", r"\1is"),
    (r"(bus)(es)?$", r"\1"),
    (r"(o)es$", r"\1"),
    (r"([ml])ice$", r"\1ouse"),
    (r"(x|ch|ss|sh)es$", r"\1"),
    (r"([^aeiouy]|qu)ies$", r"\1y"),
    (r"([lr])ves$", r"\1f"),
    (r"([^f]ti|hi)ves$", r"\1ve"),
    (r"([^f])ves$", r"\1fe"),
    (r"((^|\W|_)ba|the|diagno|analy|parenthe|progno|synop)s[ie]s$", r"\1sis"),
    (r"([ti])a$", r"\1um"),
    (r"(ss)$", r"\1"),
    (r"s$", ""),
)


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


def singularize(word: str) -> str:
    """`policies`, `statuses`, `people` as `policy`, `status`, `person`.

    It goes by endings, so that a word that is no plural may lose its `s`, and `caves` becomes `cafe`.
    """
    if re.search(_SAME_IN_PLURAL, word, re.IGNORECASE):
        return word
    for ending, instead in _SINGULARS:
        if re.search(ending, word, re.IGNORECASE):
            return re.sub(ending, instead, word, count=1, flags=re.IGNORECASE)
    return word


def capitalize_remove_underscore_lower(name: str) -> str:
    """`DATA_LOADER` as `Data loader`."""
    return name.replace("_", " ").capitalize()


def format_enum(value: Any) -> Any:
    """The value of a member of an enumeration; anything else as it is."""
    return value.value if isinstance(value, enum.Enum) else value


def is_json(myjson: Any) -> Any:
    """The dictionary that a JSON text holds; `False` for any other text and any other value."""
    try:
        value = json.loads(myjson) if isinstance(myjson, str) else None
    except ValueError:
        return False
    return value if isinstance(value, dict) else False


def string_to_number(value: Any) -> Any:
    """The whole number or else the fraction that a text reads as; the text itself when it is neither."""
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


def to_ordinal_integers(word: str) -> list[int]:
    """The place of each letter in the alphabet: `abc` as 1, 2, 3. Only small letters have a sensible one."""
    return [ord(letter) - 96 for letter in word or ""]


def remove_extension_from_filename(filename: str) -> str:
    """The path of a file, its name cut at the first dot: `data/x.csv.gz` as `data/x`."""
    folder, slash, name = filename.rpartition("/")
    return folder + slash + name.split(".", 1)[0]


def replacer(s: str, newstring: str, index: int, nofail: bool = False) -> str:
    """The text with the character at a position replaced; with `nofail`, a position outside adds to an end."""
    if not nofail and not 0 <= index < len(s):
        raise ValueError(f"the position {index} lies outside of a text of {len(s)} characters")
    if index < 0:
        return newstring + s
    return s[:index] + newstring + s[index + 1 :]


def size_of_string(string: Any) -> int:
    """How many bytes the text, or that of a value, takes in UTF-8."""
    return len(str(string).encode("utf-8"))


__getattr__ = _absent.attribute_error_of(__name__)
