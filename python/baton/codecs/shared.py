"""Which object is in which row of an object array, found by address: nothing of the objects themselves is looked at.

Rows share objects where a library made them so, and where we have read repeated text before.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SAMPLE = 4096
# Addresses that are turned into numbers of rows at a time: few enough to stay in the processor's cache.
_PIECE = 1 << 16
# Memory is told apart by regions of this size, which is what Python asks of the system at a time.
_REGION_BITS = 20
_MOST_REGIONS = 1 << 24
# A table with more slots than this for each row would cost more than it saves.
_MOST_SLOTS_PER_ROW = 1
_LEAST_SLOTS = 1 << 20
# Arrays whose references are being put where they belong. One that is given up half way must never be freed.
_in_motion: dict[int, Any] = {}


def sample(values: Any) -> Any:
    """Values from random rows, the same ones each time; neither the user's random numbers nor ours are touched."""
    import numpy as np

    if len(values) <= _SAMPLE:
        return values
    return values[np.random.default_rng(0).integers(0, len(values), _SAMPLE)]


def distinct(found: list[Any]) -> float:
    """An estimate of how many different values a column has, from how often a sample of it met one twice."""
    met_twice = len(found) - len(set(found))
    if met_twice < 8:
        return float("inf")
    return len(set(found)) * len(found) / (2 * met_twice)


class _Addresses:
    """The memory of an object array, as the numbers that the references in it are."""

    def __init__(self, values: Any, *, writable: bool) -> None:
        interface = values.__array_interface__
        self.owner = values
        self.__array_interface__ = {
            "version": 3,
            "typestr": "<i8",
            "data": (interface["data"][0], not writable),
            "shape": interface["shape"],
            "strides": interface["strides"],
        }


def addresses(values: Any, *, writable: bool = False) -> Any:
    """The references in an object array, as numbers."""
    import numpy as np

    return np.asarray(_Addresses(values, writable=writable))


class Shared:
    """The different objects in an object array, and for each row the number of its object."""

    def __init__(self, values: Any, rows_together: int) -> None:
        import numpy as np

        places = addresses(values)
        self.rows: Any = np.empty(len(values), np.int32)
        firsts = _by_place(places, self.rows)
        if firsts is None:
            firsts = _by_hash(places, self.rows, rows_together)
        self.objects = values[firsts]


def _by_place(places: Any, rows: Any) -> Any:
    """The rows in which each object appears first, where the objects lie close together; else `None`. Fills `rows`.

    A table with a slot for each object that could be there needs no hashing: it is several times as fast. It holds the
    regions of memory in which there are objects, one behind the other.
    """
    import numpy as np

    low = int(places.min()) >> _REGION_BITS << _REGION_BITS
    regions = ((int(places.max()) - low) >> _REGION_BITS) + 1
    if regions > _MOST_REGIONS:
        return None
    # The lowest bits are the same in all: objects do not begin just anywhere.
    differ = (int(np.bitwise_or.reduce(places)) & ~int(np.bitwise_and.reduce(places))) or (1 << _REGION_BITS)
    bits = min((differ & -differ).bit_length() - 1, _REGION_BITS)
    within = (1 << _REGION_BITS) - 1
    slot_bits = _REGION_BITS - bits
    region_of: Any = np.zeros(regions, np.intp)  # from 1 on; 0 is a region that was not met yet
    numbers: Any = np.empty(0, np.int32)
    met, firsts, known = 0, [], 0
    for start in range(0, len(places), _PIECE):
        piece = places[start : start + _PIECE] - low
        region = piece >> _REGION_BITS
        slot: Any = np.take(region_of, region)
        if slot.min() == 0:
            new_regions = np.unique(region[slot == 0])
            region_of[new_regions] = np.arange(met + 1, met + 1 + len(new_regions))
            met += len(new_regions)
            if (met + 1) << slot_bits > max(len(places), _LEAST_SLOTS) * _MOST_SLOTS_PER_ROW:
                return None
            more: Any = np.full(((met + 1) << slot_bits) - len(numbers), -1, np.int32)
            numbers = np.concatenate([numbers, more])
            np.take(region_of, region, out=slot)
        slot <<= slot_bits
        piece &= within
        piece >>= bits
        slot |= piece
        found = rows[start : start + _PIECE]
        np.take(numbers, slot, out=found, mode="clip")
        if found.min() >= 0:
            continue
        new = np.flatnonzero(found < 0)
        new_slots = slot[new]
        # Written backwards, so that the first row of each object is what stays.
        order: Any = np.arange(len(new), dtype=np.int32)
        numbers[new_slots[::-1]] = order[::-1]
        opening = numbers[new_slots] == order
        firsts.append(new[opening] + start)
        numbers[new_slots[opening]] = np.arange(known, known + len(firsts[-1]), dtype=np.int32)
        known += len(firsts[-1])
        np.take(numbers, slot, out=found, mode="clip")
    return np.concatenate(firsts)


def _by_hash(places: Any, rows: Any, rows_together: int) -> Any:
    """The rows in which each object appears first, wherever the objects are. Fills `rows`."""
    import numpy as np
    import pyarrow as pa

    starts = range(0, len(places), rows_together)

    def find(start: int) -> Any:
        return pa.array(np.ascontiguousarray(places[start : start + rows_together])).dictionary_encode()

    if len(starts) == 1:
        found = pa.chunked_array([find(0)])
    else:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(2, "baton-write") as pool:
            found = pa.chunked_array(list(pool.map(find, starts))).unify_dictionaries()
    firsts: Any = np.empty(len(found.chunk(0).dictionary), np.int64)
    for start, chunk in reversed(list(zip(starts, found.chunks))):
        part = chunk.indices.to_numpy()
        rows[start : start + len(part)] = part
        firsts[part[::-1]] = np.arange(start, start + len(part))[::-1]
    return firsts


def spread(objects: Any, parts: list[Any]) -> Any:
    """An object array with `objects[part]` of all parts one behind the other.

    Giving each row its reference one by one would jump through the memory of all objects to count it. Here the
    references to each object are made in one go, and then put where they belong, as the numbers that they are.
    """
    import numpy as np

    counts: Any = np.zeros(len(objects), np.intp)
    for part in parts:
        # Raises for negative numbers, and where there are too many.
        counts += np.bincount(part, minlength=len(objects))
    out: Any = np.repeat(objects, counts)
    places, references = addresses(out, writable=True), addresses(objects)
    _in_motion[id(out)] = out
    end = 0
    for part in parts:
        for start in range(0, len(part), _PIECE):
            piece = part[start : start + _PIECE]
            np.take(references, piece, out=places[end : end + len(piece)], mode="clip")
            end += len(piece)
    del _in_motion[id(out)]
    return out
