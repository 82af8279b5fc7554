"""What a failed block says: class, words, the user's lines, and what to do."""

from __future__ import annotations

import sys

import pytest

from baton import packages

F = "@transformer\ndef f(x=None):\n"
# Python 3.13.0 does not count calls that take defaults, and recursion of such goes on until the memory is used up.
DEEP = "@transformer\ndef f():\n"
# Code, kind, exception, a part of the message, (line, function) of the last frame, a part of the hint.
ERRORS = [
    ("exception", F + "    raise ValueError('bad value')\n", "exception", "ValueError", "bad value", (3, "f"), None),
    ("no message", F + "    raise ValueError\n", "exception", "ValueError", "without a message", (3, "f"), None),
    ("assertion", F + "    assert 1 > 2\n", "exception", "AssertionError", "assert 1 > 2", (3, "f"), None),
    ("key", F + "    {}['k']\n", "exception", "KeyError", "'k'", (3, "f"), None),
    ("top level", "x = 1\n1 / 0\n", "exception", "ZeroDivisionError", "division by zero", (2, "<module>"), None),
    ("syntax", "x = 1\ndef f(:\n    pass\n", "syntax", "SyntaxError", "invalid syntax", (2, "<module>"), None),
    ("indent", F + "    x\n  y\n", "syntax", "IndentationError", "unindent", (4, "<module>"), None),
    ("null byte", "x = 1\ny = '\0'\n", "syntax", None, "null bytes", (2, "<module>"), "saved as UTF-16"),
    ("nesting", "x = " + "(" * 500 + "\n", "syntax", None, "", None, None),
    ("user's eval", F + "    eval('1 +')\n", "exception", "SyntaxError", "invalid syntax", (3, "f"), None),
    (
        "no module",
        "import sklearnx.linear\n",
        "exception",
        "ModuleNotFoundError",
        "No module named 'sklearnx'",
        (1, "<module>"),
        f"install `sklearnx` for `{sys.executable}`",
    ),
    ("other name", "import fitz\n", "exception", "ModuleNotFoundError", "fitz", (1, "<module>"), "install `PyMuPDF`"),
    (
        "module of the project",
        "from shop.utils import x\n",
        "exception",
        "ModuleNotFoundError",
        "shop.utils",
        (1, "<module>"),
        "the project has no file",
    ),
    (
        "part of Mage",
        "from mage_ai.io.bigquery import BigQuery\n",
        "exception",
        "ModuleNotFoundError",
        "`mage_ai.io.bigquery` is not offered by Baton (yet): use the package `google-cloud-bigquery`",
        (1, "<module>"),
        None,
    ),
    ("exit", F + "    import sys; sys.exit(3)\n", "exit", "SystemExit", "sys.exit(3)", (3, "f"), "use `return`"),
    ("exit at once", "exit()\n", "exit", "SystemExit", "sys.exit()", (1, "<module>"), None),
    ("interrupt", F + "    raise KeyboardInterrupt\n", "exit", "KeyboardInterrupt", "interrupted", (3, "f"), None),
    ("memory", F + "    raise MemoryError\n", "exception", "MemoryError", "", (3, "f"), "needs more memory"),
    (
        "recursion",
        DEEP + "    return f()\n",
        "exception",
        "RecursionError",
        "maximum recursion depth exceeded",
        (3, "f"),
        "calls itself",
    ),
    ("file", F + "    open('no.csv')\n", "exception", "FileNotFoundError", "no.csv", (3, "f"), "working directory"),
    (
        "decorator",
        "@data_loader\ndef f(): pass\n",
        "exception",
        "NameError",
        "data_loader",
        (1, "<module>"),
        "takes `@tr",
    ),
    ("own file", "__file__\n", "exception", "NameError", "__file__", (1, "<module>"), "get_repo_path"),
    ("no function", "def f(): pass\n", "signature", None, "no function decorated with @transformer", None, "put @tra"),
    ("empty", "", "signature", None, "no function decorated", None, "the file has no function: write one"),
    (
        "other type",
        "from mage_ai.data_preparation.decorators import data_loader\n@data_loader\ndef f(): pass\n",
        "signature",
        None,
        "is of type `transformer`",
        None,
        "the file uses @data_loader",
    ),
    (
        "cause",
        F + "    try: 1 / 0\n    except ZeroDivisionError as e: raise ValueError('outer') from e\n",
        "exception",
        "ValueError",
        "outer\ncaused by ZeroDivisionError: division by zero",
        (4, "f"),
        None,
    ),
    (
        "context",
        F + "    try: 1 / 0\n    except ZeroDivisionError: raise ValueError('outer')\n",
        "exception",
        "ValueError",
        "outer\nraised while handling ZeroDivisionError: division by zero",
        (4, "f"),
        None,
    ),
    (
        "circle of causes",
        F + "    a, b = ValueError('a'), ValueError('b')\n    a.__cause__, b.__cause__ = b, a\n    raise a\n",
        "exception",
        "ValueError",
        "a\ncaused by ValueError: b",
        (5, "f"),
        None,
    ),
    (
        "str raises",
        "class E(Exception):\n    def __str__(self): raise SystemExit\n" + F + "    raise E\n",
        "exception",
        "E",
        "the text of this E could not be made: SystemExit",
        (5, "f"),
        None,
    ),
    (
        "surrogate",
        F + "    raise ValueError('a\\ud800b')\n",
        "exception",
        "ValueError",
        "a?b",
        (3, "f"),
        None,
    ),
    (
        "long",
        F + "    raise ValueError('x' * 100_000)\n",
        "exception",
        "ValueError",
        "80000 more characters",
        (3, "f"),
        None,
    ),
    (
        "in a library",
        F + "    import json\n    return json.loads('{')\n",
        "exception",
        "json.decoder.JSONDecodeError",
        "raised in json/decoder.py:",
        (4, "f"),
        None,
    ),
    (
        "callback from a library",
        F + "    import re\n    re.sub('a', lambda m: 1 / 0, 'a')\n",
        "exception",
        "ZeroDivisionError",
        "division by zero",
        (4, "<lambda>"),
        None,
    ),
    (
        "disk full in user code",
        F + "    import errno\n    raise OSError(errno.ENOSPC, 'No space left on device')\n",
        "exception",
        "OSError",
        "No space left",
        (4, "f"),
        "free space",
    ),
    ("cancelled", F + "    raise GeneratorExit('g')\n", "exception", "GeneratorExit", "g", (3, "f"), None),
    (
        "class without a module",
        F + "    raise type('X', (Exception,), {})('text')\n",
        "exception",
        "X",
        "text",
        (3, "f"),
        None,
    ),
    (
        "class of no module",
        F + "    raise type('X', (Exception,), {'__module__': None})('text')\n",
        "exception",
        "X",
        "text",
        (3, "f"),
        None,
    ),
    (
        "cause without a module",
        F + "    raise ValueError('outer') from type('X', (Exception,), {})('text')\n",
        "exception",
        "ValueError",
        "outer\ncaused by X: text",
        (3, "f"),
        None,
    ),
]


