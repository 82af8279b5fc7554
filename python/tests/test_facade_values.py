"""What small functions of `mage_ai.shared` give for odd values, and which words its enumerations have."""

from __future__ import annotations

import copy
import enum
from collections import OrderedDict

import pytest

from mage_ai.data_preparation.models import constants
from mage_ai.data_preparation.models.triggers import ScheduleInterval, ScheduleStatus, ScheduleType
from mage_ai.data_preparation.models.variables.constants import VariableType
from mage_ai.data_preparation.repo_manager import ClusterType, ProjectType
from mage_ai.io.base import DataSource, ExportWritePolicy, FileFormat
from mage_ai.io.config import ConfigKey, VerboseConfigKey
from mage_ai.io.io_config import IOConfigKeys
from mage_ai.orchestration.constants import Entity
from mage_ai.shared import constants as shared_constants
from mage_ai.shared import hash as dictionaries
from mage_ai.shared import strings, utils
from mage_ai.shared.enum import IntEnum, StrEnum
from mage_ai.streaming.sources.base import SourceConsumeMethod

NESTED = {"a": {"b": [1, {"c": 5}]}, "n": None, "z": 0}


@pytest.mark.parametrize(
    ("value", "path", "expected"),
    [
        (NESTED, "a.b[1].c", 5),
        (NESTED, " a . b[0] ", 1),
        (NESTED, ["a", "b[0]"], 1),
        (NESTED, "a.b[5]", None),
        (NESTED, "a.b.c", None),
        (NESTED, "n.x", None),
        (NESTED, "z", 0),
        (NESTED, "z.y", None),
        ({"a": {}}, "a", {}),
        ({"a": {}}, "a.b", None),
        ({}, "a", None),
        (None, "a", None),
        ("text", "a", None),
        ({"a": 1}, [], {"a": 1}),
    ],
)
def test_safe_dig(value, path, expected):
    assert dictionaries.safe_dig(value, path) == expected


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ('{"a": {"b": [1, {"c": 2}]}}', "a.b[1].c", 2),
        ('{"a": {"b": 1}}', ["a", "b"], 1),
        (b'{"a": 1}', "a", 1),
        ('{"a": 1}', "z", None),
        ("{}", "a.b", {}),
        ("no json", "a", "no json"),
        ("", "a", ""),
        (None, "a", None),
        ({"a": 1}, "a", {"a": 1}),
    ],
)
def test_get_json_value(text, path, expected):
    assert dictionaries.get_json_value(text, path) == expected


@pytest.mark.parametrize(("text", "path"), [('{"a": [1]}', "a[3]"), ('{"a": 1}', "a.b"), ("[1]", "a"), ("{}", "a[0]")])
def test_get_json_value_beyond_the_end(text, path):
    with pytest.raises((AttributeError, IndexError, KeyError)):
        dictionaries.get_json_value(text, path)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({"a": 1}, {"a": 2}, {"a": 2}),
        ({"a": {"x": 1}}, {"a": {"y": 1}}, {"a": {"y": 1}}),
        ({"a": 1}, None, {"a": 1}),
        (None, {"a": 1}, {"a": 1}),
        (None, None, {}),
        ({"a": 1}, [("b", 2)], {"a": 1, "b": 2}),
    ],
)
def test_merge_dict(first, second, expected):
    assert dictionaries.merge_dict(first, second) == expected


def test_merging_keeps_the_kind():
    assert type(dictionaries.merge_dict(OrderedDict(a=1), {"b": 2})) is OrderedDict


