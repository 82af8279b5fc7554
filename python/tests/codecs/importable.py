"""Classes as a project has them in a module: the next block can import them."""

from __future__ import annotations

import enum


class Thing:
    def __init__(self, size: int) -> None:
        self.size = size

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Thing) and other.size == self.size

    def __repr__(self) -> str:
        return f"Thing({self.size})"

    def __hash__(self) -> int:
        return hash(self.size)


class Colour(enum.Enum):
    RED = 1


class Number(enum.IntEnum):
    ONE = 1


class Letter(str, enum.Enum):
    A = "a"


class Grumpy(Exception):
    """Cannot be made from its own arguments, so pickle cannot bring it back."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text}")


def double(number: int) -> int:
    return 2 * number
