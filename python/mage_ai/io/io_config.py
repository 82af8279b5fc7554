"""An older reader of connection settings."""

from __future__ import annotations

from baton.config import IOConfig
from baton.words import StrEnum
from mage_ai import _absent

__all__ = ["IOConfig", "IOConfigKeys"]


class IOConfigKeys(StrEnum):
    """The heads of a profile's parts."""

    AWS = "AWS"
    BIGQUERY = "BigQuery"
    CLICKHOUSE = "ClickHouse"
    DRUID = "Druid"
    DUCKDB = "DuckDB"
    FILE = "File"
    PINOT = "Pinot"
    POSTGRES = "PostgreSQL"
    REDSHIFT = "Redshift"
    S3 = "S3"
    SNOWFLAKE = "Snowflake"


__getattr__ = _absent.attribute_error_of(__name__)
