"""What is known of a class by name. Classes are compared by name where their library may not be there."""

from __future__ import annotations


def home(kind: type) -> str:
    """The module of a class; nothing where it has none.

    What a block makes with `type(name, bases, {})` has not even the attribute: it would come from the
    block's `__name__`, and there is none.
    """
    module = getattr(kind, "__module__", None)
    return module if isinstance(module, str) else ""


def library_of(value: object) -> str:
    """The package that the class of a value is from."""
    return home(type(value)).partition(".")[0]


def full_name(kind: type) -> str:
    """The name of a class with its module, as a traceback shows it; what a block defines has none."""
    module = home(kind)
    return kind.__qualname__ if module in ("", "builtins", "__main__") else f"{module}.{kind.__qualname__}"
