"""numpy arrays as `.npy` files, mapped when they are read. Arrays of objects go with pickle instead."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from baton.codecs.sink import Message, Sink


def write(value: Any, sink: Sink) -> Message:
    """Store an array of any number of dimensions."""
    import io

    import numpy as np

    header = io.BytesIO()
    np.lib.format.write_array_header_2_0(header, np.lib.format.header_data_from_array_1_0(value))
    if not value.flags.f_contiguous:
        value = np.ascontiguousarray(value)
    # Written here and not by numpy, which says how much it wrote to a full disk, but not that it is full.
    data = value.reshape(-1, order="A").view(np.uint8)
    sink.write_bytes("npy", header.getvalue(), data.data)
    return sink.message("opaque", "numpy", {"shape": list(value.shape), "dtype": str(value.dtype)})


def read(paths: list[str]) -> Any:
    """The array, over a private mapping of the file."""
    import numpy as np

    try:
        mapped = np.load(paths[0], mmap_mode="c", allow_pickle=False)
    except ValueError:  # nothing to map: no elements
        return np.load(paths[0], allow_pickle=False)
    return mapped.view(np.ndarray)
