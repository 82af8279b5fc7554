"""Checks a frame with Great Expectations, for blocks that carry the extension `great_expectations`.

    validator = validator_for(frame, "clean")
    validator.expect_column_values_to_not_be_null("id")
    failed_expectation(validator)  # None, or what did not hold

The checks are those of the installed package (tried with 0.15 and 1.x). Only pandas frames are checked. Nothing is
stored: no project of Great Expectations is made, read or needed, and nothing is reported to its makers.
"""

from __future__ import annotations

import os
import warnings

from baton.kinds import home
from baton.packages import missing, need

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PURPOSE = "the extension `great_expectations`"
_LONGEST_VALUES = 200


def validator_for(frame: Any, name: str = "frame") -> Any:
    """A validator of the frame: it has all `expect_…` methods, and remembers what was expected.

    `name` becomes the name of its suite. Another value than a pandas frame is refused with a `TypeError`.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("GE_USAGE_STATS", "false")
    library = need("great_expectations", _PURPOSE)
    if not is_frame(frame):
        raise TypeError(f"Great Expectations checks pandas frames, and `{name}` gave a {type(frame).__name__}")
    if _major(library) >= 1:
        library.get_context(mode="ephemeral")  # version 1 asks for one behind the scenes
    try:
        engine = need("great_expectations.execution_engine", _PURPOSE).PandasExecutionEngine()
        batch = need("great_expectations.core.batch", _PURPOSE).Batch(data=frame)
        make = need("great_expectations.validator.validator", _PURPOSE).Validator
    except ModuleNotFoundError:
        raise missing("great_expectations>=0.15.50", _PURPOSE) from None
    validator = make(execution_engine=engine, batches=[batch], expectation_suite_name=name)
    _without_progress(validator)
    return validator


def is_frame(value: Any) -> bool:
    """Whether the value is one that is checked: a pandas frame."""
    kind = type(value)
    return any(base.__name__ == "DataFrame" and home(base).startswith("pandas.") for base in kind.__mro__)


def failed_expectation(validator: Any) -> str | None:
    """What is expected and does not hold, the first of it, in words; `None` when all holds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about its own way of asking
        results = validator.validate().results
        suite = validator.get_expectation_suite(discard_failed_expectations=False)
    expected = [_key(one) for one in suite.expectations]
    failed = [result for result in results if not result.success]
    # The package sorts its results by column; a person reads the block from the top.
    keys = [_key(result.expectation_config) for result in failed]
    order = sorted(range(len(failed)), key=lambda at: expected.index(keys[at]) if keys[at] in expected else at)
    return describe(failed[order[0]]) if order else None


def describe(result: Any) -> str:
    """One result in words: the expectation with its arguments, and what was found instead."""
    kind, arguments = _key(result.expectation_config)
    words = f"{kind}({', '.join(f'{name}={value!r}' for name, value in arguments.items())}) does not hold"
    found = _found(result.result or {})
    trouble = _trouble(result.exception_info or {})
    return f"{words}: {trouble or found}" if trouble or found else words


def _key(expectation: Any) -> tuple[str, dict[str, Any]]:
    """The name and the arguments of an expectation, in any of the shapes in which the package keeps one."""
    config = getattr(expectation, "configuration", expectation)
    kind = getattr(config, "type", None) or getattr(config, "expectation_type", "an expectation")
    given = {name: value for name, value in config.kwargs.items() if name != "batch_id" and value is not None}
    return str(kind), given


def _found(result: dict[str, Any]) -> str:
    count = result.get("unexpected_count")
    if count:
        total = result.get("element_count")
        values = repr(result.get("partial_unexpected_list") or [])
        if len(values) > _LONGEST_VALUES:
            values = values[:_LONGEST_VALUES] + "…"
        return f"{count} of {total} values are unexpected, for example {values}"
    if result.get("observed_value") is not None:
        return f"observed {result['observed_value']!r}"
    return ""


def _trouble(info: dict[str, Any]) -> str:
    """Why the check itself could not be made. Version 1 gives one such record for each metric."""
    records = [info] if "raised_exception" in info else [one for one in info.values() if isinstance(one, dict)]
    return "; ".join(str(one["exception_message"]) for one in records if one.get("raised_exception"))


def _major(library: Any) -> int:
    first = str(library.__version__).split(".", 1)[0]
    return int(first) if first.isdigit() else 0


def _without_progress(validator: Any) -> None:
    """Keep progress bars out of the block's log."""
    calculator = getattr(validator, "metrics_calculator", None) or getattr(validator, "_metrics_calculator", None)
    if calculator is not None:
        calculator.show_progress_bars = False
