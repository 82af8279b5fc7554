"""`AzureBlobStorage` against Azurite, a server of Microsoft's. Run by `make test-heavy`, which installs it.

AZURITE=.../azurite-blob python -m pytest tests/stores_azure.py
"""

from __future__ import annotations

import os
import re
import subprocess

import pytest
from stores import Contract

ACCOUNT = "devstoreaccount1"
# Published by Microsoft for this server.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@pytest.fixture(scope="module")
def azurite(tmp_path_factory):
    command = [os.environ["AZURITE"], "--blobPort", "0", "--inMemoryPersistence", "--skipApiVersionCheck"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path_factory.mktemp("azurite"))
    found = next(filter(None, (re.search(r"listen\w* (?:at|on) (http://\S+)", line) for line in server.stdout)), None)
    yield f"{found[1]}/{ACCOUNT}"
    server.terminate()
    server.wait()


class TestAzureBlobStorage(Contract):
    @pytest.fixture
    def store(self, azurite):
        from mage_ai.io.azure_blob_storage import AzureBlobStorage

        client = AzureBlobStorage(account_url=azurite, credential=KEY)
        if not client.client.get_container_client("shop").exists():
            client.client.create_container("shop")
        return client

    def test_a_key_that_the_store_does_not_know(self, store, azurite):
        from mage_ai.io.azure_blob_storage import AzureBlobStorage

        wrong = KEY.replace("E", "F")
        with pytest.raises(Exception, match=r"AuthenticationFailed|AuthorizationFailure") as caught:
            AzureBlobStorage(account_url=azurite, credential=wrong).load("shop", "orders.csv")
        assert "AZURE_CLIENT_SECRET" in caught.value.baton_hint
        assert wrong not in str(caught.value)
