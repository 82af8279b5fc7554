//! The tree of a YAML text in which every node knows where it stands. Reading it is the business of `read`.

use std::ops::Range;

use super::scalar::{Scalar, Style};

/// A node of the tree: read from text, or made by an edit.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Number of the node in the text it was read from; none for one that an edit made.
    pub(super) id: Option<usize>,
    /// Its bytes in the text. For a block collection, from its first child to the end of its last.
    pub(super) span: Range<usize>,
    /// Name of its anchor.
    pub(super) anchor: Option<String>,
    /// Its tag as it is spelled.
    pub(super) tag: Option<String>,
    /// What it holds.
    pub(super) data: Data,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub(super) enum Data {
    /// `*name`
    Alias(String),
    /// A value with the way it is, or should be, written.
    Scalar(Scalar, Style),
    /// A list.
    List(Shape, Vec<Item>),
    /// A map, in the order of the text.
    Map(Shape, Vec<Entry>),
}

/// How a collection is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// One child per line.
    Block,
    /// Between brackets.
    Flow,
}

/// A child of a list.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// Number of the child in the text it was read from; none for one that an edit made.
    pub(super) id: Option<usize>,
    /// Where its dash is, in a block list.
    pub(super) dash: usize,
    /// The value.
    pub(super) value: Node,
}

/// A child of a map.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The key.
    pub(super) key: Node,
    /// Just behind the colon; behind the key, where brackets allow a key without colon.
    pub(super) colon: usize,
    /// Whether there is a colon.
    pub(super) has_colon: bool,
    /// The value.
    pub(super) value: Node,
}

impl Node {
    /// A node that stands in no text.
    pub(super) fn new(data: Data) -> Self {
        Self {
            id: None,
            span: 0..0,
            anchor: None,
            tag: None,
            data,
        }
    }

    /// New text.
    pub(super) fn text(text: &str) -> Self {
        Self::new(Data::Scalar(
            Scalar::Text(text.to_owned()),
            if text.contains('\n') {
                Style::Literal
            } else {
                Style::Plain
            },
        ))
    }

    /// A new list.
    pub(super) fn list(values: impl IntoIterator<Item = Self>) -> Self {
        Self::new(Data::List(
            Shape::Block,
            values.into_iter().map(Item::new).collect(),
        ))
    }

    /// A new map.
    pub(super) fn map<'k>(entries: impl IntoIterator<Item = (&'k str, Self)>) -> Self {
        let entries = entries
            .into_iter()
            .map(|(key, value)| Entry::new(key, value))
            .collect();
        Self::new(Data::Map(Shape::Block, entries))
    }

    /// A new node with a JSON value.
    pub(super) fn from_json(value: &serde_json::Value) -> Self {
        match value {
            serde_json::Value::Array(items) => Self::list(items.iter().map(Self::from_json)),
            serde_json::Value::Object(map) => Self::map(
                map.iter()
                    .map(|(key, value)| (key.as_str(), Self::from_json(value))),
            ),
            serde_json::Value::String(text) => Self::text(text),
            scalar => Self::new(Data::Scalar(
                Scalar::from_json(scalar).unwrap_or(Scalar::Null),
                Style::Plain,
            )),
        }
    }

    /// The text, where the node is text.
    pub(super) fn as_text(&self) -> Option<&str> {
        match &self.data {
            Data::Scalar(Scalar::Text(text), _) if self.tag.is_none() => Some(text),
            _ => None,
        }
    }

    /// Whether the node is null, written or not.
    pub(super) fn is_null(&self) -> bool {
        self.tag.is_none() && matches!(self.data, Data::Scalar(Scalar::Null, _))
    }

    /// Whether it is null because nothing is written.
    pub(super) fn is_absent(&self) -> bool {
        self.is_null() && self.id.is_some() && self.span.is_empty()
    }

    /// The children of a list.
    pub(super) fn items(&self) -> &[Item] {
        match &self.data {
            Data::List(_, items) => items,
            _ => &[],
        }
    }

    /// The children of a list, to change.
    pub(super) fn items_mut(&mut self) -> Option<&mut Vec<Item>> {
        match &mut self.data {
            Data::List(_, items) => Some(items),
            _ => None,
        }
    }

    /// The children of a map.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.data {
            Data::Map(_, entries) => entries,
            _ => &[],
        }
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries()
            .iter()
            .rfind(|entry| entry.key.as_text() == Some(key))
            .map(|entry| &entry.value)
    }

    /// The value of a key, to change.
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        match &mut self.data {
            Data::Map(_, entries) => entries
                .iter_mut()
                .rfind(|entry| entry.key.as_text() == Some(key))
                .map(|entry| &mut entry.value),
            _ => None,
        }
    }

    /// Whether the map takes entries from somewhere else.
    pub(super) fn has_merge_key(&self) -> bool {
        self.entries().iter().any(|entry| {
            matches!(&entry.key.data, Data::Scalar(Scalar::Other(text), Style::Plain) if text == "<<")
        })
    }

    /// Whether both mean the same. The order of a map's keys has no meaning.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.anchor == other.anchor
            && self.tag == other.tag
            && match (&self.data, &other.data) {
                (Data::Alias(a), Data::Alias(b)) => a == b,
                (Data::Scalar(a, _), Data::Scalar(b, _)) => a == b,
                (Data::List(_, a), Data::List(_, b)) => {
                    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.value.same(&b.value))
                }
                (Data::Map(_, a), Data::Map(_, b)) => {
                    a.len() == b.len()
                        && a.iter().enumerate().all(|(at, a)| {
                            // Nearly always the order is the same; then this is linear.
                            let same = |b: &Entry| a.key.same(&b.key) && a.value.same(&b.value);
                            b.get(at).is_some_and(same) || b.iter().any(same)
                        })
                }
                _ => false,
            }
    }

    /// Whether the last thing of the text is a literal or folded scalar.
    pub(super) fn ends_in_block_scalar(&self) -> bool {
        match &self.data {
            Data::Scalar(_, style) => matches!(style, Style::Literal | Style::Folded),
            Data::Alias(_) => false,
            Data::List(_, items) => items
                .last()
                .is_some_and(|item| item.value.ends_in_block_scalar()),
            Data::Map(_, entries) => entries
                .last()
                .is_some_and(|entry| entry.value.ends_in_block_scalar()),
        }
    }

    /// Calls `visit` with this node and all below it.
    pub(super) fn walk<'n>(&'n self, visit: &mut dyn FnMut(&'n Self)) {
        visit(self);
        for item in self.items() {
            item.value.walk(visit);
        }
        for entry in self.entries() {
            entry.key.walk(visit);
            entry.value.walk(visit);
        }
    }
}

impl Item {
    /// A new child of a list.
    pub(super) fn new(value: Node) -> Self {
        Self {
            id: None,
            dash: 0,
            value,
        }
    }
}

impl Entry {
    /// A new child of a map.
    pub(super) fn new(key: &str, value: Node) -> Self {
        Self {
            key: Node::text(key),
            colon: 0,
            has_colon: true,
            value,
        }
    }

    /// End of the entry's value, or of what stands for it.
    pub(super) fn end(&self) -> usize {
        self.value.span.end.max(self.colon)
    }
}

/// Line of a position, from 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    1 + text.get(..at).unwrap_or(text).matches('\n').count()
}
