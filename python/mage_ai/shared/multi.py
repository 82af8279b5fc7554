"""Calls functions in threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Thread

from mage_ai import _absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

MAX_WORKERS = 16


def start_thread(target: Callable[..., Any], **kwargs: Any) -> Thread:
    """Call a function in a thread of its own, with the keywords, and give the thread."""
    thread = Thread(target=target, kwargs=kwargs)
    thread.start()
    return thread


def parallelize(func: Callable[[Any], Any], arr: Iterable[Any]) -> Iterator[Any]:
    """What the function gives for each item, in order, computed in several threads."""
    with ThreadPoolExecutor(max_workers=MAX_WORKERS) as pool:
        return pool.map(func, arr)


def parallelize_multiple_args(func: Callable[..., Any], arr_args: Iterable[Sequence[Any]]) -> Iterator[Any]:
    """The same for a function of several arguments, each item being a list of them."""
    with ThreadPoolExecutor(max_workers=MAX_WORKERS) as pool:
        return pool.map(lambda arguments: func(*arguments), arr_args)


__getattr__ = _absent.attribute_error_of(__name__)
