"""Columns of Python objects that are not strings.

Cells of one type get the Arrow type that shows them best and loses nothing; cells that no Arrow type holds exactly
(mixed types, dictionaries, `Decimal`s of different scale) are text, as JSON or in their own notation; other objects are
pickled cell by cell. Each way has an encoder and its decoder beside it, those of lists and arrays in `lists`.

Missing values: strings, booleans, dates, times, bytes, lists and numbers of `decimal` come back with `None` whatever
stood for nothing, as in Mage. Everywhere else `None`, NaN, NaT and NA are kept apart.

Columns of nothing but floats, or but booleans, come back with that dtype, and lists, tuples and sets of numbers with
numpy's numbers: so they do in Mage, and they lose nothing by it.
"""

from __future__ import annotations

from baton.codecs import fixed, lists, objects, pickled, tagged, text
from baton.codecs.chunks import Plan
from baton.kinds import home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from baton.codecs.files import ArrowFiles

_INT64 = 1 << 63


def plan(values: Any, where: str, rows_together: int, exact: bool = False) -> Plan:
    """A plan for an object array. `where` names the column in messages: `output_0["price"]`.

    With `exact` the cells come back as objects, as they are, even where Mage makes arrays or another dtype of them.
    """
    import pandas as pd

    shared = text.find_shared(values, rows_together)
    if shared is not None:
        seen = shared.objects
    else:
        # Text is looked at again when it is encoded, a chunk at a time: of a long column some of it will do here.
        seen = values[:1] if len(values) > rows_together and isinstance(values[0], str) else values
    if pd.api.types.infer_dtype(seen, skipna=True) == "string":
        return text.plan(values, {"as": "text"}, lambda: _other(values, where, exact), rows_together, shared)
    return _other(values, where, exact)


def _other(values: Any, where: str, exact: bool) -> Plan:
    """A plan for an object array that is not all text."""
    import pandas as pd
    import pyarrow as pa

    missing = pd.isna(values)
    present = values[~missing]
    kinds = set(map(type, present))
    if not kinds:
        return Plan(pa.null(), {"as": "nothing"}, lambda start, stop: pa.nulls(stop - start), 0)
    if len(kinds) == 1:
        kind = kinds.pop()
        module, name = home(kind), kind.__qualname__
        special = _EXACT_BY_TYPE.get((module, name)) if exact else None
        special = special or (None if exact and name == "tuple" else _BY_TYPE.get((module, name)))
        found = special(values, present, missing) if special else None
        if found is not None:
            return found
    return _json_or_pickle(values, where)


def decode(column: Any, spec: dict[str, Any], source: ArrowFiles) -> Any:
    """The cells of a column, as an object array."""
    return _DECODERS[spec["as"]](column, spec, source)


# Cells with an Arrow type of their own


def _numbers(array: Any) -> Plan:
    """Cells that are a numpy array from now on."""
    import numpy as np
    import pyarrow as pa

    arrow_type = pa.from_numpy_dtype(array.dtype)
    is_float = array.dtype.kind == "f"

    def encode(start: int, stop: int) -> Any:
        part = array[start:stop]
        return fixed.array(arrow_type, part, np.isnan(part) if is_float else None)

    return Plan(arrow_type, {"as": "numpy", "dtype": array.dtype.str}, encode, array.dtype.itemsize)


def _only_none(values: Any, missing: Any) -> bool:
    return all(value is None for value in values[missing])


def _bools(values: Any, present: Any, missing: Any) -> Plan | None:
    """A column of booleans; of objects, where something is missing."""
    return _numbers(values.astype(bool)) if len(present) == len(values) else _bool_objects(values, present, missing)


def _bool_objects(values: Any, _present: Any, missing: Any) -> Plan | None:
    import pyarrow as pa

    return objects.converted(values, missing, pa.bool_(), {"as": "python"})


def _ints(values: Any, present: Any, missing: Any) -> Plan | None:
    import pyarrow as pa

    if not _only_none(values, missing) or not -_INT64 <= min(present) <= max(present) < _INT64:
        return None
    return objects.converted(values, missing, pa.int64(), {"as": "python"})


def _floats(values: Any, present: Any, missing: Any) -> Plan | None:
    """A column of floats, NaN where something is missing."""
    import numpy as np

    array: Any = np.full(len(values), np.nan)
    array[~missing] = present
    return _numbers(array)


def _float_objects(values: Any, _present: Any, missing: Any) -> Plan | None:
    import pyarrow as pa

    return objects.converted(values, missing, pa.float64(), {"as": "python"}) if _only_none(values, missing) else None


def _dates(values: Any, _present: Any, missing: Any) -> Plan | None:
    import pyarrow as pa

    return objects.converted(values, missing, pa.date32(), {"as": "python"})


def _times(values: Any, present: Any, missing: Any) -> Plan | None:
    import pyarrow as pa

    if any(value.tzinfo is not None or value.fold for value in present):
        return None
    return objects.converted(values, missing, pa.time64("us"), {"as": "python"})


def _datetimes(values: Any, present: Any, missing: Any) -> Plan | None:
    import datetime as dt

    import pyarrow as pa

    zones = {value.tzinfo for value in present}
    if any(value.fold for value in present) or not _only_none(values, missing):
        return None
    if zones == {None}:
        return objects.converted(values, missing, pa.timestamp("us"), {"as": "python"})
    if zones == {dt.timezone.utc} and all(value.tzinfo is dt.timezone.utc for value in present):
        return objects.converted(values, missing, pa.timestamp("us", "UTC"), {"as": "utc"})
    return None


def _timedeltas(values: Any, _present: Any, missing: Any) -> Plan | None:
    import pyarrow as pa

    return (
        objects.converted(values, missing, pa.duration("us"), {"as": "python"}) if _only_none(values, missing) else None
    )


