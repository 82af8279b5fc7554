//! Events of the YAML parser → nodes: anchors, merge keys, tags, duplicate keys, and limits.

use std::borrow::Cow;
use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};
use serde_json::Value;

use super::indent;
use super::scalar::{self, Scalar};
use super::{
    Content, Document, Entry, Mark, Node, Note, NoteKind, SyntaxError, TextOf, python_text,
};

/// Deeper nesting is refused: no project needs it, and walking it must not exhaust the stack.
const MAX_DEPTH: usize = 200;
/// More nodes than this, aliases expanded, are refused: a few nested anchors can stand for billions.
const MAX_NODES: usize = 2_000_000;

/// Reads the one document of a text.
pub fn parse(text: &str) -> Result<Document, SyntaxError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    refuse_unprintable(text)?;
    let first = match read(text) {
        Err(error) if indent::is_too_strict(&error.message) => error,
        result => return result,
    };
    // The parser wants the lines of a list in brackets indented; PyYAML does not care, and people write so.
    let mut lines = indent::Lines::new(text);
    let mut error = first.clone();
    while lines.indent_from(&error) {
        match read(&lines.text()) {
            Ok(mut document) => {
                lines.correct(&mut document);
                return Ok(document);
            }
            Err(next) if indent::is_too_strict(&next.message) => error = next,
            Err(mut other) => {
                lines.correct_mark(&mut other.mark);
                return Err(other);
            }
        }
    }
    Err(first)
}

fn read(text: &str) -> Result<Document, SyntaxError> {
    let end = (!text.ends_with('\n')).then(|| text.chars().count());
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) =
            event.map_err(|error| syntax_error(text, mark(error.marker()), error.info()))?;
        // A block of text that the end of the file cuts off has no line break at its end.
        let is_cut = end.is_some_and(|end| span.end.index() >= end);
        builder.event(event, mark(&span.start), is_cut)?;
    }
    let root = builder.root.unwrap_or(Node {
        mark: Mark { line: 1, column: 1 },
        content: Content::Scalar(Value::Null),
        text_of: None,
    });
    builder.notes.sort_by_key(|note| note.mark);
    Ok(Document {
        root,
        notes: builder.notes,
    })
}

fn mark(marker: &Marker) -> Mark {
    Mark {
        line: u32::try_from(marker.line()).unwrap_or(u32::MAX).max(1),
        column: u32::try_from(marker.col())
            .unwrap_or(u32::MAX - 1)
            .saturating_add(1),
    }
}

/// The parser's error, with what is usually behind it, judged by the lines around.
fn syntax_error(text: &str, mark: Mark, message: &str) -> SyntaxError {
    let first = mark.line as usize - 1;
    let tab = text
        .lines()
        .enumerate()
        .skip(first)
        .take(2)
        .find(|(_, line)| {
            line.trim_start_matches(' ').starts_with('\t') && !line.trim().is_empty()
        });
    let message = message.to_owned();
    if let Some((index, line)) = tab {
        // The parser names the start of the value that the line continues.
        let spaces = line.len() - line.trim_start_matches(' ').len();
        return SyntaxError {
            mark: Mark {
                line: index as u32 + 1,
                column: spaces as u32 + 1,
            },
            message,
            hint: Some("indent with spaces: YAML does not allow tabs"),
        };
    }
    let line = text.lines().nth(first).unwrap_or_default();
    let bare_template = line.contains("{{") && !line.contains("\"{{") && !line.contains("'{{");
    SyntaxError {
        mark,
        message,
        hint: bare_template.then_some("put quotes around the template: \"{{ ... }}\""),
    }
}

/// The characters that YAML forbids. A zero byte would otherwise end the file silently.
fn refuse_unprintable(text: &str) -> Result<(), SyntaxError> {
    let allowed = |c: char| {
        matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}'
            | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
    };
    let Some((at, found)) = text.char_indices().find(|(_, c)| !allowed(*c)) else {
        return Ok(());
    };
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Err(SyntaxError {
        mark: Mark {
            line: before.matches('\n').count() as u32 + 1,
            column: before[line_start..].chars().count() as u32 + 1,
        },
        message: format!("character U+{:04X} is not allowed", u32::from(found)),
        hint: Some(
            "delete the character; an editor that shows control characters helps to find it",
        ),
    })
}

/// A list or mapping whose end has not come yet.
struct Open {
    mark: Mark,
    anchor: usize,
    kind: OpenKind,
    /// Nodes in it so far.
    size: usize,
}

enum OpenKind {
    Sequence(Vec<Node>),
    Mapping {
        key: Option<Key>,
        entries: Vec<Entry>,
        /// Position of each key among `entries`.
        places: HashMap<String, usize>,
        merged: Vec<Node>,
    },
}

enum Key {
    Text(String, Mark),
    Merge,
}

#[derive(Default)]
struct Builder {
    root: Option<Node>,
    stack: Vec<Open>,
    anchors: HashMap<usize, (Node, usize)>,
    notes: Vec<Note>,
    nodes: usize,
}

