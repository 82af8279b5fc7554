"""Running a block's text: decorators, arguments, the namespace, tests, logs."""

from __future__ import annotations

import os
import sys

import pytest

IMPORT = "from mage_ai.data_preparation.decorators import {}\n"
GUARDED = "if 'transformer' not in globals():\n    from mage_ai.data_preparation.decorators import transformer\n"


@pytest.mark.parametrize(
    "header",
    [
        "",
        GUARDED,
        IMPORT.format("transformer"),
        IMPORT.format("*"),
        IMPORT.format("transformer, test"),
        "import mage_ai.data_preparation.decorators as d\ntransformer = d.transformer\n",
        "from baton import transformer\n",
        "from baton.decorators import *\n",
    ],
)
@pytest.mark.parametrize("form", ["@transformer", "@transformer()", "@transformer(name='x', cache=True)"])
def test_decorators_in_every_form(run, header, form):
    assert run(f"{header}{form}\ndef f(x):\n    return x + 1\n", upstream=[1]).outputs == [2]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("@transformer\ndef a(): return 1\n@transformer\ndef b(): return 2\n", 1),
        ("transformer(lambda: 5)\n", 5),
        # Below the collector it wraps the block; above, it is left out.
        ("def deco(f):\n    return lambda: f() + 10\n@transformer\n@deco\ndef a(): return 1\n", 11),
        ("def deco(f):\n    return lambda: f() + 10\n@deco\n@transformer\ndef a(): return 1\n", 1),
        # A decorator of another type does nothing when it is imported.
        (IMPORT.format("data_loader") + "@data_loader\ndef a(): return 1\n@transformer\ndef b(): return 2\n", 2),
        ("class C:\n    def __call__(self): return 3\ntransformer(C())\n", 3),
        ("import functools\ntransformer(functools.partial(lambda x: x, 4))\n", 4),
        ("@transformer\nasync def f(): return 6\n", 6),
    ],
)
def test_which_function_is_the_block(run, code, expected):
    assert run(code).outputs == [expected]


@pytest.mark.parametrize("header", ["", IMPORT.format("transformer")])
def test_a_block_that_imports_another_block_stays_itself(run, project, header):
    other = project / "transformers" / "other.py"
    other.parent.mkdir()
    other.write_text(IMPORT.format("transformer") + "@transformer\ndef f(): return 'other'\ndef helper(): return 7\n")
    code = f"from shop.transformers.other import helper\n{header}@transformer\ndef g(): return helper()\n"
    assert run(code).outputs == [7]


@pytest.mark.parametrize("module", ["shop.utils.numbers", "utils.numbers"])
def test_the_project_can_be_imported(run, project, module):
    (project / "utils").mkdir()
    (project / "utils" / "numbers.py").write_text("N = 3\n")
    assert run(f"from {module} import N\n@transformer\ndef f(): return N\n").outputs == [3]


def test_the_namespace_is_the_one_of_mage(run):
    code = """
    NAMES = sorted(k for k in globals() if not k.startswith('__'))
    HAVE = [df_1, up2]
    @transformer
    def f(*args):
        return {'names': NAMES, 'have': HAVE, 'name': __name__, 'file': '__file__' in globals()}
    """
    assert run(code, upstream=["a", {"b": 1}]).outputs == [
        {
            "names": ["df_1", "df_2", "preprocesser", "test", "transformer", "up1", "up2"],
            "have": ["a", {"b": 1}],
            "name": "builtins",
            "file": False,
        }
    ]


KWARGS = {"env": "dev", "region": "eu"}
# Signature, and what it gives with 0, 1 and 2 upstream blocks: the arguments, or a part of the message.
SIGNATURES = [
    ("", [], "takes no positional input but the block has 1 upstream block (up1)", "takes no"),
    ("x", "needs 1 positional input but the block has no upstream block", ["u1"], "takes 1 positional input but"),
    ("x, y", "needs 2", "needs 2 positional inputs but the block has 1 upstream block (up1)", ["u1", "u2"]),
    ("x, /", "needs 1", ["u1"], "takes 1"),
    ("x, y=5", "needs at least 1", ["u1", 5], ["u1", "u2"]),
    ("x=1", [1], ["u1"], "takes 1"),
    ("*args", [], ["u1"], ["u1", "u2"]),
    ("**kw", ["eu"], "takes no", "takes no"),
    ("x, **kw", "needs 1", ["u1", "eu"], "takes 1 positional input but the block has 2 upstream blocks (up1, up2)"),
    ("*args, **kw", ["eu"], ["u1", "eu"], ["u1", "u2", "eu"]),
    ("x, *args", "needs at least 1", ["u1"], ["u1", "u2"]),
    ("x, y, *args, **kw", "needs at least 2", "needs at least 2", ["u1", "u2", "eu"]),
    ("*args, region='d'", ["d"], ["u1", "d"], ["u1", "u2", "d"]),
    ("*args, region", ["eu"], ["u1", "eu"], ["u1", "u2", "eu"]),
    ("x, *, other", "needs 1", "needs the keyword argument `other`", "takes 1"),
    ("region, **kw", "needs 1", "multiple values", "takes 1"),
    ("region, /, **kw", "needs 1", ["u1", "eu"], "takes 1"),
]


