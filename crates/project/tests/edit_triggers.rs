//! Edits of `triggers.yaml`: exactly the expected text, in files as Mage and as people write them; and the property
//! `parse(edit(text)) = edit(parse(text))` for random triggers in random styles.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may panic, its helpers too"
)]

use baton_model::Map;
use baton_project::edit::{Edit, apply};
use baton_project::yaml;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

/// As Mage writes it: every key, in the order of the alphabet.
const MAGE: &str = "triggers:\n- description: null\n  envs: []\n  last_enabled_at: 2024-05-06 07:08:09\n  name: nightly\n  pipeline_uuid: demo\n  schedule_interval: '@daily'\n  schedule_type: time\n  settings:\n    skip_if_previous_running: true\n  sla: null\n  start_time: 2024-01-01 00:00:00\n  status: active\n  token: abc\n  variables:\n    region: eu\n    since: 2024-01-01\n";

/// As somebody writes it: comments, brackets, odd columns.
const HAND: &str = "# when it runs\ntriggers:\n    # every night, after the backup\n    -   name: nightly   # do not rename\n        schedule_type: time\n        schedule_interval: \"0 2 * * *\"\n        start_time: 2024-01-01T00:00:00   # UTC\n        status: inactive\n        owner: finance   # ours\n\n    -   {name: hook, schedule_type: api, schedule_interval: null, start_time: null}\n\n# the end\n";

fn map(value: Value) -> Map {
    match value {
        Value::Object(map) => map,
        other => panic!("no map: {other}"),
    }
}

fn put(name: &str, keys: Value) -> Edit {
    Edit::PutTrigger {
        name: name.to_owned(),
        keys: map(keys),
    }
}

fn set(name: &str, path: &[&str], value: Option<Value>) -> Edit {
    Edit::SetTriggerKey {
        name: name.to_owned(),
        path: path.iter().map(|key| (*key).to_owned()).collect(),
        value,
    }
}

fn rename(name: &str, to: &str) -> Edit {
    Edit::RenameTrigger {
        name: name.to_owned(),
        to: to.to_owned(),
    }
}

fn remove(name: &str) -> Edit {
    Edit::RemoveTrigger {
        name: name.to_owned(),
    }
}

/// The edit gives `expected`, with other line endings too, and nothing more when it is made again.
#[track_caller]
fn check(text: &str, edit: &Edit, expected: &str) {
    let result = apply(text, edit).unwrap();
    assert_eq!(result, expected);
    let windows = |text: &str| text.replace('\n', "\r\n");
    if !text.is_empty() {
        assert_eq!(apply(&windows(text), edit).unwrap(), windows(expected));
    }
    if matches!(edit, Edit::PutTrigger { .. } | Edit::SetTriggerKey { .. }) {
        assert_eq!(apply(expected, edit).unwrap(), expected);
    }
}

#[track_caller]
fn refuse(text: &str, edit: &Edit, expected: &str) {
    assert_eq!(apply(text, edit).unwrap_err().to_string(), expected);
}

