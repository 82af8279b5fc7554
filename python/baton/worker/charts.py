"""Runs the code of a chart: what it assigns or its decorated functions return becomes a frame, or a picture.

The code sees the outputs of the blocks above it as `df_1`, ... and under their names, as in Mage. How it is drawn from
the frame is decided by the host.
"""

from __future__ import annotations

import base64
import os
import sys

from baton.worker import collector as collecting
from baton.worker.arguments import keywords_for, shape_of
from baton.worker.block import DONE, compile_block, own_kwargs, store_one, type_name_of
from baton.worker.failure import BlockFailure
from baton.worker.inputs import read_inputs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from baton.worker.job import Job
    from baton.worker.protocol import Channel
    from baton.worker.session import Session

# The decorators of charts, and what they are named after.
_PARTS = ("data_source", "x", "y", "xy", "index", "columns", "configuration", "render")
_MOST_SERIES = 50
# Text of what a custom chart shows: a page with a plot in it is some megabytes.
_LARGEST_PICTURE = 8 << 20


def draw(job: Job, channel: Channel, session: Session) -> dict[str, Any]:
    """Run the code and send what is to be drawn. Gives the last message, or raises what ends the attempt."""
    kwargs = own_kwargs(job, channel, session)
    code = compile_block(job.code or "", job.path, job.repo_path)
    inputs = read_inputs(job, session.cache)
    namespace: dict[str, Any] = {"pd": _pandas()}
    for number, (name, value) in enumerate(zip(job.upstream, inputs), 1):
        namespace[name] = namespace[f"df_{number}"] = value
    collector = collecting.Collector(namespace)
    injected = {name: collector.injected(name) for name in _PARTS}
    namespace.update(injected)
    collecting.set_current(collector)
    exec(code, namespace)  # noqa: S102
    collecting.set_current(None)

    source = inputs
    for decorated in collector.of("data_source")[:1]:
        source = [_call(decorated.function, inputs, kwargs)]
    for decorated in collector.of("configuration")[:1]:
        more = _call(decorated.function, source, kwargs)
        if isinstance(more, dict):
            job.configuration = {**job.configuration, **more}

    def part(key: str) -> Any:
        """What the code says of a part: the value of the variable that the configuration names, or of a function."""
        for decorated in collector.of(key)[:1]:
            return _call(decorated.function, source, kwargs)
        name = job.configuration.get(key)
        name = key if name is None else name
        value = namespace.get(name) if isinstance(name, str) else None
        return None if value is injected.get(name, job) else value

    os.makedirs(job.staging, exist_ok=True)
    kind = str(job.configuration.get("chart_type") or "")
    rendered = collector.of("render")[:1]
    if kind == "custom" or rendered:
        picture = _rendered(rendered, source, kwargs)
        channel.send(store_one("picture", picture, job, channel.send))
        return DONE
    frame = _table(part, source) if kind == "table" else _points(part, kind, job)
    channel.send(store_one("chart", frame, job, channel.send))
    return DONE


def _call(function: Callable[..., Any], values: list[Any], kwargs: dict[str, Any]) -> Any:
    """Call a decorated function with as many of the values as it takes."""
    shape = shape_of(function)
    taken = values if shape.has_args else values[: len(shape.positional)]
    return function(*taken, **keywords_for(shape, kwargs))


def _pandas() -> Any:
    import pandas as pd

    return pd


def _missing(axis: str, what: str, job: Job) -> BlockFailure:
    name = job.configuration.get(axis) or axis
    words = f"the code of chart `{job.uuid}` assigns nothing to `{name}`"
    return BlockFailure("signature", words, hint=f"assign {what.format(name)}")


def _points(part: Callable[[str], Any], kind: str, job: Job) -> Any:
    """A frame with the places in its first column, and behind it a column for each series."""
    both = part("xy")
    x, y = both if isinstance(both, (tuple, list)) and len(both) == 2 else (part("x"), part("y"))
    if x is None:
        raise _missing("x", "a list to `{}`, or set `group_by` and let Baton compute the chart", job)
    label = job.configuration.get("x")
    label = label if isinstance(label, str) and label else "x"
    x = _list(x, label, job)
    data = {label: x}
    if kind in ("histogram", "pie chart"):
        return _frame(data)
    if y is None:
        raise _missing("y", "a list of series to `{}`: [[1, 2, 3]]", job)
    own = job.configuration.get("y")
    own = own if isinstance(own, str) and own else "y"
    # Of a frame each column is a series.
    series = [y[name] for name in y.columns] if hasattr(y, "columns") else _list(y, own, job)
    # One series may stand without the list around it.
    if series and not _is_list(series[0]):
        series = [series]
    if len(series) > _MOST_SERIES:
        words = f"chart `{job.uuid}` has {len(series)} series, {_MOST_SERIES} at most are drawn"
        raise BlockFailure("signature", words)
    labels = job.configuration.get("legend_labels") or ""
    labels = labels.split(",") if isinstance(labels, str) else [str(one) for one in labels]
    for number, values in enumerate(series):
        name = labels[number].strip() if number < len(labels) else ""
        name = name or (own if len(series) == 1 else f"{own} {number + 1}")
        while name in data:
            name += "'"
        shown = _list(values, own, job)[: len(x)]
        data[name] = shown + [None] * (len(x) - len(shown))
    return _frame(data)