def _bytes(values: Any, _present: Any, missing: Any) -> Plan | None:
    import pyarrow as pa

    return objects.converted(values, missing, pa.binary(), {"as": "python"})


def _decimals(values: Any, present: Any, missing: Any) -> Plan | None:
    """Decimals of one scale are Arrow's decimals; of several, text: `1.10` and `1.100` are kept apart."""
    import pyarrow as pa

    tuples = [value.as_tuple() for value in present]
    exponents = {parts.exponent for parts in tuples}
    exponent = exponents.pop()
    negative_zero = any(parts.sign and not any(parts.digits) for parts in tuples)  # which Arrow does not have
    if not exponents and isinstance(exponent, int) and -38 <= exponent <= 0 and not negative_zero:
        digits = max(-exponent, *(len(parts.digits) for parts in tuples), 1)
        if digits <= 38:
            return objects.converted(values, missing, pa.decimal128(digits, -exponent), {"as": "python"})
    return _written(values, missing, "decimal")


def _uuids(values: Any, _present: Any, missing: Any) -> Plan | None:
    return _written(values, missing, "uuid")


def _written(values: Any, missing: Any, notation: str) -> Plan:
    """Cells as text in their own notation."""
    cells = objects.array_of([None if nothing else str(value) for value, nothing in zip(values, missing)])
    plan = text.plan(cells, {"as": notation}, None, len(cells))
    plan.encoding = plan.encoding or notation
    return plan


def _decode_python(column: Any, _spec: dict[str, Any], _source: ArrowFiles) -> Any:
    return objects.array_of(column.to_pylist())


def _decode_utc(column: Any, _spec: dict[str, Any], _source: ArrowFiles) -> Any:
    import datetime as dt

    import pyarrow as pa

    utc = dt.timezone.utc
    naive = column.cast(pa.timestamp("us")).to_pylist()
    return objects.array_of([None if value is None else value.replace(tzinfo=utc) for value in naive])


def _decode_nothing(column: Any, _spec: dict[str, Any], _source: ArrowFiles) -> Any:
    return objects.array_of([None] * len(column))


def _decode_decimal(column: Any, _spec: dict[str, Any], source: ArrowFiles) -> Any:
    import decimal

    cells = text.decode(column, source)
    return objects.array_of([None if cell is None else decimal.Decimal(cell) for cell in cells])


def _decode_uuid(column: Any, _spec: dict[str, Any], source: ArrowFiles) -> Any:
    import uuid

    cells = text.decode(column, source)
    return objects.array_of([None if cell is None else uuid.UUID(cell) for cell in cells])


# Everything else


def _json_or_pickle(values: Any, where: str) -> Plan:
    try:
        return _json(values, where)
    except (tagged.Untaggable, RecursionError):
        return _pickle(values, where)


def _json(values: Any, where: str) -> Plan:
    cells = objects.array_of(
        [None if value is None else tagged.dumps(value, f"{where}[{row}]")[0] for row, value in enumerate(values)]
    )
    plan = text.plan(cells, {"as": "json"}, None, len(cells))
    plan.encoding = plan.encoding or "json"
    return plan


def _pickle(values: Any, where: str) -> Plan:
    import pyarrow as pa

    cells: list[bytes | None] = []
    for row, value in enumerate(values):
        try:
            cells.append(None if value is None else pickled.dump(value))
        except (OSError, MemoryError):
            raise
        except Exception as error:
            raise pickled.unstorable(value, f"{where}[{row}]", error) from error
    size = sum(len(cell) for cell in cells if cell) / max(len(cells), 1)
    return Plan(
        pa.large_binary(),
        {"as": "pickle"},
        lambda start, stop: pa.array(cells[start:stop], type=pa.large_binary()),
        size,
        "pickle",
    )


def _decode_json(column: Any, _spec: dict[str, Any], source: ArrowFiles) -> Any:
    cells = text.decode(column, source)
    return objects.array_of([None if cell is None else tagged.loads(cell) for cell in cells])


def _decode_pickle(column: Any, _spec: dict[str, Any], _source: ArrowFiles) -> Any:
    return objects.array_of([None if cell is None else pickled.loads(cell) for cell in column.to_pylist()])


def _decode_text(column: Any, _spec: dict[str, Any], source: ArrowFiles) -> Any:
    return text.decode(column, source)


_BY_TYPE: dict[tuple[str, str], Callable[[Any, Any, Any], Plan | None]] = {
    ("builtins", "bool"): _bools,
    ("builtins", "int"): _ints,
    ("builtins", "float"): _floats,
    ("builtins", "bytes"): _bytes,
    ("builtins", "list"): lists.plan_lists,
    ("builtins", "tuple"): lists.plan_arrays,
    ("builtins", "set"): lists.plan_arrays,
    ("numpy", "ndarray"): lists.plan_arrays,
    ("datetime", "date"): _dates,
    ("datetime", "time"): _times,
    ("datetime", "datetime"): _datetimes,
    ("datetime", "timedelta"): _timedeltas,
    ("decimal", "Decimal"): _decimals,
    ("uuid", "UUID"): _uuids,
}

_EXACT_BY_TYPE: dict[tuple[str, str], Callable[[Any, Any, Any], Plan | None]] = {
    ("builtins", "bool"): _bool_objects,
    ("builtins", "float"): _float_objects,
}

_DECODERS: dict[str, Callable[[Any, dict[str, Any], ArrowFiles], Any]] = {
    "text": _decode_text,
    "nothing": _decode_nothing,
    "python": _decode_python,
    "utc": _decode_utc,
    "decimal": _decode_decimal,
    "uuid": _decode_uuid,
    **lists.DECODERS,
    "json": _decode_json,
    "pickle": _decode_pickle,
}
