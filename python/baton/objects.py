"""Frames as objects of a store: Amazon S3 and what speaks like it, Google Cloud Storage, Azure Blob Storage.

An object passes through a file on its way, so that each format works as it does with `FileIO`, and what is too large
for memory twice is held once. The packages of the makers are the project's: they are imported when a client is made.
Their errors reach the block as they are, with a hint for the person who reads them.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from abc import ABC, abstractmethod

from baton.config_keys import ConfigKey
from baton.files import FileFormat, format_of, read_frame, write_frame
from baton.packages import need

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, BinaryIO, TypeVar

    from baton.config import BaseConfigLoader

    Store = TypeVar("Store", bound="ObjectStore")

_GZIP = b"\x1f\x8b"
# What the template of `io_config.yaml` gives for a variable of the environment that is not set.
_UNSET = (None, "", "None")


class ObjectStore(ABC):
    """What the clients share. A place is a bucket (a container, for Azure) and the key of an object in it."""

    # Names of the settings with which the store knows its caller, for hints.
    _credentials = "the credentials of the client"

    def __init__(self, verbose: bool = False) -> None:
        self.verbose = verbose
        self.client: Any = None

    def __enter__(self: Store) -> Store:
        return self

    def __exit__(self, *_error: object) -> None:
        return None

    @abstractmethod
    def _fetch(self, bucket: str, key: str, file: BinaryIO) -> None:
        """Write the object's bytes to a file."""

    @abstractmethod
    def _store(self, file: BinaryIO, bucket: str, key: str) -> None:
        """Make an object of a file's bytes, in place of one that is there."""

    @abstractmethod
    def _keys(self, bucket: str, prefix: str, most: int | None) -> Iterator[str]:
        """Keys that begin with the prefix, in their order."""

    @abstractmethod
    def _problem(self, error: Exception) -> str | None:
        """Which of the words of `_hint` an error of the maker's package is about."""

    def _load(self, bucket: str, key: str, format: FileFormat | str | None, limit: int | None, options: Any) -> Any:
        chosen = format_of(key, format)
        with tempfile.TemporaryDirectory(prefix="baton-object-") as folder:
            path = os.path.join(folder, _file_name(chosen))
            with open(path, "wb") as file, self._explained(bucket, key):
                self._fetch(bucket, key, file)
            if chosen in (FileFormat.CSV, FileFormat.JSON, FileFormat.XML) and _begins_with(path, _GZIP):
                options.setdefault("compression", "gzip")
            frame = read_frame(path, chosen, options, f"{bucket}/{key}")
        return frame if limit is None or len(frame) <= limit else frame.iloc[:limit]

    def _export(self, data: Any, bucket: str, key: str, format: FileFormat | str | None, options: Any) -> None:
        if isinstance(data, (str, os.PathLike)):
            with open(data, "rb") as file, self._explained(bucket, key):
                self._store(file, bucket, key)
            return
        chosen = format_of(key, format)
        if chosen is FileFormat.HDF5:
            options.setdefault("key", os.path.splitext(key.rsplit("/", 1)[-1])[0])
        with tempfile.TemporaryDirectory(prefix="baton-object-") as folder:
            path = os.path.join(folder, _file_name(chosen))
            write_frame(data, path, chosen, options, f"{bucket}/{key}")
            with open(path, "rb") as file, self._explained(bucket, key):
                self._store(file, bucket, key)

    def _exists(self, bucket: str, prefix: str) -> bool:
        with self._explained(bucket, None):
            return next(self._keys(bucket, prefix, 1), None) is not None

    def _list(self, bucket: str, prefix: str) -> list[str]:
        with self._explained(bucket, None):
            return list(self._keys(bucket, prefix, None))

    def _download(self, bucket: str, key: str, path: str | os.PathLike[str]) -> None:
        # Under another name until it is whole: what stands at `path` is not lost to an object that is missing.
        target = os.path.abspath(path)
        with tempfile.TemporaryDirectory(prefix=".baton-", dir=os.path.dirname(target)) as folder:
            part = os.path.join(folder, "object")
            with open(part, "wb") as file, self._explained(bucket, key):
                self._fetch(bucket, key, file)
            os.replace(part, target)

    @contextlib.contextmanager
    def _explained(self, bucket: str, key: str | None) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            hint = self._hint(self._problem(error), bucket, key)
            if hint:
                with contextlib.suppress(AttributeError):
                    error.baton_hint = hint  # type: ignore[attr-defined]
            raise

    def _hint(self, problem: str | None, bucket: str, key: str | None) -> str | None:
        place = f"`{bucket}`" if key is None else f"`{key}` in `{bucket}`"
        words = {
            "object": f"there is no object {place}: keys are compared letter by letter, and begin without a slash",
            "bucket": f"there is no `{bucket}` at this address that these credentials may see",
            "missing": f"there is no {place} that these credentials may see",
            "nobody": f"there are no credentials to ask with: set {self._credentials}",
            "credentials": f"the store does not accept who asks: look at {self._credentials}",
            "rights": f"the credentials are not allowed to do this with {place}: ask its owner, "
            f"or look at {self._credentials}",
            "address": f"the store cannot be reached: look at its address and the network, and at {self._credentials}",
        }
        return words.get(problem) if problem else None


