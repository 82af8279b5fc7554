"""Tables of made-up values, for tests and examples."""

from __future__ import annotations

import random
import string

from mage_ai import _absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def create_dataframe(n_rows: int = 100, n_columns: int = 10, use_pandas: bool = True, **_more: Any) -> Any:
    """A frame of pandas, or of Polars with `use_pandas=False`: columns `col0`, `col1`, ... of random words."""
    values = {f"col{at}": [_word() for _ in range(n_rows)] for at in range(n_columns)}
    if use_pandas:
        import pandas as pd

        return pd.DataFrame(values)
    import polars as pl

    return pl.DataFrame(values)


def _word(length: int = 10) -> str:
    return "".join(random.choices(string.ascii_letters, k=length))  # noqa: S311 -- nothing secret


__getattr__ = _absent.attribute_error_of(__name__)
