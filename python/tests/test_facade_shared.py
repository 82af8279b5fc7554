"""Small functions of `mage_ai.shared`."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import json
import threading
import uuid

import pytest

from mage_ai.shared import array, dates, environments, multi, parsers, strings, utils
from mage_ai.shared import hash as dictionaries
from mage_ai.shared.enum import StrEnum
from mage_ai.shared.retry import retry


@pytest.mark.parametrize(
    ("value", "path", "expected"),
    [
        ({"a": {"b": [1, 2]}}, "a.b[1]", 2),
        ({"a": {"b": [1, {"c": 3}]}}, ["a", "b[1]", "c"], 3),
        ({"a": {"b": 1}}, "a. b ", 1),
        ({"a": {}}, "a.z", {}),
        ({"a": {"b": 1}}, "a.z", None),
        ({"a": {"b": 1}}, "a.z.y", None),
        ({}, "a", {}),
        (None, "a", None),
        ([[1], [2]], "[1]", [2]),
        ({"a": [7, 8]}, ["a", 1], 8),
    ],
)
def test_dig(value, path, expected):
    assert dictionaries.dig(value, path) == expected


@pytest.mark.parametrize(("path", "error"), [("a[5]", IndexError), ("z[0]", KeyError)])
def test_dig_beyond_a_list(path, error):
    with pytest.raises(error):
        dictionaries.dig({"a": [1]}, path)


def test_dictionaries():
    data = {"a": 1, "b": None, "c": 0, "d": [1]}
    assert dictionaries.merge_dict({"a": 1, "b": 1}, {"b": 2}) == {"a": 1, "b": 2}
    assert dictionaries.ignore_keys(data, ["a", "zz"]) == {"b": None, "c": 0, "d": [1]}
    assert dictionaries.ignore_keys_with_blank_values(data) == {"a": 1, "d": [1]}
    assert dictionaries.ignore_keys_with_blank_values(data, include_values=[0]) == {"a": 1, "c": 0, "d": [1]}
    assert dictionaries.extract(data, ["a", "b", "c", "zz"]) == {"a": 1, "c": 0}
    assert dictionaries.extract_arrays(data) == [[1]]
    assert dictionaries.index_by(len, ["a", "bb", "c"]) == {1: "c", 2: "bb"}
    assert dictionaries.group_by(len, ["a", "bb", "c"]) == {1: ["a", "c"], 2: ["bb"]}
    assert dictionaries.flatten_dict({"a": {"b": {"c": {"d": 1}}}, "e": {}}) == {"a.b.c.d": 1}
    assert dictionaries.flatten_dict({"a": 1}, "x") == {"x.a": 1}
    assert dictionaries.flatten({"a": {"b": {"c": {"d": 1}}}, "e": 2}) == {"a_b_c": {"d": 1}, "e": 2}
    assert dictionaries.get_json_value('{"a": {"b": [1, {"c": 2}]}}', "a.b[1].c") == 2
    assert dictionaries.get_json_value({"a": 1}, "z") == {"a": 1}
    assert (dictionaries.get_safe_value({"a": 1}, "b", 2), dictionaries.get_safe_value(None, "b", 3)) == (2, 3)
    assert dictionaries.set_value({"a": {}}, ["a", "b", "c"], 1) == {"a": {"b": {"c": 1}}}
    assert dictionaries.replace_dict_nan_value({"a": float("nan"), "b": 1.0}) == {"a": None, "b": 1.0}
    assert dictionaries.camel_case_keys_to_snake_case({"aB": {"cD": 1}}) == {"a_b": {"c_d": 1}}


def test_given_dictionaries_stay_as_they_are():
    first, second = {"a": 1}, {"b": 2}
    dictionaries.merge_dict(first, second)
    dictionaries.ignore_keys(first, ["a"])
    dictionaries.ignore_keys_with_blank_values(second)
    assert (first, second) == ({"a": 1}, {"b": 2})


def test_lists():
    assert [list(one) for one in array.batch([1, 2, 3, 4, 5], 2)] == [[1, 2], [3, 4], [5]]
    assert array.difference([1, 2, 3], [2, 4]) == [1, 3, 4]
    assert array.subtract([1, 2, 3], [2, 4]) == [1, 3]
    assert array.find(lambda x: x > 1, [1, 2, 3]) == 2
    assert array.find(lambda x: x > 1, [1, 2, 3], map=str) == "2"
    assert array.find(lambda x: x > 9, [1]) is None
    assert (array.find_index(lambda x: x == 3, [1, 3]), array.find_index(bool, [])) == (1, -1)
    assert array.flatten([[1], [], [2, [3]]]) == [1, 2, [3]]
    assert array.unique_by([{"a": 1, "b": 1}, {"a": 2}, {"a": 1, "b": 2}], lambda x: x["a"]) == [
        {"a": 1, "b": 1},
        {"a": 2},
    ]
    assert [array.is_iterable(one) for one in ((), {1}, b"", "a", {}, 1)] == [True, True, True, False, False, False]
    assert (array.is_iterable("a", exclude_strings=False), array.is_iterable({}, False)) == (True, True)
    assert array.sample([3]) == 3


@pytest.mark.parametrize(
    ("function", "given", "expected"),
    [
        (strings.is_number, "1.5e3", True),
        (strings.is_number, "-1", True),
        (strings.is_number, "a", False),
        (strings.is_number, "", False),
        (strings.is_number, None, False),
        (strings.camel_to_snake_case, "camelCaseName", "camel_case_name"),
        (strings.camel_to_snake_case, "HTTPServer2Go", "http_server2_go"),
        (strings.classify, "pipeline_run", "PipelineRun"),
        (strings.classify, "block", "Block"),
        (strings.singularize, "pipelines", "pipeline"),
        (strings.singularize, "policies", "policy"),
        (strings.singularize, "statuses", "status"),
        (strings.singularize, "status", "status"),
        (strings.singularize, "branches", "branch"),
        (strings.singularize, "class", "class"),
        (strings.singularize, "caches", "cach"),
        (strings.singularize, "", ""),
        (strings.capitalize_remove_underscore_lower, "DATA_LOADER", "Data loader"),
        (strings.remove_extension_from_filename, "a.b.csv", "a"),
        (strings.format_enum, enum.Enum("E", {"A": "x"}).A, "x"),
        (strings.format_enum, "y", "y"),
    ],
)
def test_text(function, given, expected):
    assert function(given) == expected


def test_replacing_a_character():
    assert strings.replacer("abc", "XY", 1) == "aXYc"
    assert strings.replacer("abc", "X", -1, nofail=True) == "Xabc"
    assert strings.replacer("abc", "X", 9, nofail=True) == "abcX"
    with pytest.raises(ValueError, match="outside of a text of 3"):
        strings.replacer("abc", "X", 3)


@pytest.mark.parametrize(
    ("given", "options", "expected"),
    [
        ("Load Data-1", {}, "load_data_1"),
        ("1st", {}, "letter_1st"),
        ("1st", {"allow_number": True}, "1st"),
        ("A b", {"case_sensitive": True}, "A_b"),
        ('\ufeff"a$"\n\tb', {}, "ab"),
        ("sales/eu/Load", {"allow_characters": ["/"]}, "sales/eu/load"),
        ("a.b-c^]", {"allow_characters": [".", "-", "]"]}, "a.b-c_]"),
        ("Été", {}, "été"),
        ("", {}, ""),
    ],
)
def test_clean_name(given, options, expected):
    assert utils.clean_name(given, **options) == expected


def test_files(tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("b.txt", "a.txt", "in/c.txt"):
        (tmp_path / name).write_text("")
    root = str(tmp_path)
    assert utils.files_in_path(root) == [f"{root}/a.txt", f"{root}/b.txt", f"{root}/in/c.txt"]
    assert utils.files_in_single_path(root) == [f"{root}/a.txt", f"{root}/b.txt"]


def test_kinds_of_data():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"i": [1], "f": [1.5], "b": [True], "s": ["x"]})
    frame["t"], frame["n"] = pd.Timestamp("2026-01-01"), pd.array([1], dtype="Int64")
    found = [utils.convert_pandas_dtype_to_python_type(dtype) for dtype in frame.dtypes]
    assert found == [int, float, bool, str, dt.datetime, str]
    assert (utils.is_spark_dataframe(frame), utils.is_spark_env()) == (False, False)


def test_dates():
    assert dt.date.fromisoformat(dates.n_days_ago(3)) - dt.date.today() in (dt.timedelta(-3), dt.timedelta(-4))
    early, late = dt.datetime(2026, 1, 1), dt.datetime(2026, 1, 2)
    assert [dates.compare(*pair) for pair in ((early, late), (late, late), (late, early))] == [-1, 0, 1]
    assert (dates.compare(early, early.replace(tzinfo=dt.timezone.utc)), dates.compare(None, late)) == (0, None)
    assert [dates.str_to_timedelta(one).total_seconds() / 3600 for one in ("3h", "2d", "1w")] == [3, 48, 168]
    for wrong in ("", "3", "3m", "xd"):
        with pytest.raises(ValueError, match=r"number|invalid literal"):
            dates.str_to_timedelta(wrong)


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2026-01-01", 1), ("2026-01-03", 1), ("2026-01-04", 2), ("2026-02-07", 1), ("2026-02-08", 2), ("2026-05-31", 6)],
)
def test_weeks_begin_on_sunday(day, expected):
    assert dates.week_of_month(dt.datetime.fromisoformat(day)) == expected


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        (None, ("dev", False, False, False)),
        ("dev", ("dev", True, False, False)),
        ("development", ("dev", True, False, False)),
        ("qa", ("dev", False, False, False)),
        ("prod", ("prod", False, True, False)),
        ("production", ("prod", False, True, False)),
        ("staging", ("staging", False, False, False)),
        ("test", ("test", False, False, True)),
        ("test_mage", ("test_mage", False, False, True)),
    ],
)
def test_environments(monkeypatch, env, expected):
    monkeypatch.delenv("ENV", raising=False)
    if env:
        monkeypatch.setenv("ENV", env)
    found = (environments.get_env(), environments.is_dev(), environments.is_production(), environments.is_test())
    assert found == expected
    assert environments.is_staging() is (env == "staging")


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("True", True), ("0", False), (None, False)])
def test_debug(monkeypatch, value, expected):
    monkeypatch.delenv("DEBUG", raising=False)
    if value is not None:
        monkeypatch.setenv("DEBUG", value)
    assert environments.is_debug() is expected


class Color(StrEnum):
    RED = "red"


class Own:
    def to_dict(self):
        return {"at": dt.date(2026, 1, 2)}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": {1}, 2: (3,)}, {"a": {1}, 2: (3,)}),  # one step only
        ((1, 2), (1, 2)),
        ({1}, [1]),
        (frozenset([1]), frozenset([1])),
        (dt.datetime(2026, 1, 2, 3), "2026-01-02T03:00:00"),
        (dt.date(2026, 1, 2), "2026-01-02"),
        (dt.time(1, 2), "01:02:00"),
        (dt.timedelta(1), dt.timedelta(1)),
        (decimal.Decimal("1.5"), decimal.Decimal("1.5")),
        (uuid.UUID(int=1), uuid.UUID(int=1)),
        (Color.RED, "red"),
        (b"x", b"x"),
        (Own(), {"at": dt.date(2026, 1, 2)}),
        (decimal.Decimal, "decimal.Decimal"),
        ((x for x in [1]), "builtins.generator"),
        (ValueError("no"), {"type": "ValueError", "message": "no", "traceback": []}),
    ],
)
def test_values_as_json(value, expected):
    assert parsers.encode_complex(value) == expected


def test_libraries_as_json():
    np = pytest.importorskip("numpy")
    pd = pytest.importorskip("pandas")
    values = {"a": np.int64(1), "b": np.array([1.5, 2.0]), "c": np.bool_(True), "d": pd.NA, "e": pd.Timestamp(0)}
    values.update(f=pd.DataFrame({"x": [1, 2]}), g=pd.Series([1]), h=pd.Index([1]), i={2}, j=Color.RED)
    assert json.loads(json.dumps(values, default=parsers.encode_complex)) == {
        "a": 1,
        "b": [1.5, 2.0],
        "c": True,
        "d": None,
        "e": "1970-01-01T00:00:00",
        "f": [{"x": 1}, {"x": 2}],
        "g": [1],
        "h": [1],
        "i": [2],
        "j": "red",
    }
    assert type(parsers.encode_complex(np.float64(1.5))) is float
    assert json.loads(json.dumps([np.int64(1), dt.date(2026, 1, 2), object()], cls=parsers.NpEncoder))[:2] == [
        1,
        "2026-01-02",
    ]


def test_json_among_words():
    text = 'a {"b": {"c": 1}} and {bad} [1] {"d": 2}'
    assert list(parsers.extract_json_objects(text)) == [{"b": {"c": 1}}, {"d": 2}]


def test_samples():
    assert parsers.sample_output({"a": list(range(25)), "b": [1]}) == ({"a": list(range(20)), "b": [1]}, True)
    assert parsers.sample_output([1, "x"]) == ([1, "x"], False)
    assert parsers.sample_output(tuple(range(25))) == (tuple(range(25)), False)


def test_matrices():
    pytest.importorskip("pandas")
    sparse = pytest.importorskip("scipy.sparse")
    found = parsers.convert_matrix_to_dataframe(sparse.csr_matrix([[1, 0], [0, 2]]))
    assert found.to_dict("list") == {"0": [1, 0], "1": [0, 2]}
    stored = json.loads(json.dumps(sparse.csr_matrix([[1, 0], [0, 2]]), default=parsers.encode_complex))
    assert parsers.deserialize_matrix(stored).toarray().tolist() == [[1, 0], [0, 2]]
    assert parsers.convert_matrix_to_dataframe([[1]]) == [[1]]


def test_polars_rows():
    polars = pytest.importorskip("polars")
    found = parsers.polars_to_dict_split(polars.DataFrame({"a": [1, 2], "b": ["x", "y"]}))
    assert found == {"columns": ["a", "b"], "data": [[1, "x"], [2, "y"]]}


@pytest.mark.parametrize(("retries", "fails", "calls", "works"), [(2, 2, 3, True), (2, 3, 3, False), (0, 1, 1, False)])
def test_retry(capsys, retries, fails, calls, works):
    called = []

    @retry(retries=retries, delay=0)
    def work(x, y=1):
        """Its own words."""
        called.append((x, y))
        if len(called) <= fails:
            raise ValueError(f"no {len(called)}")
        return x + y

    if works:
        assert work(1, y=2) == 3
    else:
        with pytest.raises(ValueError, match=f"no {calls}"):
            work(1, y=2)
    assert called == [(1, 2)] * calls
    assert work.__doc__ == "Its own words."
    assert capsys.readouterr().out.count("trying again") == min(retries, fails)


@pytest.mark.parametrize(
    ("options", "waits"),
    [
        ({}, [5, 10]),
        ({"retries": 20}, [5, 10, 20]),
        ({"retries": 20, "delay": 10, "exponential_backoff": False}, [10] * 5),
        ({"retries": 20, "delay": 60, "exponential_backoff": False}, []),
        ({"retries": 20, "delay": 1, "max_delay": 7}, [1, 2]),
        ({"retries": 20, "delay": 1, "max_delay": 8}, [1, 2, 4]),
        ({"retries": 0}, []),
    ],
)
def test_all_waits_together_stay_below_the_longest(monkeypatch, options, waits):
    waited = []
    monkeypatch.setattr("time.sleep", waited.append)
    counted = {"of": "mine"}

    @retry(retry_metadata=counted, **options)
    def work():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        work()
    assert waited == waits
    assert counted == {"of": "mine", "attempts": len(waits) + 1}


def test_threads():
    names = set()

    def double(x):
        names.add(threading.current_thread().name)
        return x * 2

    assert list(multi.parallelize(double, range(5))) == [0, 2, 4, 6, 8]
    assert list(multi.parallelize_multiple_args(pow, [(2, 3), (3, 2)])) == [8, 9]
    assert list(multi.run_parallel(pow, [[2, 3]], [[3, 2]])) == [8, 9]
    assert list(multi.run_parallel_multiple_args(pow, [2, 3], [3, 2])) == [8, 9]
    assert multi.execute_parallel([(pow, [2, 3]), (len, ("ab",))], 1) == [8, 2]
    called = []
    assert multi.run_parallel_threads([(called.append, [1]), (called.append, (2,))]) is None
    assert sorted(called) == [1, 2]
    assert threading.main_thread().name not in names
    done = threading.Event()
    multi.start_thread(lambda event: event.set(), event=done).join(5)
    assert done.is_set()