class BucketStore(ObjectStore):
    """What clients of buckets offer; a container of Azure goes by other names."""

    def load(
        self,
        bucket_name: str,
        object_key: str,
        format: FileFormat | str | None = None,
        limit: int | None = None,
        **reader_options: Any,
    ) -> Any:
        """The pandas frame of an object, at most `limit` rows of it.

        Further keywords go to the pandas function that reads the format.
        """
        return self._load(bucket_name, object_key, format, limit, reader_options)

    def export(
        self,
        data: Any,
        bucket_name: str,
        object_key: str,
        format: FileFormat | str | None = None,
        **writer_options: Any,
    ) -> None:
        """Write a pandas or Polars frame as an object, or upload the file at a path.

        Further keywords go to the function that writes the format.
        """
        self._export(data, bucket_name, object_key, format, writer_options)

    def exists(self, bucket_name: str, prefix: str) -> bool:
        """Whether the bucket has an object whose key begins with the prefix."""
        return self._exists(bucket_name, prefix)

    def list_objects(self, bucket_name: str, prefix: str = "") -> list[str]:
        """Keys of the objects in the bucket that begin with the prefix."""
        return self._list(bucket_name, prefix)

    def download(self, bucket_name: str, object_key: str, filepath: str | os.PathLike[str]) -> None:
        """Write an object to a file as it is."""
        self._download(bucket_name, object_key, filepath)


class S3(BucketStore):
    """Amazon S3, or a store that speaks like it: `S3.with_config(ConfigFileLoader()).load('bucket', 'orders.csv')`.

    Keywords go to the client of `boto3`, which is `client`.
    """

    _credentials = "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION and AWS_ENDPOINT"

    def __init__(self, verbose: bool = False, **settings: Any) -> None:
        super().__init__(verbose)
        boto3 = need("boto3", type(self).__name__)
        if settings.get("endpoint_url") and "config" not in settings:
            settings["config"] = _plain_checksums()
        self.client = boto3.client("s3", **settings)

    @classmethod
    def with_config(cls, config: BaseConfigLoader, **settings: Any) -> S3:
        """The client with the settings `AWS_...`. What is not set is looked for where `boto3` looks."""
        found = {
            "aws_access_key_id": _setting(config, ConfigKey.AWS_ACCESS_KEY_ID),
            "aws_secret_access_key": _setting(config, ConfigKey.AWS_SECRET_ACCESS_KEY),
            "aws_session_token": _setting(config, ConfigKey.AWS_SESSION_TOKEN),
            "region_name": _setting(config, ConfigKey.AWS_REGION),
            "endpoint_url": _setting(config, ConfigKey.AWS_ENDPOINT),
        }
        return cls(**{**{name: value for name, value in found.items() if value is not None}, **settings})

    def _fetch(self, bucket: str, key: str, file: BinaryIO) -> None:
        file.writelines(self.client.get_object(Bucket=bucket, Key=key)["Body"].iter_chunks(1 << 20))

    def _store(self, file: BinaryIO, bucket: str, key: str) -> None:
        # The transfer closes what it is given.
        self.client.upload_fileobj(file, bucket, key)

    def _keys(self, bucket: str, prefix: str, most: int | None) -> Iterator[str]:
        size = {} if most is None else {"MaxKeys": most}
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, **size)
        return (found["Key"] for page in pages for found in page.get("Contents", ()))

    def _problem(self, error: Exception) -> str | None:
        name = type(error).__name__
        if name in ("NoCredentialsError", "PartialCredentialsError"):
            return "nobody"
        if name in ("EndpointConnectionError", "ConnectTimeoutError", "ConnectionClosedError"):
            return "address"
        response = getattr(error, "response", None)
        code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
        return _S3_CODES.get(code or "")


_S3_CODES = {
    "NoSuchKey": "object",
    "NoSuchBucket": "bucket",
    "InvalidAccessKeyId": "credentials",
    "SignatureDoesNotMatch": "credentials",
    "InvalidToken": "credentials",
    "ExpiredToken": "credentials",
    "AuthorizationHeaderMalformed": "credentials",
    "AccessDenied": "rights",
    "403": "rights",
}


