"""Values as JSON, and samples of them."""

from __future__ import annotations

import base64
import enum
import inspect
import io
import json
import traceback

from baton.kinds import library_of
from mage_ai import _absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

MAX_ITEMS_IN_SAMPLE_OUTPUT = 20
INT64_MAX = 2**53  # what JSON readers hold exactly
_MATRIX = "scipy.sparse.csr_matrix"


def encode_complex(obj: Any) -> Any:
    """The value made into what JSON knows: `json.dumps(value, default=encode_complex)`.

    One step only: what is inside of a list or a dictionary stays as it is, since the writer asks again for it.
    """
    if isinstance(obj, enum.Enum):
        return obj.value
    if obj is None or isinstance(obj, (str, int, float, bytes, list, tuple, dict)):
        return _number(obj)
    if isinstance(obj, type) or inspect.isgenerator(obj):
        kind = obj if isinstance(obj, type) else type(obj)
        return f"{kind.__module__}.{kind.__name__}"
    if isinstance(obj, set):
        return list(obj)
    if hasattr(obj, "isoformat"):
        return obj.isoformat()
    if isinstance(obj, BaseException):
        lines = traceback.format_tb(obj.__traceback__)
        return {"type": type(obj).__name__, "message": str(obj), "traceback": lines}
    return _of_library(obj)


def _number(obj: Any) -> Any:
    """A `numpy.float64` is a `float` too."""
    return obj.item() if isinstance(obj, float) and hasattr(obj, "item") else obj


def _of_library(obj: Any) -> Any:
    home = library_of(obj)
    kind = type(obj).__name__
    if home == "numpy" and kind not in ("datetime64", "timedelta64") and hasattr(obj, "tolist"):
        return obj.tolist()
    if home == "pandas" and kind == "NAType":
        return None
    if home == "pandas" and kind == "DataFrame":
        return obj.to_dict(orient="records")
    if home == "polars" and kind == "DataFrame":
        return obj.to_dicts()
    if home == "polars" and kind == "Series":
        return obj.to_list()
    if home == "pandas" and (kind == "Series" or kind.endswith("Index")):
        return obj.tolist()
    if home == "scipy" and kind == "csr_matrix":
        return serialize_matrix(obj)
    return obj.to_dict() if has_to_dict(obj) else obj


def has_to_dict(obj: Any) -> bool:
    """Whether the value has a method `to_dict`."""
    return callable(getattr(obj, "to_dict", None))


class NpEncoder(json.JSONEncoder):
    """Writes values of numpy and dates too: `json.dumps(value, cls=NpEncoder)`."""

    def default(self, o: Any) -> Any:
        """What JSON does not know."""
        value = encode_complex(o)
        return str(o) if value is o else value


def sample_output(obj: Any) -> tuple[Any, bool]:
    """The value with its lists cut to twenty items, and whether anything was cut."""
    if isinstance(obj, list):
        pairs = [sample_output(value) for value in obj[:MAX_ITEMS_IN_SAMPLE_OUTPUT]]
        cut = len(obj) > MAX_ITEMS_IN_SAMPLE_OUTPUT or any(one for _, one in pairs)
        return [value for value, _ in pairs], cut
    if isinstance(obj, dict):
        found = {key: sample_output(value) for key, value in obj.items()}
        return {key: value for key, (value, _) in found.items()}, any(one for _, one in found.values())
    return obj, False


def extract_json_objects(text: str, decoder: json.JSONDecoder | None = None) -> Iterator[dict[str, Any]]:
    """The JSON objects that a text holds among other words, one after the other."""
    read = (decoder or json.JSONDecoder()).raw_decode
    at = text.find("{")
    while at != -1:
        try:
            found, end = read(text[at:])
            yield found
        except ValueError:
            end = 1
        at = text.find("{", at + end)


def convert_matrix_to_dataframe(csr_matrix: Any) -> Any:
    """A sparse matrix in rows as a pandas frame with the columns `0`, `1`, ...; anything else as it is."""
    if type(csr_matrix).__name__ != "csr_matrix":
        return csr_matrix
    import pandas as pd

    return pd.DataFrame(csr_matrix.toarray(), columns=[str(at) for at in range(csr_matrix.shape[1])])


def serialize_matrix(csr_matrix: Any) -> dict[str, str]:
    """A sparse matrix as a dictionary that JSON can hold."""
    from scipy import sparse

    file = io.BytesIO()
    sparse.save_npz(file, csr_matrix)
    return {"__type__": _MATRIX, "__data__": base64.b64encode(file.getvalue()).decode("ascii")}


def deserialize_matrix(json_dict: dict[str, str]) -> Any:
    """The sparse matrix that `serialize_matrix` was given."""
    from scipy import sparse

    if json_dict.get("__type__") != _MATRIX:
        raise ValueError(f"this is no matrix: its `__type__` is {json_dict.get('__type__')!r}, and not {_MATRIX!r}")
    return sparse.load_npz(io.BytesIO(base64.b64decode(json_dict["__data__"])))


def polars_to_dict_split(df: Any) -> dict[str, Any]:
    """A frame of Polars as `{'columns': [...], 'data': [rows]}`."""
    return {"columns": list(df.columns), "data": [list(row) for row in df.rows()]}


__getattr__ = _absent.attribute_error_of(__name__)
