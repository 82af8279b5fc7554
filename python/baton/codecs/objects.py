"""Arrays of Python objects, and the plan for those that Arrow converts by itself."""

from __future__ import annotations

from baton.codecs.chunks import Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def array_of(cells: list[Any]) -> Any:
    """An object array with these cells, whatever they are."""
    import numpy as np

    out: Any = np.empty(len(cells), object)
    for position, cell in enumerate(cells):  # numpy would take a list of lists for a second dimension
        out[position] = cell
    return out


def converted(values: Any, missing: Any, arrow_type: Any, spec: dict[str, Any]) -> Plan | None:
    """A plan for cells that Arrow converts by itself, both ways. `None` when it cannot."""
    import pyarrow as pa

    try:
        array = pa.array(values, type=arrow_type, mask=missing)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        return None
    except UnicodeEncodeError:  # lone surrogates
        return None
    if isinstance(array, pa.ChunkedArray):
        return None
    return Plan(array.type, spec, lambda start, stop: array.slice(start, stop - start), 16)