class BackblazeB2(S3):
    """Backblaze B2, which speaks like S3."""

    _credentials = "B2_APPLICATION_KEY_ID, B2_APPLICATION_KEY and B2_ENDPOINT_URL"

    @classmethod
    def with_config(cls, config: BaseConfigLoader, **settings: Any) -> BackblazeB2:
        """The client with the settings `B2_...`."""
        found = {
            "aws_access_key_id": _setting(config, ConfigKey.B2_APPLICATION_KEY_ID),
            "aws_secret_access_key": _setting(config, ConfigKey.B2_APPLICATION_KEY),
            "endpoint_url": _setting(config, ConfigKey.B2_ENDPOINT_URL) or "https://s3.us-west-004.backblazeb2.com",
        }
        return cls(**{**{name: value for name, value in found.items() if value is not None}, **settings})


class GoogleCloudStorage(BucketStore):
    """Google Cloud Storage: `GoogleCloudStorage.with_config(ConfigFileLoader()).load('bucket', 'orders.csv')`.

    Keywords beside those for the service account go to the client of `google-cloud-storage`, which is `client`.
    """

    _credentials = "GOOGLE_SERVICE_ACC_KEY, GOOGLE_SERVICE_ACC_KEY_FILEPATH or GOOGLE_APPLICATION_CREDENTIALS"

    def __init__(
        self,
        verbose: bool = False,
        credentials_mapping: dict[str, Any] | str | None = None,
        path_to_credentials: str | os.PathLike[str] | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(verbose)
        storage = need("google.cloud.storage", "GoogleCloudStorage", "google-cloud-storage")
        if settings.get("credentials") is None and (credentials_mapping or path_to_credentials):
            settings["credentials"] = _service_account(credentials_mapping, path_to_credentials)
        project = getattr(settings.get("credentials"), "project_id", None)
        if project and not settings.get("project"):
            settings["project"] = project
        self.client = storage.Client(**settings)

    @classmethod
    def with_config(cls, config: BaseConfigLoader, **settings: Any) -> GoogleCloudStorage:
        """The client with the service account of the settings `GOOGLE_...`, or the one that the machine has."""
        mapping = _setting(config, ConfigKey.GOOGLE_SERVICE_ACC_KEY)
        if mapping is not None:
            return cls(**{"credentials_mapping": mapping, **settings})
        path = _setting(config, ConfigKey.GOOGLE_SERVICE_ACC_KEY_FILEPATH)
        return cls(**{**({} if path is None else {"path_to_credentials": path}), **settings})

    def _fetch(self, bucket: str, key: str, file: BinaryIO) -> None:
        self.client.bucket(bucket).blob(key).download_to_file(file)

    def _store(self, file: BinaryIO, bucket: str, key: str) -> None:
        self.client.bucket(bucket).blob(key).upload_from_file(file)

    def _keys(self, bucket: str, prefix: str, most: int | None) -> Iterator[str]:
        return (blob.name for blob in self.client.list_blobs(bucket, prefix=prefix or None, max_results=most))

    def _problem(self, error: Exception) -> str | None:
        name = type(error).__name__
        return {
            "ConnectionError": "address",
            "Forbidden": "rights",
            "NotFound": "missing",
            "RefreshError": "credentials",
            "Unauthorized": "credentials",
        }.get(name)


class AzureBlobStorage(ObjectStore):
    """Azure Blob Storage: `AzureBlobStorage.with_config(ConfigFileLoader()).load('container', 'orders.csv')`.

    `account_url` and `credential` (the key of the account, a signature, or an object of `azure-identity`) are for
    addresses and credentials of other kinds; further keywords go to the `BlobServiceClient`, which is `client`.
    """

    _credentials = "AZURE_STORAGE_ACCOUNT_NAME, AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"

    def __init__(
        self,
        verbose: bool = False,
        storage_account_name: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        tenant_id: str | None = None,
        account_url: str | None = None,
        credential: Any = None,
        **settings: Any,
    ) -> None:
        super().__init__(verbose)
        blob = need("azure.storage.blob", "AzureBlobStorage", "azure-storage-blob")
        if not (storage_account_name or account_url):
            raise ValueError(
                "AzureBlobStorage does not know its account: set AZURE_STORAGE_ACCOUNT_NAME, or give `account_url`"
            )
        if credential is None:
            identity = need("azure.identity", "AzureBlobStorage", "azure-identity")
            if tenant_id and client_id and client_secret:
                credential = identity.ClientSecretCredential(tenant_id, client_id, client_secret)
            else:
                credential = identity.DefaultAzureCredential()
        address = account_url or f"https://{storage_account_name}.blob.core.windows.net"
        self.client = blob.BlobServiceClient(address, credential=credential, **settings)

    @classmethod
    def with_config(cls, config: BaseConfigLoader, **settings: Any) -> AzureBlobStorage:
        """The client with the settings `AZURE_...`; without a secret, with the identity that the machine has."""
        found = {
            "storage_account_name": _setting(config, ConfigKey.AZURE_STORAGE_ACCOUNT_NAME),
            "client_id": _setting(config, ConfigKey.AZURE_CLIENT_ID),
            "client_secret": _setting(config, ConfigKey.AZURE_CLIENT_SECRET),
            "tenant_id": _setting(config, ConfigKey.AZURE_TENANT_ID),
        }
        return cls(**{**found, **settings})

    def load(
        self,
        container_name: str,
        blob_path: str,
        format: FileFormat | str | None = None,
        limit: int | None = None,
        **reader_options: Any,
    ) -> Any:
        """The pandas frame of a blob, at most `limit` rows of it.

        Further keywords go to the pandas function that reads the format.
        """
        return self._load(container_name, blob_path, format, limit, reader_options)

    def export(
        self,
        df: Any,
        container_name: str,
        blob_path: str,
        format: FileFormat | str | None = None,
        **writer_options: Any,
    ) -> None:
        """Write a pandas or Polars frame as a blob, or upload the file at a path.

        Further keywords go to the function that writes the format.
        """
        self._export(df, container_name, blob_path, format, writer_options)

    def exists(self, container_name: str, prefix: str) -> bool:
        """Whether the container has a blob whose path begins with the prefix."""
        return self._exists(container_name, prefix)

    def list_objects(self, container_name: str, prefix: str = "") -> list[str]:
        """Paths of the blobs in the container that begin with the prefix."""
        return self._list(container_name, prefix)

    def download(self, container_name: str, blob_path: str, filepath: str | os.PathLike[str]) -> None:
        """Write a blob to a file as it is."""
        self._download(container_name, blob_path, filepath)

    def _fetch(self, bucket: str, key: str, file: BinaryIO) -> None:
        self.client.get_blob_client(bucket, key).download_blob().readinto(file)

    def _store(self, file: BinaryIO, bucket: str, key: str) -> None:
        self.client.get_blob_client(bucket, key).upload_blob(file, overwrite=True)

    def _keys(self, bucket: str, prefix: str, most: int | None) -> Iterator[str]:
        found = self.client.get_container_client(bucket).list_blobs(
            name_starts_with=prefix or None, **({} if most is None else {"results_per_page": most})
        )
        return (blob.name for blob in found)

    def _problem(self, error: Exception) -> str | None:
        codes = {
            "BlobNotFound": "object",
            "ContainerNotFound": "bucket",
            "ContainerBeingDeleted": "bucket",
            "AuthenticationFailed": "credentials",
            "AuthorizationFailure": "rights",
            "AuthorizationPermissionMismatch": "rights",
        }
        code = getattr(error, "error_code", None)
        names = {"ClientAuthenticationError": "credentials", "ServiceRequestError": "address"}
        return codes.get(str(getattr(code, "value", code))) or names.get(type(error).__name__)


def _setting(config: BaseConfigLoader, key: ConfigKey) -> Any:
    """The setting, or nothing where an unset variable of the environment stands for it."""
    value = config.get(key)
    return None if isinstance(value, str) and value in _UNSET else value


def _file_name(format: FileFormat) -> str:
    """Without an ending, from which pandas would guess a compression; the writer of Excel files asks for theirs."""
    return "object.xlsx" if format is FileFormat.EXCEL else "object"


def _begins_with(path: str, magic: bytes) -> bool:
    with open(path, "rb") as file:
        return file.read(len(magic)) == magic


def _plain_checksums() -> Any:
    """Stores other than Amazon's often refuse the checksums that newer versions of `boto3` add to every request."""
    config = need("botocore.config", "S3", "boto3").Config
    try:
        return config(request_checksum_calculation="when_required", response_checksum_validation="when_required")
    except TypeError:  # an older version, which adds none
        return None


def _service_account(mapping: dict[str, Any] | str | None, path: str | os.PathLike[str] | None) -> Any:
    """The credentials of a service account. What is wrong with them is said without showing them."""
    account = need("google.oauth2.service_account", "GoogleCloudStorage", "google-cloud-storage").Credentials
    source = "GOOGLE_SERVICE_ACC_KEY" if mapping else f"the file {os.fspath(path) if path else ''}"
    try:
        if mapping:
            return account.from_service_account_info(json.loads(mapping) if isinstance(mapping, str) else mapping)
        return account.from_service_account_file(os.fspath(path) if path else "")
    except ValueError as error:
        wrong = type(error).__name__
    raise ValueError(
        f"{source} is not the key of a service account ({wrong}): it is the JSON that Google gives for one, with the "
        "fields `client_email`, `token_uri` and `private_key`, line breaks of the key included"
    )
