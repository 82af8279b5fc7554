"""Names of environments and of places."""

from __future__ import annotations

from mage_ai import _absent
from mage_ai.shared.enum import StrEnum

ENV_DEV = "dev"
ENV_PROD = "prod"
ENV_STAGING = "staging"
ENV_TEST = "test"
ENV_TEST_MAGE = "test_mage"
VALID_ENVS = frozenset([ENV_DEV, ENV_PROD, ENV_STAGING, ENV_TEST, ENV_TEST_MAGE])

ENV_VAR_INSTANCE_TYPE = "INSTANCE_TYPE"
GCS_PREFIX = "gs://"
S3_PREFIX = "s3://"
SAMPLE_SIZE = 1000


class InstanceType(StrEnum):
    """What a server does."""

    SERVER_AND_SCHEDULER = "server_and_scheduler"
    SCHEDULER = "scheduler"
    WEB_SERVER = "web_server"


__getattr__ = _absent.attribute_error_of(__name__)
