"""The keys of `io_config.yaml`: one name for each setting of a connection."""

from __future__ import annotations

from baton.words import StrEnum


class ConfigKey(StrEnum):
    """A key of a flat profile. Each is equal to its name as text."""

    # Airtable
    AIRTABLE_ACCESS_TOKEN = "AIRTABLE_ACCESS_TOKEN"

    # Algolia
    ALGOLIA_APP_ID = "ALGOLIA_APP_ID"
    ALGOLIA_API_KEY = "ALGOLIA_API_KEY"
    ALGOLIA_INDEX_NAME = "ALGOLIA_INDEX_NAME"

    # AWS
    AWS_ACCESS_KEY_ID = "AWS_ACCESS_KEY_ID"
    AWS_SECRET_ACCESS_KEY = "AWS_SECRET_ACCESS_KEY"
    AWS_SESSION_TOKEN = "AWS_SESSION_TOKEN"
    AWS_REGION = "AWS_REGION"
    AWS_ENDPOINT = "AWS_ENDPOINT"

    # Azure
    AZURE_CLIENT_ID = "AZURE_CLIENT_ID"
    AZURE_CLIENT_SECRET = "AZURE_CLIENT_SECRET"
    AZURE_STORAGE_ACCOUNT_NAME = "AZURE_STORAGE_ACCOUNT_NAME"
    AZURE_TENANT_ID = "AZURE_TENANT_ID"

    # Backblaze B2
    B2_APPLICATION_KEY_ID = "B2_APPLICATION_KEY_ID"
    B2_APPLICATION_KEY = "B2_APPLICATION_KEY"
    B2_ENDPOINT_URL = "B2_ENDPOINT_URL"

    # Chroma
    CHROMA_COLLECTION = "CHROMA_COLLECTION"
    CHROMA_PATH = "CHROMA_PATH"

    # ClickHouse
    CLICKHOUSE_DATABASE = "CLICKHOUSE_DATABASE"
    CLICKHOUSE_HOST = "CLICKHOUSE_HOST"
    CLICKHOUSE_INTERFACE = "CLICKHOUSE_INTERFACE"
    CLICKHOUSE_PASSWORD = "CLICKHOUSE_PASSWORD"
    CLICKHOUSE_PORT = "CLICKHOUSE_PORT"
    CLICKHOUSE_USERNAME = "CLICKHOUSE_USERNAME"

    # Druid
    DRUID_HOST = "DRUID_HOST"
    DRUID_PASSWORD = "DRUID_PASSWORD"
    DRUID_PATH = "DRUID_PATH"
    DRUID_PORT = "DRUID_PORT"
    DRUID_SCHEME = "DRUID_SCHEME"
    DRUID_USER = "DRUID_USER"

    # DuckDB, MotherDuck
    DUCKDB_DATABASE = "DUCKDB_DATABASE"
    DUCKDB_SCHEMA = "DUCKDB_SCHEMA"
    MOTHERDUCK_TOKEN = "MOTHERDUCK_TOKEN"

    # Google
    GOOGLE_SERVICE_ACC_KEY = "GOOGLE_SERVICE_ACC_KEY"
    GOOGLE_SERVICE_ACC_KEY_FILEPATH = "GOOGLE_SERVICE_ACC_KEY_FILEPATH"
    GOOGLE_LOCATION = "GOOGLE_LOCATION"

    # MongoDB
    MONGODB_CONNECTION_STRING = "MONGODB_CONNECTION_STRING"
    MONGODB_HOST = "MONGODB_HOST"
    MONGODB_PORT = "MONGODB_PORT"
    MONGODB_USER = "MONGODB_USER"
    MONGODB_PASSWORD = "MONGODB_PASSWORD"
    MONGODB_DATABASE = "MONGODB_DATABASE"
    MONGODB_COLLECTION = "MONGODB_COLLECTION"

    # Microsoft SQL Server
    MSSQL_DATABASE = "MSSQL_DATABASE"
    MSSQL_SCHEMA = "MSSQL_SCHEMA"
    MSSQL_DRIVER = "MSSQL_DRIVER"
    MSSQL_HOST = "MSSQL_HOST"
    MSSQL_PORT = "MSSQL_PORT"
    MSSQL_USER = "MSSQL_USER"
    MSSQL_PASSWORD = "MSSQL_PASSWORD"
    MSSQL_AUTHENTICATION = "MSSQL_AUTHENTICATION"

    # MySQL
    MYSQL_CONNECTION_METHOD = "MYSQL_CONNECTION_METHOD"
    MYSQL_DATABASE = "MYSQL_DATABASE"
    MYSQL_HOST = "MYSQL_HOST"
    MYSQL_PASSWORD = "MYSQL_PASSWORD"
    MYSQL_PORT = "MYSQL_PORT"
    MYSQL_USER = "MYSQL_USER"
    MYSQL_ALLOW_LOCAL_INFILE = "MYSQL_ALLOW_LOCAL_INFILE"

    # Oracle
    ORACLEDB_USER = "ORACLEDB_USER"
    ORACLEDB_PASSWORD = "ORACLEDB_PASSWORD"
    ORACLEDB_HOST = "ORACLEDB_HOST"
    ORACLEDB_PORT = "ORACLEDB_PORT"
    ORACLEDB_SERVICE = "ORACLEDB_SERVICE"
    ORACLEDB_MODE = "ORACLEDB_MODE"

    # Pinot
    PINOT_HOST = "PINOT_HOST"
    PINOT_PASSWORD = "PINOT_PASSWORD"
    PINOT_PATH = "PINOT_PATH"
    PINOT_PORT = "PINOT_PORT"
    PINOT_SCHEME = "PINOT_SCHEME"
    PINOT_USER = "PINOT_USER"

    # PostgreSQL
    POSTGRES_CONNECTION_METHOD = "POSTGRES_CONNECTION_METHOD"
    POSTGRES_CONNECT_TIMEOUT = "POSTGRES_CONNECT_TIMEOUT"
    POSTGRES_DBNAME = "POSTGRES_DBNAME"
    POSTGRES_HOST = "POSTGRES_HOST"
    POSTGRES_PORT = "POSTGRES_PORT"
    POSTGRES_USER = "POSTGRES_USER"
    POSTGRES_PASSWORD = "POSTGRES_PASSWORD"
    POSTGRES_SCHEMA = "POSTGRES_SCHEMA"
    POSTGRES_SSH_HOST = "POSTGRES_SSH_HOST"
    POSTGRES_SSH_PORT = "POSTGRES_SSH_PORT"
    POSTGRES_SSH_USERNAME = "POSTGRES_SSH_USERNAME"
    POSTGRES_SSH_PASSWORD = "POSTGRES_SSH_PASSWORD"
    POSTGRES_SSH_PKEY = "POSTGRES_SSH_PKEY"

    # Qdrant
    QDRANT_COLLECTION = "QDRANT_COLLECTION"
    QDRANT_PATH = "QDRANT_PATH"

    # Redshift
    REDSHIFT_DBNAME = "REDSHIFT_DBNAME"
    REDSHIFT_SCHEMA = "REDSHIFT_SCHEMA"
    REDSHIFT_HOST = "REDSHIFT_HOST"
    REDSHIFT_PORT = "REDSHIFT_PORT"
    REDSHIFT_TEMP_CRED_USER = "REDSHIFT_TEMP_CRED_USER"
    REDSHIFT_TEMP_CRED_PASSWORD = "REDSHIFT_TEMP_CRED_PASSWORD"
    REDSHIFT_CLUSTER_ID = "REDSHIFT_CLUSTER_ID"
    REDSHIFT_DBUSER = "REDSHIFT_DBUSER"
    REDSHIFT_IAM_PROFILE = "REDSHIFT_IAM_PROFILE"

    # Snowflake
    SNOWFLAKE_ACCOUNT = "SNOWFLAKE_ACCOUNT"
    SNOWFLAKE_USER = "SNOWFLAKE_USER"
    SNOWFLAKE_PASSWORD = "SNOWFLAKE_PASSWORD"
    SNOWFLAKE_PRIVATE_KEY_PATH = "SNOWFLAKE_PRIVATE_KEY_PATH"
    SNOWFLAKE_PRIVATE_KEY_PASSPHRASE = "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE"
    SNOWFLAKE_ROLE = "SNOWFLAKE_ROLE"
    SNOWFLAKE_DEFAULT_WH = "SNOWFLAKE_DEFAULT_WH"
    SNOWFLAKE_DEFAULT_DB = "SNOWFLAKE_DEFAULT_DB"
    SNOWFLAKE_DEFAULT_SCHEMA = "SNOWFLAKE_DEFAULT_SCHEMA"
    SNOWFLAKE_TIMEOUT = "SNOWFLAKE_TIMEOUT"

    # Spark
    SPARK_METHOD = "SPARK_METHOD"
    SPARK_HOST = "SPARK_HOST"
    SPARK_PORT = "SPARK_PORT"
    SPARK_SCHEMA = "SPARK_SCHEMA"
    SPARK_USER = "SPARK_USER"
    SPARK_TOKEN = "SPARK_TOKEN"
    SPARK_CLUSTER = "SPARK_CLUSTER"
    SPARK_DRIVER = "SPARK_DRIVER"
    SPARK_ENDPOINT = "SPARK_ENDPOINT"
    SPARK_ORGANIZATION = "SPARK_ORGANIZATION"
    SPARK_SERVER_SIDE_PARAMETERS = "SPARK_SERVER_SIDE_PARAMETERS"

    # Trino
    TRINO_CATALOG = "TRINO_CATALOG"
    TRINO_HOST = "TRINO_HOST"
    TRINO_PASSWORD = "TRINO_PASSWORD"
    TRINO_PORT = "TRINO_PORT"
    TRINO_SCHEMA = "TRINO_SCHEMA"
    TRINO_USER = "TRINO_USER"

    # Weaviate
    WEAVIATE_ENDPOINT = "WEAVIATE_ENDPOINT"
    WEAVIATE_INSTANCE_API_KEY = "WEAVIATE_INSTANCE_API_KEY"
    WEAVIATE_INFERENCE_API_KEY = "WEAVIATE_INFERENCE_API_KEY"
    WEAVIATE_COLLECTION = "WEAVIATE_COLLECTION"


