"""The modules that blocks import: `mage_ai` as Mage's users know it, and `baton`."""

from __future__ import annotations

import pickle
import subprocess
import sys
import types
from pathlib import Path

import pytest
from host import LIBRARY

NAMES = [
    "callback",
    "condition",
    "custom",
    "data_exporter",
    "data_loader",
    "extension",
    "sensor",
    "transformer",
    "test",
    "on_success",
    "on_failure",
    "data_source",
    "xy",
    "x",
    "y",
    "configuration",
    "render",
    "columns",
    "data_integration_destination",
    "data_integration_source",
    "data_integration_catalog",
    "data_integration_config",
    "data_integration_selected_streams",
    "data_integration_query",
    "preprocesser_functions",
    "streaming_source",
    "streaming_sink",
]


@pytest.mark.parametrize("name", NAMES)
def test_decorators_give_the_function_back(name):
    from mage_ai.data_preparation import decorators

    def function():
        return 1

    decorate = getattr(decorators, name)
    assert decorate(function) is function
    assert decorate("success", n=1)(function) is function


def test_collecting_decorator():
    from mage_ai.data_preparation.decorators import collect_decorated_objs

    found = []

    @collect_decorated_objs(found)
    def function():
        return 1

    assert found == [function]


@pytest.mark.parametrize(
    ("statement", "error", "words"),
    [
        (
            "import mage_ai.io.snowflake",
            "ModuleNotFoundError",
            "`mage_ai.io.snowflake` is not offered by Baton (yet): ",
        ),
        ("from mage_ai.io.postgres import Postgres", "ModuleNotFoundError", "use the package `psycopg`"),
        ("from mage_ai.io.file import Cloud", "ImportError", "`mage_ai.io.file.Cloud` is not offered by Baton (yet)"),
        ("from mage_ai.io import nothing", "ImportError", "`mage_ai.io.nothing` is not offered"),
        ("import mage_ai; mage_ai.nothing", "AttributeError", "`mage_ai.nothing` is not offered"),
        ("from mage_ai.data_cleaner.transformer_actions.base import BaseAction", "ModuleNotFoundError", "df."),
        ("from mage_ai.services.hashicorp.vault import Vault", "ModuleNotFoundError", "use the package `hvac`"),
        ("from mage_ai.services.datadog import Datadog", "ModuleNotFoundError", "use the package `datadog`"),
        ("from mage_ai.io.config import VaultLoader", "ImportError", "`hvac`, or `EnvironmentVariableLoader`"),
        ("from mage_ai.io.iceberg_s3 import Iceberg", "ModuleNotFoundError", "use the package `pyiceberg`"),
        ("from mage_ai.data_preparation.decorators import pipeline", "ImportError", "for example `data_loader`"),
        ("from mage_ai.data_preparation.io import S3", "ModuleNotFoundError", "the clients are in `mage_ai.io`"),
        ("from mage_ai.data_preparation.streaming.base import X", "ModuleNotFoundError", "in `mage_ai.streaming`"),
        ("import mage_ai.presenters.charts", "ModuleNotFoundError", "a block has no use for them"),
        ("import mage_ai.shared.nothing", "ModuleNotFoundError", "in its folder `utils`"),
        ("from mage_ai.settings import PORT", "ImportError", "os.environ"),
        ("import mage_ai.cluster_manager", "ModuleNotFoundError", "docs/reference/compatibility.md"),
        ("import mage_ai.ai.llm", "ModuleNotFoundError", "for example `openai`"),
        ("import baton; baton.nothing", "AttributeError", "it offers"),
    ],
)
def test_what_is_not_there_is_named(statement, error, words):
    with pytest.raises(ImportError if "Attr" not in error else AttributeError) as caught:
        exec(statement, {})
    assert type(caught.value).__name__ == error
    assert words in str(caught.value)


