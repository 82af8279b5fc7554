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


def run_parallel(
    func: Callable[..., Any], arr_args_1: Sequence[Iterable[Any]], arr_args_2: Sequence[Iterable[Any]]
) -> Iterator[Any]:
    """The same, the arguments being given as two lists of columns: one column for each argument."""
    return run_parallel_multiple_args(func, *arr_args_1, *arr_args_2)


def run_parallel_multiple_args(func: Callable[..., Any], *args: Iterable[Any]) -> Iterator[Any]:
    """What the function gives for the first item of each list, for the second of each, and so on."""
    with ThreadPoolExecutor(max_workers=MAX_WORKERS) as pool:
        return pool.map(func, *args)


def execute_parallel(
    list_of_funcs_and_args: Iterable[tuple[Callable[..., Any], Sequence[Any]]],
    verbose: int = 0,  # noqa: ARG001
) -> list[Any]:
    """What several functions give, each with its own arguments, called at the same time."""
    with ThreadPoolExecutor(max_workers=MAX_WORKERS) as pool:
        waiting = [pool.submit(func, *arguments) for func, arguments in list_of_funcs_and_args]
        return [one.result() for one in waiting]


def run_parallel_threads(list_of_funcs_and_args_or_kwargs: Iterable[tuple[Callable[..., Any], Sequence[Any]]]) -> None:
    """Call several functions at the same time, each with its own arguments, and wait. What they give is lost."""
    threads = [Thread(target=func, args=tuple(arguments)) for func, arguments in list_of_funcs_and_args_or_kwargs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


__getattr__ = _absent.attribute_error_of(__name__)
