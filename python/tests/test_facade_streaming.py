"""The base classes of Python sources and sinks."""

from __future__ import annotations

import asyncio
import json

import pytest

from mage_ai.streaming.sinks.base_python import BasePythonSink
from mage_ai.streaming.sources.base_python import BasePythonSource, SourceConsumeMethod


class Source(BasePythonSource):
    def init_client(self):
        self.called = ["init", self.global_vars]

    def test_connection(self):
        self.called.append("test")

    def batch_read(self, handler):
        handler([1, 2])


class Sink(BasePythonSink):
    def init_client(self):
        self.written = []

    def batch_write(self, messages):
        self.written.append(messages)


def test_a_source():
    source = Source(global_vars={"env": "dev"})
    assert source.called == ["init", {"env": "dev"}, "test"]
    assert source.consume_method is SourceConsumeMethod.BATCH_READ
    taken = []
    source.batch_read(taken.append)
    assert taken == [[1, 2]]
    assert source.destroy() is None


def test_a_source_with_an_own_constructor(capsys):
    class Own(Source):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.topic = self.global_vars["topic"]
            self._print("ready")
            self.print(self.topic)

    assert Own(global_vars={"topic": "t"}).topic == "t"
    assert capsys.readouterr().out == "[Own] ready\n[Own] t\n"


def test_a_source_that_cannot_connect():
    class Broken(BasePythonSource):
        def test_connection(self):
            raise ConnectionError("no")

    with pytest.raises(ConnectionError):
        Broken()


@pytest.mark.parametrize("method", ["batch_read", "read", "read_async"])
def test_a_source_without_its_method(method):
    class Empty(BasePythonSource):
        pass

    with pytest.raises(NotImplementedError, match=f"`Empty` has no method `{method}`, and its `consume_method` is"):
        found = getattr(Empty(), method)(print)
        asyncio.run(found)


def test_checkpoints(tmp_path):
    path = tmp_path / "in" / "checkpoint"
    source = Source(checkpoint_path=str(path))
    assert source.checkpoint is None
    source.checkpoint = {"offset": 7}
    source.update_checkpoint()
    assert Source(checkpoint_path=str(path)).checkpoint == {"offset": 7}
    assert [one.name for one in path.parent.iterdir()] == ["checkpoint"]


def test_a_sink():
    sink = Sink(global_vars={})
    sink.write({"data": 1, "metadata": {}})
    sink.batch_write([])
    assert sink.written == [[{"data": 1, "metadata": {}}], []]
    with pytest.raises(TypeError, match="batch_write"):
        BasePythonSink()


def test_the_buffer_of_a_sink(tmp_path):
    path = tmp_path / "buffer"
    sink = Sink(buffer_path=str(path))
    assert sink.has_buffer_timed_out(0.001) is False
    sink.write_buffer([{"a": 1}])
    sink.write_buffer([{"a": 2}])
    assert json.loads(path.read_text()) == sink.buffer == [{"a": 1}, {"a": 2}]
    assert Sink(buffer_path=str(path)).read_buffer() == [{"a": 1}, {"a": 2}]
    sink.buffer_start_time -= 10
    assert (sink.has_buffer_timed_out(10), sink.has_buffer_timed_out(60), sink.has_buffer_timed_out(None)) == (
        True,
        False,
        False,
    )
    sink.clear_buffer()
    assert (sink.buffer, path.exists(), sink.has_buffer_timed_out(1)) == ([], False, False)
