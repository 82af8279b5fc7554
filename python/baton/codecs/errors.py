"""The error of a value that cannot be stored."""

from __future__ import annotations


class Unstorable(Exception):
    """A value cannot become a data product: which one and why, and what to return instead."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[type[Unstorable], tuple[str, str]]:
        """Keep both parts when an executor carries the error between processes."""
        return type(self), (self.message, self.hint)
