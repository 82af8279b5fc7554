//! Writes new nodes as text in the manner of the text around them. Does not decide where they go.

use std::collections::HashMap;

use super::operation::newline_of;
use super::scalar::{Scalar, Style};
use super::tree::{Data, Entry, Item, Node, Shape};

/// How a text is written: what new parts of it should look like.
#[derive(Debug)]
pub(super) struct Manner {
    /// How lines end.
    pub(super) newline: &'static str,
    /// Columns from a key to the keys of the map below it.
    step: usize,
    /// Columns from a dash to what stands behind it.
    dash: usize,
    /// How keys, and texts that need no quotes, are written: with quotes in a file that is JSON.
    plain: Style,
    /// How lists are written, where the key says nothing else.
    list: ListManner,
    /// How the lists below each key are written.
    lists: HashMap<String, ListManner>,
    /// Quotes that the values of a key have although they need none.
    quotes: HashMap<String, Style>,
    literals: Literals,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ListManner {
    Flow,
    /// Columns from the key to the dashes.
    Block(usize),
}

/// Whether text of several lines may be written as a literal block (`|`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Literals {
    /// It may.
    Allowed,
    /// It is quoted, with escapes.
    Avoided,
}

/// A value as text.
#[derive(Debug)]
pub(super) enum Written {
    /// On the line of its key or dash.
    Inline(String),
    /// On lines below, after `head` (the header of a literal, or nothing).
    Below {
        /// What stands on the line of the key.
        head: &'static str,
        /// The lines with their indentation, without line breaks.
        lines: Vec<String>,
    },
}

impl Manner {
    /// Looks at how `text`, read as `root`, is written.
    pub(super) fn of(text: &str, root: &Node, literals: Literals) -> Self {
        let mut manner = Self {
            newline: newline_of(text),
            step: 0,
            dash: 0,
            plain: Style::Plain,
            list: ListManner::Block(0),
            lists: HashMap::new(),
            quotes: HashMap::new(),
            literals,
        };
        let mut first_list = None;
        root.walk(&mut |node| {
            for entry in node.entries() {
                manner.observe(text, node, entry, &mut first_list);
            }
        });
        manner.list = first_list.unwrap_or(ListManner::Block(0));
        if manner.step == 0 {
            manner.step = 2;
        }
        if manner.dash == 0 {
            manner.dash = 2;
        }
        let is_json = |entry: &Entry| matches!(entry.key.data, Data::Scalar(_, Style::Double));
        if !root.entries().is_empty() && root.entries().iter().all(is_json) {
            manner.plain = Style::Double;
        }
        manner
    }

    fn observe(&mut self, text: &str, map: &Node, entry: &Entry, first: &mut Option<ListManner>) {
        let Some(key) = entry.key.as_text() else {
            return;
        };
        let in_block = matches!(map.data, Data::Map(Shape::Block, _));
        let column = |at| column(text, at);
        let key_column = column(entry.key.span.start);
        match &entry.value.data {
            Data::List(shape, items) if !items.is_empty() && in_block => {
                let manner = match shape {
                    Shape::Flow => ListManner::Flow,
                    Shape::Block => {
                        ListManner::Block(column(entry.value.span.start).saturating_sub(key_column))
                    }
                };
                if *shape == Shape::Block {
                    first.get_or_insert(manner);
                    self.observe_dash(text, items);
                }
                self.lists.entry(key.to_owned()).or_insert(manner);
            }
            Data::Map(Shape::Block, _) if in_block && self.step == 0 => {
                self.step = column(entry.value.span.start).saturating_sub(key_column);
            }
            _ => {}
        }
        let values = entry.value.items().iter().map(|item| &item.value);
        for value in values.chain([&entry.value]) {
            if let Data::Scalar(scalar, style @ (Style::Single | Style::Double)) = &value.data
                && scalar.inline(Style::Plain, false).starts_with(['\'', '"'])
                    == scalar.inline(Style::Plain, true).starts_with(['\'', '"'])
                && !scalar.inline(Style::Plain, true).starts_with(['\'', '"'])
            {
                self.quotes.entry(key.to_owned()).or_insert(*style);
            }
        }
    }

    fn observe_dash(&mut self, text: &str, items: &[Item]) {
        let Some(item) = items.first() else { return };
        let behind = text.get(item.dash + 1..item.value.span.start);
        if let (0, Some(blanks)) = (self.dash, behind)
            && !blanks.is_empty()
            && blanks.chars().all(|c| c == ' ')
        {
            self.dash = 1 + blanks.len();
        }
    }

