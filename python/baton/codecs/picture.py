"""Pictures: PNG for everybody who looks at the product, and the object itself for the next block."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from baton.codecs.sink import Message, Sink

# Modes that PNG keeps bit for bit.
_EXACT_MODES = ("1", "L", "LA", "RGB", "RGBA")


def write(value: Any, sink: Sink) -> Message | None:
    """Store a matplotlib figure or a picture of PIL; `None` for everything else of these libraries."""
    figure = sys.modules.get("matplotlib.figure")
    if figure is not None and isinstance(value, figure.Figure):
        return _write_figure(value, sink)
    image = sys.modules.get("PIL.Image")
    if image is not None and isinstance(value, image.Image) and value.mode in _EXACT_MODES and all(value.size):
        value.save(sink.new_file("png"), format="PNG")
        return sink.message("image", "picture", {"is": "PIL.Image"})
    return None


def _write_figure(value: Any, sink: Sink) -> Message:
    """The picture of a figure, and the figure, so that the next block can go on drawing."""
    from baton.codecs import pickled

    value.savefig(sink.new_file("png"), format="png")
    meta = pickled.write(value, sink)["meta"]
    return sink.message("image", "picture", {"is": "matplotlib.figure", "pickle": meta})


def read(paths: list[str], meta: Any) -> Any:
    """The figure, or the picture as `PIL.Image.Image`."""
    if meta["is"] == "matplotlib.figure":
        from baton.codecs import pickled

        return pickled.read(paths[1:], meta["pickle"])
    from PIL import Image

    with Image.open(paths[0]) as picture:
        return picture.copy()
