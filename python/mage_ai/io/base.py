"""Words that the clients share: formats, sources, and what an export does to what is there."""

from __future__ import annotations

import enum

from baton.files import FileFormat
from mage_ai import _absent

__all__ = ["QUERY_ROW_LIMIT", "DataSource", "ExportWritePolicy", "FileFormat"]

QUERY_ROW_LIMIT = 10_000_000


class DataSource(str, enum.Enum):
    """Where data comes from or goes to."""

    AIRTABLE = "airtable"
    ALGOLIA = "algolia"
    API = "api"
    AZURE_BLOB_STORAGE = "azure_blob_storage"
    BIGQUERY = "bigquery"
    CHROMA = "chroma"
    CLICKHOUSE = "clickhouse"
    DRUID = "druid"
    DUCKDB = "duckdb"
    FILE = "file"
    GOOGLE_CLOUD_STORAGE = "google_cloud_storage"
    GOOGLE_SHEETS = "google_sheets"
    MONGODB = "mongodb"
    MSSQL = "mssql"
    MYSQL = "mysql"
    ORACLEDB = "oracledb"
    PINOT = "pinot"
    POSTGRES = "postgres"
    QDRANT = "qdrant"
    REDSHIFT = "redshift"
    S3 = "s3"
    SNOWFLAKE = "snowflake"
    SPARK = "spark"
    TRINO = "trino"
    WEAVIATE = "weaviate"


class ExportWritePolicy(str, enum.Enum):
    """What an export does when its table is there already."""

    APPEND = "append"
    FAIL = "fail"
    REPLACE = "replace"


__getattr__ = _absent.attribute_error_of(__name__)
