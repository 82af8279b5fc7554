"""Great Expectations on frames of pandas: with the package where it is installed, and what is said where it is not."""

from __future__ import annotations

import importlib.util
import sys

import pytest

from baton import expectations

INSTALLED = importlib.util.find_spec("great_expectations") is not None
needs_library = pytest.mark.skipif(not INSTALLED, reason="needs great_expectations")


@pytest.fixture
def frame():
    pd = pytest.importorskip("pandas")
    return pd.DataFrame({"id": [1, 2, None], "name": ["a", "b", "c"]})


def test_a_missing_package_names_its_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "great_expectations", None)
    with pytest.raises(ModuleNotFoundError, match="not installed: install `great_expectations` for"):
        expectations.validator_for(object())


@needs_library
@pytest.mark.parametrize(
    ("check", "arguments", "words"),
    [
        ("expect_column_to_exist", {"column": "id"}, None),
        ("expect_column_values_to_not_be_null", {"column": "name"}, None),
        (
            "expect_column_values_to_not_be_null",
            {"column": "id"},
            "expect_column_values_to_not_be_null(column='id') does not hold: 1 of 3 values",
        ),
        (
            "expect_column_values_to_be_between",
            {"column": "id", "min_value": 0, "max_value": 1},
            "expect_column_values_to_be_between(column='id', min_value=0",
        ),
        ("expect_table_row_count_to_equal", {"value": 4}, "observed 3"),
        ("expect_column_to_exist", {"column": "nothing"}, "expect_column_to_exist(column='nothing') does not hold"),
    ],
)
def test_one_expectation(frame, check, arguments, words, capfd):
    validator = expectations.validator_for(frame, "up")
    getattr(validator, check)(**arguments)
    found = expectations.failed_expectation(validator)
    assert (found is None) if words is None else (words in found)
    assert "Calculating" not in capfd.readouterr().err


@needs_library
def test_the_first_failure_is_told(frame):
    validator = expectations.validator_for(frame)
    validator.expect_column_to_exist("id")
    validator.expect_column_values_to_be_in_set("name", ["a"])
    validator.expect_column_values_to_be_unique("id")
    validator.expect_column_values_to_not_be_null("id")
    assert "expect_column_values_to_be_in_set" in expectations.failed_expectation(validator)


@needs_library
def test_two_validators_do_not_mix(frame):
    first, second = expectations.validator_for(frame, "one"), expectations.validator_for(frame[["name"]], "two")
    first.expect_column_to_exist("id")
    second.expect_column_to_exist("name")
    assert expectations.failed_expectation(first) is None
    assert expectations.failed_expectation(second) is None
    assert first.validate().success


@needs_library
def test_only_pandas_frames():
    with pytest.raises(TypeError, match="`up` gave a list"):
        expectations.validator_for([1], "up")


def test_what_is_a_frame(frame):
    class Own(type(frame)):
        pass

    assert expectations.is_frame(frame)
    assert expectations.is_frame(Own(frame))
    assert not any(expectations.is_frame(value) for value in (frame["id"], {"a": 1}, None))
