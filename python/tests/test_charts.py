"""The code of charts: what it sees, and what comes of what it assigns or returns."""

from __future__ import annotations

import base64

import host
import pandas as pd
import pytest

from baton import codecs

CITIES = pd.DataFrame({"city": ["Rom", "Bern", "Rom"], "price": [3, 4, 5]})


@pytest.fixture(scope="module")
def zygote():
    """A zygote whose processes have pandas from the start."""
    bare = host.Zygote()
    warm = bare.warm()
    yield warm
    warm.close()
    bare.close()


@pytest.fixture
def draw(run, tmp_path):
    """Run the code of a chart above a frame."""
    folder = tmp_path / "above"
    folder.mkdir()
    product = codecs.write("output_0", CITIES, str(folder), lambda _: None, 0)
    product["files"] = [str(folder / name) for name in product["files"]]
    inputs = [{"block": "up1", "products": [product]}]

    def draw_chart(code, **configuration):
        block = {
            "uuid": "by_city",
            "type": "chart",
            "language": "python",
            "file": "charts/by_city.py",
            "configuration": configuration,
        }
        return run(code, kind="chart", uuid="by_city", inputs=inputs, block=block)

    return draw_chart


@pytest.mark.parametrize(
    ("code", "configuration", "expected"),
    [
        (
            "x = list(df_1.city)\ny = [list(df_1.price)]\n",
            {"chart_type": "bar chart"},
            {"x": ["Rom", "Bern", "Rom"], "y": [3, 4, 5]},
        ),
        (
            "places = up1.city.unique()\nones = df_1.price\ntwos = [1]\nsizes = [ones[:2], twos]\n",
            {"chart_type": "line chart", "x": "places", "y": "sizes", "legend_labels": "price, other"},
            {"places": ["Rom", "Bern"], "price": [3, 4], "other": [1, None]},
        ),
        ("x = df_1['price']\n", {"chart_type": "histogram", "x": "x"}, {"x": [3, 4, 5]}),
        (
            "columns = ['a', 'b']\nrows = [[1, 2], [3, 4]]\nnames = ['p', 'q']\n",
            {"chart_type": "table", "x": "columns", "y": "rows", "index": "names"},
            {"index": ["p", "q"], "a": [1, 3], "b": [2, 4]},
        ),
        (
            "columns = ['a', 'b']\nrows = df_1[1:]\nnames = ['p']\n",
            {"chart_type": "table", "x": "columns", "y": "rows", "index": "names"},
            {"index": ["p", None], "a": ["Bern", "Rom"], "b": [4, 5]},
        ),
        (
            "x = df_1.city\ny = df_1[['price']]\n",
            {"chart_type": "bar chart"},
            {"x": ["Rom", "Bern", "Rom"], "y": [3, 4, 5]},
        ),
        (
            """
            @data_source
            def source(df): return df[df.price > 3]
            @xy
            def both(df, **kwargs): return list(df.city), list(df.price)
            @configuration
            def names(df): return {'legend_labels': ['cost']}
            """,
            {"chart_type": "bar chart"},
            {"x": ["Bern", "Rom"], "cost": [4, 5]},
        ),
        (
            """
            from mage_ai.data_preparation.decorators import x, y
            @x
            def places(df): return df.city
            @y
            def sizes(df): return df.price
            """,
            {"chart_type": "bar chart"},
            {"x": ["Rom", "Bern", "Rom"], "y": [3, 4, 5]},
        ),
    ],
)
def test_what_the_code_gives_becomes_a_frame(draw, tmp_path, code, configuration, expected):
    result = draw(code, **configuration)
    assert result.done, result.error
    [message] = result.all("output")
    frame = codecs.read(message, folder=str(tmp_path / "staging"))
    found = {name: [None if pd.isna(value) else value for value in frame[name]] for name in frame.columns}
    assert found == expected


@pytest.mark.parametrize(
    ("code", "kind", "data"),
    [
        ("@render(render_type='html')\ndef page(df): return f'<b>{len(df)}</b>'\n", "html", "<b>3</b>"),
        ("@render('png')\ndef page(df): return b'abc'\n", "png", base64.b64encode(b"abc").decode()),
        ("class Plot:\n    def to_html(self): return '<i>'\n@render\ndef page(): return Plot()\n", "html", "<i>"),
    ],
)
def test_custom_charts_show_what_they_render(draw, code, kind, data):
    result = draw(code, chart_type="custom")
    assert result.done, result.error
    assert result.outputs == [{"type": kind, "data": data}]


def shown(result, folder):
    """The picture of a custom chart."""
    [message] = result.all("output") or [result.error]
    return codecs.read(message, folder=str(folder / "staging"))


FIGURE = "import matplotlib.pyplot as plt\nplt.bar(df_1.city, df_1.price)\n"


@pytest.mark.parametrize(
    ("code", "kind", "beginning"),
    [
        (FIGURE, "png", b"\x89PNG\r\n"),
        (FIGURE + "@render\ndef page(): return plt\n", "png", b"\x89PNG\r\n"),
        (FIGURE + "@render(render_type='jpeg')\ndef page(): return plt.gcf()\n", "jpeg", b"\xff\xd8\xff"),
        (FIGURE + "@render('svg')\ndef page(df): return plt.gcf()\n", "svg", b"<?xml"),
    ],
)
def test_figures_of_matplotlib(draw, tmp_path, code, kind, beginning):
    pytest.importorskip("matplotlib")
    picture = shown(draw(code, chart_type="custom"), tmp_path)
    assert picture["type"] == kind
    data = picture["data"].encode() if kind == "svg" else base64.b64decode(picture["data"])
    assert data.startswith(beginning)
    assert len(data) > 1_000


def test_figures_of_plotly(draw, tmp_path):
    """A page with all of its script in it fits into what is shown."""
    pytest.importorskip("plotly")
    code = "import plotly.express as px\n@render\ndef page(df): return px.bar(df, x='city', y='price')\n"
    picture = shown(draw(code, chart_type="custom"), tmp_path)
    assert picture["type"] == "html"
    assert "Plotly.newPlot" in picture["data"]
    assert len(picture["data"]) > 1_000_000


@pytest.mark.parametrize(
    ("code", "configuration", "kind", "words", "line"),
    [
        ("y = [[1]]\n", {"chart_type": "bar chart", "x": "places"}, "signature", "assigns nothing to `places`", None),
        ("x = [1]\n", {"chart_type": "bar chart"}, "signature", "assigns nothing to `y`", None),
        ("x = 5\ny = []\n", {"chart_type": "bar chart"}, "signature", "`x` of chart `by_city` is no list", None),
        ("x = [1]\nx = df_1.nothing\n", {"chart_type": "histogram"}, "exception", "nothing", 2),
        ("x = (\n", {"chart_type": "histogram"}, "syntax", "never closed", 1),
        ("x = 1\n", {"chart_type": "custom"}, "signature", "renders nothing", None),
        ("@render\ndef page(): return 'x' * 9_000_000\n", {"chart_type": "custom"}, "unstorable", "9,000,000", None),
        ("@render\ndef page(): return 5\n", {"chart_type": "custom"}, "signature", "a int cannot be shown", None),
    ],
)
def test_code_that_gives_nothing_to_draw_is_told_why(draw, code, configuration, kind, words, line):
    error = draw(code, **configuration).error
    assert error["kind"] == kind, error
    assert words in error["message"]
    assert (error["frames"][-1]["line"] if error["frames"] else None) == line
