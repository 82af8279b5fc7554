//! Properties of edits: `parse(edit(text)) = edit(parse(text))` for random pipelines in random styles, where the
//! parser is the reader of the project and the edit of the value is written here a second time; lines that an
//! edit does not concern stay; no text makes an edit panic or lie.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may panic, its helpers too"
)]

use baton_model::{BlockKind, BlockUuid, Language};
use baton_project::edit::{BlockList, Edit, NewBlock, apply};
use baton_project::yaml;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};

/// Ids that need quotes, or folders, or neither; no two pipelines have more blocks than this.
const IDS: [&str; 7] = ["load", "sub/clean", "yes", "2024", "a: b", "x-1", "_end"];
const UPSTREAM: &str = "upstream_blocks";
const DOWNSTREAM: &str = "downstream_blocks";

fn read(text: &str) -> Value {
    match yaml::parse(text) {
        Ok(document) => document.root.to_json(),
        Err(error) => panic!("{error}\n{text}"),
    }
}

// ---- random pipelines ----

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        (-1000_i64..1000).prop_map(Value::from),
        select(vec![json!(2.5), json!(1e20), json!(-0.001)]),
        select(vec![
            "eu",
            "",
            "yes",
            "1:30",
            "2024-01-01",
            "~",
            "1e3",
            "a: b",
            "x #y",
            "- z",
            "it's",
            "\"q\"",
            "{{ x }}",
            "*a",
            "two\nlines",
            "end\n",
            "\n",
            " lead",
            "a\n\nb\n",
            "tab\t",
            "é 😀",
            "nbsp\u{a0}",
            "#",
            "a,b",
            "[x]",
        ])
        .prop_map(Value::from),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-c]{1,2}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// What one block has beside its id.
fn block_body() -> impl Strategy<Value = Map<String, Value>> {
    let keys = [
        "color",
        "configuration",
        "name",
        "retry_config",
        "timeout",
        "type",
    ];
    prop::collection::vec((select(keys.to_vec()), value()), 0..4).prop_map(|pairs| {
        let mut body = Map::new();
        for (key, value) in pairs {
            // What is a map in metadata is null or a map here.
            let value = match (key, value) {
                ("configuration" | "retry_config", value @ Value::Object(_)) => value,
                ("configuration" | "retry_config", _) => Value::Null,
                (_, value) => value,
            };
            body.insert(key.to_owned(), value);
        }
        body
    })
}

fn pipeline() -> impl Strategy<Value = Value> {
    let blocks = prop::collection::vec((block_body(), any::<[bool; 8]>()), 1..6);
    let variables = prop_oneof![
        Just(Value::Null),
        prop::collection::hash_map("[a-d]{1,2}", value(), 0..4)
            .prop_map(|map| Value::Object(map.into_iter().collect())),
    ];
    (blocks, variables, 0_usize..3, any::<bool>()).prop_map(
        |(bodies, variables, callbacks, first)| {
            let count = bodies.len().max(callbacks + 1);
            let mut blocks: Vec<Value> = Vec::new();
            let mut attached: Vec<Value> = Vec::new();
            for (at, (mut body, bits)) in bodies.into_iter().enumerate() {
                body.insert("uuid".to_owned(), json!(IDS[at]));
                let is_callback = at > 0 && at >= count - callbacks;
                let parents: Vec<&str> = (0..blocks.len())
                    .filter(|parent| bits[*parent])
                    .map(|parent| IDS[parent])
                    .collect();
                for parent in blocks.iter_mut().filter(|_| !is_callback) {
                    if parents.contains(&parent["uuid"].as_str().unwrap()) {
                        push(parent, DOWNSTREAM, IDS[at]);
                    }
                }
                if bits[6] || !parents.is_empty() {
                    body.insert(UPSTREAM.to_owned(), json!(parents));
                }
                if bits[7] {
                    body.entry(DOWNSTREAM).or_insert(json!([]));
                }
                if is_callback {
                    attached.push(Value::Object(body));
                } else {
                    blocks.push(Value::Object(body));
                }
            }
            let mut root = Map::new();
            root.insert("name".to_owned(), json!("demo"));
            if first {
                root.insert("variables".to_owned(), variables.clone());
            }
            root.insert("blocks".to_owned(), Value::from(blocks));
            root.insert("tags".to_owned(), json!(["a", "b"]));
            if callbacks > 0 {
                root.insert("callbacks".to_owned(), Value::from(attached));
            }
            root.insert("widgets".to_owned(), json!([]));
            root.entry("variables").or_insert(variables);
            Value::Object(root)
        },
    )
}

