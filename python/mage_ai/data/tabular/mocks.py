"""Tables of made-up values, for tests and examples."""

from __future__ import annotations

import random

from mage_ai import _absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DEFAULT_ROWS = 1_000_000
DEFAULT_COLUMNS = 10


def create_dataframe(n_rows: int = DEFAULT_ROWS, n_cols: int = DEFAULT_COLUMNS, use_pandas: bool = False) -> Any:
    """A frame of Polars, or of pandas if asked for: columns `col_0`, `col_1`, ... of random fractions below one."""
    values = {f"col_{at}": _column(n_rows) for at in range(n_cols)}
    if use_pandas:
        import pandas as pd

        return pd.DataFrame(values)
    import polars as pl

    return pl.DataFrame(values)


def _column(length: int) -> Any:
    try:
        import numpy as np
    except ImportError:
        return [random.random() for _ in range(length)]  # noqa: S311 -- nothing secret
    return np.random.default_rng().random(length)


__getattr__ = _absent.attribute_error_of(__name__)
