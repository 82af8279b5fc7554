"""Collects the functions of a block file that carry a decorator.

A decorator reaches a block file in two ways: it stands in the namespace, or the file imports it. Both lead here. An
imported decorator counts only when the block's own file applies it: a block that imports another block's file gets
that file's functions, and not its decorations.
"""

from __future__ import annotations

import sys
import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Function = Callable[..., Any]


class Decorated:
    """A function and what its decorator was called with: `@callback('success')` has the argument `'success'`."""

    def __init__(self, function: Function, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        self.function = function
        self.arguments = arguments
        self.keywords = keywords


class Collector:
    """What one execution of a block's file has decorated, by the decorator's name, in order."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._namespace = namespace
        self.found: dict[str, list[Decorated]] = {}

    def of(self, kind: str) -> list[Decorated]:
        """The functions that carry this decorator."""
        return self.found.get(kind, [])

    def defined(self) -> list[types.FunctionType]:
        """The functions of the namespace, decorated or not, in order."""
        return [value for value in self._namespace.values() if type(value) is types.FunctionType]

    def add(self, kind: str, decorated: Decorated) -> None:
        """Note a function, once."""
        known = self.found.setdefault(kind, [])
        if all(decorated.function is not other.function for other in known):
            known.append(decorated)

    def injected(self, kind: str, *, strict: bool = False) -> Function:
        """The decorator that is put into the block's namespace; a strict one can only stand bare."""
        decorate = decorator(kind, lambda decorated, _: self.add(kind, decorated))
        if not strict:
            return decorate

        def bare(function: Function) -> Function:
            found: Function = decorate(function)
            return found

        bare.__name__ = bare.__qualname__ = kind
        return bare

    def offer(self, kind: str, decorated: Decorated, where: dict[str, Any]) -> None:
        """Take what an imported decorator was applied to, if that happened in the block's own file."""
        if where is self._namespace:
            self.add(kind, decorated)


_current: Collector | None = None


def set_current(collector: Collector | None) -> None:
    """Name the collector that imported decorators report to."""
    global _current
    _current = collector


def imported(kind: str) -> Function:
    """The decorator that a file imports. Outside an execution it gives the function back and nothing else."""

    def report(decorated: Decorated, where: dict[str, Any]) -> None:
        if _current is not None:
            _current.offer(kind, decorated, where)

    return decorator(kind, report)


def decorator(kind: str, report: Callable[[Decorated, dict[str, Any]], None]) -> Function:
    """A decorator that may stand bare, be called with nothing, or with arguments; gives the function back as it is."""

    def decorate(*arguments: Any, **keywords: Any) -> Any:
        where = sys._getframe(1).f_globals  # noqa: SLF001
        if len(arguments) == 1 and not keywords and callable(arguments[0]):
            report(Decorated(arguments[0], (), {}), where)
            return arguments[0]

        def decorate_with(function: Function) -> Function:
            report(Decorated(function, arguments, keywords), where)
            return function

        return decorate_with

    decorate.__name__ = decorate.__qualname__ = kind
    return decorate