// ---- random styles ----

#[expect(
    clippy::struct_excessive_bools,
    reason = "habits of a writer are independent of each other"
)]
#[derive(Clone, Debug)]
struct Style {
    offset: usize,
    step: usize,
    flow_blocks: bool,
    flow_lists: bool,
    comments: bool,
    blank_lines: bool,
    windows: bool,
    cut: bool,
    null_lists: bool,
    quotes: Option<char>,
    seed: u64,
}

fn style() -> impl Strategy<Value = Style> {
    let quotes = select(vec![None, None, Some('\''), Some('"')]);
    (any::<[bool; 9]>(), quotes, any::<u64>()).prop_map(|(bits, quotes, seed)| Style {
        offset: if bits[0] { 2 } else { 0 },
        step: if bits[1] { 4 } else { 2 },
        flow_blocks: bits[2] && bits[3],
        flow_lists: bits[3],
        comments: bits[4],
        blank_lines: bits[5],
        windows: bits[6],
        cut: bits[7],
        null_lists: bits[8],
        quotes,
        seed,
    })
}

/// Lines with the part of the pipeline that they belong to.
struct Page {
    style: Style,
    lines: Vec<(String, String)>,
    owner: String,
    list: String,
}

impl Page {
    fn chance(&mut self) -> bool {
        self.style.seed = self
            .style
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        self.style.seed >> 62 == 0
    }

    fn line(&mut self, indent: usize, text: &str) {
        let pad = " ".repeat(indent);
        if self.style.comments && self.chance() {
            self.lines.push((
                self.owner.clone(),
                format!("{pad}# above {}", self.lines.len()),
            ));
        }
        let behind = if self.style.comments && self.chance() {
            "  # behind"
        } else {
            ""
        };
        self.lines
            .push((self.owner.clone(), format!("{pad}{text}{behind}")));
    }

    fn text(&self, text: &str) -> String {
        let simple = text.starts_with(|c: char| c.is_ascii_lowercase())
            && !matches!(text, "yes" | "null" | "true" | "false")
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '_'));
        match self.style.quotes {
            None if simple => text.to_owned(),
            Some('\'') if simple => format!("'{text}'"),
            _ => json!(text).to_string(),
        }
    }

    fn inline(&self, value: &Value) -> String {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| self.inline(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Object(map) => {
                let entries: Vec<String> = map
                    .iter()
                    .map(|(key, value)| format!("{key}: {}", self.inline(value)))
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }
            Value::Number(number) if number.is_f64() => {
                let plain = format!("{:?}", number.as_f64().unwrap());
                plain.replace("e20", ".0e+20")
            }
            scalar => scalar.to_string(),
        }
    }

    fn entry(&mut self, indent: usize, prefix: &str, key: &str, value: &Value) {
        let below = indent + prefix.len();
        match value {
            Value::Array(items) if !items.is_empty() && !self.style.flow_lists => {
                self.line(indent, &format!("{prefix}{key}:"));
                for item in items {
                    let item = self.inline(item);
                    self.line(below + self.style.offset, &format!("- {item}"));
                }
            }
            Value::Array(items) if items.is_empty() && self.style.null_lists => {
                let null = if self.chance() { "" } else { " null" };
                self.line(indent, &format!("{prefix}{key}:{null}"));
            }
            Value::Object(map) if !map.is_empty() && !self.style.flow_lists => {
                self.line(indent, &format!("{prefix}{key}:"));
                for (key, value) in map {
                    self.entry(below + self.style.step, "", key, value);
                }
            }
            value => {
                let value = self.inline(value);
                self.line(indent, &format!("{prefix}{key}: {value}"));
            }
        }
    }

    fn blocks(&mut self, blocks: &[Value]) {
        for (at, block) in blocks.iter().enumerate() {
            let indent = self.style.offset;
            let map = block.as_object().unwrap();
            if at > 0 && self.style.blank_lines {
                self.lines.push((String::new(), String::new()));
            }
            self.owner = format!("block {}", block["uuid"].as_str().unwrap());
            if self.style.flow_blocks {
                let text = self.inline(block);
                self.line(indent, &format!("- {text}"));
                continue;
            }
            for (at, (key, value)) in map.iter().enumerate() {
                match at {
                    0 => self.entry(indent, "- ", key, value),
                    _ => self.entry(indent + 2, "", key, value),
                }
            }
            self.owner.clone_from(&self.list);
        }
    }
}

