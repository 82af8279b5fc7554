"""Conditionals, callbacks and dynamic blocks, as the worker runs them."""

from __future__ import annotations

import host
import pytest


def attached(text, uuid="beside", **more):
    return {"uuid": uuid, "file": f"beside/{uuid}.py", "code": text, "configuration": {}, **more}


BLOCK = "@transformer\ndef f(*args, **kwargs):\n    return 'ran'\n"


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("@condition\ndef c(x, **kwargs): return x == 1\n", None),
        ("@condition\ndef c(*args, **kwargs): return 'False'\n", None),
        # Mage passes everything to every condition; those that take less work here.
        ("@condition\ndef c(): return True\n", None),
        ("@condition\ndef c(x): return True\n", None),
        (
            "from mage_ai.data_preparation.decorators import condition\n@condition\ndef c(x, **kwargs): return True\n",
            None,
        ),
        ("@condition\ndef c(x, **kwargs): return kwargs['parent_block_uuid'] == 'clean'\n", None),
        ("@condition\ndef c(x, **kwargs): return kwargs['block_uuid'] == 'beside'\n", None),
        ("@condition\ndef c(x, **kwargs): return x == 2\n", "`c` of the conditional `beside` said no"),
        ("@condition\ndef c(x, **kwargs): return []\n", "said no"),
        ("@condition\ndef c(x, **kwargs): raise ValueError('boom')\n", "raised ValueError: boom"),
        ("@condition\ndef c(x, y): return True\n", "raised TypeError"),
        ("import pandas\n@condition\ndef c(x, **kwargs): return pandas.DataFrame({'a': [1]})\n", "raised ValueError"),
        ("def c(x): return True\n", "no function decorated with @condition"),
        ("this is not Python", "raised"),
        (None, "is missing"),
    ],
)
def test_a_condition_decides(run, condition, said):
    result = run(BLOCK, upstream=[1], conditions=[attached(condition)])
    if said is None:
        assert result.outputs == ["ran"]
    else:
        last = result.messages[-1]
        assert last["t"] == "condition_failed"
        assert said in last["reason"]
        assert not result.all("output")


def test_every_function_of_every_condition_is_asked(run):
    first = "@condition\ndef a(*args): print('a'); return False\n@condition\ndef b(*args): print('b'); return True\n"
    second = "@condition\ndef c(*args): print('c'); return False\n"
    result = run(BLOCK, conditions=[attached(first, "one"), attached(second, "two")])
    assert result.stdout.split() == ["a", "b", "c"]
    assert result.messages[-1]["reason"] == "`a` of the conditional `one` said no; `c` of the conditional `two` said no"


def test_a_condition_that_changes_its_input_changes_nothing_for_the_block(run):
    condition = "@condition\ndef c(x, **kwargs):\n    x.append(9)\n    return True\n"
    result = run("@transformer\ndef f(x): return [x]\n", upstream=[[1]], conditions=[attached(condition)])
    assert result.outputs == [[1]]


def call_back(run, *functions, on="success", output=(), error=None):
    products = [host.as_product(value) for value in output]
    text = "".join(functions)
    return run(None, role="callbacks", on=on, callbacks=[attached(text)], output=products, error=error)


SAY = "print(repr(args), sorted(set(kwargs) & {'__input', '__error', 'parent_block_uuid', 'block_uuid'}))"


@pytest.mark.parametrize(
    ("decorator", "on", "called"),
    [
        ("@callback", "success", True),
        ("@callback()", "success", True),
        ("@callback('success')", "success", True),
        ("@callback(status='failure')", "failure", True),
        ("@callback('failure')", "success", False),
        ("@callback('success')", "failure", False),
        ("@callback('cancelled')", "cancelled", True),
        ("@callback('sometimes')", "success", False),
        ("@on_success", "success", True),
        ("@on_failure", "failure", True),
        ("@on_failure", "success", False),
    ],
)
def test_a_callback_hears_of_its_status(run, decorator, on, called):
    result = call_back(run, f"{decorator}\ndef f(**kwargs): print('called')\n", on=on)
    assert result.done
    assert (result.stdout == "called\n") == called


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("def f(*args, **kwargs)", "() ['block_uuid', 'parent_block_uuid']\n"),
        ("def f(**kwargs)", "() ['block_uuid', 'parent_block_uuid']\n"),
        ("def f(data, **kwargs)", "([],) ['block_uuid', 'parent_block_uuid']\n"),
    ],
)
def test_a_callback_of_a_cancelled_block_receives_no_output(run, function, said):
    args = {"def f(*args, **kwargs)": "", "def f(**kwargs)": "args = ()\n    "}.get(function, "args = (data,)\n    ")
    assert call_back(run, f"@callback('cancelled')\n{function}:\n    {args}{SAY}\n", on="cancelled").stdout == said