IMPORTS_OLD_NAME = "from store.utils.dates import today\n@transformer\ndef f(): pass\n"
FRAME = "import pandas as pd\n" + F + "    return pd.DataFrame({'region': [1], 'day': [2]})"
# Code, upstream values, a part of the hint.
HINTS = [
    ("decorator with a typo", "@transfromer\ndef f(): pass\n", [], "did you mean `transformer`?"),
    ("pandas without import", F + "    return pd.DataFrame()\n", [], "`import pandas as pd`"),
    ("module without import", F + "    return json.loads('1')\n", [], "`import json`"),
    ("answers for each", "import numpy as np\n" + F + "    assert np.arange(3) > 0\n", [], "`.all()` or `.any()`"),
    ("key with a typo", "@transformer\ndef f(row): row['regoin']\n", [{"region": 1}], "did you mean 'region'?"),
    ("key", "@transformer\ndef f(row, **kw): row['x']\n", [{"a": 1, "no name": 2}], "no key 'x'; it has 'a'"),
    ("name with a typo", F + "    records = 1\n    return recrods\n", [], "did you mean `records`?"),
    (
        "old name of the project",
        IMPORTS_OLD_NAME,
        [],
        "the project's folder is called `shop`: write `shop.utils.dates`",
    ),
    (
        "module with a typo",
        "from shop.utils.date import today\n",
        [],
        "did you mean `shop.utils.dates` (utils/dates.py)?",
    ),
    ("folder with a typo", "from shop.utls.dates import today\n", [], "`shop.utils.dates` (utils/dates.py)?"),
    ("under Mage's name", "import default_repo.utils.date\n", [], "`default_repo.utils.dates` (utils/dates.py)?"),
    ("without the project", "from utils.date import x\n", [], "did you mean `utils.dates` (utils/dates.py)?"),
    ("folder without the project", "import utls.dates\n", [], "did you mean `utils.dates` of the project (utils/da"),
    (
        "file of the project",
        "import dates\n",
        [],
        "the project has `utils/dates.py`: import it as `shop.utils.dates`, or install `dates`",
    ),
    ("package with a typo", "import pytset\n", [], "did you mean `pytest`? If not, install `pytset` for"),
    ("module of Python with a typo", "import jsom\n", [], "did you mean `json`? If not, install `jsom` for"),
    ("capital letters", "import Json\n", [], "did you mean `json`?"),
    ("package of another name", "import pyjwt\n", [], "the package `PyJWT` is imported as `jwt`: write that"),
    ("part of a package", "import json.decode\n", [], "the installed `json` has no module `decode`: did you mean"),
    ("part that is like none", "import json.zzzz\n", [], "for another version of it"),
    ("module that is no package", "import fractions.one\n", [], "the installed `fractions` has no module `one`"),
    ("package like another", "import httpx2\n", [], "install `httpx2` for"),
    ("cloud of Google", "from google.cloud import big_query\n", [], "install `google-cloud-big-query` for"),
    ("import in a library", "import shop.utils.needy\n", [], "install `numpi` for"),
    ("module that is not there", "import shop.utils.zzz\n", [], "create `utils/zzz.py`"),
    ("name of a module", "from shop.utils.dates import todya\n", [], "did you mean `today`?"),
    ("name of the facade", "from mage_ai.io.file import FileOI\n", [], "did you mean `FileIO`?"),
    ("circle of imports", "from shop.utils.circle import a\n", [], "two files import each other"),
    (
        "file of the project",
        F + "    open('data/orders.csv')\n",
        [],
        "os.path.join(get_repo_path(), 'data/orders.csv')",
    ),
    (
        "variable",
        "@transformer\ndef f(**kwargs): kwargs['regoin']\n",
        [],
        "`--var regoin=...`, or read it as `kwargs.get",
    ),
    ("variable with a typo", "@transformer\ndef f(*a, x=1, **kw): kw['pipelin']\n", [], "did you mean `pipeline`?"),
    ("none in an f-string", F + "    return f'{x:.2f}'\n", [], "a value of the f-string is None"),
    ("column", FRAME + "['amount']\n", [], "no column `amount`; it has `region`, `day`"),
    ("column with a typo", FRAME + "[['day']].day2 if 0 else pd.DataFrame({'region': []})['regin']\n", [], "`region`?"),
    ("part of a column", FRAME + "['regi']\n", [], "did you mean `region`?"),
    (
        "input",
        "@transformer\ndef f(df): return df.columns\n",
        [5],
        "`df` is what the upstream block `up1` returned: `int`",
    ),
    ("nothing above", "@transformer\ndef f(df): return df.columns\n", [None], "upstream block `up1` returned nothing"),
]


