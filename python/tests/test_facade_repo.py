"""The project's settings as blocks read them."""

from __future__ import annotations

import copy
import pickle
import sys

import pytest

METADATA = """
project_type: standalone
project_uuid: 0123
variables_dir: data
remote_variables_dir: {remote}
retry_config:
  retries: 2
queue_config:
features: {{polars: true}}
openai_api_key: "{{{{ env_var('KEY') }}}}"
own_key: [1, 2]
"""


@pytest.fixture
def settings(project, monkeypatch):
    pytest.importorskip("yaml")
    pytest.importorskip("jinja2")
    monkeypatch.setenv("MAGE_REPO_PATH", str(project))
    monkeypatch.setenv("KEY", "k")
    monkeypatch.delenv("MAGE_DATA_DIR", raising=False)

    def write(remote="s3://bucket/path_prefix"):
        from mage_ai.data_preparation.repo_manager import get_repo_config

        (project / "metadata.yaml").write_text(METADATA.format(remote=remote))
        return get_repo_config()

    return write


def test_keys_are_attributes(settings, project):
    config = settings()
    assert config.retry_config == {"retries": 2}
    assert config.features["polars"] is True
    assert config.openai_api_key == "k"
    assert config.own_key == [1, 2]
    assert (config.repo_path, config.repo_name) == (str(project), "shop")
    assert config.variables_dir == str(project / "data")
    assert config.metadata_path == str(project / "metadata.yaml")
    assert config.to_dict()["project_type"] == config.project_type == "standalone"
    assert config.to_dict()["spark_config"] is None
    assert config.to_dict()["own_key"] == [1, 2]


def test_what_the_file_lacks(settings):
    config = settings()
    assert (config.queue_config, config.features["polars"], config.notification_config) == ({}, True, {})
    assert (config.spark_config, config.ecs_config, config.pipelines, config.k8s_executor_config) == (None,) * 4
    assert (config.cluster_type, config.ldap_config, config.variables_retention_period) == (None, None, None)
    assert config.help_improve_mage is None
    with pytest.raises(AttributeError, match="no setting 'nothing'; it has: project_type, project_uuid"):
        _ = config.nothing
    with pytest.raises(AttributeError, match=r"`RepoConfig\.save` is not offered"):
        config.save(x=1)
    assert copy.deepcopy(pickle.loads(pickle.dumps(config))).own_key == [1, 2]


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ("s3://bucket/path_prefix", (None, None, None)),
        ("s3://mine/a/b", ("s3://mine/a/b", "mine", "a/b")),
        ("gs://mine", ("gs://mine", None, None)),
    ],
)
def test_remote_variables(settings, remote, expected):
    config = settings(remote)
    assert (config.remote_variables_dir, config.s3_bucket, config.s3_path_prefix) == expected
    assert config.to_dict(remote=True)["variables_dir"] == (expected[0] or config.variables_dir)
    assert config.to_dict()["variables_dir"] == config.variables_dir


def test_functions(settings, project, tmp_path, monkeypatch):
    settings()
    from mage_ai.data_preparation import repo_manager
    from mage_ai.settings import utils
    from mage_ai.settings.repo import get_metadata_path, get_repo_path, get_variables_dir, set_repo_path

    assert repo_manager.get_project_uuid() == "83"  # YAML reads an octal number
    assert repo_manager.get_project_type() == repo_manager.ProjectType.STANDALONE
    assert repo_manager.get_cluster_type() is None
    assert repo_manager.RepoConfig.from_dict({"retry_config": {"retries": 1}}).retry_config == {"retries": 1}
    assert repo_manager.get_project_type(repo_manager.RepoConfig.from_dict({"project_type": "sub"})) == "sub"
    assert get_variables_dir(repo_config={"variables_dir": "/w"}) == "/w/shop"
    assert get_metadata_path() == str(project / "metadata.yaml")
    assert (utils.base_repo_path(), utils.base_repo_name()) == (str(project), "shop")
    assert utils.base_repo_dirname() == str(tmp_path)
    monkeypatch.setenv("MAGE_REPO_PATH", "/")  # restored after the test
    set_repo_path(str(tmp_path))
    assert get_repo_path() == str(tmp_path)
    assert repo_manager.get_repo_config().project_type == "standalone"


# --- in a block, as a run has it

BLOCK = """
import sys
from mage_ai.data.tabular.mocks import create_dataframe
from mage_ai.data_preparation.models.constants import BlockType
from mage_ai.data_preparation.repo_manager import get_repo_config
from mage_ai.io.base import FileFormat
from mage_ai.io.file import FileIO
from mage_ai.settings.repo import get_repo_path
from mage_ai.shared.hash import dig
from mage_ai.shared.utils import clean_name
from os import path

@transformer
def f(*args, **kwargs):
    file = path.join(get_repo_path(), clean_name("My File") + ".csv")
    FileIO().export(create_dataframe(n_rows=3, use_pandas=True), file, format=FileFormat.CSV, index=False)
    rows = len(FileIO().load(file))
    return {"rows": rows, "type": str(BlockType.TRANSFORMER), "dir": get_repo_config().variables_dir[-4:],
            "dug": dig({"a": [{"b": 1}]}, "a[0].b")}
"""


def test_a_block_uses_it(run):
    pytest.importorskip("pandas")
    pytest.importorskip("yaml")
    assert run(BLOCK).outputs == [{"rows": 3, "type": "transformer", "dir": "shop", "dug": 1}]


def test_a_block_is_told_what_to_add(run):
    pytest.importorskip("pandas")
    code = """
    import sys
    from mage_ai.data.tabular.mocks import create_dataframe
    from mage_ai.io.file import FileIO

    @transformer
    def f(*args, **kwargs):
        sys.modules["openpyxl"] = sys.modules["xlsxwriter"] = None
        FileIO().export(create_dataframe(3, use_pandas=True), "x.xlsx")
    """
    error = run(code).error
    assert error["message"].splitlines()[0] == (
        "writing x.xlsx needs the package `openpyxl`, which is not installed: "
        f"install `openpyxl` for `{sys.executable}`, which was chosen instead of the project's own environment"
    )
    assert error["hint"] is None