@pytest.mark.parametrize(
    ("function", "output", "said"),
    [
        ("def f(*args, **kwargs)", [5], "(5,) ['block_uuid', 'parent_block_uuid']\n"),
        ("def f(*args, **kwargs)", [], "([],) ['block_uuid', 'parent_block_uuid']\n"),
        ("def f(*args, **kwargs)", [1, 2], "([1, 2],) ['block_uuid', 'parent_block_uuid']\n"),
        ("def f(**kwargs)", [5], "() ['__input', 'block_uuid', 'parent_block_uuid']\n"),
    ],
)
def test_what_a_callback_receives(run, function, output, said):
    args = "" if "*args" in function else "args = ()\n    "
    text = f"@callback('success')\n{function}:\n    {args}{SAY}\n"
    assert call_back(run, text, output=output).stdout == said


def test_a_failure_callback_receives_the_error(run):
    text = "@callback('failure')\ndef f(**kwargs):\n    e = kwargs['__error']\n    print(type(e).__name__, e)\n"
    error = {"kind": "exception", "exception": "ValueError", "message": "boom", "frames": []}
    assert call_back(run, text, on="failure", error=error).stdout == "ValueError boom\n"
    error["exception"] = "shop.errors.Gone"
    assert call_back(run, text, on="failure", error=error).stdout == "Gone boom\n"
    error["exception"] = "KeyError"
    error["message"] = "'day'\nraised in pandas/core/frame.py:7 (get)\ncaused by ValueError: x"
    assert call_back(run, text, on="failure", error=error).stdout == "KeyError 'day'\n"


def test_a_broken_callback_stops_no_other_and_is_reported(run):
    text = (
        "@callback('success')\ndef f(**kwargs): raise KeyError('first')\n"
        "@callback('success')\ndef g(**kwargs): print('second')\n"
    )
    result = call_back(run, text)
    assert result.stdout == "second\n"
    assert result.error["exception"] == "KeyError"


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("[[1, 2, 3]]", {"count": 3}),
        ("[[]]", {"count": 0}),
        ("None", {"count": 0}),
        ("[[1, 2], [{'k': 1}, {'block_uuid': 'eu'}]]", {"count": 2, "names": [None, "eu"], "after": []}),
        ("([1, 2], [{'upstream_blocks': ['other']}])", {"count": 2, "names": [], "after": [["other"]]}),
        ("([1, 2], [{'k': 1}, {'k': 2}, {'k': 3}])", {"count": 2, "names": [], "after": []}),
        ("[range(4)]", {"count": 4}),
        ("[x for x in [{1, 2}]]", {"count": 2}),
    ],
)
def test_a_dynamic_block_tells_its_items(run, returned, message):
    result = run(f"@transformer\ndef f(): return {returned}\n", dynamic=True)
    assert result.done, result.messages
    (items,) = result.all("items")
    assert items == {"t": "items", **message}


YIELDS = "@transformer\ndef f():\n    yield 1\n    yield [2]\n"


@pytest.mark.parametrize("dynamic", [True, {"parent": True}, {"modes": [{"type": "stream", "poll_interval": 15}]}])
def test_a_dynamic_block_that_yields_hands_over_item_by_item(run, job, dynamic):
    test = "@test\ndef t(items): assert items == [1, [2]]\n"
    block = {**job("")["block"], "configuration": {"dynamic": dynamic}}
    result = run(YIELDS + test, dynamic=True, block=block)
    assert result.done, result.messages
    assert result.all("output") == result.all("chunk") == []
    assert [(item["name"], item["text"]) for item in result.all("yielded")] == [("output_0", "1"), ("output_1", "[2]")]
    assert result.all("items") == [{"t": "items", "count": 2, "yielded": True}]
    assert [message["t"] for message in result.messages][-4:] == ["items", "tests", "usage", "done"]


def test_modes_may_ask_for_the_items_at_the_end(run, job):
    block = {**job("")["block"], "configuration": {"dynamic": {"modes": [{"type": "default"}]}}}
    result = run(YIELDS, dynamic=True, block=block)
    assert result.outputs == [[1, [2]]]
    assert result.all("items") == [{"t": "items", "count": 2}]