@pytest.mark.parametrize("count", [0, 1, 2])
@pytest.mark.parametrize("case", SIGNATURES, ids=[case[0] or "nothing" for case in SIGNATURES])
def test_signatures(run, case, count):
    signature, expected = case[0], case[1 + count]
    code = f"""
    @transformer
    def f({signature}):
        seen = []
        for name, value in locals().copy().items():
            if name == 'kw': seen.append(value['region'])
            elif name == 'args': seen[:0] = [] ; ARGS.extend(value)
            elif name != 'seen': seen.append(value)
        named = [v for v in seen if isinstance(v, str) and v.startswith('u')]
        return [[*named, *ARGS, *[v for v in seen if v not in named]]]
    ARGS = []
    """
    result = run(code, upstream=["u1", "u2"][:count], kwargs=KWARGS)
    if isinstance(expected, list):
        assert result.outputs == [expected]
    else:
        assert result.error["kind"] == "signature"
        assert expected in result.error["message"]
        assert "`f` of block `clean`" in result.error["message"]
        assert result.error["hint"]


def test_a_wrapped_function_has_the_signature_of_what_it_wraps(run):
    code = """
    import functools
    def deco(f):
        @functools.wraps(f)
        def inner(*args, **kwargs):
            return f(*args, **kwargs)
        return inner
    @transformer
    @deco
    def f(x): return x
    """
    assert run(code, upstream=[1], kwargs=KWARGS).outputs == [1]
    assert run(code, upstream=[1, 2]).error["kind"] == "signature"


def test_inputs_by_number_of_products(run, job):
    from host import as_product

    result = run(
        "@transformer\ndef f(a, b, c): return [[a, b, c]]\n",
        inputs=[
            {"block": "a", "products": []},
            {"block": "b", "products": [as_product(1)]},
            {"block": "c", "products": [as_product(1), as_product([2])]},
        ],
    )
    assert result.outputs == [[[], 1, [1, [2]]]]


def test_keyword_arguments(run):
    code = """
    @transformer
    def f(**kw):
        when = kw['execution_date']
        return {
            'keys': sorted(kw), 'configuration': kw['configuration'], 'context': kw['context'],
            'date': [type(when).__name__, str(when), str(kw['later'])], 'nested': str(kw['n'][0]['d'].hour),
        }
    """
    kwargs = {
        "execution_date": {"$datetime": "2026-11-21T12:00:00.000000"},
        "later": {"$datetime": "2026-11-21T12:00:00+02:00"},
        "n": [{"d": {"$datetime": "2026-11-21T07:00:00Z"}}],
        "context": "of the user",
    }
    assert run(code, kwargs=kwargs).outputs == [
        {
            "keys": ["configuration", "context", "execution_date", "later", "logger", "n"],
            "configuration": {"k": 1},
            "context": {},
            "date": ["datetime", "2026-11-21 12:00:00", "2026-11-21 12:00:00+02:00"],
            "nested": "7",
        }
    ]


@pytest.mark.parametrize(
    ("returned", "outputs"),
    [
        ("None", []),
        ("7", [7]),
        ("(1, 'a')", [1, "a"]),
        ("[[1, 2]]", [[1, 2]]),
        ("[]", []),
        ("{'a': [1]}", [{"a": [1]}]),
    ],
)
def test_outputs(run, returned, outputs):
    result = run(f"@transformer\ndef f(): return {returned}\n")
    assert result.outputs == outputs
    assert [message["name"] for message in result.all("output")] == [f"output_{n}" for n in range(len(outputs))]


