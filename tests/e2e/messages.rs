//! What a person reads when a block fails, as plain text on one screen: the sentences that matter, and what to do.

use crate::project::{Finished, TestProject};

/// Most lines of a whole run's output, and the most characters that are not the user's own message.
const SCREEN: usize = 40;

/// A mistake: its name, upstream blocks, further YAML, the block's text, and what has to be read.
struct Mistake {
    name: &'static str,
    upstream: &'static [&'static str],
    extra: &'static str,
    code: &'static str,
    parts: &'static [&'static str],
}

const fn mistake(
    name: &'static str,
    code: &'static str,
    parts: &'static [&'static str],
) -> Mistake {
    Mistake {
        name,
        upstream: &[],
        extra: "",
        code,
        parts,
    }
}

const fn below(
    upstream: &'static [&'static str],
    name: &'static str,
    code: &'static str,
    parts: &'static [&'static str],
) -> Mistake {
    Mistake {
        name,
        upstream,
        extra: "",
        code,
        parts,
    }
}

const fn with(
    extra: &'static str,
    name: &'static str,
    code: &'static str,
    parts: &'static [&'static str],
) -> Mistake {
    Mistake {
        name,
        upstream: &[],
        extra,
        code,
        parts,
    }
}

/// Line 1 of every block's file imports its decorators, line 2 is empty: the text begins on line 3.
const MISTAKES: &[Mistake] = &[
    // The function and its decorator.
    mistake(
        "no_decorator",
        "def step(*args):\n    return 1\n",
        &[
            "block `no_decorator` is of type `custom`, and its file has no function decorated with @custom",
            "custom/no_decorator.py:3 in step",
            "hint: put @custom on the line above the function that is the block",
        ],
    ),
    mistake(
        "other_decorator",
        "@transformer\ndef step(*args):\n    return 1\n",
        &[
            "NameError: name 'transformer' is not defined",
            "custom/other_decorator.py:3",
            "hint: a block of type `custom` takes `@custom`: write that, or change the type of the block",
        ],
    ),
    mistake(
        "other_decorator_imported",
        "from mage_ai.data_preparation.decorators import transformer\n\n@transformer\ndef step(*args):\n    return 1\n",
        &[
            "its file has no function decorated with @custom",
            "custom/other_decorator_imported.py:6 in step",
            "hint: the file uses @transformer: write @custom there, or change the type of the block",
        ],
    ),
    mistake(
        "decorator_with_a_typo",
        "@custum\ndef step(*args):\n    return 1\n",
        &[
            "NameError: name 'custum' is not defined",
            "hint: did you mean `custom`?",
        ],
    ),
    below(
        &["one"],
        "too_few",
        "@custom\ndef step(a, b, c):\n    return 1\n",
        &[
            "function `step` of block `too_few` needs 3 positional inputs but the block has 1 upstream block (one)",
            "custom/too_few.py:4 in step",
            "hint: connect another upstream block for `b`, `c`, or remove the parameter or give it a default; variables of the run arrive only through `**kwargs`",
        ],
    ),
    below(
        &["one", "two"],
        "too_many",
        "@custom\ndef step():\n    return 1\n",
        &[
            "function `step` of block `too_many` takes no positional input but the block has 2 upstream blocks (one, two)",
            "hint: each upstream block gives one positional input: add a parameter for each, or `*args`",
        ],
    ),
    mistake(
        "keyword",
        "@custom\ndef step(*args, region):\n    return 1\n",
        &[
            "needs the keyword argument `region`, and the run has no variable of that name",
            "hint: add a variable `region` to the pipeline, pass `--var region=...`, or give the parameter a default",
        ],
    ),
    // Tests.
    mistake(
        "one_test_of_three",
        "@custom\ndef step(*args):\n    return {'rows': 3}\n\n@test\ndef a(o, *args):\n    assert o['rows'] > 0\n\n@test\ndef b(o, *args):\n    assert o['rows'] > 5, f\"only {o['rows']} rows came\"\n\n@test\ndef c(o, *args):\n    assert o\n",
        &[
            "2/3 tests passed.",
            "1 of 3 tests failed",
            "- `b` (line 13): only 3 rows came",
            "hint: what the block returned is stored, look at it: baton output demo p one_test_of_three --run ",
        ],
    ),
    mistake(
        "test_without_words",
        "@custom\ndef step(*args):\n    return 1\n\n@test\ndef a(o, *args):\n    assert o == 2\n",
        &["the test failed: `a` (line 9): assert o == 2  (o = 1)"],
    ),
    mistake(
        "test_of_nothing",
        "@custom\ndef step(*args):\n    pass\n\n@test\ndef a(o, *args):\n    assert o is not None, 'no output'\n",
        &[
            "`a` (line 9): no output",
            "hint: the block returned nothing: end it with `return`",
        ],
    ),
    mistake(
        "test_signature",
        "@custom\ndef step(*args):\n    return [1, 2]\n\n@test\ndef a(o):\n    assert o\n",
        &[
            "test `a` of block `test_signature` takes 1 output but the block returned 2",
            "custom/test_signature.py:8 in a",
            "hint: a test gets each output of its block as a positional argument: add parameters or `*args`",
        ],
    ),
    mistake(
        "test_raises",
        "@custom\ndef step(*args):\n    return 1\n\n@test\ndef a(o, *args):\n    assert o['rows']\n",
        &[
            "TypeError: 'int' object is not subscriptable",
            "raised by the test `a`, not by the block itself",
            "custom/test_raises.py:9 in a",
        ],
    ),
    // Imports and files.
    mistake(
        "package",
        "from demo.tools.needs import x\n\n@custom\ndef step(*args):\n    return 1\n",
        &[
            "ModuleNotFoundError: No module named 'cv2_not_there'",
            "custom/package.py:3 in <module>",
            "tools/needs.py:1 in <module>",
            "hint: add `cv2_not_there` to the project's requirements.txt",
        ],
    ),
    mistake(
        "part_of_mage",
        "from mage_ai.io.bigquery import BigQuery\n\n@custom\ndef step(*args):\n    return 1\n",
        &[
            "`mage_ai.io.bigquery` is not offered by Baton (yet): use the package `google-cloud-bigquery`",
        ],
    ),
    mistake(
        "typo_in_mage",
        "from mage_ai.io.file import FileOI\n\n@custom\ndef step(*args):\n    return 1\n",
        &[
            "`mage_ai.io.file.FileOI` is not offered",
            "hint: did you mean `FileIO`?",
        ],
    ),
    mistake(
        "own_module",
        "from demo.tools.pars import parse\n\n@custom\ndef step(*args):\n    return 1\n",
        &[
            "No module named 'demo.tools.pars'",
            "did you mean `demo.tools.parse` (tools/parse.py)?",
        ],
    ),
    mistake(
        "old_name_of_the_project",
        "from store.tools.parse import parse\n\n@custom\ndef step(*args):\n    return 1\n",
        &[
            "hint: the project's folder is called `demo`: write `demo.tools.parse`, or call the folder `store` again",
        ],
    ),
    mistake(
        "file_of_the_project",
        "@custom\ndef step(*args):\n    return open('tools/parse.py').read()\n",
        &[
            "FileNotFoundError",
            "`os.path.join(get_repo_path(), 'tools/parse.py')` finds it from everywhere",
        ],
    ),
    mistake(
        "file",
        "@custom\ndef step(*args):\n    return open('orders.csv').read()\n",
        &[
            "No such file or directory: 'orders.csv'",
            "hint: a relative path starts at the working directory, /",
        ],
    ),
    // Exceptions.
    mistake(
        "in_pandas",
        "import pandas as pd\n\n@custom\ndef step(*args):\n    frame = pd.DataFrame({'region': [1], 'day': [2]})\n    return frame['amount']\n",
        &[
            "KeyError: 'amount'",
            "raised in pandas/core/",
            "custom/in_pandas.py:8 in step",
            "return frame['amount']",
            "hint: the frame has no column `amount`; it has `region`, `day`",
        ],
    ),
    mistake(
        "in_a_module",
        "from demo.tools.parse import parse\n\n@custom\ndef step(*args):\n    return parse('x')\n",
        &[
            "ValueError: invalid literal for int() with base 10: 'x'",
            "custom/in_a_module.py:7 in step",
            "tools/parse.py:2 in parse",
        ],
    ),
    mistake(
        "syntax",
        "@custom\ndef step(*args)\n    return 1\n",
        &["SyntaxError: ", "custom/syntax.py:4", "def step(*args)"],
    ),
    mistake(
        "syntax_of_a_module",
        "from demo.tools.broken import f\n\n@custom\ndef step(*args):\n    return 1\n",
        &[
            "SyntaxError: ",
            "custom/syntax_of_a_module.py:3",
            "tools/broken.py:1",
        ],
    ),
    mistake(
        "f_string",
        "@custom\ndef step(*args):\n    return f'{1 +}'\n",
        &["SyntaxError: ", "custom/f_string.py:5"],
    ),
    mistake(
        "f_string_of_none",
        "@custom\ndef step(*args):\n    total = None\n    return f'{total:.2f}'\n",
        &[
            "custom/f_string_of_none.py:6",
            "hint: a value of the f-string is None",
        ],
    ),
    mistake(
        "variable",
        "@custom\ndef step(*args, **kwargs):\n    return kwargs['region']\n",
        &[
            "KeyError: 'region'",
            "hint: the run has no variable `region`: add it to `variables` of the pipeline, pass `--var region=...`, or read it as `kwargs.get('region')`",
        ],
    ),
    mistake(
        "logger",
        "@custom\ndef step(*args, **kwargs):\n    kwargs['logger'].info('x')\n",
        &[
            "KeyError: 'logger'",
            "hint: only triggered runs have `logger`: run with `--env prod`",
        ],
    ),
    mistake(
        "secret",
        "from mage_ai.data_preparation.shared.secrets import get_secret_value\n\n@custom\ndef step(*args):\n    return get_secret_value('token').upper()\n",
        &[
            "there is no secret `token`: set it with `baton secret PROJECT set token`",
            "custom/secret.py:7",
        ],
    ),
    mistake(
        "recursion",
        "@custom\ndef step(*args):\n    def again(n):\n        return again(n + 1)\n    return again(0)\n",
        &[
            "RecursionError",
            "… the same line ",
            "hint: a function calls itself without an end",
        ],
    ),
    mistake(
        "long",
        "@custom\ndef step(*args):\n    raise ValueError('x' * 100_000)\n",
        &[
            "ValueError: xxx",
            "more characters)",
            "custom/long.py:5 in step",
        ],
    ),
    mistake(
        "many_lines",
        "@custom\ndef step(*args):\n    raise ValueError('\\n'.join(f'row {n} is bad' for n in range(1000)))\n",
        &[
            "row 0 is bad",
            "row 5 is bad",
            "more lines, in full with --json",
            "custom/many_lines.py:5 in step",
        ],
    ),
    mistake(
        "cause",
        "class Oops(Exception):\n    pass\n\n@custom\ndef step(*args):\n    try:\n        {}['a']\n    except KeyError as error:\n        raise Oops('the settings lack a') from error\n",
        &[
            "Oops: the settings lack a",
            "caused by KeyError: 'a' (custom/cause.py:9)",
            "custom/cause.py:11 in step",
        ],
    ),
    mistake(
        "end_of_the_process",
        "import sys\n\n@custom\ndef step(*args):\n    sys.exit(1)\n",
        &[
            "the block called sys.exit(1)",
            "hint: a block ends by returning",
        ],
    ),
    // Values.
    mistake(
        "unstorable",
        "@custom\ndef step(*args):\n    return {'a': [1, lambda x: x]}\n",
        &[
            "`output_0` cannot be stored: output_0[\"a\"][1] is a lambda and cannot be stored",
            "hint: return what it computes, or define it in a module of the project and import it",
        ],
    ),
    with(
        "configuration: {dynamic: true}",
        "dynamic",
        "@custom\ndef step(*args):\n    return [{'a': 1}, {'b': 2}, {'c': 3}]\n",
        &[
            "the dynamic block `dynamic` returned 3 values",
            "`return [items]` or `return [items, metadata]`",
        ],
    ),
    // Retries.
    with(
        "retry_config: {retries: 1, delay: 0}",
        "retried",
        "@custom\ndef step(*args):\n    raise ConnectionError('refused')\n",
        &["✗ retried after 2 attempts", "ConnectionError: refused"],
    ),
];

