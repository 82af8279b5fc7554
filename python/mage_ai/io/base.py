"""Words that the clients share: formats, sources, and what an export does to what is there."""

from __future__ import annotations

from abc import ABC, abstractmethod

from baton.files import FileFormat, FileIO
from baton.objects import S3, AzureBlobStorage, GoogleCloudStorage
from baton.words import StrEnum
from mage_ai import _absent

__all__ = ["QUERY_ROW_LIMIT", "BaseFile", "BaseIO", "DataSource", "ExportWritePolicy", "FileFormat"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    Self = TypeVar("Self", bound="BaseIO")

QUERY_ROW_LIMIT = 10_000_000


class DataSource(StrEnum):
    """Where data comes from or goes to."""

    AIRTABLE = "airtable"
    ALGOLIA = "algolia"
    API = "api"
    BIGQUERY = "bigquery"
    CHROMA = "chroma"
    CLICKHOUSE = "clickhouse"
    DRUID = "druid"
    DUCKDB = "duckdb"
    FILE = "file"
    GOOGLE_CLOUD_STORAGE = "google_cloud_storage"
    GOOGLE_SHEETS = "google_sheets"
    KAFKA = "kafka"
    MSSQL = "sqlserver"
    MYSQL = "mysql"
    OPENSEARCH = "opensearch"
    PINOT = "pinot"
    POSTGRES = "postgres"
    QDRANT = "qdrant"
    REDSHIFT = "redshift"
    S3 = "s3"
    SNOWFLAKE = "snowflake"
    SPARK = "spark"
    TRINO = "trino"
    WEAVIATE = "weaviate"


class ExportWritePolicy(StrEnum):
    """What an export does when its table is there already."""

    APPEND = "append"
    FAIL = "fail"
    REPLACE = "replace"


class BaseIO(ABC):
    """What a client of data has: it loads, and it exports. To derive own clients from."""

    def __init__(self, verbose: bool = False) -> None:
        self.verbose = verbose

    @classmethod
    def with_config(cls: type[Self], config: Any, **settings: Any) -> Self:
        """The client with the settings of a loader of `mage_ai.io.config`."""
        raise NotImplementedError(f"`{cls.__name__}` takes no settings: it has to define `with_config`")

    @abstractmethod
    def load(self, *args: Any, **kwargs: Any) -> Any:
        """Read data as a frame."""

    @abstractmethod
    def export(self, df: Any, *args: Any, **kwargs: Any) -> Any:
        """Write a frame."""

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        return None


class BaseFile(BaseIO):
    """A client of files."""

    @abstractmethod
    def exists(self, *args: Any, **kwargs: Any) -> bool:
        """Whether there is such a file."""


BaseFile.register(FileIO)
BaseFile.register(S3)
BaseFile.register(GoogleCloudStorage)
BaseFile.register(AzureBlobStorage)

__getattr__ = _absent.attribute_error_of(__name__)
