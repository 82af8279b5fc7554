"""Kinds of stored outputs."""

from __future__ import annotations

from mage_ai import _absent
from mage_ai.shared.enum import StrEnum


class VariableType(StrEnum):
    """What an output is stored as."""

    CUSTOM_OBJECT = "custom_object"
    DATAFRAME = "dataframe"
    DATAFRAME_ANALYSIS = "dataframe_analysis"
    DICTIONARY_COMPLEX = "dictionary_complex"
    GEO_DATAFRAME = "geo_dataframe"
    ITERABLE = "iterable"
    LIST_COMPLEX = "list_complex"
    MATRIX_SPARSE = "matrix_sparse"
    MODEL_SKLEARN = "model_sklearn"
    MODEL_XGBOOST = "model_xgboost"
    POLARS_DATAFRAME = "polars_dataframe"
    SERIES_PANDAS = "series_pandas"
    SERIES_POLARS = "series_polars"
    SPARK_DATAFRAME = "spark_dataframe"


__getattr__ = _absent.attribute_error_of(__name__)