fn project_of(mistake: &Mistake) -> TestProject {
    let mut project = TestProject::new();
    for name in mistake.upstream {
        let code = format!("@custom\ndef {name}(*args):\n    return 1\n");
        project.block("p", name, "custom", &[], "", &code);
    }
    let Mistake {
        name,
        upstream,
        extra,
        code,
        ..
    } = mistake;
    project.block("p", name, "custom", upstream, extra, code);
    project
        .file("tools/__init__.py", "")
        .file("tools/parse.py", "def parse(text):\n    return int(text)\n")
        .file("tools/needs.py", "import cv2_not_there\n")
        .file("tools/broken.py", "def f(:\n    pass\n");
    project
}

fn assert_readable(name: &str, done: &Finished, parts: &[&str]) {
    let text = &done.stdout;
    for part in parts {
        assert!(
            text.contains(part),
            "{name}: {part:?} is missing in\n{text}"
        );
    }
    let count = text.lines().count();
    assert!(
        count <= SCREEN,
        "{name}: {count} lines are no screen\n{text}"
    );
    let longest = text.lines().map(|line| line.chars().count()).max();
    assert!(
        longest < Some(700),
        "{name}: {longest:?} characters\n{text}"
    );
    for inner in ["baton/worker", "Traceback"] {
        assert!(!text.contains(inner), "{name}: {inner} is shown\n{text}");
    }
}

