"""Values as JSON, and samples of them."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import json
import math
import uuid

from mage_ai import _absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_ITEMS_IN_SAMPLE_OUTPUT = 20
INT64_MAX = 2**53  # what JSON readers hold exactly


def encode_complex(obj: Any) -> Any:
    """The value with everything in it that JSON does not know made into text, numbers and lists."""
    if isinstance(obj, dict):
        return {_key(key): encode_complex(value) for key, value in obj.items()}
    if isinstance(obj, (list, tuple, set, frozenset)):
        return [encode_complex(value) for value in obj]
    return _plain(obj)


def _key(key: Any) -> Any:
    return key if key is None or isinstance(key, (str, int, float, bool)) else str(_plain(key))


def _plain(obj: Any) -> Any:
    if isinstance(obj, enum.Enum):
        return obj.value
    if isinstance(obj, (dt.datetime, dt.date, dt.time)):
        return obj.isoformat()
    if isinstance(obj, decimal.Decimal):
        return float(obj)
    if isinstance(obj, (uuid.UUID, dt.timedelta)):
        return str(obj)
    if isinstance(obj, float) and math.isnan(obj):
        return None
    if isinstance(obj, bytes):
        return obj.decode("utf-8", "replace")
    if type(obj).__module__ == "numpy":
        return encode_complex(obj.tolist()) if hasattr(obj, "tolist") else str(obj)
    if hasattr(obj, "to_dict"):
        return encode_complex(obj.to_dict())
    return obj


class NpEncoder(json.JSONEncoder):
    """Writes values of numpy and dates too: `json.dumps(value, cls=NpEncoder)`."""

    def default(self, o: Any) -> Any:
        """What JSON does not know."""
        value = _plain(o)
        return str(o) if value is o else value


def sample_output(obj: Any) -> tuple[Any, bool]:
    """The value with its lists cut to twenty items, and whether anything was cut."""
    if isinstance(obj, (list, tuple)):
        pairs = [sample_output(value) for value in obj[:MAX_ITEMS_IN_SAMPLE_OUTPUT]]
        cut = len(obj) > MAX_ITEMS_IN_SAMPLE_OUTPUT or any(one for _, one in pairs)
        return [value for value, _ in pairs], cut
    if isinstance(obj, dict):
        found = {key: sample_output(value) for key, value in obj.items()}
        return {key: value for key, (value, _) in found.items()}, any(one for _, one in found.values())
    return obj, False


def convert_matrix_to_dataframe(matrix: Any) -> Any:
    """A matrix, sparse or dense, as a pandas frame with the columns `col_0`, `col_1`, ..."""
    import pandas as pd

    dense = matrix.toarray() if hasattr(matrix, "toarray") else matrix
    frame = pd.DataFrame(dense)
    frame.columns = pd.Index([f"col_{at}" for at in range(frame.shape[1])])
    return frame


def polars_to_dict_split(df: Any) -> dict[str, Any]:
    """A frame of Polars as `{'columns': [...], 'data': [rows]}`."""
    return {"columns": list(df.columns), "data": [list(row) for row in df.rows()]}


__getattr__ = _absent.attribute_error_of(__name__)
