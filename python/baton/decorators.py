"""The decorators of block files.

    @transformer
    def clean(flights, *args, **kwargs):
        return flights.dropna()

In a run they tell Baton which function is the block, which are its tests, and so on; anywhere else they give the
function back as it is. Each may stand bare, be called with nothing, or with arguments.
"""

from __future__ import annotations

from baton.worker.collector import imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Decorator = Callable[..., Any]

callback: Decorator = imported("callback")
condition: Decorator = imported("condition")
custom: Decorator = imported("custom")
data_exporter: Decorator = imported("data_exporter")
data_loader: Decorator = imported("data_loader")
extension: Decorator = imported("extension")
on_failure: Decorator = imported("on_failure")
on_success: Decorator = imported("on_success")
preprocesser: Decorator = imported("preprocesser")
sensor: Decorator = imported("sensor")
test: Decorator = imported("test")
transformer: Decorator = imported("transformer")

# Charts.
columns: Decorator = imported("columns")
configuration: Decorator = imported("configuration")
data_source: Decorator = imported("data_source")
render: Decorator = imported("render")
x: Decorator = imported("x")
xy: Decorator = imported("xy")
y: Decorator = imported("y")

# Data integration and streaming.
data_integration_catalog: Decorator = imported("data_integration_catalog")
data_integration_config: Decorator = imported("data_integration_config")
data_integration_destination: Decorator = imported("data_integration_destination")
data_integration_query: Decorator = imported("data_integration_query")
data_integration_selected_streams: Decorator = imported("data_integration_selected_streams")
data_integration_source: Decorator = imported("data_integration_source")
streaming_sink: Decorator = imported("streaming_sink")
streaming_source: Decorator = imported("streaming_source")

# A file that imports `test` is no module of tests to pytest.
test.__test__ = False  # type: ignore[attr-defined]


def preprocesser_functions(*arguments: Any, **keywords: Any) -> Any:
    """Another name of `preprocesser`, which Mage's module has."""
    return preprocesser(*arguments, **keywords)


def collect_decorated_objs(collected: list[Any]) -> Callable[[Any], Any]:
    """A decorator that appends what it decorates to a list and gives it back."""

    def decorate(decorated: Any) -> Any:
        collected.append(decorated)
        return decorated

    return decorate
