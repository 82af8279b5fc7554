//! Every edit on files in every style: exactly the expected lines change.
//!
//! The files of `edit_files` hold the same pipeline as different people and programs write it;
//! `edit_files/expected.diff` holds the lines that each edit removes (`-`) and adds (`+`).

#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::collections::BTreeMap;
use std::fmt::Write;

use baton_model::{BlockKind, Language};
use baton_project::edit::{BlockList, Edit, EditError, NewBlock, apply};
use serde_json::{Value, json};

const FILES: [(&str, &str); 6] = [
    ("mage", include_str!("edit_files/mage.yaml")),
    ("by_hand", include_str!("edit_files/by_hand.yaml")),
    ("flow", include_str!("edit_files/flow.yaml")),
    ("nulls", include_str!("edit_files/nulls.yaml")),
    ("json", include_str!("edit_files/json.yaml")),
    ("wide", include_str!("edit_files/wide.yaml")),
];

fn new_block() -> NewBlock {
    let mut block = NewBlock::new(
        "join".into(),
        "Join: both",
        BlockKind::Transformer,
        Language::Python,
    );
    block.upstream = vec!["load".into(), "clean".into()];
    block
}

fn path(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

fn variable(name: &str, value: Option<Value>) -> Edit {
    Edit::SetVariable {
        name: name.to_owned(),
        value,
    }
}

fn block_key(uuid: &str, keys: &[&str], value: Option<Value>) -> Edit {
    Edit::SetBlockKey {
        uuid: uuid.into(),
        path: path(keys),
        value,
    }
}

fn pipeline_key(keys: &[&str], value: Option<Value>) -> Edit {
    Edit::SetPipelineKey {
        path: path(keys),
        value,
    }
}

fn upstream(uuid: &str, parents: &[&str]) -> Edit {
    Edit::SetUpstream {
        uuid: uuid.into(),
        upstream: parents.iter().map(|parent| (*parent).into()).collect(),
    }
}

fn edits() -> Vec<(&'static str, Edit)> {
    let add = |list, block, after: Option<&str>| Edit::AddBlock {
        list,
        block: Box::new(block),
        after: after.map(Into::into),
    };
    let chart = NewBlock {
        upstream: vec!["export".into()],
        ..NewBlock::new("bars".into(), "bars", BlockKind::Chart, Language::Python)
    };
    vec![
        (
            "add a block at the end",
            add(BlockList::Blocks, new_block(), None),
        ),
        (
            "add a block after load",
            add(BlockList::Blocks, new_block(), Some("load")),
        ),
        ("add the first chart", add(BlockList::Widgets, chart, None)),
        (
            "delete clean",
            Edit::DeleteBlock {
                uuid: "clean".into(),
            },
        ),
        (
            "delete notify",
            Edit::DeleteBlock {
                uuid: "notify".into(),
            },
        ),
        (
            "rename clean",
            Edit::RenameBlock {
                uuid: "clean".into(),
                to: "sub/tidy".into(),
                name: None,
            },
        ),
        (
            "rename load and its name",
            Edit::RenameBlock {
                uuid: "load".into(),
                to: "fetch".into(),
                name: Some("Fetch #1".to_owned()),
            },
        ),
        (
            "rename export",
            Edit::RenameBlock {
                uuid: "export".into(),
                to: "on".into(),
                name: None,
            },
        ),
        (
            "move export to the front",
            Edit::MoveBlock {
                uuid: "export".into(),
                to_index: 0,
            },
        ),
        (
            "move load to the end",
            Edit::MoveBlock {
                uuid: "load".into(),
                to_index: 2,
            },
        ),
        ("rewire export to load", upstream("export", &["load"])),
        ("add load to export", upstream("export", &["clean", "load"])),
        ("unwire clean", upstream("clean", &[])),
        (
            "attach notify to export too",
            upstream("notify", &["clean", "export"]),
        ),
        ("change a variable", variable("region", Some(json!("no")))),
        (
            "add a variable",
            variable("since", Some(json!("2024-01-01"))),
        ),
        (
            "add a nested variable",
            variable("sizes", Some(json!({"s": [1, 2.5], "text": "a\nb"}))),
        ),
        ("remove the variable", variable("region", None)),
        (
            "make load dynamic",
            block_key("load", &["configuration", "dynamic"], Some(json!(true))),
        ),
        (
            "set retries of export",
            block_key("export", &["retry_config", "retries"], Some(json!(5))),
        ),
        (
            "set timeout of clean",
            block_key("clean", &["timeout"], Some(json!(60))),
        ),
        (
            "remove the name of clean",
            block_key("clean", &["name"], None),
        ),
        (
            "remove the id's neighbour",
            block_key("notify", &["type"], None),
        ),
        (
            "limit the block runs",
            pipeline_key(&["concurrency_config", "block_run_limit"], Some(json!(2))),
        ),
        (
            "describe the pipeline",
            pipeline_key(&["description"], Some(json!("Short."))),
        ),
        (
            "set two tags",
            pipeline_key(&["tags"], Some(json!(["nightly", "yes"]))),
        ),
        ("remove the type", pipeline_key(&["type"], None)),
    ]
}

/// The lines that differ: those of `old` not in a longest common subsequence, and those of `new`.
fn diff(old: &str, new: &str) -> String {
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let new: Vec<&str> = new.split_inclusive('\n').collect();
    let mut longest = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in new.iter().enumerate().rev() {
            longest[i][j] = if a == b {
                longest[i + 1][j + 1] + 1
            } else {
                longest[i + 1][j].max(longest[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut out = String::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && longest[i + 1][j] >= longest[i][j + 1]) {
            writeln!(out, "-{}", old[i].trim_end_matches('\n')).unwrap();
            i += 1;
        } else {
            writeln!(out, "+{}", new[j].trim_end_matches('\n')).unwrap();
            j += 1;
        }
    }
    out
}

/// The sections of `expected.diff`: a line `@ <file>: <edit>`, then the lines that differ.
fn expected() -> BTreeMap<String, String> {
    let mut sections = BTreeMap::new();
    for section in include_str!("edit_files/expected.diff").split("@ ").skip(1) {
        let (title, lines) = section.split_once('\n').unwrap();
        sections.insert(title.to_owned(), lines.to_owned());
    }
    sections
}

#[test]
fn every_edit_changes_only_its_own_lines() {
    let mut expected = expected();
    let mut wrong = String::new();
    for (file, text) in FILES {
        for (name, edit) in edits() {
            let title = format!("{file}: {name}");
            let result = apply(text, &edit).unwrap_or_else(|error| panic!("{title}: {error}"));
            let diff = diff(text, &result);
            if expected.remove(&title).as_deref() != Some(diff.as_str()) {
                write!(wrong, "@ {title}\n{diff}").unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "not as expected:\n{wrong}");
    assert!(
        expected.is_empty(),
        "nothing makes these: {:?}",
        expected.keys()
    );
}

#[test]
fn line_endings_stay_as_they_are() {
    let windows = |text: &str| text.replace('\n', "\r\n");
    for (file, text) in FILES {
        for (name, edit) in edits() {
            let title = format!("{file}: {name}");
            let result = apply(text, &edit).unwrap();
            assert_eq!(
                apply(&windows(text), &edit).unwrap(),
                windows(&result),
                "{title}"
            );
            let cut = text.trim_end_matches('\n');
            let result = result.trim_end_matches('\n');
            assert_eq!(
                apply(cut, &edit).unwrap().trim_end_matches('\n'),
                result,
                "{title}"
            );
        }
    }
}

#[test]
fn setting_what_is_set_changes_nothing() {
    for (file, text) in FILES {
        for (name, edit) in edits() {
            if matches!(
                edit,
                Edit::SetVariable { .. }
                    | Edit::SetBlockKey { .. }
                    | Edit::SetPipelineKey { .. }
                    | Edit::SetUpstream { .. }
            ) {
                let once = apply(text, &edit).unwrap();
                assert_eq!(apply(&once, &edit).unwrap(), once, "{file}: {name}");
            }
        }
    }
}

#[test]
fn a_removed_variable_leaves_the_file_as_it_was() {
    for (file, text) in FILES {
        if file == "nulls" {
            // `variables:` becomes `variables: {}`.
            continue;
        }
        let added = apply(text, &variable("since", Some(json!(["a", {"b": null}])))).unwrap();
        assert_ne!(added, text);
        assert_eq!(
            apply(&added, &variable("since", None)).unwrap(),
            text,
            "{file}"
        );
    }
}

#[track_caller]
fn check(text: &str, edit: &Edit, expected: &str) {
    assert_eq!(apply(text, edit).unwrap(), expected);
}

#[track_caller]
fn refuse(text: &str, edit: &Edit, expected: &str) {
    let error = apply(text, edit).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[test]
fn comments_and_empty_lines_stay_with_their_owner() {
    check(
        "variables:   # none yet\nname: x\n",
        &variable("a", Some(json!(1))),
        "variables:   # none yet\n  a: 1\nname: x\n",
    );
    check(
        "variables: null  # none yet\nname: x\n",
        &variable("a", Some(json!(1))),
        "variables:  # none yet\n  a: 1\nname: x\n",
    );
    check(
        "variables: {}   # none yet\n",
        &variable("a", Some(json!({}))),
        "variables:   # none yet\n  a: {}\n",
    );
    check(
        "variables:\n  # of a\n  a: 1\n    # deeper, of a\n  # of b\n  b: 2 # two\n# of the file\nname: x\n",
        &variable("a", None),
        "variables:\n  # of b\n  b: 2 # two\n# of the file\nname: x\n",
    );
    check(
        "variables: # all\n  a: 1\n  # last word\nname: x\n",
        &variable("a", None),
        "variables: {} # all\n  # last word\nname: x\n",
    );
    check(
        "# The file.\n\nname: x\ntype: python\n",
        &pipeline_key(&["name"], None),
        "# The file.\n\ntype: python\n",
    );
    check(
        "# The file.\nname: x\ntype: python\n",
        &Edit::SetPipelineKey {
            path: path(&["kind"]),
            value: Some(json!("a b")),
        },
        "# The file.\nkind: a b\nname: x\ntype: python\n",
    );
    check(
        "variables:\n  a: [1, 2]  # two\n  b:\n  - x  # ex\n  - y\n",
        &variable("b", Some(json!(["x", "z", "w"]))),
        "variables:\n  a: [1, 2]  # two\n  b:\n  - x  # ex\n  - z\n  - w\n",
    );
}

#[test]
fn brackets_are_edited_in_place() {
    check(
        "tags: [\n  a,   # first\n  b\n]\n",
        &pipeline_key(&["tags"], Some(json!(["a", "b", "c: d"]))),
        "tags: [\n  a,   # first\n  b,\n  'c: d'\n]\n",
    );
    check(
        "tags: [\n  a,   # first\n  b,  # second\n]\n",
        &pipeline_key(&["tags"], Some(json!(["a"]))),
        "tags: [\n  a,   # first\n]\n",
    );
    check(
        "tags: [a, b]\n",
        &pipeline_key(&["tags"], Some(json!(["b"]))),
        "tags: [b]\n",
    );
    check(
        "tags: [a, b,]\n",
        &pipeline_key(&["tags"], Some(json!([]))),
        "tags: []\n",
    );
    check(
        "v: {a: , b}\n",
        &pipeline_key(&["v", "a"], Some(json!(1))),
        "v: {a: 1 , b}\n",
    );
    check(
        "v: {a: , b}\n",
        &pipeline_key(&["v", "b"], Some(json!("x, y"))),
        "v: {a: , b: 'x, y'}\n",
    );
    check(
        "v: {\"a\":1}\n",
        &pipeline_key(&["v", "a"], Some(json!("one\ntwo"))),
        "v: {\"a\":\"one\\ntwo\"}\n",
    );
    // PyYAML reads brackets that close at the margin, and so do we.
    check(
        "tags: [\na,\nb\n]\nname: x\n",
        &pipeline_key(&["name"], Some(json!("z"))),
        "tags: [\na,\nb\n]\nname: z\n",
    );
}

#[test]
fn text_of_several_lines_becomes_a_literal_where_that_is_safe() {
    check(
        "variables:\n  q: short\n  z: 1\n",
        &variable("q", Some(json!("select 1\n\nfrom t\n"))),
        "variables:\n  q: |\n    select 1\n\n    from t\n  z: 1\n",
    );
    check(
        "variables:\n  q: |\n    old\n    text\n\n  z: 1\n",
        &variable("q", Some(json!("new\ntext"))),
        "variables:\n  q: |-\n    new\n    text\n\n  z: 1\n",
    );
    check(
        "variables:\n  q: >\n    old\n  # about z\n  z: 1\n",
        &variable("q", Some(json!("one line"))),
        "variables:\n  q: one line\n  # about z\n  z: 1\n",
    );
    // The comment would become text of the literal.
    check(
        "variables:\n  q:\n    # deep\n  z: 1\n",
        &variable("q", Some(json!("a\nb"))),
        "variables:\n  q: \"a\\nb\"\n    # deep\n  z: 1\n",
    );
    check(
        "variables:\n  q: \"a b\"\n",
        &variable("q", Some(json!(" a\nb"))),
        "variables:\n  q: \" a\\nb\"\n",
    );
    check(
        "a: 1",
        &variable("q", Some(json!("x\ny\n"))),
        "a: 1\nvariables:\n  q: |\n    x\n    y\n",
    );
}

#[test]
fn quotes_are_kept_and_added_where_they_are_needed() {
    check(
        "name: \"x\"\n",
        &pipeline_key(&["name"], Some(json!("y"))),
        "name: \"y\"\n",
    );
    check(
        "name: 'x'\n",
        &pipeline_key(&["name"], Some(json!("it's"))),
        "name: 'it''s'\n",
    );
    check(
        "name: x\n",
        &pipeline_key(&["name"], Some(json!("1:30"))),
        "name: '1:30'\n",
    );
    check(
        "name: x\n",
        &pipeline_key(&["name"], Some(json!("off"))),
        "name: 'off'\n",
    );
    check(
        "name: x\n",
        &pipeline_key(&["name"], Some(json!(false))),
        "name: false\n",
    );
    check(
        "name: yes\n",
        &pipeline_key(&["name"], Some(json!(true))),
        "name: yes\n",
    );
    check(
        "name: 1_0\n",
        &pipeline_key(&["name"], Some(json!(10))),
        "name: 1_0\n",
    );
    check(
        "name: 10\n",
        &pipeline_key(&["name"], Some(json!("10"))),
        "name: '10'\n",
    );
    check(
        "name: x\n",
        &pipeline_key(&["name"], Some(json!(1e21))),
        "name: 1.0e+21\n",
    );
    check(
        "name: x\n",
        &pipeline_key(&["on"], Some(json!(""))),
        "name: x\n'on': ''\n",
    );
}

#[test]
fn files_without_content_get_some() {
    let edit = variable("a", Some(json!(["x"])));
    check("", &edit, "variables:\n  a:\n  - x\n");
    check("# soon", &edit, "# soon\nvariables:\n  a:\n  - x");
    check("---\n", &edit, "---\nvariables:\n  a:\n  - x\n");
    check(
        "name: x\n...\n",
        &edit,
        "name: x\nvariables:\n  a:\n  - x\n...\n",
    );
    check(
        "\u{feff}name: é\n",
        &edit,
        "\u{feff}name: é\nvariables:\n  a:\n  - x\n",
    );
    check("", &variable("a", None), "");
}

#[test]
fn a_list_keeps_the_rest_of_its_order_and_comments() {
    let text = "blocks:\n- uuid: c\n  upstream_blocks:\n  - a  # first\n  - gone\n  # second\n  - b\n- uuid: a\n- uuid: b\n";
    check(
        text,
        &upstream("c", &["b", "a", "gone"]),
        "blocks:\n- uuid: c\n  upstream_blocks:\n  # second\n  - b\n  - a  # first\n  - gone\n- uuid: a\n  downstream_blocks:\n  - c\n- uuid: b\n  downstream_blocks:\n  - c\n",
    );
    check(
        text,
        &Edit::DeleteBlock { uuid: "c".into() },
        "blocks:\n- uuid: a\n- uuid: b\n",
    );
    check(
        text,
        &Edit::DeleteBlock { uuid: "a".into() },
        "blocks:\n- uuid: c\n  upstream_blocks:\n  - gone\n  # second\n  - b\n- uuid: b\n",
    );
}

#[test]
fn extensions_and_replicas_follow_a_renamed_block() {
    check(
        "blocks:\n- {uuid: a, name: a, type: data_loader, language: sql}\n- {uuid: r, replicated_block: a, configuration: {file_source: {path: data_loaders/a.sql}}}\nextensions:\n  great_expectations:\n    blocks:\n    - uuid: e\n      upstream_blocks: [a]\n",
        &Edit::RenameBlock {
            uuid: "a".into(),
            to: "b/c".into(),
            name: None,
        },
        "blocks:\n- {uuid: b/c, name: b/c, type: data_loader, language: sql}\n- {uuid: r, replicated_block: b/c, configuration: {file_source: {path: data_loaders/b/c.sql}}}\nextensions:\n  great_expectations:\n    blocks:\n    - uuid: e\n      upstream_blocks: [b/c]\n",
    );
}

#[test]
fn triggers_are_found_by_name() {
    let edit = Edit::SetTriggerKey {
        name: "nightly".to_owned(),
        path: path(&["status"]),
        value: Some(json!("active")),
    };
    check(
        "triggers:\n- name: nightly\n  schedule_type: time   # UTC\n  status: inactive\n",
        &edit,
        "triggers:\n- name: nightly\n  schedule_type: time   # UTC\n  status: active\n",
    );
    refuse("triggers: []\n", &edit, "find trigger `nightly`");
}

#[test]
fn what_is_shared_or_unusual_is_refused() {
    let edit = variable("a", Some(json!(2)));
    refuse(
        "variables: &v {a: 1}\nother: *v\n",
        &edit,
        "edit line 1: its value is shared through the YAML anchor or merge key `v`",
    );
    refuse(
        "other: &v {a: 1}\nvariables: *v\n",
        &edit,
        "edit line 2: its value is shared through the YAML anchor or merge key `v`",
    );
    refuse(
        "other: &v {b: 1}\nvariables:\n  <<: *v\n",
        &edit,
        "edit line 3: its value is shared through the YAML anchor or merge key `<<`",
    );
    refuse(
        "blocks:\n- uuid: a\n  configuration: &c {x: 1}\n- uuid: b\n  configuration: *c\n",
        &Edit::DeleteBlock { uuid: "a".into() },
        "edit line 3: its value is shared through the YAML anchor or merge key `c`",
    );
    // What is not touched may be shared, and a reference may be replaced.
    check(
        "x: &v 1\ny: *v\nvariables: {a: *v}\n",
        &edit,
        "x: &v 1\ny: *v\nvariables: {a: 2}\n",
    );
    refuse(
        "variables: {a: !!str 1}\n",
        &edit,
        "edit a value with a tag or an anchor at line 1",
    );
    refuse(
        "a: 1\n---\nb: 1\n",
        &edit,
        "edit a file of several YAML documents at line 2",
    );
    refuse(
        "a: 1\na: 2\n",
        &edit,
        "edit a file that has a key twice at line 2",
    );
    refuse(
        "? a\n: b\n",
        &edit,
        "edit a key or item that is not written in the usual way at line 1",
    );
    refuse(
        "variables: [1]\n",
        &edit,
        "edit `variables`: it is not a map of keys and values",
    );
    refuse(
        "- 1\n",
        &edit,
        "edit `the file`: it is not a map of keys and values",
    );
    assert!(matches!(
        apply("a: b: c\n", &edit),
        Err(EditError::Syntax {
            line: 1,
            column: 5,
            ..
        })
    ));
}

#[test]
fn of_a_key_given_twice_the_last_counts() {
    check(
        "variables: {a: 1, a: 3}\n",
        &variable("a", Some(json!(2))),
        "variables: {a: 1, a: 2}\n",
    );
    check(
        "blocks:\n- uuid: a\n  uuid: b\n- uuid: a\n",
        &block_key("a", &["timeout"], Some(json!(1))),
        "blocks:\n- uuid: a\n  uuid: b\n- uuid: a\n  timeout: 1\n",
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    let text = "blocks:\n- uuid: a\n- uuid: b\n  upstream_blocks: x\n";
    refuse(
        text,
        &upstream("a", &["c"]),
        "find block `c` in the pipeline",
    );
    refuse(text, &upstream("c", &[]), "find block `c` in the pipeline");
    refuse(
        text,
        &upstream("b", &["a"]),
        "edit `upstream_blocks`: it is not a list of block ids",
    );
    refuse(
        text,
        &Edit::RenameBlock {
            uuid: "a".into(),
            to: "b".into(),
            name: None,
        },
        "use the id `b`: another block of the pipeline has it",
    );
    refuse(
        text,
        &Edit::MoveBlock {
            uuid: "a".into(),
            to_index: 2,
        },
        "move block `a` to position 2: its list has 2",
    );
    refuse(
        text,
        &block_key("a", &["uuid"], Some(json!("c"))),
        "set `uuid`: blocks and their ids have edits of their own",
    );
    refuse(
        text,
        &pipeline_key(&["blocks"], None),
        "set `blocks`: blocks and their ids have edits of their own",
    );
    refuse(
        text,
        &pipeline_key(&[], None),
        "set ``: a path needs at least one key",
    );
}
