"""What a block asks of its host, and the modules above it, against a host that answers from a table."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading

import host as peers
import pytest
from host import LIBRARY

from baton.worker.protocol import Channel

RUN = {
    "id": 7,
    "pipeline_uuid": "daily",
    "status": "completed",
    "execution_date": 1_700_000_000_123_456,
    "created_at": 1_700_000_000_000_000,
    "started_at": 1_700_000_001_000_000,
    "completed_at": None,
    "env": "prod",
    "triggered": True,
    "partial": False,
    "trigger_name": "api",
    "execution_partition": "1/20231114T221320_123456",
    "variables": {"day": {"$datetime": "2024-01-01T00:00:00"}},
    "block_runs": [
        {
            "id": 7_000_000,
            "block_uuid": "load",
            "status": "failed",
            "started_at": None,
            "completed_at": None,
            "attempt": 1,
            "error": {"exception": "ValueError", "message": "no"},
        }
    ],
}


@pytest.fixture
def ask(zygote, job):
    """Run a block whose questions are answered by a function; its result and what it asked."""

    def run_block(code, answer, **options):
        block = zygote.fork()
        asked, messages = [], []
        try:
            block.peer.send(job(code, **options))
            while (message := block.peer.receive()) is not None:
                if message["t"] != "ask":
                    messages.append(message)
                    continue
                asked.append((message["question"], message["args"]))
                block.peer.send({"t": "answer", "id": message["id"], **answer(message["question"], message["args"])})
            exited = zygote.expect("exited", block.id)
            return peers.Result(messages, block.stdout.read(), block.stderr.read(), exited), asked
        finally:
            block.close()

    return run_block


def table(**answers):
    """A host that knows these answers."""

    def answer(question, args):
        found = answers.get(question)
        found = found(args) if callable(found) else found
        return found if isinstance(found, dict) and found.keys() & {"error"} else {"value": found}

    return answer


def test_threads_get_their_own_answers_in_any_order():
    ours, theirs = socket.socketpair()
    channel, host = Channel(ours), peers.Peer(theirs)
    got = {}

    def ask(number):
        got[number] = channel.ask("echo", {"n": number})["value"]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    asked = [host.receive() for _ in threads]
    host.send({"t": "something_else"})
    host.send({"t": "answer", "id": 10_000, "value": "nobody asked"})
    for message in reversed(asked):
        host.send({"t": "answer", "id": message["id"], "value": message["args"]["n"]})
    for thread in threads:
        thread.join(peers.PATIENCE)
    assert got == {number: number for number in range(20)}
    assert not channel._answers


def test_askers_hear_when_the_host_goes_away():
    ours, theirs = socket.socketpair()
    channel, host = Channel(ours), peers.Peer(theirs)
    got = []
    threads = [threading.Thread(target=lambda: got.append(channel.ask("x", {}))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in threads:
        host.receive()
    host.close()
    for thread in threads:
        thread.join(peers.PATIENCE)
    assert got == [None, None, None]


def test_outside_of_a_run_it_says_so():
    code = "from mage_ai.data_preparation.shared.secrets import get_secret_value; get_secret_value('x')"
    done = subprocess.run([sys.executable, "-c", code], cwd=LIBRARY, capture_output=True, text=True, check=False)
    assert "secrets can be read only inside a run of Baton" in done.stderr
    assert "baton run" in done.stderr


def test_secrets(ask):
    code = """
    import warnings
    from mage_ai.data_preparation.shared.secrets import create_secret, delete_secret, get_secret_value

    @transformer
    def t(*args, **kwargs):
        found = [get_secret_value('a'), get_secret_value('gone'), get_secret_value('a', 'pipeline', 'p')]
        create_secret('b', 'v', entity='project')
        delete_secret('b')
        return found
    """
    values = {"a": "value"}
    result, asked = ask(code, table(secret=lambda args: values.get(args["name"])))
    assert result.outputs == ["value", None, "value"]
    assert asked[2] == ("secret", {"name": "a", "entity": "pipeline", "pipeline_uuid": "p"})
    assert asked[3] == ("secret_create", {"name": "b", "value": "v", "entity": "project", "pipeline_uuid": None})
    warnings = [message["message"] for message in result.all("log")]
    assert any("there is no secret `gone`" in text for text in warnings), warnings


def test_a_refusal_is_an_exception_with_its_words(ask):
    code = """
    from baton.secrets import create_secret

    @transformer
    def t(*args, **kwargs):
        create_secret('b', 'v')
    """
    result, _ = ask(code, table(secret_create={"error": "failed to create it", "kind": "invalid"}))
    assert result.error["exception"].endswith("HostError")
    assert result.error["message"] == "failed to create it"
    assert [frame["file"] for frame in result.error["frames"]] == ["transformers/clean.py"]


def test_stored_outputs(ask):
    code = """
    from mage_ai.data_preparation.variable_manager import VariableManager, get_variable, get_variables

    @transformer
    def t(*args, **kwargs):
        frame = get_variable('p', 'frame', 'output_0', partition='x', sample=True)
        manager = VariableManager()
        errors = []
        for call in (
            lambda: get_variable('p', 'none', 'output_0', raise_exception=True),
            lambda: manager.add_variable('p', 'b', 'x', 1),
            lambda: VariableManager(repo_path='/elsewhere'),
        ):
            try:
                call()
            except Exception as error:
                errors.append(str(error))
        return [
            type(frame).__name__, len(frame), get_variable('p', 'none', 'output_0'), get_variables('p', 'two'),
            manager.get_variables_by_block('p', 'two'), manager.get_variable('p', 'one', 'output_0'), errors,
        ]
    """
    pandas = pytest.importorskip("pandas")
    frame = peers.as_product([{"n": n} for n in range(3)])
    assert pandas is not None
    products = {"frame": peers.as_product([1] * 30), "one": peers.as_product(1), "none": None}

    def product(args):
        return {"product": products[args["block"]], **({"note": "look elsewhere"} if args["block"] == "none" else {})}

    two = [{**frame, "name": "output_0"}, {**peers.as_product("t"), "name": "output_1"}]
    result, asked = ask(code, table(product=product, outputs={"products": two}))
    got = result.outputs
    assert got[:3] == ["list", 10, {}]
    assert got[3] == {"output_0": [{"n": 0}, {"n": 1}, {"n": 2}], "output_1": "t"}
    assert got[4:6] == [["output_0", "output_1"], 1]
    missing, add, elsewhere = got[6]
    assert "no stored output `output_0`" in missing and "look elsewhere" in missing
    assert "add_variable" in add and "return it" in add
    assert "another project" in elsewhere
    assert asked[0][1] == {"pipeline": "p", "block": "frame", "output": "output_0", "partition": "x", "run": None}
    assert any("look elsewhere" in message["message"] for message in result.all("log"))


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("1.5", 1.5),
        ("{'a': (1, None), 2: True}", {"a": [1, None], "2": True}),
        ("__import__('datetime').date(2024, 1, 2)", "2024-01-02"),
        ("__import__('numpy').int64(7)", 7),
        ("__import__('http').HTTPStatus.OK", 200),
        ("float('nan')", None),
        ("{'a': [object()]}", None),
    ],
)
def test_variables_are_what_yaml_holds(ask, value, sent):
    code = f"""
    from mage_ai.data_preparation.variable_manager import set_global_variable

    @transformer
    def t(*args, **kwargs):
        set_global_variable('p', 'k', {value})
    """
    result, asked = ask(code, table())
    if sent is None:
        assert "metadata.yaml cannot hold" in result.error["message"]
        assert not asked
    else:
        assert asked == [("variable_set", {"pipeline": "p", "key": "k", "value": sent})], result.messages


def test_runs_are_looked_at(ask):
    code = """
    from mage_ai.orchestration.db import db_connection
    from mage_ai.orchestration.db.models.schedules import BlockRun, PipelineRun, PipelineSchedule

    @transformer
    def t(*args, **kwargs):
        db_connection.start_session()
        query = PipelineRun.query.filter(PipelineRun.pipeline_uuid == 'daily', PipelineRun.status.in_(['completed']))
        run = query.order_by(PipelineRun.execution_date.desc()).first()
        db_connection.close_session()
        errors = []
        for call in (
            lambda: run.update(status='failed'), lambda: PipelineRun.create(), lambda: query.filter(True),
            lambda: run.no_such_column, lambda: query.join(BlockRun),
        ):
            try:
                call()
            except Exception as error:
                errors.append(type(error).__name__)
        variables = run.get_variables()
        return [
            run.id, run.status, run.status == PipelineRun.PipelineRunStatus.COMPLETED, run.execution_date.isoformat(),
            run.completed_at, variables['ds'], variables['day'].year, run.block_runs[0].metrics['error']['message'],
            query.filter(PipelineRun.execution_date > run.execution_date).count(), PipelineRun.get(7).id,
            PipelineRun.query.filter_by(pipeline_uuid='daily', status='failed').all(),
            BlockRun.query.filter(BlockRun.pipeline_run_id == 7).one().block_uuid,
            PipelineSchedule.query.filter(PipelineSchedule.name == 'x').all(), errors,
        ]
    """
    result, asked = ask(code, table(runs=[RUN], run=RUN, pipelines=["daily"], triggers=[]))
    got = result.outputs
    assert got[0] == 7 and got[2] is True
    assert got[3:12] == ["2023-11-14T22:13:20.123456", None, "2023-11-14", 2024, "no", 0, 7, [], "load"]
    assert got[13] == ["NotOfferedError", "NotOfferedError", "NotOfferedError", "AttributeError", "AttributeError"]
    assert asked[0] == ("runs", {"pipeline": "daily", "status": [], "limit": 1000})


def test_a_run_knows_its_trigger(ask):
    code = """
    from mage_ai.orchestration.db.models.schedules import PipelineRun, PipelineSchedule

    @transformer
    def t(*args, **kwargs):
        nightly = PipelineSchedule.query.filter(PipelineSchedule.name == 'api').one()
        runs = PipelineRun.query.filter(PipelineRun.pipeline_schedule_id == nightly.id).all()
        (run,) = runs
        return [nightly.id, run.id, run.pipeline_schedule.name, run.pipeline_schedule_id, run.pipeline.uuid]
    """
    facts = {
        "uuid": "daily",
        "name": "daily",
        "description": None,
        "type": "python",
        "variables": {},
        "tags": [],
        "retry_config": {},
        "concurrency_config": {},
        "run_pipeline_in_one_process": False,
        "cache_block_output_in_memory": False,
        "blocks": [],
        "callbacks": [],
        "conditionals": [],
        "widgets": [],
    }
    triggers = [
        {"id": 1, "name": "other", "pipeline_uuid": "daily"},
        {"id": 2, "name": "api", "pipeline_uuid": "daily"},
    ]
    by_hand = {**RUN, "id": 8, "trigger_name": None}
    known = table(
        runs=[RUN, by_hand, {**RUN, "id": 9, "trigger_name": "other"}], pipelines=["daily"], triggers=triggers
    )
    result, asked = ask(code, lambda q, args: {"value": facts} if q == "pipeline" else known(q, args))
    assert result.outputs == [2, 7, "api", 2, "daily"]
    assert [question for question, _ in asked].count("triggers") == 2, "once for the query of runs"


def test_arguments_of_get_variable(ask):
    code = """
    from mage_ai.data_preparation.variable_manager import get_global_variable, get_variable

    @transformer
    def t(*args, **kwargs):
        errors = []
        for call in (
            lambda: get_variable('p', 'c', 'output_0', spark=object()),
            lambda: get_variable('p', 'c', 'output_0', repo_path='/elsewhere'),
            lambda: get_global_variable('p', 'x', repo_path='/elsewhere'),
        ):
            try:
                call()
            except Exception as error:
                errors.append(str(error))
        return [get_variable('p', 'c', 'output_0', dynamic_block_index=1, variable_type='dataframe'), errors]
    """
    result, asked = ask(code, table(product={"product": peers.as_product(5)}))
    assert result.outputs[0] == 5
    assert asked[0][1]["block"] == "c:1"
    spark, elsewhere, variable = result.outputs[1]
    assert "createDataFrame" in spark
    assert "another project" in elsewhere and "another project" in variable


@pytest.mark.parametrize(
    ("run", "options", "expected"),
    [
        (None, {}, False),
        ({"status": "running"}, {}, False),
        ({"status": "completed"}, {}, True),
        ({"status": "completed", "partial": True}, {}, False),
        ({"status": "completed", "partial": True}, {"block_uuid": "load"}, "block `load` in run 7"),
        ({"status": "failed"}, {}, "has failed"),
        ({"status": "cancelled"}, {}, "was cancelled"),
        ({"status": "completed"}, {"block_uuid": "nobody"}, "no block `nobody`"),
    ],
)
def test_check_status(ask, run, options, expected):
    code = f"""
    from mage_ai.orchestration.run_status_checker import check_status

    @transformer
    def t(*args, **kwargs):
        try:
            return check_status('daily', kwargs['execution_date'], hours=1, **{options!r})
        except Exception as error:
            return str(error)
    """
    date = {"$datetime": "2023-11-14T23:00:00+00:00"}
    answers = table(pipelines=["daily"], runs=[{**RUN, **run}] if run else [])
    result, asked = ask(code, answers, kwargs={"execution_date": date})
    (got,) = result.outputs
    assert got == expected if isinstance(expected, bool) else expected in got, got
    assert asked[1][1] == {"pipeline": "daily", "from": 1_699_999_200_000_000, "to": 1_700_002_800_000_000}


def test_pipelines_are_looked_at(ask):
    block = {
        "name": "Load",
        "type": "data_loader",
        "language": "python",
        "configuration": {},
        "executor_type": "local_python",
        "color": None,
        "timeout": None,
        "retry_config": {},
        "replicated_block": None,
        "has_callback": False,
    }
    facts = {
        "uuid": "p",
        "name": "P",
        "description": None,
        "type": "python",
        "variables": {"a": 1},
        "tags": [],
        "retry_config": {},
        "concurrency_config": {},
        "run_pipeline_in_one_process": False,
        "cache_block_output_in_memory": False,
        "blocks": [
            {**block, "uuid": "a", "upstream_blocks": [], "downstream_blocks": ["b"], "file_path": "data_loaders/a.py"},
            {**block, "uuid": "b", "upstream_blocks": ["a"], "downstream_blocks": [], "file_path": None},
        ],
        "callbacks": [],
        "conditionals": [],
        "widgets": [],
    }
    code = """
    from mage_ai.data_preparation.models.block import Block
    from mage_ai.data_preparation.models.constants import BlockType, PipelineType
    from mage_ai.data_preparation.models.pipeline import Pipeline

    @transformer
    def t(*args, **kwargs):
        pipeline = Pipeline.get('p')
        errors = []
        for call in (
            pipeline.run_blocks, lambda: Pipeline.create('x'), lambda: pipeline.nonsense, Block.create,
            lambda: pipeline.blocks_by_uuid['a'].execute_sync(),
        ):
            try:
                call()
            except Exception as error:
                errors.append(f'{type(error).__name__}: {error}')
        a, b = pipeline.blocks_by_uuid.values()
        return [
            pipeline.type is PipelineType.PYTHON, a.type is BlockType.DATA_LOADER, pipeline.variables,
            [block.uuid for block in a.downstream_blocks], [block.uuid for block in b.upstream_blocks],
            a.file_path.endswith('shop/data_loaders/a.py'), b.content, pipeline.get_block('z'), errors,
        ]
    """
    result, asked = ask(code, table(pipeline=facts))
    got = result.outputs
    assert got[:8] == [True, True, {"a": 1}, ["b"], ["a"], True, "", None]
    assert [error.split(":")[0] for error in got[8]] == ["NotOfferedError"] * 2 + ["AttributeError"] + [
        "NotOfferedError"
    ] * 2
    assert "baton run PROJECT PIPELINE" in got[8][0]
    assert asked == [("pipeline", {"uuid": "p"})]


def test_what_is_wrong_in_yaml_is_told_without_its_text():
    import yaml

    from baton.templates import load_yaml

    with pytest.raises(yaml.YAMLError) as caught:
        load_yaml('a:\n  password: "hunter2 " more"\n')
    assert "line 2" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__context__ is None