/// The text of a pipeline, and its lines with their owners: `block <uuid>`, or the key of the root.
fn write(pipeline: &Value, style: &Style) -> (String, Vec<(String, String)>) {
    let mut page = Page {
        style: style.clone(),
        lines: Vec::new(),
        owner: String::new(),
        list: String::new(),
    };
    for (key, value) in pipeline.as_object().unwrap() {
        page.owner.clone_from(key);
        page.list.clone_from(key);
        match value {
            Value::Array(blocks) if blocks.first().is_some_and(Value::is_object) => {
                page.line(0, &format!("{key}:"));
                page.blocks(blocks);
            }
            value => page.entry(0, "", key, value),
        }
    }
    let newline = if style.windows { "\r\n" } else { "\n" };
    let mut text = String::new();
    for (_, line) in &page.lines {
        text.push_str(line);
        text.push_str(newline);
    }
    if style.cut {
        text.truncate(text.len() - newline.len());
    }
    (text, page.lines)
}

// ---- edits of values, written a second time ----

fn push(block: &mut Value, key: &str, id: &str) {
    if block.get(key).is_none_or(Value::is_null) {
        block[key] = json!([]);
    }
    let list = block[key].as_array_mut().unwrap();
    if !list.contains(&json!(id)) {
        list.push(json!(id));
    }
}

fn remove(block: &mut Value, key: &str, id: &str) {
    if let Some(list) = block.get_mut(key).and_then(Value::as_array_mut) {
        list.retain(|item| item != id);
    }
}

fn lists(root: &mut Value) -> impl Iterator<Item = (&String, &mut Vec<Value>)> {
    root.as_object_mut()
        .unwrap()
        .iter_mut()
        .filter(|(key, _)| ["blocks", "callbacks", "widgets"].contains(&key.as_str()))
        .filter_map(|(key, value)| Some((key, value.as_array_mut()?)))
}

fn each(root: &mut Value, mut visit: impl FnMut(&mut Value)) {
    for (_, blocks) in lists(root) {
        blocks.iter_mut().for_each(&mut visit);
    }
}

fn with(root: &mut Value, uuid: &str, mut visit: impl FnMut(&mut Value)) {
    each(root, |block| {
        if block["uuid"] == uuid {
            visit(block);
        }
    });
}

fn set(node: &mut Value, path: &[String], value: Option<&Value>) {
    let (key, rest) = path.split_first().unwrap();
    if node.is_null() && value.is_some() {
        *node = json!({});
    }
    let Some(map) = node.as_object_mut() else {
        return;
    };
    match (rest, value) {
        ([], Some(value)) => drop(map.insert(key.clone(), value.clone())),
        ([], None) => drop(map.shift_remove(key)),
        (rest, Some(_)) => set(map.entry(key).or_insert(Value::Null), rest, value),
        (rest, None) => {
            if let Some(child) = map.get_mut(key) {
                set(child, rest, None);
            }
        }
    }
}

fn ids(root: &mut Value) -> Vec<(String, String)> {
    let mut ids = Vec::new();
    for (list, blocks) in lists(root) {
        for block in blocks {
            ids.push((list.clone(), block["uuid"].as_str().unwrap().to_owned()));
        }
    }
    ids
}