def test_looking_for_attributes_is_no_error():
    import mage_ai.io.file

    assert not hasattr(mage_ai.io.file, "Cloud")
    assert pickle.loads(pickle.dumps(len)) is len


def test_importing_needs_the_standard_library_only():
    root = Path(LIBRARY)
    modules = sorted(
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        for folder in ("mage_ai", "baton")
        for path in (root / folder).rglob("*.py")
        if "worker" not in path.parts and "codecs" not in path.parts
    )
    assert "mage_ai.services.slack.slack" in modules
    code = f"import sys; sys.path.insert(0, {LIBRARY!r}); import {', '.join(modules)}"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)


def test_baton_offers_the_same_under_its_own_name():
    import baton
    import mage_ai.data_preparation.decorators as facade
    from mage_ai.io.config import ConfigKey
    from mage_ai.io.file import FileIO

    assert baton.transformer is facade.transformer
    assert baton.FileIO is FileIO
    assert baton.ConfigKey is ConfigKey
    assert all(getattr(baton, name) is not None for name in baton.__all__)


def test_importing_baton_imports_nothing_else():
    begin = f"import sys; sys.path[:0] = [{LIBRARY!r}]; "
    code = f"{begin}old = set(sys.modules); import baton; print(*set(sys.modules) - old)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True, capture_output=True, text=True)
    assert sorted(done.stdout.split()) == ["__future__", "baton"]


def test_constants():
    from mage_ai.data_preparation.models import constants
    from mage_ai.data_preparation.models.constants import BlockLanguage, BlockStatus, BlockType, PipelineType

    assert (BlockType.DATA_LOADER, BlockLanguage.SQL, PipelineType.PYTHON) == ("data_loader", "sql", "python")
    assert f"{BlockStatus.EXECUTED} {BlockType('sensor')}" == "executed sensor"
    assert constants.DATAFRAME_ANALYSIS_MAX_COLUMNS == 100
    assert constants.FILE_EXTENSION_TO_BLOCK_LANGUAGE["yml"] is BlockLanguage.YAML


def test_clients_of_ones_own():
    from mage_ai.io.base import BaseFile, BaseIO, DataSource, ExportWritePolicy
    from mage_ai.io.file import FileIO

    class Own(BaseIO):
        def load(self, *args, **kwargs):
            return 1

        def export(self, *args, **kwargs):
            return None

    with Own(verbose=True) as own:
        assert (own.load(), own.verbose) == (1, True)
    with pytest.raises(NotImplementedError, match="`Own` takes no settings"):
        Own.with_config({})
    assert isinstance(FileIO(), BaseFile)
    assert (DataSource.S3, ExportWritePolicy("append")) == ("s3", ExportWritePolicy.APPEND)


def test_made_up_tables():
    pytest.importorskip("pandas")
    from mage_ai.data.tabular.mocks import create_dataframe

    frame = create_dataframe(3, n_cols=2, use_pandas=True)
    assert (frame.shape, list(frame.columns)) == ((3, 2), ["col_0", "col_1"])
    assert [str(kind) for kind in frame.dtypes] == ["float64", "float64"]
    pytest.importorskip("polars")
    assert create_dataframe(n_rows=2).shape == (2, 10)


# --- paths