def _table(part: Callable[[str], Any], source: list[Any]) -> Any:
    """A frame of the rows in `y`, with columns called as `x` says, and `index` before them."""
    columns, rows, index = part("x"), part("y"), part("index")
    if columns is None:
        columns = part("columns")
    if rows is None:
        return source[0] if source and hasattr(source[0], "columns") else _pandas().DataFrame(source)
    if hasattr(rows, "columns"):
        frame = rows.to_pandas() if hasattr(rows, "to_pandas") else rows.copy()
    else:
        frame = _pandas().DataFrame(list(rows))
    frame.columns = [str(name) for name in (frame.columns if columns is None else columns)]
    if index is not None:
        name = "index"
        while name in frame.columns:
            name += "'"
        shown = list(index)[: len(frame)]
        frame.insert(0, name, shown + [None] * (len(frame) - len(shown)))
    return frame


def _frame(data: dict[str, list[Any]]) -> Any:
    return _pandas().DataFrame(data)


def _is_list(value: Any) -> bool:
    return not isinstance(value, (str, bytes, dict)) and hasattr(value, "__iter__")


def _list(value: Any, name: str, job: Job) -> list[Any]:
    if not _is_list(value):
        raise BlockFailure(
            "signature",
            f"`{name}` of chart `{job.uuid}` is no list: it is a {type_name_of(value)}",
            hint="assign a list, or a column of a frame",
        )
    return value.tolist() if hasattr(value, "tolist") else list(value)


def _rendered(rendered: list[collecting.Decorated], source: list[Any], kwargs: dict[str, Any]) -> dict[str, str]:
    """What a custom chart shows: its type, and text of it; of a picture in base64."""
    wanted = None
    if rendered:
        [decorated] = rendered
        wanted = decorated.keywords.get("render_type") or next(iter(decorated.arguments), None)
        wanted = getattr(wanted, "value", wanted)
        value = _call(decorated.function, source, kwargs)
    else:
        value = _open_figure()
    kind, data = _shown(value, str(wanted) if wanted else None)
    if len(data) > _LARGEST_PICTURE:
        raise BlockFailure(
            "unstorable",
            f"what the chart shows has {len(data):,} bytes, {_LARGEST_PICTURE:,} at most are shown",
            hint="draw fewer marks, or a picture of fewer points",
        )
    return {"type": kind, "data": data}


def _open_figure() -> Any:
    """The figure that the code has left open."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None or not pyplot.get_fignums():
        raise BlockFailure(
            "signature",
            "the code of the chart renders nothing",
            hint="put @render(render_type='html') on a function that returns what is to be shown",
        )
    return pyplot.gcf()


def _shown(value: Any, wanted: str | None) -> tuple[str, str]:
    if hasattr(value, "savefig"):  # a figure of matplotlib, or its module
        import io

        kind = wanted if wanted in ("png", "svg", "jpeg") else "png"
        file = io.BytesIO()
        value.savefig(file, format=kind)
        return _coded(kind, file.getvalue())
    if hasattr(value, "to_html"):  # of plotly, or a frame
        return "html", value.to_html()
    if isinstance(value, (bytes, bytearray)):
        return _coded(wanted or "png", bytes(value))
    if isinstance(value, str):
        return wanted or "html", value
    for method, kind in (("_repr_html_", "html"), ("_repr_svg_", "svg"), ("_repr_png_", "png")):
        found = getattr(value, method, None)
        found = found() if callable(found) else None
        if isinstance(found, str):
            return kind, found
        if isinstance(found, bytes):
            return _coded(kind, found)
    raise BlockFailure(
        "signature",
        f"a {type_name_of(value)} cannot be shown",
        hint="return text of a page, bytes of a picture, or a figure of matplotlib or plotly",
    )


def _coded(kind: str, data: bytes) -> tuple[str, str]:
    if kind in ("html", "svg", "iframe"):
        return kind, data.decode()
    return kind, base64.b64encode(data).decode()
