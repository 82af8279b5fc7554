"""Objects of stores as frames: `S3`, `GoogleCloudStorage`, and what `AzureBlobStorage` does without a server.

S3 is spoken by moto's server, Google's protocol by an emulator. `stores_azure.py` has Azure's, which `make test-heavy`
installs.
"""

from __future__ import annotations

import json
import sys
import urllib.request

import pytest
from stores import Contract

PROFILE = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "s3cr3t-of-the-test",
    "AWS_SESSION_TOKEN": "None",  # what a template gives for a variable that is not set
    "AWS_REGION": "eu-west-1",
}


@pytest.fixture(scope="module")
def moto():
    pytest.importorskip("flask")
    pytest.importorskip("boto3")
    server = pytest.importorskip("moto.server").ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture(scope="module")
def s3(moto):
    from mage_ai.io.config import ConfigFileLoader
    from mage_ai.io.s3 import S3

    client = S3.with_config(ConfigFileLoader(config={**PROFILE, "AWS_ENDPOINT": moto}))
    client.client.create_bucket(Bucket="shop", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return client


class TestS3(Contract):
    @pytest.fixture
    def store(self, s3):
        return s3

    def test_a_key_that_the_store_does_not_know(self, s3, moto):
        from mage_ai.io.config import ConfigFileLoader
        from mage_ai.io.s3 import S3

        def refuse_after(count):
            ask = urllib.request.Request(f"{moto}/moto-api/reset-auth", data=str(count).encode(), method="POST")
            ask.add_header("Content-Type", "text/plain")
            urllib.request.urlopen(ask).close()

        with S3.with_config(ConfigFileLoader(config={**PROFILE, "AWS_ENDPOINT": moto})) as stranger:
            refuse_after(0)
            try:
                with pytest.raises(Exception, match="InvalidAccessKeyId") as caught:
                    stranger.load("shop", "orders.csv")
            finally:
                refuse_after("inf")
        assert "AWS_ACCESS_KEY_ID" in caught.value.baton_hint
        assert PROFILE["AWS_SECRET_ACCESS_KEY"] not in str(caught.value) + caught.value.baton_hint

    def test_lists_of_several_pages(self, s3):
        for key in ("pages/1", "pages/2", "pages/3"):
            s3.client.put_object(Bucket="shop", Key=key, Body=b"")
        assert list(s3._keys("shop", "pages/", most=1)) == ["pages/1", "pages/2", "pages/3"]

    def test_a_store_that_is_not_there(self):
        from botocore.config import Config

        from mage_ai.io.s3 import S3

        once = Config(connect_timeout=1, retries={"max_attempts": 0})
        lost = S3(endpoint_url="http://127.0.0.1:1", region_name="eu-west-1", aws_access_key_id="a",
                  aws_secret_access_key="b", config=once)  # fmt: skip
        with pytest.raises(Exception, match="Could not connect") as caught:
            lost.exists("shop", "x")
        assert "AWS_ENDPOINT" in caught.value.baton_hint

    def test_nobody_asks(self, moto, monkeypatch, tmp_path):
        from mage_ai.io.s3 import S3

        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
            monkeypatch.setenv(name, str(tmp_path / "none"))
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        with pytest.raises(Exception, match="Unable to locate credentials") as caught:
            S3(endpoint_url=moto, region_name="eu-west-1").exists("shop", "x")
        assert "set AWS_ACCESS_KEY_ID" in caught.value.baton_hint

    def test_backblaze_has_its_own_settings(self, moto):
        from mage_ai.io.backblaze_b2 import BackblazeB2
        from mage_ai.io.config import ConfigFileLoader

        keys = {"B2_APPLICATION_KEY_ID": "id", "B2_APPLICATION_KEY": "key"}
        assert "backblazeb2.com" in BackblazeB2.with_config(ConfigFileLoader(config=keys)).client.meta.endpoint_url
        own = BackblazeB2.with_config(ConfigFileLoader(config={**keys, "B2_ENDPOINT_URL": moto}))
        assert own.exists("shop", "") in (True, False)
        assert own.client.meta.endpoint_url == moto


@pytest.fixture(scope="module")
def google():
    pytest.importorskip("google.cloud.storage")
    emulator = pytest.importorskip("gcp_storage_emulator.server").create_server("127.0.0.1", 0, in_memory=True)
    emulator.start()
    yield f"http://127.0.0.1:{emulator._api._httpd.server_address[1]}"
    emulator.stop()


class TestGoogleCloudStorage(Contract):
    @pytest.fixture
    def store(self, google, monkeypatch):
        from mage_ai.io.config import ConfigFileLoader
        from mage_ai.io.google_cloud_storage import GoogleCloudStorage

        monkeypatch.setenv("STORAGE_EMULATOR_HOST", google)
        client = GoogleCloudStorage.with_config(
            ConfigFileLoader(config={"GOOGLE_SERVICE_ACC_KEY_FILEPATH": "None"}), project="test"
        )
        if not client.client.lookup_bucket("shop"):
            client.client.create_bucket("shop")
        return client

    def test_keys_that_are_none(self, google, tmp_path):
        from mage_ai.io.config import ConfigFileLoader
        from mage_ai.io.google_cloud_storage import GoogleCloudStorage

        account = {"type": "service_account", "client_email": "a@b", "token_uri": "x", "private_key": "SECRET-PART"}
        (tmp_path / "key.json").write_text(json.dumps(account))
        for setting in (
            {"GOOGLE_SERVICE_ACC_KEY": account},
            {"GOOGLE_SERVICE_ACC_KEY": json.dumps(account)},
            {"GOOGLE_SERVICE_ACC_KEY": "SECRET-PART"},
            {"GOOGLE_SERVICE_ACC_KEY_FILEPATH": str(tmp_path / "key.json")},
        ):
            with pytest.raises(ValueError, match="is not the key of a service account") as caught:
                GoogleCloudStorage.with_config(ConfigFileLoader(config=setting))
            assert "SECRET-PART" not in str(caught.value)
            assert caught.value.__cause__ is None
            assert caught.value.__context__ is None

    def test_the_mapping_comes_before_the_file(self, google):
        cryptography = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa")
        from cryptography.hazmat.primitives import serialization

        from mage_ai.io.config import ConfigFileLoader
        from mage_ai.io.google_cloud_storage import GoogleCloudStorage

        key = cryptography.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        account = {
            "type": "service_account",
            "project_id": "shop-project",
            "client_email": "a@b.example",
            "token_uri": "https://oauth2.example/token",
            "private_key": key.decode(),
        }
        profile = {"GOOGLE_SERVICE_ACC_KEY": account, "GOOGLE_SERVICE_ACC_KEY_FILEPATH": "/nowhere.json"}
        client = GoogleCloudStorage.with_config(ConfigFileLoader(config=profile)).client
        assert client.project == "shop-project"
        assert client._credentials.service_account_email == "a@b.example"


class TestAzureBlobStorage:
    def test_settings(self):
        pytest.importorskip("azure.storage.blob")
        pytest.importorskip("azure.identity")
        from mage_ai.io.azure_blob_storage import AzureBlobStorage
        from mage_ai.io.config import ConfigFileLoader

        profile = {
            "AZURE_STORAGE_ACCOUNT_NAME": "shopdata",
            "AZURE_TENANT_ID": "tenant",
            "AZURE_CLIENT_ID": "client",
            "AZURE_CLIENT_SECRET": "secret",
        }
        client = AzureBlobStorage.with_config(ConfigFileLoader(config=profile)).client
        assert client.url == "https://shopdata.blob.core.windows.net/"
        assert type(client.credential).__name__ == "ClientSecretCredential"
        profile["AZURE_CLIENT_SECRET"] = "None"
        client = AzureBlobStorage.with_config(ConfigFileLoader(config=profile)).client
        assert type(client.credential).__name__ == "DefaultAzureCredential"
        with pytest.raises(ValueError, match="set AZURE_STORAGE_ACCOUNT_NAME"):
            AzureBlobStorage.with_config(ConfigFileLoader(config={"AZURE_CLIENT_ID": "x"}))


@pytest.mark.parametrize(
    ("module", "name", "package"),
    [
        ("s3", "S3", "boto3"),
        ("google_cloud_storage", "GoogleCloudStorage", "google-cloud-storage"),
        ("azure_blob_storage", "AzureBlobStorage", "azure-storage-blob"),
        ("backblaze_b2", "BackblazeB2", "boto3"),
    ],
)
def test_a_missing_package_names_its_line(monkeypatch, module, name, package):
    import importlib

    for absent in ("boto3", "google.cloud.storage", "azure.storage.blob"):
        monkeypatch.setitem(sys.modules, absent, None)
    client = getattr(importlib.import_module(f"mage_ai.io.{module}"), name)
    with pytest.raises(ModuleNotFoundError, match=f"{name} needs the package `{package}`.*: install `"):
        client(storage_account_name="x") if "Azure" in name else client()


def test_clients_are_files_of_mage():
    from baton import GoogleCloudStorage
    from mage_ai.io.base import BaseFile
    from mage_ai.io.google_cloud_storage import GoogleCloudStorage as Same

    assert GoogleCloudStorage is Same
    assert issubclass(Same, BaseFile)


def test_hints_reach_the_person(run):
    failed = run(
        """
        @transformer
        def read(*args, **kwargs):
            error = OSError("An error occurred (NoSuchKey)")
            error.baton_hint = "there is no object `x.csv` in `shop`"
            raise error
        """
    )
    assert failed.error["hint"] == "there is no object `x.csv` in `shop`"