#[test]
fn a_key_changes_its_own_line() {
    let line = |text: &str, old: &str, new: &str| {
        assert!(text.contains(old));
        text.replacen(old, new, 1)
    };
    for (edit, old, new) in [
        (
            set("nightly", &["status"], Some(json!("inactive"))),
            "  status: active\n",
            "  status: inactive\n",
        ),
        (
            set(
                "nightly",
                &["last_enabled_at"],
                Some(json!("2025-02-03T04:05:06")),
            ),
            "2024-05-06 07:08:09",
            "2025-02-03 04:05:06",
        ),
        (
            set(
                "nightly",
                &["last_enabled_at"],
                Some(json!("2025-02-03 04:05:06.123456+00:00")),
            ),
            "2024-05-06 07:08:09",
            "2025-02-03 04:05:06.123456+00:00",
        ),
        (
            set(
                "nightly",
                &["schedule_interval"],
                Some(json!("*/5 * * * *")),
            ),
            "'@daily'",
            "'*/5 * * * *'",
        ),
        (
            set("nightly", &["settings", "timeout"], Some(json!(60))),
            "    skip_if_previous_running: true\n",
            "    skip_if_previous_running: true\n    timeout: 60\n",
        ),
        (set("nightly", &["token"], None), "  token: abc\n", ""),
        (
            put(
                "nightly",
                json!({"sla": 60, "start_time": "2024-01-01T00:00:00",
                    "variables": {"region": "eu", "since": {"$date": "2024-01-01"}}}),
            ),
            "  sla: null\n",
            "  sla: 60\n",
        ),
        (
            put(
                "nightly",
                json!({"name": "nightly", "variables": {"region": "eu", "since": {"$date": "2025-01-01"}}}),
            ),
            "since: 2024-01-01",
            "since: 2025-01-01",
        ),
        (
            rename("nightly", "every night"),
            "name: nightly",
            "name: every night",
        ),
    ] {
        check(MAGE, &edit, &line(MAGE, old, new));
    }
    for (edit, old, new) in [
        (
            set(
                "nightly",
                &["start_time"],
                Some(json!("2025-01-01 06:00:00")),
            ),
            "2024-01-01T00:00:00   # UTC",
            "2025-01-01 06:00:00   # UTC",
        ),
        (
            set(
                "nightly",
                &["start_time"],
                Some(json!("2024-01-01 00:00:00")),
            ),
            "2024-01-01T00:00:00",
            "2024-01-01T00:00:00",
        ),
        (
            set("nightly", &["schedule_interval"], Some(json!("0 3 * * *"))),
            "\"0 2 * * *\"",
            "\"0 3 * * *\"",
        ),
        (
            set(
                "nightly",
                &["settings", "timezone"],
                Some(json!("Europe/Berlin")),
            ),
            "        owner: finance   # ours\n",
            "        owner: finance   # ours\n        settings:\n          timezone: Europe/Berlin\n",
        ),
        (
            set("hook", &["status"], Some(json!("active"))),
            "start_time: null}",
            "start_time: null, status: active}",
        ),
        (
            put("hook", json!({"token": "x1", "schedule_type": "event"})),
            "{name: hook, schedule_type: api, schedule_interval: null, start_time: null}",
            "{name: hook, schedule_type: event, schedule_interval: null, start_time: null, token: x1}",
        ),
        (
            rename("nightly", "new: name"),
            "name: nightly   #",
            "name: 'new: name'   #",
        ),
        (rename("hook", "9"), "name: hook", "name: '9'"),
    ] {
        check(HAND, &edit, &line(HAND, old, new));
    }
}

#[test]
fn triggers_come_and_go_with_their_lines() {
    let api = put(
        "hook",
        json!({"schedule_type": "api", "token": "t1", "status": "active",
        "start_time": "2024-01-01T00:00:00", "settings": {}, "sla": null}),
    );
    let entry = "- name: hook\n  schedule_interval: null\n  schedule_type: api\n  settings: {}\n  sla: null\n  start_time: 2024-01-01 00:00:00\n  status: active\n  token: t1\n";
    check("", &api, &format!("triggers:\n{entry}"));
    check("triggers: []\n", &api, &format!("triggers:\n{entry}"));
    check("triggers:\n", &api, &format!("triggers:\n{entry}"));
    check("triggers: {}\n", &api, &format!("triggers:\n{entry}"));
    check(
        "# none yet\n",
        &api,
        &format!("# none yet\ntriggers:\n{entry}"),
    );
    check(MAGE, &api, &format!("{MAGE}{entry}"));
    check(&format!("{MAGE}{entry}"), &remove("hook"), MAGE);
    check(
        &format!("triggers:\n{entry}"),
        &remove("hook"),
        "triggers: []\n",
    );
    // In the manner of the last one: its column, its brackets, the order of its keys.
    check(
        HAND,
        &put("third", json!({"status": "active", "schedule_interval": "@hourly", "schedule_type": "time"})),
        &HAND.replace(
            "start_time: null}\n",
            "start_time: null}\n\n    -   {name: third, schedule_type: time, schedule_interval: \"@hourly\", start_time: null, status: active}\n",
        ),
    );
    let (before, after) = HAND.split_once("    # every night").unwrap();
    let (_, rest) = after.split_once("# ours\n\n").unwrap();
    check(HAND, &remove("nightly"), &format!("{before}{rest}"));
    // Without a line break at its end the file stays without one.
    let cut = MAGE.trim_end();
    assert_eq!(
        apply(cut, &api).unwrap(),
        format!("{MAGE}{}", entry.trim_end())
    );
    assert_eq!(
        apply(&format!("{MAGE}{}", entry.trim_end()), &remove("hook")).unwrap(),
        cut
    );
}

