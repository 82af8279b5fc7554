"""Columns whose cells are lists, arrays, tuples or sets.

Lists of Python's numbers come back with numpy's, and lists of them that lie in lists as arrays, as in Mage. The next
block hands on what it received: numpy's numbers and arrays have the same Arrow types, and come back as they are.
"""

from __future__ import annotations

from baton.codecs import objects

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from baton.codecs.chunks import Plan
    from baton.codecs.files import ArrowFiles

# Lists nested deeper (or containing themselves) are no columns of numbers.
_MOST_LEVELS = 8


def plan_lists(values: Any, present: Any, missing: Any) -> Plan | None:
    """Lists of one type. `None` for others: no Arrow type tells their items apart."""
    import pyarrow as pa

    kinds, has_none, levels, innermost = _leaves(present)
    if kinds == {int, float} or (kinds == {int} and has_none):
        kinds = {float}  # `None` is NaN then, as everywhere in numpy
    if len(kinds) > 1:
        return None
    if not kinds <= {int, float, str, bool}:
        return _numpy_items(values, missing, kinds.pop(), has_none, levels, innermost)
    item = {int: pa.int64(), float: pa.float64(), str: pa.string(), bool: pa.bool_()}
    way = "numpy lists" if kinds in ({int}, {float}) or (kinds == {bool} and not has_none) else "python"
    if levels > 1 and way == "python" and kinds:
        return None
    return _converted(values, missing, item[kinds.pop()] if kinds else pa.null(), levels, {"as": way})


def _numpy_items(
    values: Any, missing: Any, kind: type, has_none: bool, levels: int, innermost: list[Any]
) -> Plan | None:
    """Lists of `levels` levels that hold numpy's numbers of one type, its text, or arrays; they come back as they are.

    Numbers with `None` among them would not, and are left to others.
    """
    import numpy as np
    import pyarrow as pa

    if kind is np.str_:
        return _converted(values, missing, pa.string(), levels, {"as": "numpy text"})
    if kind is np.ndarray:
        item = _array_type([array for cell in innermost for array in cell if array is not None])
    else:
        item = None if has_none else _number_type(kind)
    return None if item is None else _converted(values, missing, item, levels, {"as": "numpy lists", "lists": levels})


def _converted(values: Any, missing: Any, item: Any, levels: int, spec: dict[str, Any]) -> Plan | None:
    """A plan for lists of `levels` levels; `item` is the type of what they hold in the end."""
    import pyarrow as pa

    for _ in range(levels):
        item = pa.list_(item)
    return objects.converted(values, missing, item, spec)


def _leaves(lists: Any) -> tuple[set[type], bool, int, Any]:
    """The types of what lists hold in the end, whether `None` is among it, how many levels of lists there are, the
    lists of the last level.
    """
    from itertools import chain

    levels = 1
    kinds = set(map(type, chain.from_iterable(lists)))
    while list in kinds and kinds <= {list, type(None)} and levels < _MOST_LEVELS:
        lists = [item for cell in lists for item in cell if item is not None]
        kinds = set(map(type, chain.from_iterable(lists)))
        levels += 1
    has_none = type(None) in kinds
    kinds.discard(type(None))
    return kinds, has_none, levels, lists


def _number_type(kind: type) -> Any:
    """The Arrow type of one of numpy's numbers (or booleans) that gives it back; `None` where there is none."""
    import numpy as np
    import pyarrow as pa

    sizes = (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64)
    if kind in (np.bool_, *sizes, np.float16, np.float32, np.float64):
        return pa.from_numpy_dtype(np.dtype(kind))
    return None


