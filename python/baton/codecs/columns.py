"""One column of pandas, by its dtype: how it is stored, and the array it comes back as.

Every dtype comes back as itself. The arrays of numpy dtypes lie over the mapped file where they can. Extension types
that pandas does not bring along are stored through their objects.
"""

from __future__ import annotations

from baton.codecs import cells, fixed, labels, pickled
from baton.codecs.chunks import Beyond, Plan
from baton.codecs.errors import Unstorable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from baton.codecs.files import ArrowFiles


def plan(values: Any, where: str, rows_together: int, exact: bool = False) -> Plan:
    """A plan for the array of a column or of an index level. `where` names it in messages.

    With `exact`, as an index needs it, objects come back as they are: tuples stay tuples.
    """
    import numpy as np

    if isinstance(values, np.ndarray):
        if values.dtype.kind == "O":
            return cells.plan(values, where, rows_together, exact)
        return _numpy(values, where, rows_together)
    kind = type(values.dtype).__name__
    known = _EXTENSIONS.get(kind)
    if known is None and _is_masked(values):
        known = _masked
    return (known or _foreign)(values, where, rows_together)


def decode(column: Any, spec: dict[str, Any], source: ArrowFiles) -> Any:
    """The array of a column."""
    decoder = _DECODERS.get(spec["as"])
    return cells.decode(column, spec, source) if decoder is None else decoder(column, spec, source)


def array_of(values: Any) -> Any:
    """The array in a Series or an Index: numpy's own, or an extension array."""
    import numpy as np

    return values.to_numpy() if isinstance(values.dtype, np.dtype) else values.array


# numpy dtypes


def _numpy(values: Any, where: str, rows_together: int) -> Plan:
    import numpy as np
    import pyarrow as pa

    if not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))
    kind, size = values.dtype.kind, values.dtype.itemsize
    if kind in "biu" or (kind == "f" and size <= 8):
        arrow_type = pa.from_numpy_dtype(values.dtype)
        missing_of: Callable[[Any], Any] | None = np.isnan if kind == "f" else None
    elif kind in "mM":
        unit = np.datetime_data(values.dtype)[0]
        arrow_type = pa.timestamp(unit) if kind == "M" else pa.duration(unit)
        missing_of = np.isnat
    elif kind == "c" and size in (8, 16):
        return _complex(values)
    else:  # long doubles, and what pandas itself would not keep in a column
        plan = cells.plan(values.astype(object), where, rows_together, exact=True)
        return _wrapped(plan, {"as": "cast", "dtype": values.dtype.str, "of": plan.spec})

    def encode(start: int, stop: int) -> Any:
        part = values[start:stop]
        return fixed.array(arrow_type, part, missing_of(part) if missing_of else None)

    return Plan(arrow_type, {"as": "numpy", "dtype": values.dtype.str}, encode, size)


def _wrapped(plan: Plan, spec: dict[str, Any]) -> Plan:
    """The same way of storing, read in another way."""

    def again() -> Plan:
        assert plan.fallback is not None  # noqa: S101 - asked for only where there is one
        other = plan.fallback()
        return _wrapped(other, {**spec, "of": other.spec})

    return Plan(plan.arrow_type, spec, plan.encode, plan.row_bytes, plan.encoding, plan.fallback and again, plan.finish)


def _complex(values: Any) -> Plan:
    import numpy as np
    import pyarrow as pa

    part_type = pa.from_numpy_dtype(values.real.dtype)

    def encode(start: int, stop: int) -> Any:
        part = values[start:stop]
        halves = [fixed.array(part_type, np.ascontiguousarray(half)) for half in (part.real, part.imag)]
        return pa.StructArray.from_arrays(halves, ["real", "imag"])

    arrow_type = pa.struct([("real", part_type), ("imag", part_type)])
    return Plan(arrow_type, {"as": "complex", "dtype": values.dtype.str}, encode, values.dtype.itemsize)


