"""Calls a function again when it fails."""

from __future__ import annotations

import functools
import time

from mage_ai import _absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    Result = TypeVar("Result")


def retry(
    retries: int = 2,
    delay: float = 5,
    max_delay: float = 60,
    exponential_backoff: bool = True,
    logger: Any = None,
    logging_tags: dict[str, Any] | None = None,
    retry_metadata: dict[str, Any] | None = None,
) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """A decorator: after a failure wait `delay` seconds and try again, `retries` times at most.

    With `exponential_backoff` each wait is twice the one before. All waits together stay below `max_delay`: the
    failure before a wait that would reach it is the last. `retry_metadata` gets the number of the call as `attempts`.
    """

    def decorate(function: Callable[..., Result]) -> Callable[..., Result]:
        @functools.wraps(function)
        def attempt(*args: Any, **kwargs: Any) -> Result:
            pause, waited, number = delay, 0.0, 0
            while True:
                number += 1
                if retry_metadata is not None:
                    retry_metadata["attempts"] = number
                try:
                    return function(*args, **kwargs)
                except Exception as error:
                    if number > retries or waited + pause >= max_delay:
                        raise
                    left = retries - number + 1
                    _tell(f"{error}; trying again in {pause:g} s, {left} left", logger, logging_tags)
                time.sleep(pause)
                waited += pause
                pause = pause * 2 if exponential_backoff else pause

        return attempt

    return decorate


def _tell(message: str, logger: Any, tags: dict[str, Any] | None) -> None:
    if logger is None:
        print(message)  # noqa: T201 -- a block's output is its log
    elif tags:
        logger.warning(message, extra={"tags": tags})
    else:
        logger.warning(message)


__getattr__ = _absent.attribute_error_of(__name__)