/// Makes the edit on the value, and names the owners of the lines that it may touch.
fn expect(root: &mut Value, edit: &Edit) -> Vec<String> {
    let owner = |id: &str| format!("block {id}");
    let names = |root: &mut Value, id: &str| {
        let mut touched = vec![owner(id)];
        each(root, |block| {
            for key in [UPSTREAM, DOWNSTREAM] {
                if block[key]
                    .as_array()
                    .is_some_and(|list| list.contains(&json!(id)))
                {
                    touched.push(owner(block["uuid"].as_str().unwrap()));
                }
            }
        });
        touched
    };
    match edit {
        Edit::AddBlock { list, block, after } => {
            let id = block.uuid.as_str();
            let entry = json!({
                "uuid": id, "name": block.name, "type": block.kind.name(), "language": "python",
                UPSTREAM: block.upstream, DOWNSTREAM: [], "executor_type": "local_python",
                "configuration": block.configuration,
            });
            if root[list.key()].is_null() {
                root[list.key()] = json!([]);
            }
            let blocks = root[list.key()].as_array_mut().unwrap();
            let index = after.as_ref().map_or(blocks.len(), |after| {
                1 + blocks
                    .iter()
                    .position(|block| block["uuid"] == after.as_str())
                    .unwrap()
            });
            blocks.insert(index, entry);
            let mut touched = vec![list.key().to_owned()];
            for parent in block.upstream.iter().filter(|_| *list == BlockList::Blocks) {
                with(root, parent.as_str(), |parent| push(parent, DOWNSTREAM, id));
                touched.push(owner(parent.as_str()));
            }
            touched
        }
        Edit::DeleteBlock { uuid } => {
            let uuid = uuid.as_str();
            let mut touched = names(root, uuid);
            for (list, blocks) in lists(root) {
                let before = blocks.len();
                blocks.retain(|block| block["uuid"] != uuid);
                if before > 0 && blocks.is_empty() {
                    touched.push(list.clone());
                }
            }
            each(root, |block| {
                remove(block, UPSTREAM, uuid);
                remove(block, DOWNSTREAM, uuid);
            });
            touched
        }
        Edit::RenameBlock { uuid, to, .. } => {
            let touched = names(root, uuid.as_str());
            each(root, |block| {
                for key in ["uuid", "name"] {
                    if block.get(key) == Some(&json!(uuid)) {
                        block[key] = json!(to);
                    }
                }
                for key in [UPSTREAM, DOWNSTREAM] {
                    for id in block
                        .get_mut(key)
                        .and_then(Value::as_array_mut)
                        .into_iter()
                        .flatten()
                    {
                        if id == uuid.as_str() {
                            *id = json!(to);
                        }
                    }
                }
            });
            touched
        }
        Edit::MoveBlock { uuid, to_index } => {
            for (_, blocks) in lists(root) {
                if let Some(at) = blocks
                    .iter()
                    .position(|block| block["uuid"] == uuid.as_str())
                {
                    let block = blocks.remove(at);
                    blocks.insert(*to_index, block);
                }
            }
            vec![owner(uuid.as_str())]
        }
        Edit::SetUpstream { uuid, upstream } => {
            let uuid = uuid.as_str();
            let mut old = Vec::new();
            let mut touched = vec![owner(uuid)];
            with(root, uuid, |block| {
                old.extend(block[UPSTREAM].as_array().into_iter().flatten().cloned());
                block[UPSTREAM] = json!(upstream);
            });
            let main = ids(root).contains(&("blocks".to_owned(), uuid.to_owned()));
            for parent in old.iter().filter(|_| main).filter_map(Value::as_str) {
                touched.push(owner(parent));
                with(root, parent, |block| {
                    if !upstream.contains(&BlockUuid::new(parent)) {
                        remove(block, DOWNSTREAM, uuid);
                    }
                });
            }
            for parent in upstream.iter().filter(|_| main) {
                touched.push(owner(parent.as_str()));
                with(root, parent.as_str(), |block| push(block, DOWNSTREAM, uuid));
            }
            touched
        }
        Edit::SetVariable { name, value } => {
            set(
                root,
                &["variables".to_owned(), name.clone()],
                value.as_ref(),
            );
            vec!["variables".to_owned()]
        }
        Edit::SetBlockKey { uuid, path, value } => {
            with(root, uuid.as_str(), |block| {
                set(block, path, value.as_ref());
            });
            vec![owner(uuid.as_str())]
        }
        Edit::SetPipelineKey { path, value } => {
            set(root, path, value.as_ref());
            vec![path[0].clone()]
        }
        Edit::SetTriggerKey { .. }
        | Edit::PutTrigger { .. }
        | Edit::RenameTrigger { .. }
        | Edit::RemoveTrigger { .. } => Vec::new(),
    }
}