def _decode_numpy(column: Any, spec: dict[str, Any], source: ArrowFiles) -> Any:
    return fixed.values(column, spec["dtype"], source)


def _decode_complex(column: Any, spec: dict[str, Any], source: ArrowFiles) -> Any:
    import numpy as np

    out = np.empty(len(column), spec["dtype"])
    out.real = fixed.values(_field(column, 0), out.real.dtype, source)
    out.imag = fixed.values(_field(column, 1), out.imag.dtype, source)
    return out


def _field(column: Any, position: int) -> Any:
    """One field of a struct column, whatever the structs' own nulls say."""
    import pyarrow as pa

    field_type = column.type.field(position).type
    return pa.chunked_array([chunk.field(position) for chunk in column.chunks], type=field_type)


def _decode_cast(column: Any, spec: dict[str, Any], source: ArrowFiles) -> Any:
    return cells.decode(column, spec["of"], source).astype(spec["dtype"])


# pandas' own extension dtypes


def _zoned(values: Any, _where: str, _rows_together: int) -> Plan:
    import pyarrow as pa

    dtype = values.dtype
    numbers = values.view("i8")
    try:
        arrow_type = pa.timestamp(dtype.unit, pa.lib.tzinfo_to_string(dtype.tz))
    except (ValueError, TypeError, AttributeError):
        arrow_type = pa.timestamp(dtype.unit, "UTC")
    smallest = -(1 << 63)  # NaT

    def encode(start: int, stop: int) -> Any:
        part = numbers[start:stop]
        return fixed.array(arrow_type, part, part == smallest)

    return Plan(arrow_type, {"as": "zoned", "dtype": labels.encode_object(dtype)}, encode, 8)


def _decode_zoned(column: Any, spec: dict[str, Any], source: ArrowFiles) -> Any:
    import pandas as pd

    dtype = labels.decode_object(spec["dtype"])
    numbers = fixed.values(column, "i8", source)
    naive = pd.array(numbers.view(f"M8[{dtype.unit}]"), copy=False)
    return naive.tz_localize("UTC").tz_convert(dtype.tz)


def _category(values: Any, where: str, rows_together: int) -> Plan:
    """Codes, with the categories as Arrow's dictionary; their text, where it cannot hold the categories themselves."""
    import numpy as np
    import pyarrow as pa

    codes, ordered = values.codes, bool(values.ordered)
    categories = values.categories
    of = plan(array_of(categories), f"the categories of {where}", rows_together, exact=True)
    if pa.types.is_nested(of.arrow_type) or pa.types.is_null(of.arrow_type):
        shown = pa.array([_shown(category) for category in categories], type=pa.string())
        spec = {"as": "category", "ordered": ordered, "exact": labels.encode(categories)}
    else:
        of, shown = _encoded(of, len(categories))
        spec = {"as": "category", "ordered": ordered, "of": of.spec}
    arrow_type = pa.dictionary(pa.from_numpy_dtype(codes.dtype), shown.type, ordered=ordered)

    def encode(start: int, stop: int) -> Any:
        part = codes[start:stop]
        missing = part < 0
        if missing.any():
            part = np.where(missing, part.dtype.type(0), part)
        indices = fixed.array(arrow_type.index_type, part, missing)
        return pa.DictionaryArray.from_arrays(indices, shown, ordered=ordered, safe=False)

    return Plan(arrow_type, spec, encode, codes.dtype.itemsize)


def _encoded(of: Plan, length: int) -> tuple[Plan, Any]:
    """All values of a plan as an array without a dictionary, and the plan that held in the end."""
    while True:
        try:
            array = of.encode(0, length)
        except Beyond:
            if of.fallback is None:
                raise
            of = of.fallback()
        else:
            return of, array.dictionary_decode() if hasattr(array, "dictionary_decode") else array


def _shown(category: Any) -> str:
    return str(category).encode("utf-8", "replace").decode("utf-8")


