//! What is found in a Python file without running it, however odd it is.

use proptest::prelude::*;

use super::*;

#[test]
fn imports_are_found_everywhere() {
    let text = "import os, numpy.linalg as la\nfrom google.cloud import bigquery\ntry:\n    import polars\nexcept ImportError:\n    pass\ndef f():\n    from pandas import DataFrame\n    importlib.import_module('sklearn.svm')\n    __import__('yaml')\nfrom . import a\nfrom ..b import c\n";
    let facts = facts(text);
    assert_eq!(
        facts.imports,
        [
            "google.cloud",
            "numpy.linalg",
            "os",
            "pandas",
            "polars",
            "sklearn.svm",
            "yaml"
        ]
    );
    assert!(facts.members.contains("google.cloud.bigquery"));
    assert!(facts.relative.contains(&(1, "a".to_owned())));
    assert!(facts.relative.contains(&(2, "b.c".to_owned())));
}

#[test]
fn decorated_functions_are_found() {
    let text = "from x import data_loader as dl\n@outer\n@dl\ndef load(a, b=1, *args, **kwargs):\n    pass\n\nif True:\n    @test\n    async def check(out, /, *, k): ...\n\n@streaming_source\nclass S: ...\n@callback('success')\ndef done(): ...\ntransformer(lambda x: x)\n";
    let facts = facts(text);
    assert_eq!(
        facts.decorators,
        [
            "callback",
            "data_loader",
            "outer",
            "streaming_source",
            "test",
            "transformer"
        ]
    );
    let load = &facts.functions[0];
    assert_eq!(
        (load.name.as_str(), load.mark.line, load.is_top_level),
        ("load", 4, true)
    );
    assert_eq!(load.decorators, ["outer", "data_loader"]);
    assert_eq!(
        (load.required, load.positional, load.has_var_args),
        (1, 2, true)
    );
    let check = &facts.functions[1];
    assert_eq!(
        (check.is_top_level, check.required, check.has_var_args),
        (false, 1, false)
    );
}

#[test]
fn syntax_errors_have_a_place() {
    for (text, line, column) in [
        ("x = 1\nif x\n    y\n", 2, 5),
        ("def f(:\n  pass\n", 1, 7),
        ("x = 'abc\n", 1, 5),
        ("a = 5 ≥ 3\n", 1, 7),
        ("print 'x'\n", 1, 7),
        ("é = (1\n", 2, 1),
    ] {
        let error = facts(text).syntax_error.unwrap();
        assert_eq!(
            (error.mark.line, error.mark.column),
            (line, column),
            "{text:?}: {}",
            error.message
        );
    }
    for good in [
        "",
        "\u{feff}x = 1\n",
        "x = 1\r\nif x:\r\n\ty = 2\r\n",
        "match x:\n  case 1: ...\n",
        "f'{x!r:>{w}}'\n",
    ] {
        assert_eq!(facts(good).syntax_error, None, "{good:?}");
    }
}

#[test]
fn profiles_are_found() {
    let text = "config_path = path.join(get_repo_path(), 'io_config.yaml')\nconfig_profile = 'prod'\na = ConfigFileLoader(config_path, config_profile)\nb = ConfigFileLoader(config_path)\nc = ConfigFileLoader(config_path, profile='x')\nd = ConfigFileLoader(config_path, pick())\ne = ConfigFileLoader(config={'a': 1})\n";
    let found: Vec<_> = facts(text)
        .profiles
        .into_iter()
        .map(|p| (p.profile, p.mark.line))
        .collect();
    let text = |t: &str| Some(t.to_owned());
    assert_eq!(
        found,
        [
            (text("prod"), 3),
            (text("default"), 4),
            (text("x"), 5),
            (None, 6)
        ]
    );
    let other = facts("ConfigFileLoader('other.yaml', 'x')\nn = 'a'\nn = 'b'\n");
    assert_eq!(other.profiles, []);
}

#[test]
fn data_files_are_found() {
    let text = "pd.read_csv('a.csv')\nopen('b.txt')\nopen('c.txt', 'w')\nFileIO().load('d.parquet')\nS3().load('e.parquet')\npd.read_csv(path)\npl.read_parquet(source='f.parquet')\ndf.to_csv('g.csv')\nopen(f'{x}.csv')\n";
    let facts = facts(text);
    let read: Vec<_> = facts
        .files_read
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    assert_eq!(read, ["a.csv", "b.txt", "d.parquet", "f.parquet"]);
    assert!(facts.mentions.contains("g.csv") && !facts.mentions.contains("a.csv"));
}

#[test]
fn deep_trees_do_not_exhaust_the_stack() {
    for deep in [
        format!("{}1{}", "(".repeat(25_000), ")".repeat(25_000)),
        "(".repeat(25_000),
        "x = 1".to_owned() + &"+1".repeat(50_000),
        "x = ".to_owned() + &"-".repeat(100_000) + "1",
        "x".to_owned() + &".a".repeat(50_000),
        "x".to_owned() + &"()".repeat(50_000),
        "x = ".to_owned() + &"not ".repeat(25_000) + "1",
        "x = ".to_owned() + &"lambda:".repeat(20_000) + "1",
        "x = ".to_owned() + &"1 if 1 else ".repeat(10_000) + "1",
        (0..300)
            .map(|depth| " ".repeat(depth) + "if x:\n")
            .collect(),
    ] {
        assert!(deep.len() < MAX_BYTES);
        drop(facts(&deep));
    }
    assert!(facts(&" ".repeat(MAX_BYTES + 1)).is_unknown);
}

proptest! {
    #[test]
    fn any_text_gives_facts(text in "\\PC*") {
        drop(facts(&text));
    }

    #[test]
    fn any_python_like_text_gives_facts(
        text in "(def |class |@|import |from |\\(|\\)|\\[|\\]|:|\\n|    |\\t|'|\"|f\"|\\{|\\}|x|1|,|=|\\*|é|\\\\){0,50}"
    ) {
        drop(facts(&text));
    }
}
