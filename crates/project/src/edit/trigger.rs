//! The meaning of edits of `triggers.yaml` (spec 1.13). A name that the file gives twice means the last one, as in Mage.

use baton_model::Map;
use serde_json::Value;

use super::adopt::adopt;
use super::error::EditError;
use super::keys::{insert, like, open_list, set_node};
use super::scalar::{Scalar, Style};
use super::tree::{Data, Item, Node};

const LIST: &str = "triggers";
const NAME: &str = "name";

/// Keys without which Mage does not load a trigger.
const REQUIRED: [&str; 3] = ["schedule_interval", "schedule_type", "start_time"];

/// Sets `keys` of the trigger `name`, which is added where there is none.
pub(super) fn put(root: &mut Node, text: &str, name: &str, keys: &Map) -> Result<(), EditError> {
    refuse_name(name)?;
    if keys.get(NAME).is_some_and(|given| given != name) {
        return Err(renaming());
    }
    let path = |key: &str| vec![key.to_owned()];
    if find(root, name).is_ok() {
        for (key, value) in keys.iter().filter(|(key, _)| *key != NAME) {
            set(root, text, name, &path(key), Some(value))?;
        }
        return Ok(());
    }
    if root.get(LIST).is_none() {
        insert(root, text, LIST, Node::list([]))?;
    }
    let Some(list) = root.get_mut(LIST) else {
        return Ok(());
    };
    let items = open_list(list, text, &[LIST], "a list of triggers")?;
    let entry = entry(name, keys, items.last().map(|item| &item.value));
    items.push(Item::new(entry));
    Ok(())
}

/// Sets or removes what `path` leads to in the trigger `name`.
pub(super) fn set(
    root: &mut Node,
    text: &str,
    name: &str,
    path: &[String],
    value: Option<&Value>,
) -> Result<(), EditError> {
    let trigger = find(root, name)?;
    match path {
        [key] if key == NAME => return Err(renaming()),
        [key] if is_moment(key) => {
            let old = trigger.get(key).and_then(written);
            if let (Some(old), Some(Value::String(new))) = (old, value)
                && spelled(old) == spelled(new)
            {
                return Ok(());
            }
        }
        _ => {}
    }
    let value = value.map(|value| node_of(path, value));
    set_node(trigger, text, path, 0, value)
}

/// Gives every trigger called `name` the name `to`.
pub(super) fn rename(root: &mut Node, name: &str, to: &str) -> Result<(), EditError> {
    refuse_name(to)?;
    find(root, name)?;
    if name == to {
        return Ok(());
    }
    if find(root, to).is_ok() {
        return Err(EditError::TriggerExists {
            name: to.to_owned(),
        });
    }
    for item in items(root).into_iter().flatten() {
        if is_called(&item.value, name)
            && let Some(node) = item.value.get_mut(NAME)
        {
            *node = adopt(node, Node::text(to));
        }
    }
    Ok(())
}

/// Removes every trigger called `name`.
pub(super) fn remove(root: &mut Node, name: &str) -> Result<(), EditError> {
    find(root, name)?;
    if let Some(items) = items(root) {
        items.retain(|item| !is_called(&item.value, name));
    }
    Ok(())
}

fn refuse_name(name: &str) -> Result<(), EditError> {
    if name.trim().is_empty() {
        return Err(EditError::Path {
            path: NAME.to_owned(),
            reason: "a trigger needs a name",
        });
    }
    Ok(())
}

fn renaming() -> EditError {
    EditError::Path {
        path: NAME.to_owned(),
        reason: "the names of triggers have an edit of their own",
    }
}

fn items(root: &mut Node) -> Option<&mut Vec<Item>> {
    root.get_mut(LIST).and_then(Node::items_mut)
}

/// The trigger that counts among those called `name`.
fn find<'n>(root: &'n mut Node, name: &str) -> Result<&'n mut Node, EditError> {
    let mut triggers = items(root).into_iter().flatten().rev();
    triggers
        .find(|item| is_called(&item.value, name))
        .map(|item| &mut item.value)
        .ok_or_else(|| EditError::NoSuchTrigger {
            name: name.to_owned(),
        })
}

fn is_called(trigger: &Node, name: &str) -> bool {
    match trigger.get(NAME).map(|node| &node.data) {
        Some(Data::Scalar(Scalar::Text(text), _)) => text == name,
        Some(Data::Scalar(Scalar::Int(number), _)) => number.to_string() == name,
        _ => false,
    }
}

/// The entry of a new trigger, its keys in the order that `sibling` has: where that is none, in the alphabet's, as Mage
/// writes them.
fn entry(name: &str, keys: &Map, sibling: Option<&Node>) -> Node {
    let mut entries: Vec<(&str, Node)> = vec![(NAME, Node::text(name))];
    for (key, value) in keys.iter().filter(|(key, _)| *key != NAME) {
        entries.push((key, node_of(std::slice::from_ref(key), value)));
    }
    for key in REQUIRED.into_iter().filter(|key| !keys.contains_key(*key)) {
        entries.push((key, Node::from_json(&Value::Null)));
    }
    like(sibling, entries)
}

fn is_moment(key: &str) -> bool {
    matches!(key, "start_time" | "last_enabled_at")
}

/// The value of a key as a node.
fn node_of(path: &[String], value: &Value) -> Node {
    match path {
        [key] if is_moment(key) => moment(value),
        [key, ..] if key == "variables" => untagged(value),
        _ => Node::from_json(value),
    }
}

/// A moment as PyYAML writes it, `2024-01-01 00:00:00`; what is no moment stays as it is.
fn moment(value: &Value) -> Node {
    if let Value::String(text) = value
        && let scalar @ Scalar::Other(_) = Scalar::resolve(&spelled(text))
    {
        return Node::new(Data::Scalar(scalar, Style::Plain));
    }
    Node::from_json(value)
}

/// The spelling of a moment that others are compared with.
fn spelled(text: &str) -> String {
    text.trim().replacen(['T', 't'], " ", 1)
}

/// A scalar as it stands in the text, without its quotes.
fn written(node: &Node) -> Option<&str> {
    match &node.data {
        Data::Scalar(Scalar::Text(text) | Scalar::Other(text), _) => Some(text),
        _ => None,
    }
}

/// A value whose dates and the like are tagged as the reader of projects tags them.
fn untagged(value: &Value) -> Node {
    match value {
        Value::Object(map) => {
            let mut entries = map.iter();
            if let (Some((tag, Value::String(text))), None) = (entries.next(), entries.next()) {
                let plain = match tag.as_str() {
                    "$datetime" => Some(spelled(text)),
                    "$date" | "$int" => Some(text.clone()),
                    "$float" => Some(match text.strip_prefix('-') {
                        Some(name) => format!("-.{name}"),
                        None => format!(".{text}"),
                    }),
                    _ => None,
                };
                let scalar = plain.map(|plain| Scalar::resolve(&plain));
                if let Some(scalar) = scalar.filter(|scalar| !matches!(scalar, Scalar::Text(_))) {
                    return Node::new(Data::Scalar(scalar, Style::Plain));
                }
            }
            Node::map(
                map.iter()
                    .map(|(key, value)| (key.as_str(), untagged(value))),
            )
        }
        Value::Array(items) => Node::list(items.iter().map(untagged)),
        scalar => Node::from_json(scalar),
    }
}
