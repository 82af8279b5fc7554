"""numpy arrays as `.npy` files, mapped when they are read. Arrays of objects go with pickle instead."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from baton.codecs.sink import Message, Sink


def write(value: Any, sink: Sink) -> Message:
    """Store an array of any number of dimensions."""
    import numpy as np

    with open(sink.new_file("npy"), "wb") as file:
        np.lib.format.write_array(file, value, allow_pickle=False)
    return sink.message("opaque", "numpy", {"shape": list(value.shape), "dtype": str(value.dtype)})


def read(paths: list[str]) -> Any:
    """The array, over a private mapping of the file."""
    import numpy as np

    try:
        mapped = np.load(paths[0], mmap_mode="c", allow_pickle=False)
    except ValueError:  # nothing to map: no elements
        return np.load(paths[0], allow_pickle=False)
    return mapped.view(np.ndarray)