def _decode_category(column: Any, spec: dict[str, Any], source: ArrowFiles) -> Any:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    indices = pa.chunked_array([chunk.indices for chunk in column.chunks], type=column.type.index_type)
    codes = fixed.values(indices, indices.type.to_pandas_dtype(), source)
    missing = fixed.missing(indices)
    if missing is not None:
        codes = np.where(missing, codes.dtype.type(-1), codes)
    if "exact" in spec:
        categories = labels.decode(spec["exact"])
    else:
        array = decode(pa.chunked_array([column.chunk(0).dictionary]), spec["of"], source)
        categories = pd.Index(array, dtype=array.dtype, tupleize_cols=False)
    dtype = pd.CategoricalDtype(categories, ordered=spec["ordered"])
    return pd.Categorical.from_codes(codes, dtype=dtype)


def _is_masked(values: Any) -> bool:
    import pandas as pd

    return isinstance(values, pd.api.extensions.ExtensionArray) and str(values.dtype) in _MASKED


_MASKED = {
    "boolean": "?",
    **{f"{sign}Int{bits}": f"{sign.lower() or 'i'}{bits // 8}" for sign in ("", "U") for bits in (8, 16, 32, 64)},
    "Float32": "f4",
    "Float64": "f8",
}


def _masked(values: Any, _where: str, _rows_together: int) -> Plan:
    import numpy as np
    import pyarrow as pa

    name = str(values.dtype)
    dtype = np.dtype(_MASKED[name])
    arrow_type = pa.from_numpy_dtype(dtype)

    def encode(start: int, stop: int) -> Any:
        part = values[start:stop]
        return fixed.array(arrow_type, part.to_numpy(dtype, na_value=dtype.type(0)), np.asarray(part.isna()))

    return Plan(arrow_type, {"as": "masked", "dtype": name}, encode, dtype.itemsize + 1)


def _decode_masked(column: Any, spec: dict[str, Any], source: ArrowFiles) -> Any:
    import numpy as np
    import pandas as pd

    numbers = fixed.values(column, _MASKED[spec["dtype"]], source)
    missing = fixed.missing(column)
    if missing is None:
        missing = np.zeros(len(numbers), bool)
    return pd.api.types.pandas_dtype(spec["dtype"]).construct_array_type()(numbers, missing)


def _string(values: Any, where: str, rows_together: int) -> Plan:
    dtype = values.dtype
    spec = {"as": "string", "storage": dtype.storage, "nan": getattr(dtype, "na_value", None).__class__ is float}
    objects = cells.plan(values.to_numpy(object), where, rows_together, exact=True)
    return _wrapped(objects, {**spec, "of": objects.spec})


def _decode_string(column: Any, spec: dict[str, Any], source: ArrowFiles) -> Any:
    import numpy as np
    import pandas as pd

    objects = cells.decode(column, spec["of"], source)
    dtype = pd.StringDtype(spec["storage"], na_value=np.nan) if spec["nan"] else pd.StringDtype(spec["storage"])
    return pd.array(objects, dtype=dtype)


def _arrow(values: Any, _where: str, _rows_together: int) -> Plan:
    import pyarrow as pa

    column = values.__arrow_array__()
    if not isinstance(column, pa.ChunkedArray):
        column = pa.chunked_array([column])

    def encode(start: int, stop: int) -> Any:
        part = column.slice(start, stop - start)
        return part.chunk(0) if part.num_chunks == 1 else part.combine_chunks()

    row_bytes = column.nbytes / max(len(column), 1)
    return Plan(column.type, {"as": "arrow"}, encode, row_bytes)


def _decode_arrow(column: Any, _spec: dict[str, Any], _source: ArrowFiles) -> Any:
    import pandas as pd

    return pd.ArrowDtype(column.type).__from_arrow__(column)


def _period(values: Any, _where: str, rows_together: int) -> Plan:
    plan = _numpy(values.view("i8"), "", rows_together)
    return _wrapped(plan, {"as": "period", "dtype": str(values.dtype)})