def test_preprocessers_run_first(run):
    code = """
    SEEN = []
    @preprocesser
    def first(x, **kw): SEEN.append([x, kw['env']]); return 'ignored'
    @transformer
    def f(x): return {'seen': SEEN}
    """
    assert run(code, upstream=[1]).outputs == [{"seen": [[1, "dev"]]}]


def test_environment(run):
    code = "import os\n@transformer\ndef f(): return os.environ['MAGE_WORD']\n"
    assert run(code, environ={"MAGE_WORD": "x"}).outputs == ["x"]


# --- @test functions


@pytest.mark.parametrize(
    ("tests", "returned", "passed", "total"),
    [
        ("@test\ndef t(output): assert output == 5\n", "5", 1, 1),
        ("@test()\ndef t(output, *args): return False\n", "5", 1, 1),
        ("@test\ndef t(a, b): assert (a, b) == (1, [2])\n", "(1, [2])", 1, 1),
        ("@test\ndef t(*args): assert not args\n", "None", 1, 1),
        ("@test\ndef t(output, **kw): assert kw['env'] == 'dev' and kw['logger']\n", "5", 1, 1),
        (IMPORT.format("test") + "@test\ndef t(output): assert output\n@test\ndef u(output): pass\n", "5", 2, 2),
    ],
)
def test_tests_that_pass(run, tests, returned, passed, total):
    result = run(f"@transformer\ndef f(): return {returned}\n{tests}")
    assert result.done, result.error
    [told] = result.all("tests")
    assert (told["passed"], told["total"]) == (passed, total)
    assert [one["status"] for one in told["results"]] == ["passed"] * total
    assert f"{passed}/{total} tests passed." in result.stdout


def test_tests_that_fail(run):
    code = """
    @transformer
    def f(): return 5
    @test
    def is_six(output):
        assert output == 6, 'it is five'
    @test
    def is_odd(output):
        assert output % 2
    @test
    def is_seven(output):
        assert output == 7
    """
    result = run(code)
    error = result.error
    [told] = result.all("tests")
    assert (told["passed"], told["total"]) == (1, 3)
    assert told["results"] == [
        {"name": "is_six", "status": "failed", "message": "it is five", "line": 6},
        {"name": "is_odd", "status": "passed"},
        {"name": "is_seven", "status": "failed", "message": "assert output == 7  (output = 5)", "line": 12},
    ]
    assert [message["name"] for message in result.all("output")] == ["output_0"]
    assert error["kind"] == "test_failed"
    assert "2 of 3 tests failed" in error["message"]
    assert "`is_six` (line 6): it is five" in error["message"]
    assert "`is_seven` (line 12): assert output == 7" in error["message"]
    assert (error["frames"][-1]["file"], error["frames"][-1]["line"]) == ("transformers/clean.py", 6)
    assert "1/3 tests passed." in result.stdout


@pytest.mark.parametrize(
    ("tests", "returned", "kind", "words"),
    [
        ("@test\ndef t(output): raise ValueError('boom')\n@test\ndef u(o): pass\n", "5", "exception", "boom"),
        ("@test\ndef t(output): pass\n", "(1, 2)", "signature", "test `t` of block `clean` takes 1 output but the"),
        ("@test\ndef t(): pass\n", "5", "signature", "takes no output but the block returned 1"),
        ("@test\ndef t(a, b): pass\n", "None", "signature", "takes 2 outputs but the block returned nothing"),
        ("@test\ndef t(output): assert output is not None, 'no output'\n", "None", "test_failed", "no output"),
    ],
)
def test_tests_that_cannot_run(run, tests, returned, kind, words):
    result = run(f"@transformer\ndef f(): return {returned}\n{tests}")
    assert result.error["kind"] == kind
    assert words in result.error["message"]


def test_a_test_that_ends_the_attempt_is_told_with_those_that_had_no_turn(run):
    tests = "@test\ndef t(o): pass\n@test\ndef u(o): raise ValueError('boom')\n@test\ndef v(o): pass\n"
    [told] = run(f"@transformer\ndef f(): return 5\n{tests}").all("tests")
    assert told == {
        "t": "tests",
        "passed": 1,
        "total": 3,
        "results": [
            {"name": "t", "status": "passed"},
            {"name": "u", "status": "error", "message": "ValueError: boom", "line": 6},
            {"name": "v", "status": "not_run"},
        ],
    }


def test_tests_can_be_left_out(run):
    result = run("@transformer\ndef f(): return 5\n@test\ndef t(output): assert False\n", run_tests=False)
    assert result.outputs == [5]
    assert result.all("tests") == []