@pytest.mark.parametrize(
    ("child", "parent", "expected"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": {"x": {"y": 1}}}, {"a": {"x": {"z": 1}}}, {"a": {"x": {"y": 1, "z": 1}}}),
        ({"a": 2}, {"a": {"x": 1}}, {"a": 2}),
        ({"a": None}, {"a": 1}, {"a": None}),
        ({"a": [1]}, {"a": [2]}, {"a": [1]}),
        ({"a": {}}, {"a": {"b": 1}}, {"a": {"b": 1}}),
    ],
)
def test_combine_into(child, parent, expected):
    before = copy.deepcopy(child)
    assert dictionaries.combine_into(child, parent) is None
    assert (child, parent) == (before, expected)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: dictionaries.extract({"a": 1, "b": None}, ["b", "a", "c"]), {"a": 1}),
        (lambda: dictionaries.extract({"a": 1, "b": None}, ["b", "c"], True), {"b": None, "c": None}),
        (lambda: dictionaries.flatten_dict({"a": {"b": 1}}, "p", "_"), {"p_a_b": 1}),
        (lambda: dictionaries.flatten_dict({"a": {"b": 1, "c": {}}}, sep="__"), {"a__b": 1}),
        (lambda: dictionaries.flatten_dict({"a": [{"b": 1}]}), {"a": [{"b": 1}]}),
        (lambda: dictionaries.flatten_dict({1: {2: 3}}), {"1.2": 3}),
        (lambda: dictionaries.unflatten_dict({"a.b": 1, "a.c": 2, "d": 3}), {"a": {"b": 1, "c": 2}, "d": 3}),
        (lambda: dictionaries.unflatten_dict({"a_b": 1, "c.d": 2}, "_"), {"a": {"b": 1}, "c.d": 2}),
        (lambda: dictionaries.set_value({"a": None}, ["a", "b"], 1), {"a": {"b": 1}}),
        (lambda: dictionaries.set_value({"a": {"c": 1}}, ["a", "b"], 2), {"a": {"c": 1, "b": 2}}),
        (
            lambda: dictionaries.camel_case_keys_to_snake_case({"aB": [{"cD": 1}], "e": ({"fG": 1},)}),
            {"a_b": [{"c_d": 1}], "e": ({"fG": 1},)},
        ),
        (lambda: dictionaries.camel_case_keys_to_snake_case(None), None),
    ],
)
def test_dictionaries(call, expected):
    assert call() == expected


# A plural, and what it becomes; the wrong ones are Mage's.
SINGULARS = """
addresses address; analyses analysis; bacteria bacterium; bases basis; branches branch; buses bus; calves calf
categories category; children child; companies company; crises crisis; criteria criterium; curves curf; data datum
databases database; days day; deer deer; drives drife; echoes echo; feet feet; fish fish; grandchildren grandchild
heroes hero; houses house; humans human; indices index; knives knife; lass lass; leaves leafe; lives life; media medium
matrices matrix; men man; mice mouse; moves move; movies movie; news news; Oxen Ox; people person; pies py
pipeline_schedules pipeline_schedule; policies policy; queries query; quizzes quiz; salespeople salesperson
series series; shelves shelf; shoes shoe; status status; statuses status; theses thesis; this thi; USERS USER
User_Statuses User_Status; vertices vertex; viruses viruse; waves wafe; women woman; zombies zombie
"""


def test_singularize():
    pairs = [pair.split() for line in SINGULARS.strip().splitlines() for pair in line.split(";")]
    assert len(pairs) > 50
    assert {plural: strings.singularize(plural) for plural, _ in pairs} == dict(pairs)


@pytest.mark.parametrize(
    ("function", "given", "expected"),
    [
        (strings.remove_extension_from_filename, "dir.d/x.tar.gz", "dir.d/x"),
        (strings.remove_extension_from_filename, "/a/.b", "/a/"),
        (strings.remove_extension_from_filename, "x", "x"),
        (strings.size_of_string, "été", 5),
        (strings.size_of_string, None, 4),
        (strings.is_json, ' {"a": 1} ', {"a": 1}),
        (strings.is_json, "{}", {}),
        (strings.is_json, "[1]", False),
        (strings.is_json, "", False),
        (strings.is_json, None, False),
        (strings.string_to_number, " 1 ", 1),
        (strings.string_to_number, "1.5", 1.5),
        (strings.string_to_number, "1,5", "1,5"),
        (strings.string_to_number, "", ""),
        (strings.to_ordinal_integers, "az", [1, 26]),
        (strings.to_ordinal_integers, "", []),
        (utils.get_absolute_path, "/a/../b", "/b"),
        (utils.files_in_single_path, "/nowhere/at/all", []),
        (utils.convert_python_type_to_bigquery_type, int, "INT64"),
        (utils.convert_python_type_to_clickhouse_type, bool, "Nullable(Boolean)"),
        (utils.convert_python_type_to_redshift_type, float, "FLOAT8"),
        (utils.convert_python_type_to_trino_type, list, "VARCHAR"),
    ],
)
def test_text_and_values(function, given, expected):
    assert function(given) == expected