    /// A value that stands behind the colon of `key`, whose column is `column`. In `flow` it is one line.
    pub(super) fn value(
        &self,
        node: &Node,
        key: Option<&str>,
        column: usize,
        flow: bool,
    ) -> Written {
        let flow_list = matches!(&node.data, Data::List(_, items)
            if self.list_below(key) == ListManner::Flow
                && items.iter().all(|item| matches!(item.value.data, Data::Scalar(..))));
        match &node.data {
            Data::Scalar(scalar, Style::Literal | Style::Folded)
                if !flow && self.literals == Literals::Allowed =>
            {
                self.literal(scalar, key, column + self.step)
            }
            Data::List(Shape::Block, items) if !flow && !flow_list && !items.is_empty() => {
                let offset = match self.list_below(key) {
                    ListManner::Block(offset) => offset,
                    ListManner::Flow => 0,
                };
                Written::Below {
                    head: "",
                    lines: self.lines(node, key, column + offset),
                }
            }
            Data::Map(Shape::Block, entries) if !flow && !entries.is_empty() => Written::Below {
                head: "",
                lines: self.lines(node, key, column + self.step),
            },
            _ => Written::Inline(self.inline(node, key, flow)),
        }
    }

    /// An item of a block list as lines, its dash at `column`.
    pub(super) fn item(&self, node: &Node, key: Option<&str>, column: usize) -> Vec<String> {
        let dash = format!("{}-{}", " ".repeat(column), " ".repeat(self.dash - 1));
        let is_block = match &node.data {
            Data::List(Shape::Block, items) => !items.is_empty(),
            Data::Map(Shape::Block, entries) => !entries.is_empty(),
            _ => false,
        };
        if is_block {
            let mut lines = self.lines(node, key, column + self.dash);
            if let Some(first) = lines.first_mut() {
                *first = format!("{dash}{}", first.trim_start());
            }
            return lines;
        }
        match self.value(node, key, column, false) {
            Written::Inline(text) => vec![format!("{dash}{text}")],
            Written::Below { head, lines } => [vec![format!("{dash}{head}")], lines].concat(),
        }
    }

    /// An entry of a block map as lines, its key at `column`.
    pub(super) fn entry(&self, entry: &Entry, column: usize) -> Vec<String> {
        let key = format!(
            "{}{}:",
            " ".repeat(column),
            self.inline(&entry.key, None, false)
        );
        match self.value(&entry.value, entry.key.as_text(), column, false) {
            Written::Inline(text) => vec![format!("{key} {text}")],
            Written::Below { head: "", lines } => [vec![key], lines].concat(),
            Written::Below { head, lines } => [vec![format!("{key} {head}")], lines].concat(),
        }
    }

    /// The children of a block collection as lines, at `column`.
    pub(super) fn lines(&self, node: &Node, key: Option<&str>, column: usize) -> Vec<String> {
        match &node.data {
            Data::List(_, items) => items
                .iter()
                .flat_map(|item| self.item(&item.value, key, column))
                .collect(),
            Data::Map(_, entries) => entries
                .iter()
                .flat_map(|entry| self.entry(entry, column))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// An entry inside brackets.
    pub(super) fn flow_entry(&self, entry: &Entry) -> String {
        let value = self.inline(&entry.value, entry.key.as_text(), true);
        format!("{}: {value}", self.inline(&entry.key, None, true))
    }

    /// A value on one line; `flow` says that it stands inside brackets.
    pub(super) fn inline(&self, node: &Node, key: Option<&str>, flow: bool) -> String {
        match &node.data {
            Data::Alias(name) => format!("*{name}"),
            Data::Scalar(scalar, style) => {
                let style = match (style, key.and_then(|key| self.quotes.get(key))) {
                    (Style::Plain, Some(quotes)) => *quotes,
                    (Style::Plain, None) => self.plain,
                    _ => *style,
                };
                scalar.inline(style, flow)
            }
            Data::List(_, items) => {
                let items: Vec<String> = items
                    .iter()
                    .map(|item| self.inline(&item.value, key, true))
                    .collect();
                format!("[{}]", items.join(", "))
            }
            Data::Map(_, entries) => {
                let entries: Vec<String> =
                    entries.iter().map(|entry| self.flow_entry(entry)).collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }

    fn literal(&self, scalar: &Scalar, key: Option<&str>, column: usize) -> Written {
        match scalar.literal() {
            Some((head, content)) => Written::Below {
                head,
                lines: content
                    .into_iter()
                    .map(|line| match line {
                        "" => String::new(),
                        line => format!("{}{line}", " ".repeat(column)),
                    })
                    .collect(),
            },
            None => Written::Inline(self.inline(
                &Node::new(Data::Scalar(scalar.clone(), Style::Plain)),
                key,
                false,
            )),
        }
    }

    fn list_below(&self, key: Option<&str>) -> ListManner {
        key.and_then(|key| self.lists.get(key))
            .copied()
            .unwrap_or(self.list)
    }
}

/// Column of a position, from 0; a byte order mark has no width.
pub(super) fn column(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    let line = match before.rfind('\n') {
        Some(end) => &before[end + 1..],
        None => before.trim_start_matches('\u{feff}'),
    };
    line.chars().count()
}