#[test]
fn of_a_name_given_twice_the_last_counts() {
    let text = "triggers:\n- name: a\n  status: active\n- name: b\n- name: a\n  status: active\n";
    check(
        text,
        &set("a", &["status"], Some(json!("inactive"))),
        "triggers:\n- name: a\n  status: active\n- name: b\n- name: a\n  status: inactive\n",
    );
    check(text, &remove("a"), "triggers:\n- name: b\n");
    assert_eq!(
        apply(text, &rename("a", "c")).unwrap(),
        text.replace("name: a", "name: c")
    );
    let number = "triggers:\n- name: 7\n  status: active\n";
    check(number, &remove("7"), "triggers: []\n");
}

#[test]
fn variables_keep_their_kinds() {
    let text = "triggers:\n- name: a\n  variables: {}\n";
    let edit = put(
        "a",
        json!({"variables": {"day": {"$date": "2024-01-02"}, "at": {"$datetime": "2024-01-02T03:04:05"},
            "most": {"$float": "-inf"}, "none": {"$float": "nan"}, "big": {"$int": "99999999999999999999"},
            "plain": {"$date": "soon"}, "list": [{"$date": "2024-01-02"}, "2024-01-02"]}}),
    );
    check(
        text,
        &edit,
        "triggers:\n- name: a\n  variables:\n    day: 2024-01-02\n    at: 2024-01-02 03:04:05\n    most: -.inf\n    none: .nan\n    big: 99999999999999999999\n    plain:\n      $date: soon\n    list:\n    - 2024-01-02\n    - '2024-01-02'\n",
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    refuse(MAGE, &remove("x"), "find trigger `x`");
    refuse(MAGE, &rename("x", "y"), "find trigger `x`");
    refuse("", &set("x", &["status"], None), "find trigger `x`");
    refuse(
        HAND,
        &rename("nightly", "hook"),
        "use the name `hook`: another trigger of the pipeline has it",
    );
    refuse(
        HAND,
        &rename("nightly", " "),
        "set `name`: a trigger needs a name",
    );
    refuse(
        HAND,
        &put("", json!({})),
        "set `name`: a trigger needs a name",
    );
    let own = "set `name`: the names of triggers have an edit of their own";
    refuse(HAND, &set("hook", &["name"], Some(json!("x"))), own);
    refuse(HAND, &put("hook", json!({"name": "x"})), own);
    refuse(
        "triggers: soon\n",
        &put("a", json!({})),
        "edit `triggers`: it is not a list of triggers",
    );
    refuse(
        "- name: a\n",
        &put("a", json!({})),
        "edit `the file`: it is not a map of keys and values",
    );
    refuse(
        "base: &b {name: a, schedule_type: api}\ntriggers:\n- <<: *b\n  name: c\n",
        &set("c", &["status"], Some(json!("active"))),
        "edit line 3: its value is shared through the YAML anchor or merge key `<<`",
    );
    let tabs = apply("triggers:\n-\tname: a\n\tstatus: active\n", &remove("a")).unwrap_err();
    assert!(
        tabs.to_string().starts_with("read the YAML at line "),
        "{tabs}"
    );
}

// ---- random triggers ----

const NAMES: [&str; 5] = ["nightly", "yes", "a: b", "2024", "hook"];
const KEYS: [&str; 8] = [
    "schedule_type",
    "schedule_interval",
    "start_time",
    "status",
    "sla",
    "settings",
    "variables",
    "owner",
];

fn read(text: &str) -> Value {
    match yaml::parse(text) {
        Ok(document) => document.root.to_json(),
        Err(error) => panic!("{error}\n{text}"),
    }
}

/// A value that the key can have; moments as the reader of projects gives them.
fn value_of(key: &str, index: Index) -> Value {
    let pick = |values: &[Value]| index.get(values).clone();
    match key {
        "schedule_type" => pick(&[json!("time"), json!("api"), json!(null)]),
        "schedule_interval" => pick(&[
            json!("@daily"),
            json!("*/5 * * * *"),
            json!("0 2 * * *"),
            json!(null),
        ]),
        "start_time" => pick(&[
            json!("2024-01-01T00:00:00"),
            json!("2024-05-06T07:08:09"),
            json!(null),
        ]),
        "status" => pick(&[json!("active"), json!("inactive")]),
        "sla" => pick(&[json!(null), json!(60), json!(3600)]),
        "settings" => pick(&[
            json!(null),
            json!({}),
            json!({"timeout": 5, "timezone": "Europe/Berlin"}),
            json!({"accepts": {"region": {"type": "string", "options": ["eu", "no"]}}, "pools": ["a: b"]}),
        ]),
        "variables" => pick(&[
            json!({}),
            json!({"region": "eu", "text": "two\nlines"}),
            json!({"list": [1, "1", [], {}], "nothing": null}),
        ]),
        _ => pick(&[json!("ours"), json!(["a"]), json!("# no"), json!(2.5)]),
    }
}

fn triggers() -> impl Strategy<Value = Vec<Map>> {
    let keys = prop::collection::vec((select(KEYS.to_vec()), any::<Index>()), 0..6);
    prop::collection::vec(keys, 0..4).prop_map(|entries| {
        let named = entries.into_iter().zip(NAMES);
        named
            .map(|(keys, name)| {
                let mut map = Map::new();
                for (at, (key, index)) in keys.iter().enumerate() {
                    if at == 1 {
                        map.insert("name".to_owned(), json!(name));
                    }
                    map.insert((*key).to_owned(), value_of(key, *index));
                }
                map.entry("name").or_insert(json!(name));
                map
            })
            .collect()
    })
}

fn inline(key: &str, value: &Value) -> String {
    match value {
        Value::String(moment) if key == "start_time" => moment.replace('T', " "),
        Value::String(text) => json!(text).to_string(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| inline("", item)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) => {
            let entries = map.iter();
            let entries: Vec<String> = entries
                .map(|(key, value)| format!("{key}: {}", inline(key, value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        scalar => scalar.to_string(),
    }
}

/// The triggers as text. `bits`: dashes are indented, entries are in brackets, comments, empty lines, Windows, no
/// line break at the end, maps below their keys.
fn write(triggers: &[Map], bits: [bool; 7]) -> String {
    let [indented, brackets, comments, blank, windows, cut, below] = bits;
    let pad = if indented { "    " } else { "" };
    let behind = if comments { "   # behind" } else { "" };
    let mut lines = vec![format!("triggers:{behind}")];
    if triggers.is_empty() {
        lines = vec![format!("triggers: []{behind}")];
    }
    for trigger in triggers {
        if comments {
            lines.push(format!("{pad}# above"));
        }
        if brackets {
            lines.push(format!(
                "{pad}- {}{behind}",
                inline("", &Value::Object(trigger.clone()))
            ));
            continue;
        }
        for (at, (key, value)) in trigger.iter().enumerate() {
            let lead = if at == 0 { "- " } else { "  " };
            match value {
                Value::Object(map) if below && !map.is_empty() => {
                    lines.push(format!("{pad}{lead}{key}:"));
                    for (key, value) in map {
                        lines.push(format!("{pad}    {key}: {}{behind}", inline(key, value)));
                    }
                }
                value => lines.push(format!("{pad}{lead}{key}: {}{behind}", inline(key, value))),
            }
        }
        if blank {
            lines.push(String::new());
        }
    }
    let newline = if windows { "\r\n" } else { "\n" };
    let text = lines.join(newline);
    if cut { text } else { text + newline }
}

/// The edit, made on the value.
fn expect(root: &mut Value, edit: &Edit) {
    let triggers = root["triggers"].as_array_mut().unwrap();
    let at = |triggers: &[Value], name: &str| triggers.iter().rposition(|one| one["name"] == name);
    match edit {
        Edit::PutTrigger { name, keys } => {
            let index = at(triggers, name).unwrap_or_else(|| {
                triggers.push(json!({"name": name, "schedule_type": null, "schedule_interval": null, "start_time": null}));
                triggers.len() - 1
            });
            for (key, value) in keys {
                triggers[index][key] = value.clone();
            }
        }
        Edit::SetTriggerKey { name, path, value } => {
            let index = at(triggers, name).unwrap();
            let map = triggers[index].as_object_mut().unwrap();
            match value {
                Some(value) => drop(map.insert(path[0].clone(), value.clone())),
                None => drop(map.shift_remove(&path[0])),
            }
        }
        Edit::RenameTrigger { name, to } => {
            let index = at(triggers, name).unwrap();
            triggers[index]["name"] = json!(to);
        }
        Edit::RemoveTrigger { name } => triggers.retain(|one| one["name"] != json!(name)),
        _ => panic!("no edit of triggers"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_edited_text_means_the_edited_value(
        triggers in triggers(),
        bits in any::<[bool; 7]>(),
        kind in 0_usize..5,
        which in any::<Index>(),
        keys in prop::collection::vec((select(KEYS.to_vec()), any::<Index>()), 1..4),
    ) {
        let text = write(&triggers, bits);
        let names: Vec<String> = triggers.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect();
        let name = if names.is_empty() { "none".to_owned() } else { which.get(&names).clone() };
        let values: Map = keys.iter().map(|(key, index)| ((*key).to_owned(), value_of(key, *index))).collect();
        let edit = match kind {
            _ if names.is_empty() => put("new one", Value::Object(values)),
            0 => put("new one", Value::Object(values)),
            1 => put(&name, Value::Object(values)),
            2 => set(&name, &[keys[0].0], values.get(keys[0].0).filter(|value| !value.is_boolean()).cloned()),
            3 => rename(&name, "other"),
            _ => remove(&name),
        };
        let edit = match edit {
            // Every third time a key goes.
            Edit::SetTriggerKey { name, path, .. } if which.index(3) == 0 => Edit::SetTriggerKey { name, path, value: None },
            edit => edit,
        };
        let mut wanted = read(&text);
        expect(&mut wanted, &edit);
        let result = apply(&text, &edit)
            .map_err(|error| TestCaseError::fail(format!("{error}\n{edit:?}\n{text}")))?;
        prop_assert_eq!(read(&result), wanted, "{:?}\n{}\n{}", edit, text, result);
        // The triggers that it is not about keep their lines.
        let kept: Vec<Map> = triggers.iter().filter(|one| one["name"] != json!(name)).cloned().collect();
        let mut rest = result.lines();
        for line in write(&kept, bits).lines().skip(1).filter(|line| !line.is_empty()) {
            prop_assert!(rest.any(|other| other == line), "lost `{}`\n{:?}\n{}----\n{}", line, edit, text, result);
        }
        if text.contains('\n') {
            let newlines = result.matches('\n').count();
            let windows = if text.contains('\r') { newlines } else { 0 };
            prop_assert_eq!(result.matches("\r\n").count(), windows);
        }
    }
}