def test_paths(project, monkeypatch):
    from mage_ai.data_preparation import repo_manager
    from mage_ai.settings.repo import (
        get_data_dir,
        get_metadata_path,
        get_repo_name,
        get_repo_path,
        get_variables_dir,
    )

    root = str(project)
    monkeypatch.setenv("MAGE_REPO_PATH", root)
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.delenv("MAGE_DATA_DIR", raising=False)
    assert get_repo_path() == repo_manager.get_repo_path() == root
    assert get_repo_path(file_path=f"{root}/a/b/c.py") == root
    assert get_repo_path(file_path="/srv/other/a.py") == root
    assert get_repo_path(absolute_path=False) == "shop"
    assert (get_metadata_path(), get_metadata_path("/srv/other")) == (
        f"{root}/metadata.yaml",
        "/srv/other/metadata.yaml",
    )
    with pytest.raises(TypeError):
        get_repo_path(repo_path="/srv/other")
    assert get_repo_name() == "shop"
    assert get_data_dir() == "/home/someone/.mage_data"
    assert get_variables_dir() == "/home/someone/.mage_data/shop"
    monkeypatch.setenv("MAGE_DATA_DIR", "/data")
    assert (get_data_dir(), get_variables_dir()) == ("/data", "/data/shop")
    monkeypatch.setenv("MAGE_DATA_DIR", "inside")
    assert get_variables_dir() == f"{root}/inside"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("variables_dir: relative", "{root}/relative"),
        ("variables_dir: s3://bucket/x", "s3://bucket/x"),
        ("variables_dir: \"{{ env_var('WHERE') }}\"", "/w/shop"),
        ("", "/home/someone/.mage_data/shop"),
    ],
)
def test_variables_dir_of_the_metadata(project, monkeypatch, line, expected):
    pytest.importorskip("yaml")
    pytest.importorskip("jinja2")
    from baton.project import get_variables_dir

    monkeypatch.setenv("WHERE", "/w")
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.delenv("MAGE_DATA_DIR", raising=False)
    (project / "metadata.yaml").write_text(line + "\n")
    assert get_variables_dir(str(project)) == expected.format(root=project)


# --- settings of connections

PROFILES = """
version: 0.1.1
default:
  POSTGRES_HOST: "{{ env_var('PG_HOST') }}"
  POSTGRES_PORT: {{ env_var('PG_PORT', '5433') }}
  POSTGRES_PASSWORD: "{{ env_var('UNSET') }}"
  CUSTOM: {a: 1}
  NUMBER: {{ json_value('{"a": {"b": [{"c": 4}]}}', 'a.b[0].c') }}
old:
  PostgreSQL: {database: shop, user: someone, port: 5432}
  AWS:
    access_key_id: key
    Redshift: {cluster_identifier: c1}
  POSTGRES_HOST: ignored
"""


@pytest.fixture
def profiles(project, monkeypatch):
    pytest.importorskip("yaml")
    pytest.importorskip("jinja2")
    (project / "io_config.yaml").write_text(PROFILES)
    monkeypatch.setenv("MAGE_REPO_PATH", str(project))
    monkeypatch.setenv("PG_HOST", "db.example")
    monkeypatch.delenv("UNSET", raising=False)
    return project / "io_config.yaml"


def test_a_flat_profile(profiles):
    from mage_ai.io.config import ConfigFileLoader, ConfigKey

    loader = ConfigFileLoader()
    assert loader[ConfigKey.POSTGRES_HOST] == loader["POSTGRES_HOST"] == "db.example"
    assert loader[ConfigKey.POSTGRES_PORT] == 5433
    assert loader["POSTGRES_PASSWORD"] == "None"  # as in Mage
    assert loader["CUSTOM"] == {"a": 1}
    assert loader["NUMBER"] == 4
    assert loader.get("NOT_THERE") is None
    assert "CUSTOM" in loader
    assert "NOT_THERE" not in loader
    assert (loader.version, loader.profile, loader.filepath) == ("0.1.1", "default", profiles)
    assert loader.get(key="NUMBER") == 4
    with pytest.raises(TypeError):
        loader.get("NOT_THERE", "a default")


def test_a_verbose_profile(profiles):
    from mage_ai.io.config import ConfigFileLoader, ConfigKey

    loader = ConfigFileLoader(str(profiles), profile="old")
    assert loader[ConfigKey.POSTGRES_DBNAME] == "shop"
    assert loader["POSTGRES_USER"] == "someone"
    assert loader[ConfigKey.AWS_ACCESS_KEY_ID] == "key"
    assert loader[ConfigKey.REDSHIFT_CLUSTER_ID] == "c1"
    assert loader[ConfigKey.POSTGRES_HOST] is None
    assert ConfigKey.POSTGRES_PASSWORD not in loader
    assert loader["UNKNOWN"] is None