/// A scalar on its way into the tree: whether it may be a merge key is known only here.
struct Leaf {
    value: Value,
    text_of: Option<TextOf>,
    merge: bool,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, mark: Mark, is_cut: bool) -> Result<(), SyntaxError> {
        match event {
            Event::DocumentStart(_) if self.root.is_some() => Err(error(
                mark,
                "a second document starts here, and only one is read",
            )),
            Event::Alias(anchor) => {
                let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
                    return Err(error(mark, "an alias stands inside its own anchor"));
                };
                self.count(size, mark)?;
                self.place(node, size, false)
            }
            Event::Scalar(mut text, style, anchor, tag) => {
                if is_cut
                    && matches!(style, ScalarStyle::Literal | ScalarStyle::Folded)
                    && text.ends_with('\n')
                {
                    text.to_mut().pop();
                }
                let leaf = self.leaf(text, style, tag.as_deref(), mark)?;
                self.count(1, mark)?;
                let node = Node {
                    mark,
                    content: Content::Scalar(leaf.value),
                    text_of: leaf.text_of,
                };
                self.anchor(anchor, &node, 1);
                self.place(node, 1, leaf.merge)
            }
            Event::SequenceStart(anchor, tag) => {
                refuse_tag(tag.as_deref(), &["seq", "omap", "pairs"], mark)?;
                self.open(anchor, mark, OpenKind::Sequence(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                refuse_tag(tag.as_deref(), &["map", "set"], mark)?;
                self.open(
                    anchor,
                    mark,
                    OpenKind::Mapping {
                        key: None,
                        entries: Vec::new(),
                        places: HashMap::new(),
                        merged: Vec::new(),
                    },
                )
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            _ => Ok(()),
        }
    }

    fn count(&mut self, nodes: usize, mark: Mark) -> Result<(), SyntaxError> {
        self.nodes += nodes;
        if self.nodes > MAX_NODES {
            return Err(error(mark, "the aliases stand for too many values"));
        }
        Ok(())
    }

    fn anchor(&mut self, anchor: usize, node: &Node, size: usize) {
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
    }

    fn open(&mut self, anchor: usize, mark: Mark, kind: OpenKind) -> Result<(), SyntaxError> {
        if self.stack.len() >= MAX_DEPTH {
            return Err(error(mark, "the values are nested too deeply"));
        }
        self.count(1, mark)?;
        self.stack.push(Open {
            mark,
            anchor,
            kind,
            size: 1,
        });
        Ok(())
    }

    fn close(&mut self) -> Result<(), SyntaxError> {
        let Some(open) = self.stack.pop() else {
            return Ok(());
        };
        let content = match open.kind {
            OpenKind::Sequence(items) => Content::Sequence(items),
            OpenKind::Mapping {
                entries, merged, ..
            } => Content::Mapping(merge(merged, entries)?),
        };
        let node = Node {
            mark: open.mark,
            content,
            text_of: None,
        };
        self.anchor(open.anchor, &node, open.size);
        self.place(node, open.size, false)
    }

    /// Puts a finished node where it belongs.
    fn place(&mut self, node: Node, size: usize, merge: bool) -> Result<(), SyntaxError> {
        let Some(open) = self.stack.last_mut() else {
            self.root.get_or_insert(node);
            return Ok(());
        };
        open.size += size;
        let (key, entries, places, merged) = match &mut open.kind {
            OpenKind::Sequence(items) => {
                items.push(node);
                return Ok(());
            }
            OpenKind::Mapping {
                key,
                entries,
                places,
                merged,
            } => (key, entries, places, merged),
        };
        match key.take() {
            None if merge => *key = Some(Key::Merge),
            None => {
                let Content::Scalar(value) = &node.content else {
                    return Err(error(
                        node.mark,
                        "a key must be text, not a list or mapping",
                    ));
                };
                let text = match value {
                    Value::Null => "null".to_owned(),
                    other => python_text(other).unwrap_or_default(),
                };
                *key = Some(Key::Text(text, node.mark));
            }
            Some(Key::Merge) => merged.push(node),
            Some(Key::Text(text, mark)) => {
                if let Some(place) = places.get(&text) {
                    self.notes.push(Note {
                        mark,
                        kind: NoteKind::DuplicateKey(text),
                    });
                    if let Some(entry) = entries.get_mut(*place) {
                        entry.mark = mark;
                        entry.value = node;
                    }
                } else {
                    places.insert(text.clone(), entries.len());
                    entries.push(Entry {
                        key: text,
                        mark,
                        value: node,
                    });
                }
            }
        }
        Ok(())
    }

    fn leaf(
        &mut self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        tag: Option<&Tag>,
        mark: Mark,
    ) -> Result<Leaf, SyntaxError> {
        let plain = style == ScalarStyle::Plain;
        let text = text.into_owned();
        let resolved = match tag {
            None if plain && text == "<<" => {
                return Ok(Leaf {
                    value: Value::String(text),
                    text_of: None,
                    merge: true,
                });
            }
            None if plain => scalar::resolve(&text),
            None => Scalar::Value(Value::String(text.clone())),
            Some(tag) => tagged(tag, &text, mark)?,
        };
        let (value, text_of) = match resolved {
            Scalar::Value(value) => (value, None),
            Scalar::Typed(text, of) => (Value::String(text), Some(of)),
            Scalar::LargeInteger => {
                self.notes.push(Note {
                    mark,
                    kind: NoteKind::LargeInteger,
                });
                (Value::String(text), Some(TextOf::Integer))
            }
            Scalar::NoSuchDate => {
                return Err(SyntaxError {
                    hint: Some("correct the date, or put quotes around it to keep it as text"),
                    ..error(
                        mark,
                        "it looks like a date, and there is no such day or time",
                    )
                });
            }
        };
        Ok(Leaf {
            value,
            text_of,
            merge: false,
        })
    }
}

/// The name of a tag of YAML itself: `str` for `!!str`.
fn core_tag(tag: &Tag) -> Option<&str> {
    tag.is_yaml_core_schema().then_some(tag.suffix.as_str())
}

fn refuse_tag(tag: Option<&Tag>, known: &[&str], mark: Mark) -> Result<(), SyntaxError> {
    match tag {
        None => Ok(()),
        Some(tag) if core_tag(tag).is_some_and(|name| known.contains(&name)) => Ok(()),
        Some(_) => Err(unknown_tag(mark)),
    }
}

fn unknown_tag(mark: Mark) -> SyntaxError {
    SyntaxError {
        hint: Some("remove the tag: project files hold plain values"),
        ..error(mark, "the tag of this value is not known")
    }
}

fn tagged(tag: &Tag, text: &str, mark: Mark) -> Result<Scalar, SyntaxError> {
    let name = core_tag(tag);
    let wanted: fn(&Scalar) -> bool = match name {
        Some("str" | "binary" | "value") => {
            return Ok(Scalar::Value(Value::String(text.to_owned())));
        }
        None if tag.handle.is_empty() && tag.suffix == "!" && !text.is_empty() => {
            return Ok(Scalar::Value(Value::String(text.to_owned())));
        }
        None if tag.handle.is_empty() && tag.suffix == "!" => {
            return Ok(Scalar::Value(Value::Null));
        }
        Some("null") => return Ok(Scalar::Value(Value::Null)),
        Some("bool") => |value| matches!(value, Scalar::Value(Value::Bool(_))),
        Some("int") => |value| {
            matches!(value, Scalar::Value(Value::Number(n)) if !n.is_f64())
                || *value == Scalar::LargeInteger
        },
        Some("float") => |value| {
            matches!(
                value,
                Scalar::Value(Value::Number(_)) | Scalar::Typed(_, TextOf::Float)
            )
        },
        Some("timestamp") => |value| {
            matches!(
                value,
                Scalar::Typed(_, TextOf::Date | TextOf::DateTime) | Scalar::NoSuchDate
            )
        },
        _ => return Err(unknown_tag(mark)),
    };
    let value = scalar::resolve(text);
    if !wanted(&value) {
        return Err(error(mark, "the value does not fit its tag"));
    }
    Ok(match (name, value) {
        (Some("float"), Scalar::Value(Value::Number(number))) => {
            Scalar::Value(number.as_f64().map_or(Value::Null, Value::from))
        }
        (_, value) => value,
    })
}

/// Merged mappings first, as PyYAML orders them; what the mapping itself says wins, then the earlier of a list.
fn merge(merged: Vec<Node>, own: Vec<Entry>) -> Result<Vec<Entry>, SyntaxError> {
    if merged.is_empty() {
        return Ok(own);
    }
    let mut sources = Vec::new();
    for node in merged {
        match node.content {
            Content::Mapping(entries) => sources.push(entries),
            Content::Sequence(items) => {
                for item in items.into_iter().rev() {
                    let Content::Mapping(entries) = item.content else {
                        return Err(error(item.mark, "only a mapping can be merged"));
                    };
                    sources.push(entries);
                }
            }
            Content::Scalar(_) => {
                return Err(error(
                    node.mark,
                    "only a mapping or a list of them can be merged",
                ));
            }
        }
    }
    sources.push(own);
    let mut result: Vec<Entry> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for entry in sources.into_iter().flatten() {
        let place = places.get(&entry.key);
        if let Some(earlier) = place.and_then(|place| result.get_mut(*place)) {
            *earlier = entry;
        } else {
            places.insert(entry.key.clone(), result.len());
            result.push(entry);
        }
    }
    Ok(result)
}

fn error(mark: Mark, message: &str) -> SyntaxError {
    SyntaxError {
        mark,
        message: message.to_owned(),
        hint: None,
    }
}

#[cfg(test)]
mod tests;