def test_several_outputs_come_in_order_of_their_number(run):
    code = "@transformer\ndef f(): return list(range(12))\n@test\ndef t(*args): assert args == tuple(range(12)), args\n"
    assert run(code).outputs == list(range(12))


# --- sensors


def test_a_sensor_is_called_until_it_is_true(run):
    code = """
    CALLS = []
    @sensor
    def s(*args, **kwargs):
        CALLS.append(1)
        print('call', len(CALLS), args, kwargs['env'])
        return len(CALLS) == 3
    """
    result = run(code, kind="sensor", upstream=[4], environ={"BATON_SENSOR_POLL_SECONDS": "0"})
    assert result.outputs == []
    assert result.stdout.count("is not satisfied") == 2
    assert "call 3 (4,) dev" in result.stdout


@pytest.mark.parametrize(
    ("signature", "seen"),
    [("*a", "()"), ("**k", "()"), ("*a, **k", "('u',)"), ("x", "'u'"), ("x, **k", "'u'")],
)
def test_what_a_sensor_gets(run, signature, seen):
    name = "x" if "x" in signature else "a"
    code = f"@sensor\ndef s({signature}):\n    print(repr(locals().get('{name}', ())))\n    return True\n"
    result = run(code, kind="sensor", upstream=["u"])
    assert result.done, result.messages
    assert result.stdout == f"{seen}\n"


def test_a_sensor_without_parameters_has_no_upstream_blocks_as_in_mage(run):
    code = "@sensor\ndef s():\n    return True\n"
    assert run(code, kind="sensor").done
    assert run(code, kind="sensor", upstream=["u"]).error["kind"] == "signature"


def test_of_two_decorated_functions_the_first_runs_and_it_is_said(run):
    result = run("@transformer\ndef a(): return 1\n@transformer\ndef b(): return 2\n")
    assert result.outputs == [1]
    assert "2 functions with @transformer (a, b): only the first one runs" in result.stdout


# --- logs


def test_logger(run):
    code = """
    @transformer
    def f(**kwargs):
        log = kwargs['logger']
        log.debug('d'); log.info('i', a=1, b=(1, {2}), c=object); log.warning('w', nan=float('nan'))
        log.critical(7)
        try:
            1 / 0
        except ZeroDivisionError as exc:
            log.error('e', error=exc)
            log.exception('x')
        try:
            log.info('%s', 1)
        except TypeError:
            log.info('no positional arguments')
        log.info('bad \\ud800 text')
        return log.isEnabledFor(50)
    """
    result = run(code)
    records = result.all("log")
    assert result.outputs == [True]
    assert [(r["level"], r["message"]) for r in records] == [
        ("DEBUG", "d"),
        ("INFO", "i"),
        ("WARNING", "w"),
        ("CRITICAL", "7"),
        ("ERROR", "e"),
        ("EXCEPTION", "x"),
        ("INFO", "no positional arguments"),
        ("INFO", "bad ? text"),
    ]
    assert records[1]["tags"] == {"a": 1, "b": [1, "{2}"], "c": "<class 'object'>"}
    assert records[2]["tags"] == {"nan": "nan"}
    for record in records[4:6]:
        assert "ZeroDivisionError: division by zero" in record["tags"]["error"]
        assert record["tags"]["error_stacktrace"] == "division by zero"
        assert record["tags"]["error_stack"][0][2] == "f"


def test_warnings_are_records(run):
    result = run("import warnings\n@transformer\ndef f(): warnings.warn('old')\n")
    record = result.all("log")[0]
    assert (record["level"], record["message"]) == ("WARNING", "UserWarning: old")
    assert record["tags"]["line"] == 3


def test_any_text_can_be_printed(run):
    result = run(
        """
        import os, sys
        @transformer
        def f():
            print('lone \\ud800 é'); sys.stderr.write('\\udcff\\n'); os.write(1, b'raw\\n')
        """
    )
    assert result.done
    assert result.stdout == "lone \\ud800 é\nraw\n"
    assert result.stderr == "\\udcff\n"


# --- the end of a process


def test_a_line_ends_where_something_else_is_said(run):
    code = """
    import sys
    @transformer
    def f(*args, logger, **kwargs):
        print('dots', end='')
        print('..', end='')
        print('trouble', file=sys.stderr)
        print('written')
        sys.stderr.write('half')
        logger.info('record')
        sys.stderr.write('other half\\n')
        sys.stderr.write('open')
        sys.stderr.close()
        print('end', end='')
    """
    result = run(code)
    assert result.done, result.error
    assert result.stdout == "dots..\nwritten\nend"
    assert result.stderr == "trouble\nhalf\nother half\nopen"