def test_an_item_that_cannot_be_stored_names_itself(run):
    error = run("@transformer\ndef f():\n    yield 1\n    yield open('/dev/null')\n", dynamic=True).error
    assert error["kind"] == "unstorable"
    assert "`output_1`" in error["message"]


@pytest.mark.parametrize("returned", ["[{'a': 1}, {'a': 2}]", "[1, 2, 3]", "{'a': 1}", "'text'", "5", "[[1], 2]"])
def test_what_is_no_list_of_items_is_refused(run, returned):
    error = run(f"@transformer\ndef f(): return {returned}\n", dynamic=True).error
    assert error["kind"] == "signature"
    assert "`return [items]`" in error["hint"]


@pytest.mark.parametrize(
    ("outputs", "item", "received", "extra"),
    [
        ([[10, 20]], 1, "20", "None"),
        ([[None, 20]], 0, "None", "None"),
        ([[10, 20], [{"k": "a"}, {"k": "b"}]], 1, "20", "'b'"),
        ([[10, 20], [{"k": "a"}]], 1, "20", "None"),
    ],
)
def test_a_child_run_takes_its_item(run, outputs, item, received, extra):
    products = [{**host.as_product(value), "name": f"output_{number}"} for number, value in enumerate(outputs)]
    result = run(
        "@transformer\ndef f(x, **kwargs): return repr((x, kwargs.get('k')))\n",
        inputs=[{"block": "d", "products": products, "item": item}],
    )
    assert result.outputs == [f"({received}, {extra})"]


@pytest.mark.parametrize(
    ("children", "received"),
    [
        ([[1], [2]], [1, 2]),
        ([[1], [], [3]], [1, None, 3]),
        ([[[1, 0]], [[2, 0]]], [1, 0, 2, 0]),
        ([], []),
    ],
)
def test_reduced_outputs_arrive_as_one_list(run, children, received):
    products = [[host.as_product(value) for value in outputs] for outputs in children]
    result = run(
        "@transformer\ndef f(x): return {'x': x}\n",
        inputs=[{"block": "c", "products": [], "children": products}],
    )
    assert result.outputs == [{"x": received}]


def test_yielded_items_of_reduced_children_arrive_as_one_list(run):
    products = [[host.as_product(1), host.as_product([2])], [], [host.as_product(3)]]
    result = run(
        "@transformer\ndef f(x): return {'x': x}\n",
        inputs=[{"block": "c", "products": [], "children": products, "yielded": True}],
    )
    assert result.outputs == [{"x": [1, [2], 3]}]


def test_two_outputs_of_a_reduced_child_are_refused(run):
    products = [[host.as_product(1), host.as_product(2)]]
    error = run(
        "@transformer\ndef f(x): return x\n", inputs=[{"block": "c", "products": [], "children": products}]
    ).error
    assert "returned 2 values" in error["message"]


def test_jobs_of_one_process_share_their_context(zygote, job):
    block = zygote.fork()
    first = job("@transformer\ndef f(**kwargs):\n    kwargs['context']['n'] = 7\n    print('one')\n    return {1: 2}\n")
    second = job(
        "@transformer\ndef f(x, **kwargs):\n    print('two', end='')\n    return repr((x, kwargs['context']))\n"
    )
    second["inputs"] = [{"block": "clean", "products": []}]
    try:
        block.peer.send({**first, "mark": "=1=", "cache": True})
        while (message := block.peer.receive())["t"] != "done":
            assert message["t"] in ("output", "usage")
        block.peer.send({**second, "mark": "=2=", "cache": True})
        output = block.peer.expect("output")
        assert output["text"] == "({1: 2}, {'n': 7})", "a value in memory is not converted"
        assert block.peer.expect("usage")["cpu_seconds"] >= 0
        block.peer.expect("done")
        block.peer.send({**job("@transformer\ndef f(): raise ValueError('no')\n"), "mark": "=3=", "cache": True})
        block.peer.expect("usage")
        assert block.peer.expect("failed")["error"]["exception"] == "ValueError"
    finally:
        block.peer.close()
    assert zygote.expect("exited", block.id)["code"] == 0
    assert block.stdout.read() == b"one\n\n=1=\ntwo\n=2=\n\n=3=\n"
    block.stdout.close()
    block.stderr.close()
