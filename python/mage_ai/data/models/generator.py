"""What a block yields when it makes its output a part at a time."""

from __future__ import annotations

from mage_ai import _absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any


class DataGenerator:
    """Iterates over data, or over what `load_data(0)`, `load_data(1)`, ... give, as many as `measure_data(0)` says."""

    def __init__(
        self,
        data: Iterable[Any] | None = None,
        load_data: Callable[[int], Any] | None = None,
        measure_data: Callable[[int], int] | None = None,
    ) -> None:
        if data is None and (load_data is None or measure_data is None):
            raise ValueError("DataGenerator needs data, or `load_data` together with `measure_data`")
        self.data = data
        self.load_data = load_data
        self.measure_data = measure_data

    def __iter__(self) -> Iterator[Any]:
        if self.load_data is None or self.measure_data is None:
            yield from self.data or ()
            return
        for index in range(self.measure_data(0)):
            yield self.load_data(index)


__getattr__ = _absent.attribute_error_of(__name__)
