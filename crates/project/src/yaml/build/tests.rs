//! What YAML means to PyYAML, and what is said of a text that it cannot read.

use proptest::prelude::*;
use serde_json::json;

use super::*;

#[track_caller]
fn check(text: &str, expected: &Value) {
    let document = parse(text).unwrap();
    // Compared as text: the order of keys is part of what is promised.
    assert_eq!(
        document.root.to_json().to_string(),
        expected.to_string(),
        "{text:?}"
    );
}

#[test]
fn texts_mean_what_pyyaml_makes_of_them() {
    for (text, expected) in [
        ("", json!(null)),
        ("# nothing\n", json!(null)),
        ("\u{feff}a: 1\n", json!({"a": 1})),
        (
            "a: 1\r\nb:\r\n- x\r\n- 'y'\r\n",
            json!({"a": 1, "b": ["x", "y"]}),
        ),
        ("a:\nb: []\n", json!({"a": null, "b": []})),
        (
            "a: 'yes'\nb: \"010\"\nc: |\n  x\n  y\n",
            json!({"a": "yes", "b": "010", "c": "x\ny\n"}),
        ),
        ("a: 'x\n\n  y'\n", json!({"a": "x\ny"})),
        (
            "1: a\nyes: b\n~: c\n",
            json!({"1": "a", "True": "b", "null": "c"}),
        ),
        (
            "b: &x {p: 1, q: 2}\na: {<<: *x, q: 3}\n",
            json!({"b": {"p": 1, "q": 2}, "a": {"p": 1, "q": 3}}),
        ),
        (
            "x: &x {p: 1, q: 1}\ny: &y {q: 2, r: 2}\nz:\n  s: 0\n  <<: [*x, *y]\n",
            json!({"x": {"p": 1, "q": 1}, "y": {"q": 2, "r": 2}, "z": {"q": 1, "r": 2, "p": 1, "s": 0}}),
        ),
        ("'<<': 1\n", json!({"<<": 1})),
        ("a: &n 5\nb: *n\n", json!({"a": 5, "b": 5})),
        (
            "a: !!str 5\nb: !!int '5'\nc: !!float 5\nd: ! 5\n",
            json!({"a": "5", "b": 5, "c": 5.0, "d": "5"}),
        ),
        ("a: 1\nb: 2\na: 3\n", json!({"a": 3, "b": 2})),
        (
            "a: 99999999999999999999\n",
            json!({"a": "99999999999999999999"}),
        ),
        ("---\na: 1\n...\n", json!({"a": 1})),
        ("a: |\n  x\n  y", json!({"a": "x\ny"})),
        (
            "a: [\n]\nb:\n  c: {\n  x: 1,\ny: '2\n3', # }\n}\nd: \"x\ny\"\n",
            json!({"a": [], "b": {"c": {"x": 1, "y": "2 3"}}, "d": "x y"}),
        ),
        (
            "- uuid: sales/eu/load\n  upstream_blocks: null\n",
            json!([{"uuid": "sales/eu/load", "upstream_blocks": null}]),
        ),
    ] {
        check(text, &expected);
    }
}

#[test]
fn errors_and_notes_name_the_place() {
    for (text, line, column, words) in [
        ("a: [1, 2\nb: 3\n", 2, 2, "':'"),
        ("a:\t1\n", 1, 4, "':'"),
        ("a: 1\n\tb: 2\n", 2, 1, ""),
        ("a: 1\n b: 2\n", 2, 3, ""),
        ("a: *nothing\n", 1, 4, "unknown anchor"),
        ("a: 1\n---\nb: 2\n", 2, 1, "second document"),
        ("a: 2024-02-30\n", 1, 4, "no such day"),
        ("x:\n  a: !thing 3\n", 2, 6, "tag"),
        ("? [a]\n: 1\n", 1, 3, "key"),
        ("a: &x [*x]\n", 1, 8, "own anchor"),
        ("a: 1\nb: x\u{0}y\n", 2, 5, "U+0000"),
        ("a: [\n1\n]\nb: *x\n", 4, 4, "unknown anchor"),
        ("a: [\n1, *x\n]\n", 2, 4, "unknown anchor"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.message.contains(words), "{text:?}: {error}");
        assert_eq!(
            (error.mark.line, error.mark.column),
            (line, column),
            "{text:?}: {error}"
        );
    }
    let notes = parse("a: 1\nb: {c: 1, c: 2}\n").unwrap().notes;
    assert_eq!(
        notes,
        [Note {
            mark: Mark {
                line: 2,
                column: 11
            },
            kind: NoteKind::DuplicateKey("c".to_owned())
        }]
    );
}

#[test]
fn a_tab_in_the_indentation_gets_a_hint() {
    assert!(
        parse("a:\n\tb: 1\n")
            .unwrap_err()
            .hint
            .unwrap()
            .contains("tabs")
    );
}

#[test]
fn bombs_are_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        text.extend([format!("a{level}: &a{level} [{aliases}]\n")]);
    }
    assert!(parse(&text).unwrap_err().message.contains("too many"));
    let deep = "- ".repeat(5000) + "x\n";
    assert!(parse(&deep).unwrap_err().message.contains("too deeply"));
    let flow = "[".repeat(5000);
    parse(&flow).unwrap_err();
    // Every line is too little indented; each must not cost a pass over the text.
    let lines = "x\n".repeat(50_000);
    parse(&format!("a:\n  b: '{lines}'\n")).unwrap();
    parse(&format!("a:\n  b: [{}]\n", lines.replace('x', "x,"))).unwrap();
}

#[test]
fn nodes_know_their_places() {
    let document = parse("a: {\nx: 1\n}\nb: 2\n").unwrap();
    let inner = document.root.get("a").unwrap().entry("x").unwrap();
    assert_eq!(inner.mark, Mark { line: 2, column: 1 });
    assert_eq!(inner.value.mark, Mark { line: 2, column: 4 });
    let document = parse("blocks:\n- uuid: a\n  upstream_blocks:\n  - b\n").unwrap();
    let block = &document.root.get("blocks").unwrap().items()[0];
    assert_eq!(block.mark, Mark { line: 2, column: 3 });
    let upstream = &block.get("upstream_blocks").unwrap().items()[0];
    assert_eq!(upstream.mark, Mark { line: 4, column: 5 });
}

proptest! {
    #[test]
    fn any_text_gives_an_answer(text in "\\PC*") {
        drop(parse(&text));
    }

    #[test]
    fn any_yaml_like_text_gives_an_answer(
        text in "([ \\t\\r\\n]|[-:?,\\[\\]{}#&*!|>'\"%@`<]|[a-c0-9.~]|: |- |\\n  |<<: |&a |\\*a |!!int |---\\n){0,60}"
    ) {
        drop(parse(&text));
    }

    #[test]
    fn json_reads_as_itself(items in prop::collection::vec((any::<i64>(), "[ -~]{0,12}"), 0..20)) {
        let value: Value = items.iter().map(|(number, text)| json!({"n": number, "t": text})).collect();
        prop_assert_eq!(parse(&value.to_string()).unwrap().root.to_json(), value);
    }
}
