"""Inputs in batches and outputs that grow: `configuration.variables` with MEMORY_MANAGER_VERSION=2."""

from __future__ import annotations

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from baton import codecs
from baton.codecs import batches
from baton.codecs.batches import Settings

N = range(1200)
POWER = [i // 100 for i in N]
WORD = [f"w{i % 7}" for i in N]
FRAMES = [
    pd.DataFrame({"n": N, "word": WORD, "power": POWER}),
    pd.DataFrame({"n": N, "power": POWER}, index=pd.date_range("2026-01-01", periods=1200)),
    pl.DataFrame({"n": N, "word": WORD, "power": POWER}),
    pa.table({"n": list(N), "power": POWER}),
]
NAMES = ["pandas", "pandas with an index", "polars", "arrow"]


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """Store a frame in files of 500 rows."""
    monkeypatch.setattr("baton.codecs.sink.CHUNK_ROWS", 500)

    def store(value, name="output_0"):
        message = codecs.write(name, value, str(tmp_path), lambda _: None, 0)
        files = [str(tmp_path / file) for file in message["files"]]
        return {**message, "files": files}

    return store


def numbers(frame):
    return frame["n"].to_pylist() if isinstance(frame, pa.Table) else list(frame["n"])


@pytest.mark.parametrize("frame", FRAMES, ids=NAMES)
@pytest.mark.parametrize(
    ("settings", "sizes"),
    [
        ({"items": {"maximum": 75}}, [75] * 16),
        ({"items": {"maximum": 700}}, [700, 500]),
        ({"count": {"maximum": 5}, "items": {"maximum": 10}}, [240] * 5),
        ({"items": {"minimum": 400, "maximum": 100}}, [400] * 3),
        ({"items": {"maximum": None}, "count": None}, [1200]),
        ({}, [1200]),
        (None, [1200]),
    ],
)
def test_batches_have_the_rows_that_are_asked_for(stored, frame, settings, sizes):
    product = stored(frame)
    assert len(product["files"]) == 3
    found = list(batches.of_product(product).batches(Settings(settings, None)))
    assert [len(batch) for batch in found] == sizes
    parts = [batch.deserialize() for batch in found]
    assert [number for part in parts for number in numbers(part)] == list(range(1200))
    assert all(type(part) is type(frame) for part in parts)
    whole = batches.joined(parts)
    if isinstance(frame, pd.DataFrame):
        pd.testing.assert_frame_equal(whole, frame, check_freq=False)
    else:
        assert whole.equals(frame)


def test_a_batch_is_cut_into_smaller_ones(stored):
    (batch,) = batches.of_product(stored(FRAMES[0])).batches(Settings(None, None))
    assert [part.num_rows for part in batch.generator(batch_size=450)] == [450, 450, 300]


def test_bytes_limit_a_batch(stored):
    product = stored(pd.DataFrame({"n": range(1200)}))
    found = batches.of_product(product).batches(Settings({"size": {"maximum": 4000}}, None))
    sizes = [len(batch) for batch in found]
    assert sum(sizes) == 1200
    assert 2 < len(sizes) < 12


@pytest.mark.parametrize("frame", FRAMES, ids=NAMES)
def test_an_empty_frame_is_one_empty_batch(stored, frame):
    none = frame[:0] if not isinstance(frame, pa.Table) else frame.slice(0, 0)
    (batch,) = batches.of_product(stored(none)).batches(Settings(None, None))
    assert len(batch.deserialize()) == 0


@pytest.mark.parametrize("frame", FRAMES, ids=NAMES)
def test_chunks_choose_rows(stored, frame):
    settings = Settings({"items": {"maximum": 150}}, [{"power": 5}, {"power": 11, "n": 1100}])
    found = batches.of_product(stored(frame)).batches(settings)
    assert [number for batch in found for number in numbers(batch.deserialize())] == [*range(500, 600), 1100]


def test_what_has_been_read_is_let_go(stored):
    import gc
    import weakref

    seen = []
    for batch in batches.of_product(stored(FRAMES[0])).batches(Settings({"items": {"maximum": 500}}, None)):
        seen.append(weakref.ref(batch.deserialize()))
        del batch
    gc.collect()
    assert [reference() for reference in seen] == [None] * 3


# In a block

FLAG = {"MEMORY_MANAGER_VERSION": "2"}


@pytest.fixture
def transfer(run, project, stored):
    """Run a block on a stored frame with settings for its inputs and outputs."""

    def run_block(code, variables, frame=FRAMES[0], environ=FLAG, **options):
        return run(
            code,
            inputs=[{"block": "up", "products": [stored(frame, "input")]}],
            block={
                "uuid": "clean",
                "type": "transformer",
                "language": "python",
                "file": "transformers/clean.py",
                "configuration": {"variables": variables},
            },
            environ={"MAGE_REPO_PATH": str(project), **environ},
            **options,
        )

    return run_block


def up(way, **settings):
    return {"upstream": {"up": {"input_data_types": [way], **settings}}}


IN_LOOP = """
@transformer
def f(data, **kwargs):
    return [[batch.deserialize().shape[0] for batch in data]]
"""


def test_a_generator_gives_batches(transfer):
    settings = up("generator", batch_settings={"items": {"maximum": 500}})
    assert transfer(IN_LOOP, settings).outputs == [[500, 500, 200]]


def test_a_list_of_frames(transfer):
    code = "@transformer\ndef f(data): return [[type(data).__name__, len(data), len(data[0])]]\n"
    settings = up("batch", batch_settings={"count": {"maximum": 4}, "items": {"maximum": 1}})
    assert transfer(code, settings).outputs == [["list", 4, 300]]


def test_a_reader_reads_as_often_as_one_likes(transfer):
    code = """
    @transformer
    def f(data):
        first = sum(len(batch.deserialize()) for batch in data.read_sync())
        again = [len(batch) for batch in data.read_sync(batch_size=1000)]
        return [[first, again, data.variable_type, data.number_of_outputs]]
    """
    assert transfer(code, up("reader")).outputs == [[1200, [1000, 200], "dataframe", 1]]


def test_only_some_rows_arrive_whole(transfer):
    code = "@transformer\ndef f(data): return [[len(data), sorted(set(data.power)), list(data.columns)]]\n"
    columns = ["n", "word", "power"]
    assert transfer(code, up("default", chunks=[{"power": 5}])).outputs == [[100, [5], columns]]
    assert transfer(code, up("default", chunks=[{"power": 99}])).outputs == [[0, [], columns]]


def test_settings_for_all_inputs(transfer):
    settings = {"read": {"input_data_types": ["generator"], "batch_settings": {"items": {"maximum": 600}}}}
    assert transfer(IN_LOOP, settings).outputs == [[600, 600]]


def test_what_is_read_in_batches_is_passed_on_as_rows(transfer):
    code = "@transformer\ndef f(data):\n    for batch in data: yield batch\n"
    result = transfer(code, up("generator", batch_settings={"items": {"maximum": 100}}))
    assert result.done
    assert [message["rows"] for message in result.all("output")] == [1200]


def test_without_the_variable_it_means_nothing(transfer):
    code = "@transformer\ndef f(data): return len(data)\n"
    assert transfer(code, up("generator"), environ={}).outputs == [1200]
    assert transfer(code, up("generator"), environ={"MEMORY_MANAGER_VERSION": "1"}).outputs == [1200]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        (up("generator", batch_settings={"items": 5}), "`items` of `batch_settings` needs whole numbers"),
        (up("batch", batch_settings={"count": {"maximum": "many"}}), "`count` of `batch_settings` needs"),
        (up("default", chunks=[{"pwer": 5}]), "`chunks` names the column `pwer`, and the frame has `n`, `word`"),
        (up("generator", chunks=[3]), "`chunks` has to be a list of columns"),
        ({"upstream": ["up"]}, "`upstream` has to be a mapping"),
        ({"write": {"batch_settings": {"mode": "add"}}}, "can be `append`, `replace`, `fail`"),
    ],
)
def test_settings_that_cannot_be_read(transfer, variables, words):
    error = transfer(IN_LOOP, variables).error
    assert words in error["message"]
    assert "metadata.yaml" in error["hint"]


def test_a_data_generator():
    from mage_ai.data.models.generator import DataGenerator

    assert list(DataGenerator(range(3))) == [0, 1, 2]
    assert list(DataGenerator(load_data=lambda i: i * 10, measure_data=lambda _: 3)) == [0, 10, 20]
    with pytest.raises(ValueError, match="needs data"):
        DataGenerator()
