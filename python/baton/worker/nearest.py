"""The known name that was most likely meant."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_SHORTEST_PART = 4


def nearest_of(name: str, known: Iterable[object], least: float = 0.7) -> str | None:
    """The known name that is spelt much like this one; capital letters make no difference."""
    import difflib

    folded: dict[str, str] = {}
    for one in sorted({one for one in known if isinstance(one, str)}, reverse=True):
        folded[one.casefold()] = one
    if name in folded.values():
        return name
    found = difflib.get_close_matches(name.casefold(), sorted(folded), 1, least)
    return folded[found[0]] if found else None


def similar(name: str, known: Iterable[object]) -> str | None:
    """The known name that is spelt much like this one, or the only one that holds it, `unit_price` for `price`."""
    names = sorted({one for one in known if isinstance(one, str)})
    found = nearest_of(name, names)
    if found is None and len(name) >= _SHORTEST_PART:
        holding = [one for one in names if name in one]
        found = holding[0] if len(holding) == 1 else None
    return found