def test_exit_handlers_and_threads_as_python_ends(run):
    code = """
    import atexit, threading, time
    from concurrent.futures import ThreadPoolExecutor
    @transformer
    def f():
        atexit.register(print, 'handler')
        threading.Thread(target=lambda: (time.sleep(0.05), print('thread'))).start()
        ThreadPoolExecutor(1).submit(lambda: (time.sleep(0.1), print('pool')))
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
        return 1
    """
    result = run(code)
    assert result.outputs == [1]
    assert result.stdout.split() == ["thread", "pool", "handler"]


def test_a_failed_block_does_not_wait_for_its_threads(run):
    code = """
    import threading
    @transformer
    def f():
        threading.Thread(target=threading.Event().wait).start()
        raise ValueError('x')
    """
    result = run(code)
    assert result.error["message"] == "x"
    assert result.exited["code"] == 1


def test_a_process_that_user_code_forks_says_nothing(run):
    code = """
    import os
    @transformer
    def f(**kwargs):
        if os.fork() == 0:
            kwargs['logger'].info('from the child')
            return 'child'
        os.wait()
        return 'parent'
    """
    result = run(code)
    assert result.outputs == ["parent"]
    assert result.all("log") == []
    assert "from the child" in result.stderr


def test_processes_of_multiprocessing_work(run, project):
    (project / "jobs.py").write_text("def double(x): return 2 * x\n")
    code = """
    from concurrent.futures import ProcessPoolExecutor
    from shop.jobs import double
    @transformer
    def f():
        with ProcessPoolExecutor(2) as pool:
            return [list(pool.map(double, range(5)))]
    """
    assert run(code).outputs == [[0, 2, 4, 6, 8]]


def test_frames_pass_from_block_to_block(run, tmp_path):
    pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    code = "import pandas as pd\n@transformer\ndef f(): return pd.DataFrame({'a': [1, 2, 3]}), 'x'\n"
    first = run(code + "@test\ndef t(df, x): assert list(df.columns) == ['a'] and len(df) == 3 and x == 'x'\n")
    assert first.done, first.error
    products = first.all("output")
    for product in products:
        product["files"] = [str(tmp_path / "staging" / file) for file in product.get("files", [])]
    second = run(
        "@transformer\ndef f(both): return int(both[0]['a'].sum())\n",
        inputs=[{"block": "up", "products": products}],
    )
    assert second.outputs == [6]


def test_a_block_says_what_it_has_used(run):
    code = (
        "import subprocess, sys, time\n"
        "@transformer\n"
        "def f():\n"
        "    until = time.process_time() + 0.05\n"
        "    while time.process_time() < until:\n"
        "        pass\n"
        "    child = 'import time\\nwhile time.process_time() < 0.05: pass'\n"
        "    subprocess.run([sys.executable, '-S', '-c', child], check=True)\n"
        "    big = bytearray(64 << 20)\n"
        "    for page in range(0, len(big), 4096):\n"
        "        big[page] = 1\n"
        "    del big\n"
    )
    result = run(code)
    assert result.done, result.messages
    assert [message["t"] for message in result.messages][-2:] == ["usage", "done"]
    (usage,) = result.all("usage")
    assert usage["cpu_seconds"] >= 0.1
    if sys.platform == "linux":
        assert 64 << 20 <= usage["peak_memory"] < 1 << 30
    assert result.exited["cpu_seconds"] >= usage["cpu_seconds"]


def test_a_failed_block_says_what_it_has_used(run):
    result = run("@transformer\ndef f(): raise ValueError('no')\n")
    assert [message["t"] for message in result.messages][-2:] == ["usage", "failed"]


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="needs a system that binds processes to processors")
def test_a_block_stays_on_its_processors(zygote, job):
    before = os.sched_getaffinity(0)
    code = "import os\n@transformer\ndef f(): return {'on': sorted(os.sched_getaffinity(0))}\n"
    (found,) = zygote.fork().run({**job(code), "cpus": 1}).outputs
    assert len(found["on"]) == 1
    assert set(found["on"]) <= before
    assert zygote.fork().run(job(code)).outputs == [{"on": sorted(before)}], "others keep all of them"