#[test]
fn every_mistake_ends_in_one_screen_that_says_what_to_do() {
    for mistake in MISTAKES {
        let project = project_of(mistake);
        let done = project.baton(&["run", "PROJECT", "p"]);
        assert_eq!(done.code, Some(1), "{}: {}", mistake.name, done.stdout);
        assert_readable(mistake.name, &done, mistake.parts);
        assert!(done.stderr.contains("--resume"), "{}", done.stderr);
    }
}

#[test]
fn exception_groups_name_their_members() {
    let project = project_of(&mistake(
        "group",
        "import sys\n\n@custom\ndef step(*args):\n    if sys.version_info < (3, 11):\n        raise ValueError('loads failed - ValueError: a')\n    raise ExceptionGroup('loads failed', [ValueError('a'), ExceptionGroup('inner', [KeyError('b')])])\n",
        &[],
    ));
    let done = project.baton(&["run", "PROJECT", "p"]);
    assert_readable("group", &done, &["loads failed", "- ValueError: a"]);
    if done.stdout.contains("ExceptionGroup") {
        assert_readable("group", &done, &["    - KeyError: 'b'"]);
    }
}

#[test]
fn what_works_but_is_odd_is_said() {
    let project = project_of(&mistake(
        "two",
        "@custom\ndef first(*args):\n    return 1\n\n@custom\ndef second(*args):\n    return 2\n",
        &[],
    ));
    let done = project.baton(&["run", "PROJECT", "p"]);
    assert_eq!(done.code, Some(0), "{}", done.stdout);
    let words =
        "two │ The file has 2 functions with @custom (first, second): only the first one runs.";
    assert!(done.stdout.contains(words), "{}", done.stdout);
}

