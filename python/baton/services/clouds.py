"""Secrets of clouds and Spark sessions, through the vendors' packages.

The packages are imported when a function is called. A project lists what it uses in its requirements.txt.
"""

from __future__ import annotations

import json
import os

from baton.packages import need
from baton.services.http import setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def aws_secret(secret_id: str, key: str | None = None, region_name: str | None = None, **settings: Any) -> Any:
    """A secret of the AWS Secrets Manager, text or bytes; with `key`, one field of a secret in JSON."""
    boto3 = need("boto3", "the AWS Secrets Manager")
    region = region_name or os.getenv("AWS_REGION_NAME") or os.getenv("AWS_REGION")
    client = boto3.client("secretsmanager", **({"region_name": region} if region else {}), **settings)
    response = client.get_secret_value(SecretId=secret_id)
    text = response.get("SecretString")
    if text is None:
        return response.get("SecretBinary")
    return json.loads(text)[key] if key else text


def azure_secret(name: str, vault_url: str | None = None) -> Any:
    """A secret of an Azure Key Vault, the one of `$AZURE_KEY_VAULT_URL` by default."""
    identity = need("azure.identity", "the Azure Key Vault", "azure-identity")
    secrets = need("azure.keyvault.secrets", "the Azure Key Vault", "azure-keyvault-secrets")
    vault = vault_url or os.getenv("AZURE_KEY_VAULT_URL")
    if not vault:
        raise ValueError("the Azure Key Vault is not known: set the environment variable AZURE_KEY_VAULT_URL")
    client = secrets.SecretClient(vault_url=vault, credential=identity.DefaultAzureCredential())
    return client.get_secret(name).value


def gcp_secret(name: str, project_id: str | None = None, version: str = "latest", **settings: Any) -> str:
    """A secret of the Google Cloud Secret Manager. `project_id` is `$GOOGLE_CLOUD_PROJECT` by default."""
    manager = need("google.cloud.secretmanager", "the Google Secret Manager", "google-cloud-secret-manager")
    project = project_id or os.getenv("GOOGLE_CLOUD_PROJECT") or os.getenv("GCP_PROJECT_ID")
    path = name if name.startswith("projects/") else f"projects/{project}/secrets/{name}/versions/{version}"
    if "/None/" in path:
        raise ValueError("the project of the secret is not known: give `project_id` or set GOOGLE_CLOUD_PROJECT")
    client = manager.SecretManagerServiceClient(**settings)
    return str(client.access_secret_version(name=path).payload.data.decode("utf-8"))


def get_spark_session(spark_config: Any = None) -> Any:
    """A Spark session made from `spark_config` of the project's metadata, or from the settings that are given.

    The session that is active already is given back, as Spark does.
    """
    spark = need("pyspark.sql", "a Spark session", "pyspark")
    if spark_config is None:
        from baton.metadata import get_repo_config

        spark_config = get_repo_config().spark_config
    conf = need("pyspark.conf", "a Spark session", "pyspark").SparkConf()
    conf.setAppName(setting(spark_config, "app_name", "baton"))
    conf.setMaster(setting(spark_config, "spark_master", "local"))
    home = setting(spark_config, "spark_home")
    if home:
        conf.setSparkHome(home)
    jars = setting(spark_config, "spark_jars", [])
    if jars:
        conf.set("spark.jars", ",".join(jars))
    conf.setAll([(name, str(value)) for name, value in dict(setting(spark_config, "others", {})).items()])
    for name, value in dict(setting(spark_config, "executor_env", {})).items():
        conf.setExecutorEnv(name, str(value))
    return spark.SparkSession.builder.config(conf=conf).getOrCreate()