def _decode_period(column: Any, spec: dict[str, Any], source: ArrowFiles) -> Any:
    import pandas as pd

    ordinals = fixed.values(column, "i8", source)
    return pd.PeriodIndex.from_ordinals(ordinals, freq=pd.api.types.pandas_dtype(spec["dtype"]).freq).array


def _interval(values: Any, where: str, rows_together: int) -> Plan:
    import numpy as np
    import pyarrow as pa

    sides = [plan(array_of(side), where, rows_together, exact=True) for side in (values.left, values.right)]
    missing = np.asarray(values.isna())

    def encode(start: int, stop: int) -> Any:
        bitmap, nulls = fixed.validity(missing[start:stop])
        children = [side.encode(start, stop) for side in sides]
        buffers = [bitmap]
        return pa.Array.from_buffers(arrow_type, stop - start, buffers, null_count=nulls, children=children)

    arrow_type = pa.struct([(name, side.arrow_type) for name, side in zip(("left", "right"), sides)])
    spec = {"as": "interval", "closed": values.closed, "sides": [side.spec for side in sides]}
    return Plan(arrow_type, spec, encode, sum(side.row_bytes for side in sides))


def _decode_interval(column: Any, spec: dict[str, Any], source: ArrowFiles) -> Any:
    import pandas as pd

    left, right = (decode(_field(column, side), spec["sides"][side], source) for side in (0, 1))
    return pd.arrays.IntervalArray.from_arrays(left, right, closed=spec["closed"])


def _sparse(values: Any, where: str, rows_together: int) -> Plan:
    """Stored dense, so that every reader sees the values."""
    dense = plan(values.to_dense(), where, rows_together, exact=True)
    return _wrapped(dense, {"as": "sparse", "dtype": labels.encode_object(values.dtype), "of": dense.spec})


def _decode_sparse(column: Any, spec: dict[str, Any], source: ArrowFiles) -> Any:
    import pandas as pd

    dense = decode(column, spec["of"], source)
    return pd.arrays.SparseArray(dense, dtype=labels.decode_object(spec["dtype"]))


def _foreign(values: Any, where: str, rows_together: int) -> Plan:
    """An extension type of another library, through its objects."""
    if not pickled.is_picklable(values.dtype):
        raise Unstorable(
            f"{where} has the dtype `{values.dtype}`, which cannot be stored",
            "return it with another dtype, for instance `.astype(object)`",
        )
    objects = cells.plan(values.astype(object), where, rows_together, exact=True)
    return _wrapped(objects, {"as": "foreign", "dtype": labels.encode_object(values.dtype), "of": objects.spec})


def _decode_foreign(column: Any, spec: dict[str, Any], source: ArrowFiles) -> Any:
    dtype = labels.decode_object(spec["dtype"])
    objects = cells.decode(column, spec["of"], source)
    return dtype.construct_array_type()._from_sequence(objects, dtype=dtype)  # noqa: SLF001 - pandas' own protocol


_EXTENSIONS: dict[str, Callable[[Any, str, int], Plan]] = {
    "DatetimeTZDtype": _zoned,
    "CategoricalDtype": _category,
    "StringDtype": _string,
    "ArrowDtype": _arrow,
    "PeriodDtype": _period,
    "IntervalDtype": _interval,
    "SparseDtype": _sparse,
}

_DECODERS: dict[str, Callable[[Any, dict[str, Any], ArrowFiles], Any]] = {
    "numpy": _decode_numpy,
    "complex": _decode_complex,
    "cast": _decode_cast,
    "zoned": _decode_zoned,
    "category": _decode_category,
    "masked": _decode_masked,
    "string": _decode_string,
    "arrow": _decode_arrow,
    "period": _decode_period,
    "interval": _decode_interval,
    "sparse": _decode_sparse,
    "foreign": _decode_foreign,
}
