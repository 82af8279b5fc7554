"""Settings of connections."""

from __future__ import annotations

from baton.config import (
    AWSSecretLoader,
    BaseConfigLoader,
    ConfigFileLoader,
    ConfigKey,
    EnvironmentVariableLoader,
)
from baton.words import StrEnum
from mage_ai import _absent

__all__ = [
    "AWSSecretLoader",
    "BaseConfigLoader",
    "ConfigFileLoader",
    "ConfigKey",
    "EnvironmentVariableLoader",
    "VerboseConfigKey",
]


class VerboseConfigKey(StrEnum):
    """The heads of a verbose profile's parts."""

    AIRTABLE = "Airtable"
    ALGOLIA = "Algolia"
    AWS = "AWS"
    BACKBLAZE_B2 = "Backblaze B2"
    BIGQUERY = "BigQuery"
    CHROMA = "Chroma"
    CLICKHOUSE = "ClickHouse"
    DRUID = "Druid"
    DUCKDB = "Duck DB"
    PINOT = "Pinot"
    POSTGRES = "PostgreSQL"
    REDSHIFT = "Redshift"
    SNOWFLAKE = "Snowflake"
    SPARK = "Spark"
    QDRANT = "Qdrant"
    WEAVIATE = "Weaviate"


__getattr__ = _absent.attribute_error_of(__name__)