def _array_type(arrays: list[Any], levels: int = _MOST_LEVELS) -> Any:
    """The Arrow type that gives arrays back: of numbers of one type, of text or bytes as objects, of such arrays.

    `None` where there is none, or where arrays lie in arrays for more than `levels` levels.
    """
    import numpy as np
    import pyarrow as pa

    if set(map(type, arrays)) != {np.ndarray} or any(array.ndim != 1 for array in arrays) or not levels:
        return None
    dtypes = {array.dtype for array in arrays}
    dtype = dtypes.pop()
    if dtypes:
        return None
    if dtype.kind != "O":
        item = _number_type(dtype.type) if dtype.isnative else None
    else:
        items = [item for array in arrays for item in array if item is not None]
        kinds = set(map(type, items))
        if kinds in ({str}, {bytes}):
            item = pa.string() if kinds == {str} else pa.binary()
        else:
            item = _array_type(items, levels - 1)
    return None if item is None else pa.list_(item)


def plan_arrays(values: Any, present: Any, missing: Any) -> Plan | None:
    """Cells that are arrays, tuples or sets of one type; all come back as arrays, as they do in Mage."""
    import numpy as np

    types = set()
    cells = values.copy()
    for row in np.flatnonzero(~missing):
        cell = values[row]
        if isinstance(cell, np.ndarray):
            if cell.ndim != 1 or cell.dtype.kind not in "biufMUO":
                return None
            types.add("text" if cell.dtype.kind == "U" else cell.dtype.str)
        else:
            kinds = set(map(type, cell)) - {type(None)}
            if not any(kinds <= allowed for allowed in ({int, float}, {str}, {bool}, {bytes})):
                return None
            cells[row] = list(cell)
    if len(types) > 1:
        return None
    arrow_type = None
    if types == {"|O"}:
        arrow_type = _array_type(list(present))
        if arrow_type is None:
            return None
    return objects.converted(cells, missing, arrow_type, {"as": "arrays"})


def as_arrays(plan: Plan) -> Plan:
    """The plan for cells of a Series: what is lists of Python's numbers in a frame is arrays there, as in Mage."""
    if plan.spec == {"as": "numpy lists"}:
        plan.spec = {"as": "arrays"}
    return plan


def _decode_numpy_lists(column: Any, spec: dict[str, Any], _source: ArrowFiles) -> Any:
    cells = column.to_pandas().to_numpy(copy=True)
    lists = spec.get("lists")
    if lists is None:  # they were lists of Python's numbers
        return objects.array_of([None if cell is None else list(cell) for cell in cells])
    arrays = _levels(column.type) - lists
    return objects.array_of([_unpacked(cell, lists, arrays) for cell in cells])


def _unpacked(cell: Any, lists: int, arrays: int) -> Any:
    """Nested arrays as `lists` levels of lists that hold arrays of `arrays` levels, or numbers."""
    if cell is None:
        return None
    if not lists:
        return _own(cell, arrays)
    if lists == 1 and not arrays:
        return list(cell)
    return [_unpacked(item, lists - 1, arrays) for item in cell]


def _decode_arrays(column: Any, _spec: dict[str, Any], _source: ArrowFiles) -> Any:
    levels = _levels(column.type)
    return objects.array_of([None if cell is None else _own(cell, levels) for cell in column.to_pandas()])


def _own(array: Any, levels: int) -> Any:
    """An array of `levels` levels with memory of its own: it can be changed, and does not keep the others alive."""
    array = array.copy()
    if levels > 1:
        for position, item in enumerate(array):
            array[position] = None if item is None else _own(item, levels - 1)
    return array


def _levels(arrow_type: Any) -> int:
    """How many levels of lists a type has."""
    import pyarrow as pa

    levels = 0
    while pa.types.is_list(arrow_type):
        arrow_type = arrow_type.value_type
        levels += 1
    return levels


def _decode_numpy_text(column: Any, _spec: dict[str, Any], _source: ArrowFiles) -> Any:
    import numpy as np

    def as_numpy(item: Any) -> Any:
        if item is None:
            return None
        return [as_numpy(part) for part in item] if type(item) is list else np.str_(item)

    return objects.array_of([as_numpy(cell) for cell in column.to_pylist()])


DECODERS: dict[str, Callable[[Any, dict[str, Any], ArrowFiles], Any]] = {
    "numpy lists": _decode_numpy_lists,
    "numpy text": _decode_numpy_text,
    "arrays": _decode_arrays,
}
