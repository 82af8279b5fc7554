"""Runs that a block starts and waits for, and global data products, against a host that answers from a table."""

from __future__ import annotations

import datetime as dt

import host as peers
import pytest
from test_host import RUN, ask, table  # noqa: F401 -- `ask` is a fixture

from baton import codecs
from baton.triggers import sendable

STARTED = {**RUN, "status": "running", "block_runs": []}


def ending(*statuses):
    """A host whose run goes through these statuses, one for each time it is looked at."""
    left = list(statuses)

    def run(_args):
        status = left.pop(0) if len(left) > 1 else left[0]
        return {**RUN, "status": status}

    return table(trigger=STARTED, run=run, pipeline={"blocks": [{"uuid": "load"}]})


@pytest.mark.parametrize(
    ("options", "statuses", "expected", "looks"),
    [
        ("", ["completed"], "running", 0),
        ("check_status=True", ["running", "completed"], "completed", 2),
        ("check_status=True", ["failed"], "failed", 1),
        ("check_status=True, error_on_failure=True", ["cancelled"], "cancelled", 1),
        ("check_status=True, error_on_failure=True", ["failed"], "has failed: block `load`: no", 1),
        ("check_status=True, poll_timeout=0", ["running"], "has not ended within 0 seconds", 0),
        ("return_remote_blocks=True", [], "[{'remote_blocks': [RemoteBlock('load', 'daily'", 0),
    ],
)
def test_runs_are_started_and_waited_for(ask, options, statuses, expected, looks):  # noqa: F811
    code = f"""
    import datetime
    from mage_ai.orchestration.triggers.api import trigger_pipeline

    @transformer
    def t(*args, **kwargs):
        try:
            run = trigger_pipeline(
                'daily', variables={{'day': datetime.date(2024, 1, 2)}}, poll_interval=0.01, schedule_name='mine',
                remote_blocks=[{{'block_uuid': 'a', 'pipeline_uuid': 'p', 'repo_path': '/x'}}], {options}
            )
            return str(run) if isinstance(run, list) else run.status.value
        except Exception as error:
            return str(error)
    """
    result, asked = ask(code, ending(*statuses))
    assert expected in result.outputs[0]
    assert asked[0] == (
        "trigger",
        {
            "pipeline": "daily",
            "variables": {"day": {"$date": "2024-01-02"}},
            "schedule_name": "mine",
            "remote_blocks": [{"block_uuid": "a", "pipeline_uuid": "p", "execution_partition": None}],
        },
    )
    assert [question for question, _ in asked].count("run") == looks
    assert "Started run 7 of pipeline `daily`" in result.stdout


def test_a_pipeline_is_executed(ask):  # noqa: F811
    code = """
    from mage_ai.data_preparation.models.pipeline import Pipeline

    @transformer
    def t(*args, **kwargs):
        from mage_ai.orchestration.triggers.api import trigger_pipeline
        pipeline = object.__new__(Pipeline)
        pipeline.uuid = 'daily'
        return pipeline.execute_sync({'a': 1})
    """
    result, asked = ask(code, ending("completed"))
    assert result.outputs == []
    assert asked[0][1]["variables"] == {"a": 1}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({1: (2, {3})}, {"1": [2, [3]]}),
        (dt.datetime(2024, 1, 2, 3), {"$datetime": "2024-01-02T03:00:00"}),
        (float("inf"), {"$float": "inf"}),
        ("text", "text"),
    ],
)
def test_what_is_sent(value, expected):
    assert sendable(value) == expected


def test_numbers_of_numpy_are_sent():
    numpy = pytest.importorskip("numpy")
    assert sendable({"a": numpy.int64(3), "b": numpy.array([1.5, 2])}) == {"a": 3, "b": [1.5, 2.0]}


def product_job(job):
    """A job of a block that hands out a product; it has no file."""
    made = job(None, kind="global_data_product", upstream=[None], uuid="shared")
    made["block"]["configuration"] = {"global_data_product": {"uuid": "daily_numbers"}}
    made["kwargs"] = {"execution_partition": "1/x", "variables": {"a": 1}}
    return made


@pytest.mark.parametrize(
    ("states", "status", "expected"),
    [
        (["fresh"], "completed", ["product_renew", "product_outputs"]),
        (["started"], "completed", ["product_renew", "run", "product_outputs"]),
        (["waiting", "fresh"], "completed", ["product_renew", "product_renew", "product_outputs"]),
        (["started"], "failed", "has failed"),
        (["started"], "cancelled", "was cancelled"),
    ],
)
def test_a_global_data_product_is_handed_out(zygote, job, tmp_path, states, status, expected):
    answers = {
        "fresh": {"state": "fresh", "run_id": 3, "at": "then", "until": None},
        "started": {"state": "started", "run": STARTED},
        "waiting": {"state": "waiting"},
    }
    left = list(states)
    products = [peers.as_product(value) for value in (1, "two")]
    answer = table(
        product_renew=lambda _args: answers[left.pop(0)],
        run={**RUN, "status": status},
        product_outputs={"blocks": [{"block": "made", "outputs": products}]},
    )
    block = zygote.fork()
    asked, messages = [], []
    try:
        block.peer.send(product_job(job))
        while (message := block.peer.receive()) is not None:
            if message["t"] != "ask":
                messages.append(message)
                continue
            asked.append((message["question"], message["args"]))
            block.peer.send({"t": "answer", "id": message["id"], **answer(message["question"], message["args"])})
        zygote.expect("exited", block.id)
    finally:
        block.close()
    assert asked[0] == (
        "product_renew",
        {
            "settings": {"uuid": "daily_numbers"},
            "variables": {"a": 1},
            "remote_blocks": [{"block_uuid": "up1", "pipeline_uuid": "sales", "execution_partition": "1/x"}],
        },
    )
    if isinstance(expected, str):
        assert expected in messages[-1]["error"]["message"]
        return
    assert [question for question, _ in asked] == expected
    [output] = [message for message in messages if message["t"] == "output"]
    assert codecs.read(output, folder=str(tmp_path / "staging")) == {"made": [1, "two"]}


def test_outputs_of_other_runs_are_read(ask):  # noqa: F811
    code = """
    @transformer
    def t(*args, **kwargs):
        return kwargs['remote_blocks']
    """
    names = {"block_uuid": "a", "pipeline_uuid": "p", "execution_partition": "1/x"}
    products = [{**peers.as_product(value), "name": f"output_{n}"} for n, value in enumerate((1, "two"))]
    kwargs = {"remote_blocks": {"$outputs": [names]}}
    result, asked = ask(code, table(outputs={"products": products}), kwargs=kwargs)
    assert result.outputs == [[1, "two"]]
    assert asked == [("outputs", {"pipeline": "p", "block": "a", "partition": "1/x", "run": None})]