@pytest.mark.parametrize(
    ("kept", "expected"), [(["-"], "a-b_c"), ("-.", "a-b.c"), (["-.", "--"], "a_b_c"), ([], "a_b_c")]
)
def test_single_characters_are_kept(kept, expected):
    assert utils.clean_name("a-b.c", kept) == expected


# --- enumerations

WORDS = [
    (constants.AIMode, "open_ai hugging_face"),
    (constants.BlockLanguage, "markdown python r sql yaml"),
    (constants.BlockStatus, "executed failed not_executed updated"),
    (constants.CallbackStatus, "cancelled failure success"),
    (
        constants.ExecutorType,
        "azure_container_instance ecs gcp_cloud_run k8s local_python_force local_python pyspark",
    ),
    (constants.PipelineStatus, "active inactive no_schedules"),
    (constants.PipelineType, "databricks execution_framework integration pyspark python streaming"),
    (ClusterType, "emr ecs cloud_run k8s"),
    (ProjectType, "main sub standalone"),
    (ExportWritePolicy, "append fail replace"),
    (FileFormat, "csv json parquet hdf5 xml excel"),
    (SourceConsumeMethod, "BATCH_READ READ READ_ASYNC"),
    (ScheduleInterval, "@once @hourly @daily @weekly @monthly @always_on"),
    (ScheduleStatus, "active inactive"),
    (ScheduleType, "api event time"),
    (Entity, "any global project pipeline"),
    (
        VariableType,
        """custom_object dataframe dataframe_analysis dictionary_complex geo_dataframe iterable list_complex
        matrix_sparse model_sklearn model_xgboost polars_dataframe series_pandas series_polars spark_dataframe""",
    ),
    (shared_constants.InstanceType, "server_and_scheduler scheduler web_server"),
]


@pytest.mark.parametrize(("enumeration", "words"), WORDS)
def test_words(enumeration, words):
    assert sorted(member.value for member in enumeration) == sorted(words.split())


def test_words_that_are_not_their_names():
    assert (DataSource.MSSQL, DataSource("kafka"), DataSource.OPENSEARCH) == ("sqlserver", "kafka", "opensearch")
    assert (VerboseConfigKey.DUCKDB, IOConfigKeys.DUCKDB, IOConfigKeys.POSTGRES) == ("Duck DB", "DuckDB", "PostgreSQL")
    assert ConfigKey.MYSQL_ALLOW_LOCAL_INFILE == "MYSQL_ALLOW_LOCAL_INFILE"
    assert constants.BLOCK_TYPE_DIRECTORY_NAME[constants.BlockType.DATA_LOADER] == "data_loaders"
    assert constants.BlockType.CUSTOM not in constants.BLOCK_TYPE_DIRECTORY_NAME


@pytest.mark.parametrize(
    "member",
    [FileFormat.CSV, ExportWritePolicy.APPEND, ConfigKey.AWS_REGION, ProjectType.MAIN, SourceConsumeMethod.READ],
)
def test_members_show_as_their_words(member):
    assert (str(member), f"{member}", f"{member:>20}") == (member.value, member.value, member.value.rjust(20))
    assert {member: 1}[member.value] == 1


def test_own_enumerations():
    class Color(StrEnum):
        DARK_RED = enum.auto()
        BLUE = "b"

    class Level(IntEnum):
        LOW = 1

    assert (Color.DARK_RED.value, f"{Color.BLUE}", Color("b") is Color.BLUE) == ("dark_red", "b", True)
    assert (Level.LOW + 1, Level(1) is Level.LOW) == (2, True)