@pytest.mark.parametrize("case", HINTS, ids=[case[0] for case in HINTS])
def test_hints(run, project, case):
    _, code, upstream, words = case
    if "pandas" in code:
        pytest.importorskip("pandas")
    if upstream and sys.version_info < (3, 10):
        pytest.skip("Python says from 3.10 on which object lacks an attribute")
    for path, text in {
        "utils/dates.py": "def today(): pass\n",
        "utils/circle.py": "from shop.utils.circle2 import b\na = 1\n",
        "utils/circle2.py": "from shop.utils.circle import a\nb = 1\n",
        "utils/needy.py": "import importlib\nimportlib.import_module('numpi')\n",
        "data/orders.csv": "a\n1\n",
    }.items():
        (project / path).parent.mkdir(exist_ok=True)
        (project / path).write_text(text)
    error = run(code, upstream=upstream, kwargs={"pipeline": "sales"}).error
    assert words in (error["hint"] or ""), error


def test_a_package_is_added_where_it_counts(monkeypatch, tmp_path):
    assert packages.to_add("`polars`").startswith(f"install `polars` for `{sys.executable}`, ")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    (tmp_path / "baton-ready").touch()
    assert packages.to_add("`polars`") == "add `polars` to the project's requirements.txt"


@pytest.mark.parametrize("body", ["kwargs['logger'].info('x')", "logger = kwargs.get('logger'); logger.info('x')"])
def test_what_only_triggered_runs_have(run, body):
    code = f"@transformer\ndef f(**kwargs): {body}\n"
    assert "run with `--env prod`" in run(code, triggered=False).error["hint"]


