//! Sets, adds and removes keys of maps in the tree.

use serde_json::Value;

use super::adopt::adopt;
use super::error::EditError;
use super::tree::{Data, Entry, Item, Node, Shape, line_of};

/// The error that what `path` leads to is no `expected`; an empty path leads to the file.
pub(super) fn shape(path: &[&str], expected: &'static str) -> EditError {
    EditError::Shape {
        path: if path.is_empty() {
            "the file".to_owned()
        } else {
            path.join(".")
        },
        expected,
    }
}

/// Whether a map's keys follow the alphabet, as they do where a program wrote them.
pub(super) fn is_sorted(map: &Node) -> bool {
    let keys = map.entries().iter().map(|entry| entry.key.as_text());
    map.entries().len() >= 2 && keys.is_sorted()
}

/// A map that looks like one beside it: its keys in the same order, or in the alphabet's, in which Mage writes them;
/// in one line where the other is.
pub(super) fn like(sibling: Option<&Node>, mut entries: Vec<(&str, Node)>) -> Node {
    entries.sort_by_key(|(key, _)| *key);
    if let Some(sibling) = sibling
        && !is_sorted(sibling)
    {
        let position = |key: &str| {
            let mut keys = sibling.entries().iter().map(|entry| entry.key.as_text());
            keys.position(|known| known == Some(key))
                .unwrap_or(usize::MAX)
        };
        entries.sort_by_key(|(key, _)| position(key));
    }
    let mut node = Node::map(entries);
    if let (Some(Data::Map(shape, known)), Data::Map(own, _)) =
        (sibling.map(|node| &node.data), &mut node.data)
        && !known.is_empty()
    {
        *own = *shape;
    }
    node
}

/// Refuses a map that takes entries from somewhere else: what it lacks may be there.
fn refuse_merge(map: &Node, text: &str) -> Result<(), EditError> {
    if map.has_merge_key() {
        return Err(EditError::Shared {
            name: "<<".to_owned(),
            line: line_of(text, map.span.start),
        });
    }
    Ok(())
}

/// Adds a key that a map lacks: in the order of the alphabet where its keys have that, else at the end.
pub(super) fn insert(map: &mut Node, text: &str, key: &str, value: Node) -> Result<(), EditError> {
    refuse_merge(map, text)?;
    let sorted = is_sorted(map);
    let Data::Map(shape, entries) = &mut map.data else {
        return Err(self::shape(&[key], "in a map"));
    };
    if entries.is_empty() {
        // An empty map is always `{}`; what goes in is written like the rest of the file.
        *shape = Shape::Block;
    }
    let index = if sorted {
        entries.partition_point(|entry| entry.key.as_text() < Some(key))
    } else {
        entries.len()
    };
    entries.insert(index, Entry::new(key, value));
    Ok(())
}

/// The items of a list, to add to; null and an empty map become a list.
pub(super) fn open_list<'n>(
    node: &'n mut Node,
    text: &str,
    path: &[&str],
    expected: &'static str,
) -> Result<&'n mut Vec<Item>, EditError> {
    let is_empty_map = matches!(&node.data, Data::Map(_, entries) if entries.is_empty());
    if node.is_null() || is_empty_map {
        *node = Node::list([]);
    }
    if let Data::Alias(name) = &node.data {
        return Err(EditError::Shared {
            name: name.clone(),
            line: line_of(text, node.span.start),
        });
    }
    match &mut node.data {
        Data::List(shape, items) => {
            if items.is_empty() {
                *shape = Shape::Block;
            }
            Ok(items)
        }
        _ => Err(shape(path, expected)),
    }
}

/// Sets or removes what `path` leads to.
pub(super) fn set_path(
    node: &mut Node,
    text: &str,
    path: &[String],
    value: Option<&Value>,
) -> Result<(), EditError> {
    let value = value.map(Node::from_json);
    set_node(node, text, path, 0, value)
}

/// Sets or removes what `path`, from its key number `depth` on, leads to.
pub(super) fn set_node(
    node: &mut Node,
    text: &str,
    path: &[String],
    depth: usize,
    value: Option<Node>,
) -> Result<(), EditError> {
    let Some((key, rest)) = path.get(depth..).and_then(<[String]>::split_first) else {
        return Ok(());
    };
    if let Data::Alias(name) = &node.data {
        return Err(EditError::Shared {
            name: name.clone(),
            line: line_of(text, node.span.start),
        });
    }
    if node.is_null() {
        if value.is_none() {
            return Ok(());
        }
        *node = Node::map([]);
    }
    if !matches!(node.data, Data::Map(..)) {
        let above: Vec<&str> = path.iter().take(depth).map(String::as_str).collect();
        return Err(shape(&above, "a map of keys and values"));
    }
    match (node.get_mut(key), value) {
        (Some(child), Some(value)) if rest.is_empty() => {
            *child = adopt(child, value);
            Ok(())
        }
        (Some(child), value) if !rest.is_empty() => set_node(child, text, path, depth + 1, value),
        (Some(_), _) => {
            refuse_merge(node, text)?;
            if let Data::Map(_, entries) = &mut node.data {
                entries.retain(|entry| entry.key.as_text() != Some(key));
            }
            Ok(())
        }
        (None, Some(value)) => {
            let value = rest
                .iter()
                .rev()
                .fold(value, |value, key| Node::map([(key.as_str(), value)]));
            insert(node, text, key, value)
        }
        (None, None) => refuse_merge(node, text),
    }
}