#[test]
fn a_missing_file_and_a_sensor_that_waits_too_long() {
    let mut project = TestProject::new();
    project.block("gone", "gone", "custom", &[], "", "");
    project.block(
        "waits",
        "waits",
        "sensor",
        &[],
        "timeout: 1",
        "@sensor\ndef waits(*args, **kwargs):\n    return False\n",
    );
    std::fs::remove_file(project.root().join("custom/gone.py")).unwrap();
    let gone = project.baton(&["run", "PROJECT", "gone"]);
    assert_readable(
        "gone",
        &gone,
        &[
            "the block's file `custom/gone.py` is missing",
            "hint: restore the file and start a new run, or remove the block from the pipeline",
        ],
    );
    let waits = project.baton(&["run", "PROJECT", "waits"]);
    assert_readable(
        "waits",
        &waits,
        &[
            "Sensor waits is not satisfied; the next try is in 60 seconds.",
            "the sensor was not satisfied within its timeout of 1 s",
            "hint: look at what it waits for, or raise `timeout` of the block in the pipeline's metadata.yaml",
        ],
    );
}

#[test]
fn conditionals_and_callbacks_that_raise_name_their_line() {
    let mut project = TestProject::new();
    project.block(
        "p",
        "step",
        "custom",
        &[],
        "",
        "@custom\ndef step(*args):\n    return 1\n",
    );
    project.block(
        "q",
        "other",
        "custom",
        &[],
        "",
        "@custom\ndef other(*args):\n    return 1\n",
    );
    for (pipeline, list, name, block) in [
        ("p", "conditional", "asks", "step"),
        ("q", "callback", "tells", "other"),
    ] {
        let path = format!("pipelines/{pipeline}/metadata.yaml");
        let text = std::fs::read_to_string(project.root().join(&path)).unwrap();
        let entry = format!(
            "{list}s:\n- {{uuid: {name}, name: {name}, type: {list}, language: python, upstream_blocks: [{block}]}}\n"
        );
        project.file(&path, format!("{text}{entry}"));
    }
    project
        .file(
            "conditionals/asks.py",
            "@condition\ndef asks(*args, **kwargs):\n    return kwargs['day'] == 1\n",
        )
        .file(
            "callbacks/tells.py",
            "@callback('success')\ndef tells(*args, **kwargs):\n    return kwargs['day'] == 1\n",
        );
    let asks = project.baton(&["run", "PROJECT", "p"]);
    assert_eq!(asks.code, Some(0), "{}", asks.stdout);
    assert_readable(
        "asks",
        &asks,
        &[
            "condition_failed",
            "the conditional `asks` raised KeyError: 'day' (conditionals/asks.py:3)",
        ],
    );
    let tells = project.baton(&["run", "PROJECT", "q"]);
    assert_eq!(tells.code, Some(0), "{}", tells.stdout);
    assert_readable(
        "tells",
        &tells,
        &[
            "! other: a callback failed",
            "callbacks/tells.py:3 in tells",
            "hint: the run has no variable `day`",
        ],
    );
}