/// An edit of a pipeline, chosen by numbers.
fn choose(pipeline: &Value, kind: usize, picks: &[Index], value: Option<Value>) -> Edit {
    let mut pipeline = pipeline.clone();
    let ids = ids(&mut pipeline);
    let (list, uuid) = picks[0].get(&ids).clone();
    let main: Vec<BlockUuid> = ids
        .iter()
        .filter(|(list, id)| list == "blocks" && *id != uuid)
        .map(|(_, id)| BlockUuid::new(id))
        .collect();
    let mut upstream: Vec<BlockUuid> = main.clone();
    if !upstream.is_empty() {
        upstream.rotate_left(picks[1].index(main.len()));
        upstream.truncate(picks[2].index(main.len() + 1));
    }
    let keys = |paths: &[&[&str]]| -> Vec<String> {
        picks[3]
            .get(paths)
            .iter()
            .map(|key| (*key).to_owned())
            .collect()
    };
    let id = BlockUuid::new(&uuid);
    match kind {
        0 => {
            let (list, after) = match picks[3].index(3) {
                0 => (BlockList::Widgets, None),
                1 if list == "callbacks" => (BlockList::Callbacks, Some(id)),
                1 => (BlockList::Blocks, Some(id)),
                _ => (BlockList::Blocks, None),
            };
            let mut block = NewBlock::new(
                "new".into(),
                "the: new",
                BlockKind::Custom,
                Language::Python,
            );
            block.upstream = upstream;
            if let Some(Value::Object(map)) = value {
                block.configuration = map;
            }
            Edit::AddBlock {
                list,
                block: Box::new(block),
                after,
            }
        }
        1 => Edit::DeleteBlock { uuid: id },
        2 => Edit::RenameBlock {
            uuid: id,
            to: "re/named".into(),
            name: None,
        },
        3 => {
            let length = ids.iter().filter(|(other, _)| *other == list).count();
            Edit::MoveBlock {
                uuid: id,
                to_index: picks[3].index(length),
            }
        }
        4 => Edit::SetUpstream { uuid: id, upstream },
        5 => Edit::SetVariable {
            name: keys(&[&["a"], &["b"], &["c"], &["zz"], &["no"]]).concat(),
            value,
        },
        6 => Edit::SetBlockKey {
            uuid: id,
            path: keys(&[
                &["timeout"],
                &["color"],
                &["configuration"],
                &["configuration", "a"],
                &["retry_config", "retries"],
                &["aa"],
                &["executor_config", "x", "y"],
            ]),
            value,
        },
        _ => Edit::SetPipelineKey {
            path: keys(&[
                &["name"],
                &["tags"],
                &["description"],
                &["variables"],
                &["settings", "triggers", "x"],
            ]),
            value,
        },
    }
}

fn is_subsequence(lines: &[&str], of: &str) -> Result<(), String> {
    let mut rest = of.lines();
    for line in lines {
        if !rest.any(|other| other == *line) {
            return Err(format!("lost or moved `{line}`"));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_edited_text_means_the_edited_value(
        pipeline in pipeline(),
        style in style(),
        kind in 0_usize..8,
        picks in prop::array::uniform4(any::<Index>()),
        value in prop::option::weighted(0.8, value()),
    ) {
        let (text, lines) = write(&pipeline, &style);
        let mut wanted = read(&text);
        let edit = choose(&pipeline, kind, &picks, value);
        let result = apply(&text, &edit)
            .map_err(|error| TestCaseError::fail(format!("{error}\n{edit:?}\n{text}")))?;
        let touched = expect(&mut wanted, &edit);
        prop_assert_eq!(read(&result), wanted, "{:?}\n{}\n{}", edit, text, result);

        let kept: Vec<&str> = lines
            .iter()
            .filter(|(owner, line)| !touched.contains(owner) && !line.is_empty())
            .map(|(_, line)| line.as_str())
            .collect();
        if let Err(reason) = is_subsequence(&kept, &result) {
            return Err(TestCaseError::fail(format!("{reason}\n{edit:?}\n{text}\n----\n{result}")));
        }
        if let Edit::MoveBlock { .. } = edit {
            let sorted = |text: &str| {
                let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
                lines.sort();
                lines
            };
            prop_assert_eq!(sorted(&result), sorted(&text));
        }
        if !matches!(edit, Edit::AddBlock { .. } | Edit::DeleteBlock { .. } | Edit::RenameBlock { .. }) {
            prop_assert_eq!(apply(&result, &edit).unwrap(), result);
        }
    }

    #[test]
    fn no_text_makes_an_edit_panic_or_lie(
        text in "[ \\-:#{}\\[\\],a-c\"'|>&*!?\\n\\r\\t%é~<=0-9+]{0,60}",
        name in "[a-c<:# é]{1,3}",
        value in value(),
    ) {
        let set = Edit::SetPipelineKey { path: vec![name.clone()], value: Some(value.clone()) };
        if let (Ok(old), Ok(result)) = (yaml::parse(&text), apply(&text, &set)) {
            let mut wanted = old.root.to_json();
            if wanted.is_null() {
                wanted = json!({});
            }
            wanted[&name] = value;
            prop_assert_eq!(read(&result), wanted, "{:?} {:?}", text, result);
        }
        let nested = Edit::SetPipelineKey { path: vec!["a".to_owned(), name], value: Some(json!(["x"])) };
        drop(apply(&text, &nested));
        let remove = Edit::SetPipelineKey { path: vec!["a".to_owned()], value: None };
        if let (Ok(old), Ok(result)) = (yaml::parse(&text), apply(&text, &remove)) {
            let mut wanted = old.root.to_json();
            wanted.as_object_mut().map(|map| map.shift_remove("a"));
            prop_assert_eq!(read(&result), wanted, "{:?} {:?}", text, result);
        }
    }
}