@pytest.mark.parametrize(
    ("tests", "words", "hint"),
    [
        ("@test\ndef t(o): assert o == 2, 'two, please'\n", "the test failed: `t` (line 4): two, please", "--run 1"),
        ("@test\ndef t(o):\n    n = 3\n    assert n < o\n", "assert n < o  (n = 3, o = 1)", "baton output"),
        ("@test\ndef t(o): assert 0\n@test\ndef u(o): pass\n", "1 of 2 tests failed\n- `t` (line 4)", "baton output"),
        ("@test\ndef t(o): o['x']\n", "raised by the test `t`, not by the block itself", None),
    ],
)
def test_failed_tests_say_what_and_where_to_look(run, tests, words, hint):
    error = run(f"@transformer\ndef f(): return 1\n{tests}").error
    assert words in error["message"]
    assert hint is None or hint in error["hint"]


def test_a_test_of_nothing_says_that_there_is_nothing(run):
    error = run("@transformer\ndef f(): pass\n@test\ndef t(o): assert o is not None\n").error
    assert "the block returned nothing" in error["hint"]


def test_a_function_that_does_not_fit_is_shown(run):
    error = run("import os\n\n@transformer\ndef f(a, b):\n    pass\n", upstream=[1]).error
    assert error["frames"] == [{"file": "transformers/clean.py", "line": 4, "function": "f", "code": "def f(a, b):"}]


def test_causes_name_their_line_and_are_not_repeated(run):
    code = F + "    try: {}['a']\n    except KeyError as e: raise ValueError('outer') from e\n"
    assert run(code).error["message"] == "outer\ncaused by KeyError: 'a' (transformers/clean.py:3)"
    again = F + "    try: {}['a']\n    except KeyError as e: raise KeyError('a') from e\n"
    assert run(again).error["message"] == "'a'"