def test_a_missing_profile_is_named(profiles):
    from mage_ai.io.config import ConfigFileLoader

    with pytest.raises(KeyError, match="no profile 'prod'; its profiles are: default, old"):
        ConfigFileLoader(profiles, "prod")


def test_the_older_reader(profiles):
    from mage_ai.io.io_config import IOConfig

    assert IOConfig().use("old")["PostgreSQL"]["database"] == "shop"
    assert IOConfig(profiles).use("default")["POSTGRES_HOST"] == "db.example"
    with pytest.raises(KeyError, match="no profile 'prod'"):
        IOConfig(profiles).use("prod")


def test_secrets_of_a_cloud_name_their_package(monkeypatch):
    from mage_ai.io.config import AWSSecretLoader

    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(ModuleNotFoundError, match=r"AWSSecretLoader needs the package `boto3`.*: install `boto3` for"):
        AWSSecretLoader(region_name="eu-west-1")


class NotFound(Exception):
    pass


class SecretsClient:
    """What `boto3` gives, as far as the loader asks it."""

    exceptions = types.SimpleNamespace(ResourceNotFoundException=NotFound)

    def get_secret_value(self, SecretId, **version):
        known = {"text": {"SecretString": f"a{version.get('VersionId', '')}"}, "bytes": {"SecretBinary": b"b"}}
        if SecretId not in known:
            raise NotFound
        return known[SecretId]


def test_secrets_of_aws(monkeypatch):
    from mage_ai.io.config import AWSSecretLoader

    made = []
    client = SecretsClient()
    module = types.SimpleNamespace(client=lambda service, **settings: made.append((service, settings)) or client)
    monkeypatch.setitem(sys.modules, "boto3", module)
    loader = AWSSecretLoader(region_name="eu-west-1")
    assert made == [("secretsmanager", {"region_name": "eu-west-1"})]
    assert (loader["text"], loader["bytes"], loader.get("text", version_id="2")) == ("a", b"b", "a2")
    assert ("text" in loader, "none" in loader) == (True, False)
    with pytest.raises(TypeError, match="no secret 'none'"):
        loader.get("none")


def test_other_sources_of_settings(monkeypatch):
    from mage_ai.io.config import ConfigFileLoader, ConfigKey, EnvironmentVariableLoader

    assert ConfigFileLoader(config={"A": 1})["A"] == 1
    assert ConfigFileLoader(config={"PostgreSQL": {"host": "h"}})["POSTGRES_HOST"] == "h"
    monkeypatch.setenv("POSTGRES_USER", "someone")
    loader = EnvironmentVariableLoader()
    assert loader[ConfigKey.POSTGRES_USER] == loader["POSTGRES_USER"] == "someone"
    assert loader["NOT_SET_AT_ALL"] is None
    assert ConfigKey.POSTGRES_USER in loader


def test_secrets_are_those_of_the_run(monkeypatch):
    pytest.importorskip("jinja2")
    from baton import secrets
    from baton.templates import render

    asked = []
    monkeypatch.setattr(secrets, "ask", lambda question, **args: asked.append((question, args)) or "s3cret")
    text = "{{ mage_secret_var('key') }} {{ mage_secret_var('key', 'pipeline', 'p') }}"
    assert render(text) == "s3cret s3cret"
    assert asked == [
        ("secret", {"name": "key", "entity": "global", "pipeline_uuid": None}),
        ("secret", {"name": "key", "entity": "pipeline", "pipeline_uuid": "p"}),
    ]


def test_secrets_warn(project, monkeypatch):
    pytest.importorskip("jinja2")
    from baton.templates import render

    with pytest.warns(UserWarning, match="the secret `key` is not available"):
        assert render("{{ mage_secret_var('key') }}") == "None"