#[test]
fn log_records_keep_their_lines_and_cannot_rewrite_the_terminal() {
    let project = project_of(&mistake(
        "talks",
        "@custom\ndef step(*args, **kwargs):\n    kwargs['logger'].warning('first\\nsecond')\n    print('\\x1b[31mred\\x1b[0m')\n    print('10 %\\r100 %')\n    return 1\n",
        &[],
    ));
    let done = project.baton(&["run", "PROJECT", "p", "--env", "prod"]);
    assert_readable(
        "talks",
        &done,
        &[
            "talks │ WARNING first\n    talks │ second\n",
            "talks │ red\n",
            "talks │ 100 %\n",
        ],
    );
    let logs = project.baton(&["logs", "PROJECT", "1", "talks"]);
    assert!(
        logs.stdout.contains("first\n    second\n"),
        "{}",
        logs.stdout
    );
    for text in [&done.stdout, &logs.stdout] {
        assert!(!text.contains(['\u{fffd}', '\u{1b}', '\r']), "{text:?}");
    }
}

#[test]
fn many_child_runs_are_one_line_and_the_first_failures() {
    let mut project = TestProject::new();
    project
        .block("p", "items", "custom", &[], "configuration: {dynamic: true}", "@custom\ndef items(*args):\n    return [list(range(60))]\n")
        .block("p", "each", "custom", &["items"], "", "@custom\ndef each(item, *args):\n    print('item', item)\n    if item % 4 == 3:\n        raise ValueError(f'item {item} is bad')\n    return item\n");
    let done = project.baton(&["run", "PROJECT", "p"]);
    assert_eq!(done.code, Some(1), "{}", done.stdout);
    let lines: Vec<&str> = done.stdout.lines().collect();
    let count = |part: &str| lines.iter().filter(|line| line.contains(part)).count();
    let counted = lines.iter().find(|line| line.starts_with("  ✗ each "));
    let counted = counted.unwrap_or_else(|| panic!("no counted line\n{}", done.stdout));
    assert!(counted.contains(" of 60 completed, "), "{counted}");
    assert!(counted.contains(" failed"), "{counted}");
    assert_eq!(count("│ item "), 20, "{}", done.stdout);
    assert_eq!(count("further lines of its child runs: baton logs"), 1);
    assert!(count("  ✗ each:") <= 10, "{}", done.stdout);
    assert_eq!(count("      raise ValueError"), 3, "{}", done.stdout);
    assert!(done.stdout.contains("more runs of each"), "{}", done.stdout);
    // Everything is in the log and in what programs read.
    let (_, run) = project.run("p", &[]);
    assert_eq!(run["blocks"].as_array().unwrap().len(), 62);
    let logs = project.baton(&["logs", "PROJECT", "1", "each"]);
    assert!(logs.stdout.lines().count() > 30, "{}", logs.stdout);
}

#[test]
fn how_to_go_on_after_a_change_is_said_and_works() {
    let mut project = TestProject::new();
    let broken = "@custom\ndef second(value, *args):\n    return valeu\n";
    project
        .block(
            "p",
            "first",
            "custom",
            &[],
            "",
            "@custom\ndef first(*args):\n    return 20\n",
        )
        .block("p", "second", "custom", &["first"], "", broken)
        .block(
            "p",
            "third",
            "custom",
            &["second"],
            "",
            "@custom\ndef third(value, *args):\n    return value * 2\n",
        );
    let failed = project.baton(&["run", "demo", "p"]);
    assert_eq!(failed.code, Some(1), "{}", failed.stdout);
    let line = failed
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("after a change of the code: baton "));
    let line = line
        .unwrap_or_else(|| panic!("{}", failed.stderr))
        .to_owned();
    let path = project.root().join("custom/second.py");
    let text = std::fs::read_to_string(&path)
        .unwrap()
        .replace("valeu", "value");
    std::fs::write(&path, text).unwrap();
    let arguments: Vec<&str> = line.split(' ').collect();
    let done = project.baton(&arguments);
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    assert_eq!(project.output("p", "third", &[]), serde_json::json!(40));
}