@pytest.mark.parametrize("case", ERRORS, ids=[case[0] for case in ERRORS])
def test_errors(run, case):
    _, code, kind, exception, words, last, hint = case
    result = run(code)
    error = result.error
    assert error["kind"] == kind
    if exception:
        assert error["exception"] == exception
    assert words in error["message"]
    assert len(error["message"]) < 25_000
    if last:
        frame = error["frames"][-1]
        assert (frame["file"], frame["line"], frame["function"]) == ("transformers/clean.py", *last)
        shown = code.splitlines()[last[0] - 1].strip().replace("\0", "\ufffd")
        assert frame["code"] == (shown or None)
    for frame in error["frames"]:
        assert "worker" not in frame["file"]
    if hint:
        assert hint in error["hint"]
    assert result.messages[-1]["t"] == "failed"
    assert result.exited["code"] == 1


def test_frames_are_those_of_the_project(run, project):
    (project / "utils").mkdir()
    (project / "utils" / "steps.py").write_text(
        "import functools\n"
        "def deep(x):\n"
        "    return functools.reduce(bad, x)\n"
        "def bad(a, b):\n"
        "    raise ValueError('deep')\n"
    )
    code = "from shop.utils.steps import deep\n@transformer\ndef f():\n    return deep([1, 2])\n"
    assert run(code).error["frames"] == [
        {"file": "transformers/clean.py", "line": 4, "function": "f", "code": "return deep([1, 2])"},
        {"file": "utils/steps.py", "line": 3, "function": "deep", "code": "return functools.reduce(bad, x)"},
        {"file": "utils/steps.py", "line": 5, "function": "bad", "code": "raise ValueError('deep')"},
    ]


def pointed_at(frame):
    """The line of a frame, and below it carets under the place that is meant."""
    start, end = frame["caret"]["from"], frame["caret"]["to"]
    return f"{frame['code']}\n{' ' * start}{'^' * (end - start)}"


LONG = "x = [" + "1, " * 200 + "2 3]"
# Text, the line that is wrong, and the line with its carets.
CARETS = [
    ("x = 1\ndef f(:\n    pass\n", 2, "def f(:\n      ^"),
    ("def f():\n    é = 'ü' + 1 2\n", 2, "é = 'ü' + 1 2\n            ^"),
    ("if True:\n    x = 1 +\n", 2, "x = 1 +\n       ^"),
    ("def f():\n    x = 1\n  y = 2\n", 3, "y = 2\n^"),
    ("x = 1\n    y = 2\n", 2, "y = 2\n^"),
    ("\x0c\nx = 1\ny = = 2\n", 3, "y = = 2\n    ^"),
    ("x = 1\ny = 'a\0b\0'\n", 2, "y = 'a\ufffdb\ufffd'\n      ^"),
]
if sys.version_info >= (3, 10):
    CARETS += [
        (LONG + "\n", 1, "…" + LONG[455:] + "\n" + " " * 151 + "^^^"),
        ("x = f(1 if 2)\n", 1, "x = f(1 if 2)\n      ^^^^^^"),
        ("x = (1,\ny = 2\n", 1, "x = (1,\n    ^"),
        ("def f():\nreturn 1\n", 2, "return 1\n^^^^^^"),
        ("x = f'{a b}'\n", 1, "x = f'{a b}'\n       ^^^"),
        ("return 5\n", 1, "return 5\n^^^^^^^^"),
        ("x = ((1 2),\n3)\n", 1, "x = ((1 2),\n      ^^^"),
    ]


@pytest.mark.parametrize(("text", "line", "shown"), CARETS)
def test_carets_stand_where_the_parser_stopped(run, project, text, line, shown):
    own = run(text).error
    (project / "bad.py").write_text(text)
    imported = run("import shop.bad\n").error
    for error, file in ((own, "transformers/clean.py"), (imported, "bad.py")):
        assert error["kind"] == "syntax", error
        frame = error["frames"][-1]
        assert (frame["file"], frame["line"]) == (file, line)
        assert pointed_at(frame) == shown
    assert own["exception"] == imported["exception"]
    assert own["hint"] == imported["hint"]
    assert imported["frames"][0]["file"] == "transformers/clean.py"
    assert "caret" not in imported["frames"][0]