# Where a verbose profile keeps what a key names: header, then the keys below it.
VERBOSE: dict[ConfigKey, tuple[str, ...]] = {
    ConfigKey.ALGOLIA_APP_ID: ("Algolia", "app_id"),
    ConfigKey.ALGOLIA_API_KEY: ("Algolia", "api_key"),
    ConfigKey.ALGOLIA_INDEX_NAME: ("Algolia", "index_name"),
    ConfigKey.AWS_ACCESS_KEY_ID: ("AWS", "access_key_id"),
    ConfigKey.AWS_SECRET_ACCESS_KEY: ("AWS", "secret_access_key"),
    ConfigKey.AWS_SESSION_TOKEN: ("AWS", "session_token"),
    ConfigKey.AWS_REGION: ("AWS", "region"),
    ConfigKey.AWS_ENDPOINT: ("AWS", "endpoint"),
    ConfigKey.REDSHIFT_DBNAME: ("AWS", "Redshift", "database"),
    ConfigKey.REDSHIFT_HOST: ("AWS", "Redshift", "host"),
    ConfigKey.REDSHIFT_PORT: ("AWS", "Redshift", "port"),
    ConfigKey.REDSHIFT_TEMP_CRED_USER: ("AWS", "Redshift", "user"),
    ConfigKey.REDSHIFT_TEMP_CRED_PASSWORD: ("AWS", "Redshift", "password"),
    ConfigKey.REDSHIFT_SCHEMA: ("AWS", "Redshift", "schema"),
    ConfigKey.REDSHIFT_CLUSTER_ID: ("AWS", "Redshift", "cluster_identifier"),
    ConfigKey.REDSHIFT_DBUSER: ("AWS", "Redshift", "db_user"),
    ConfigKey.REDSHIFT_IAM_PROFILE: ("AWS", "Redshift", "profile"),
    ConfigKey.B2_APPLICATION_KEY_ID: ("Backblaze B2", "application_key_id"),
    ConfigKey.B2_APPLICATION_KEY: ("Backblaze B2", "application_key"),
    ConfigKey.B2_ENDPOINT_URL: ("Backblaze B2", "endpoint_url"),
    ConfigKey.GOOGLE_SERVICE_ACC_KEY: ("BigQuery", "credentials_mapping"),
    ConfigKey.GOOGLE_SERVICE_ACC_KEY_FILEPATH: ("BigQuery", "path_to_credentials"),
    ConfigKey.GOOGLE_LOCATION: ("BigQuery", "location"),
    ConfigKey.CHROMA_COLLECTION: ("Chroma", "collection"),
    ConfigKey.CHROMA_PATH: ("Chroma", "path"),
    ConfigKey.CLICKHOUSE_DATABASE: ("ClickHouse", "database"),
    ConfigKey.CLICKHOUSE_HOST: ("ClickHouse", "host"),
    ConfigKey.CLICKHOUSE_INTERFACE: ("ClickHouse", "interface"),
    ConfigKey.CLICKHOUSE_PASSWORD: ("ClickHouse", "password"),
    ConfigKey.CLICKHOUSE_PORT: ("ClickHouse", "port"),
    ConfigKey.CLICKHOUSE_USERNAME: ("ClickHouse", "username"),
    ConfigKey.DRUID_HOST: ("Druid", "host"),
    ConfigKey.DRUID_PASSWORD: ("Druid", "password"),
    ConfigKey.DRUID_PATH: ("Druid", "path"),
    ConfigKey.DRUID_PORT: ("Druid", "port"),
    ConfigKey.DRUID_SCHEME: ("Druid", "scheme"),
    ConfigKey.DRUID_USER: ("Druid", "user"),
    ConfigKey.DUCKDB_DATABASE: ("Duck DB", "database"),
    ConfigKey.DUCKDB_SCHEMA: ("Duck DB", "schema"),
    ConfigKey.PINOT_HOST: ("Pinot", "host"),
    ConfigKey.PINOT_PASSWORD: ("Pinot", "password"),
    ConfigKey.PINOT_PATH: ("Pinot", "path"),
    ConfigKey.PINOT_PORT: ("Pinot", "port"),
    ConfigKey.PINOT_SCHEME: ("Pinot", "scheme"),
    ConfigKey.PINOT_USER: ("Pinot", "user"),
    ConfigKey.POSTGRES_DBNAME: ("PostgreSQL", "database"),
    ConfigKey.POSTGRES_CONNECTION_METHOD: ("PostgreSQL", "connection_method"),
    ConfigKey.POSTGRES_CONNECT_TIMEOUT: ("PostgreSQL", "connect_timeout"),
    ConfigKey.POSTGRES_HOST: ("PostgreSQL", "host"),
    ConfigKey.POSTGRES_PORT: ("PostgreSQL", "port"),
    ConfigKey.POSTGRES_USER: ("PostgreSQL", "user"),
    ConfigKey.POSTGRES_PASSWORD: ("PostgreSQL", "password"),
    ConfigKey.POSTGRES_SCHEMA: ("PostgreSQL", "schema"),
    ConfigKey.POSTGRES_SSH_HOST: ("PostgreSQL", "ssh_host"),
    ConfigKey.POSTGRES_SSH_PORT: ("PostgreSQL", "ssh_port"),
    ConfigKey.POSTGRES_SSH_USERNAME: ("PostgreSQL", "ssh_username"),
    ConfigKey.POSTGRES_SSH_PASSWORD: ("PostgreSQL", "ssh_password"),
    ConfigKey.POSTGRES_SSH_PKEY: ("PostgreSQL", "ssh_pkey"),
    ConfigKey.QDRANT_COLLECTION: ("Qdrant", "collection"),
    ConfigKey.QDRANT_PATH: ("Qdrant", "path"),
    ConfigKey.SNOWFLAKE_DEFAULT_WH: ("Snowflake", "warehouse"),
    ConfigKey.SNOWFLAKE_DEFAULT_DB: ("Snowflake", "database"),
    ConfigKey.SNOWFLAKE_DEFAULT_SCHEMA: ("Snowflake", "schema"),
    ConfigKey.SNOWFLAKE_ACCOUNT: ("Snowflake", "account"),
    ConfigKey.SNOWFLAKE_USER: ("Snowflake", "user"),
    ConfigKey.SNOWFLAKE_PASSWORD: ("Snowflake", "password"),
    ConfigKey.SNOWFLAKE_PRIVATE_KEY_PATH: ("Snowflake", "private_key_path"),
    ConfigKey.SNOWFLAKE_PRIVATE_KEY_PASSPHRASE: ("Snowflake", "private_key_passphrase"),
    ConfigKey.SNOWFLAKE_ROLE: ("Snowflake", "role"),
    ConfigKey.SNOWFLAKE_TIMEOUT: ("Snowflake", "timeout"),
    ConfigKey.SPARK_METHOD: ("Spark", "method"),
    ConfigKey.SPARK_HOST: ("Spark", "host"),
    ConfigKey.SPARK_PORT: ("Spark", "port"),
    ConfigKey.SPARK_SCHEMA: ("Spark", "schema"),
    ConfigKey.SPARK_USER: ("Spark", "user"),
    ConfigKey.SPARK_TOKEN: ("Spark", "token"),
    ConfigKey.SPARK_CLUSTER: ("Spark", "cluster"),
    ConfigKey.SPARK_DRIVER: ("Spark", "driver"),
    ConfigKey.SPARK_ENDPOINT: ("Spark", "endpoint"),
    ConfigKey.SPARK_ORGANIZATION: ("Spark", "organization"),
    ConfigKey.SPARK_SERVER_SIDE_PARAMETERS: ("Spark", "server_side_parameters"),
    ConfigKey.WEAVIATE_ENDPOINT: ("Weaviate", "endpoint"),
    ConfigKey.WEAVIATE_INSTANCE_API_KEY: ("Weaviate", "instance_api_key"),
    ConfigKey.WEAVIATE_INFERENCE_API_KEY: ("Weaviate", "inference_api_key"),
    ConfigKey.WEAVIATE_COLLECTION: ("Weaviate", "collection"),
}

# A profile with one of these is verbose.
HEADERS = frozenset(path[0] for path in VERBOSE.values()) | {"Airtable", "Redshift"}
