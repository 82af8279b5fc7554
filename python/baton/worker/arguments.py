"""Which arguments a user's function takes, and whether a block's inputs fit.

Reads the parameters from the function's code where it can: `inspect` costs more than a small block.
"""

from __future__ import annotations

import types

from baton.worker.failure import BlockFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

_VARARGS = 0x04
_VARKEYWORDS = 0x08


class Shape:
    """The parameters of a function."""

    def __init__(
        self,
        name: str,
        positional: Sequence[str],
        required: int,
        keyword_only: Sequence[str] = (),
        required_keywords: Sequence[str] = (),
        *,
        positional_only: int = 0,
        has_args: bool = False,
        has_kwargs: bool = False,
    ) -> None:
        self.name = name
        self.positional_only = positional_only  # so many of the positional ones cannot be met by keyword
        self.positional = list(positional)
        self.required = required  # how many of the positional ones have no default
        self.keyword_only = list(keyword_only)
        self.required_keywords = list(required_keywords)
        self.has_args = has_args
        self.has_kwargs = has_kwargs


def shape_of(function: Callable[..., Any]) -> Shape:
    """The parameters of any callable."""
    # A function that wraps another is described by what it wraps, as `inspect` has it.
    if type(function) is types.FunctionType and not (
        hasattr(function, "__wrapped__") or hasattr(function, "__signature__")
    ):
        return _shape_of_code(function)
    return _shape_of_callable(function)


def _shape_of_code(function: types.FunctionType) -> Shape:
    code = function.__code__
    positional = code.co_varnames[: code.co_argcount]
    keyword_only = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    keyword_defaults = function.__kwdefaults__ or {}
    return Shape(
        function.__name__,
        positional,
        len(positional) - len(function.__defaults__ or ()),
        keyword_only,
        [name for name in keyword_only if name not in keyword_defaults],
        positional_only=code.co_posonlyargcount,
        has_args=bool(code.co_flags & _VARARGS),
        has_kwargs=bool(code.co_flags & _VARKEYWORDS),
    )


def _shape_of_callable(function: Callable[..., Any]) -> Shape:
    import inspect

    name = str(getattr(function, "__name__", type(function).__name__))
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # written in C, without a signature: let it speak for itself
        return Shape(name, [], 0, has_args=True)
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    keyword_only = [p for p in parameters if p.kind is p.KEYWORD_ONLY]
    return Shape(
        name,
        [p.name for p in positional],
        sum(p.default is p.empty for p in positional),
        [p.name for p in keyword_only],
        [p.name for p in keyword_only if p.default is p.empty],
        positional_only=sum(p.kind is p.POSITIONAL_ONLY for p in parameters),
        has_args=any(p.kind is p.VAR_POSITIONAL for p in parameters),
        has_kwargs=any(p.kind is p.VAR_KEYWORD for p in parameters),
    )


def check_inputs(shape: Shape, block: str, upstream: Sequence[str], kwargs: dict[str, Any]) -> None:
    """Raise unless the function can be called with one positional input for each upstream block.

    A default makes a parameter optional, which Mage does not grant; what works there works here.
    """
    place = f"function `{shape.name}` of block `{block}`"
    count = len(upstream)
    if count < shape.required:
        missing = ", ".join(f"`{name}`" for name in shape.positional[count : shape.required])
        at_least = "at least " if shape.has_args or len(shape.positional) > shape.required else ""
        raise BlockFailure(
            "signature",
            f"{place} needs {at_least}{_count(shape.required, 'positional input')} "
            f"but the block has {_upstream(upstream)}",
            hint=f"connect another upstream block for {missing}, or remove the parameter or give it a default; "
            "variables of the run arrive only through `**kwargs`",
        )
    if count > len(shape.positional) and not shape.has_args:
        raise BlockFailure(
            "signature",
            f"{place} takes {_count(len(shape.positional), 'positional input')} "
            f"but the block has {_upstream(upstream)}",
            hint="each upstream block gives one positional input: add a parameter for each, or `*args`",
        )
    _check_keywords(shape, place, shape.positional[shape.positional_only : count], kwargs)


def _check_keywords(shape: Shape, place: str, filled: Sequence[str], kwargs: dict[str, Any]) -> None:
    twice = [name for name in filled if name in kwargs] if shape.has_kwargs else []
    if twice:
        raise BlockFailure(
            "signature",
            f"{place} has a parameter `{twice[0]}` that gets an upstream block's output, "
            f"and the run has a variable `{twice[0]}`: the function would get multiple values for it",
            hint=f"rename the parameter and read the variable as kwargs['{twice[0]}']",
        )
    missing = [name for name in shape.required_keywords if name not in kwargs]
    if missing:
        raise BlockFailure(
            "signature",
            f"{place} needs the keyword argument `{missing[0]}`, and the run has no variable of that name",
            hint=f"add a variable `{missing[0]}` to the pipeline, pass `--var {missing[0]}=...`, "
            "or give the parameter a default",
        )


def keywords_for(shape: Shape, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The keyword arguments a function gets: all with `**kwargs`, else only those it cannot do without."""
    if shape.has_kwargs:
        return kwargs
    return {name: kwargs[name] for name in shape.required_keywords}


def outputs_for(shape: Shape, block: str, outputs: Sequence[Any]) -> Sequence[Any]:
    """The positional arguments of a test function, or a failure that says why it has none that fit.

    A block that returned nothing has no outputs; a test with one parameter then gets `None`, so that the usual
    `assert output is not None` speaks instead of a complaint about arguments.
    """
    count = len(outputs)
    if count == 0 and shape.required == 1:
        return (None,)
    place = f"test `{shape.name}` of block `{block}`"
    takes = f"takes {_count(len(shape.positional), 'output')}"
    gave = f"the block returned {count}" if count else "the block returned nothing"
    if count < shape.required:
        raise BlockFailure(
            "signature",
            f"{place} {takes} but {gave}",
            hint="a test gets each output of its block as a positional argument: remove parameters or return more",
        )
    if count > len(shape.positional) and not shape.has_args:
        raise BlockFailure(
            "signature",
            f"{place} {takes} but {gave}",
            hint="a test gets each output of its block as a positional argument: add parameters or `*args`; "
            "a returned list or tuple is several outputs",
        )
    return outputs


def _count(number: int, noun: str) -> str:
    if number == 0:
        return f"no {noun}"
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _upstream(upstream: Sequence[str]) -> str:
    if not upstream:
        return "no upstream block"
    return f"{_count(len(upstream), 'upstream block')} ({', '.join(upstream)})"