def test_a_syntax_error_of_other_text_points_nowhere(run):
    error = run(F + "    import ast\n    ast.parse('1 +', 'rule')\n").error
    assert error["kind"] == "exception"
    assert "caret" not in error["frames"][-1]


def test_what_cannot_be_described_keeps_its_message(run):
    code = """
    class Meta(type):
        @property
        def __module__(cls):
            raise RuntimeError('no module')
    @transformer
    def f():
        raise Meta('X', (Exception,), {})('text')
    """
    error = run(code).error
    assert error["exception"] == "X"
    assert error["message"] == "text\nthe block failed with X, which could not be described: no module"


def test_the_lines_are_those_that_were_planned(run, job, zygote, project):
    planned = job("@transformer\ndef f():\n    raise ValueError('planned')\n")
    (project / "transformers" / "clean.py").write_text("# changed\n" * 5)
    block = zygote.fork()
    error = block.run(planned).error
    block.close()
    assert error["frames"][-1]["code"] == "raise ValueError('planned')"


def test_deep_recursion_is_shortened(run):
    error = run(DEEP + "    return f()\n").error
    assert [frame["line"] for frame in error["frames"]] == [3, 3, 3]
    assert "more times" in error["frames"][1]["function"]


def test_recursion_through_several_functions_is_shortened(run):
    error = run("def g():\n    return f()\n" + DEEP + "    return g()\n").error
    assert len(error["frames"]) == 41
    assert "frames left out" in error["frames"][20]["function"]


def test_groups_name_their_members(run):
    pytest.importorskip("asyncio.taskgroups")
    error = run(F + "    raise ExceptionGroup('two', [ValueError('a'), KeyError('b')])\n").error
    assert error["exception"] == "ExceptionGroup"
    assert "two (2 sub-exceptions)\n- ValueError: a\n- KeyError: 'b'" in error["message"]
    nested = run(F + "    raise ExceptionGroup('a', [ExceptionGroup('b', [ValueError('c')])])\n").error
    assert nested["message"].endswith("- ExceptionGroup: b (1 sub-exception)\n  - ValueError: c")


def test_a_missing_file(run):
    error = run(None).error
    assert error["kind"] == "missing_file"
    assert error["hint"].startswith("create /")


@pytest.mark.parametrize(("kind", "language"), [("transformer", "r"), ("dbt", "python"), ("chart", "r")])
def test_blocks_that_do_not_run(run, job, kind, language):
    block = job("x = 1")["block"]
    error = run("x = 1", block={**block, "type": kind, "language": language}).error
    assert error["kind"] == "unsupported"


def test_an_input_that_cannot_be_read(run):
    product = {"name": "output_0", "kind": "json", "codec": "clay", "meta": None, "text": "7"}
    error = run("@transformer\ndef f(x): return x\n", inputs=[{"block": "up", "products": [product]}]).error
    assert error["kind"] == "exception"
    assert "`output_0` of the upstream block `up` could not be read" in error["message"]
    assert "run the upstream block again" in error["hint"]


def test_a_value_that_cannot_be_stored(run):
    error = run("@transformer\ndef f(): return open(__import__('os').devnull)\n").error
    assert error["kind"] == "unstorable"
    assert "`output_0`" in error["message"]
    assert error["hint"]


def test_no_room_for_a_product(run):
    code = """
    import resource
    @transformer
    def f():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        return 'x' * 1_000_000
    """
    error = run(code).error
    assert error["kind"] == "storage"
    assert "free space" in error["hint"]


def test_no_room_for_a_frame(run):
    pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    code = """
    import resource
    import pandas as pd
    @transformer
    def f():
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        return pd.DataFrame({'a': range(1_000_000)})
    """
    assert run(code).error["kind"] == "storage"


def test_the_outputs_before_the_bad_one_stay(run):
    result = run("@transformer\ndef f(): return [1, open(__import__('os').devnull)]\n")
    assert result.error["kind"] == "unstorable"
    assert [message["name"] for message in result.all("output")] == ["output_0"]
