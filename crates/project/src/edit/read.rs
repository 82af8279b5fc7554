//! Reads a text into the tree, with the place of everything in it. Means what the reader of the project
//! (`yaml`) means, but expands no aliases and keeps every style.

use std::ops::Range;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};

use super::error::EditError;
use super::scalar::{Scalar, Style};
use super::tree::{Data, Entry, Item, Node, Shape, line_of};
use crate::yaml::indent::{Lines, is_too_strict};
use crate::yaml::{Mark, SyntaxError};

/// Nesting beyond this is refused, so that no text can exhaust the stack.
const MAX_DEPTH: usize = 100;

/// May stand before the first character of a file.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Reads one document. A text without a document is an absent null.
pub(super) fn parse(text: &str) -> Result<Node, EditError> {
    let mut lines = Lines::new(text);
    let first = match read(text, text, &lines) {
        Err(Failure::Syntax(error)) if is_too_strict(&error.message) => error,
        result => return result.map_err(EditError::from),
    };
    // As the reader does: the parser wants the lines in brackets indented, PyYAML does not care.
    let mut error = first.clone();
    while lines.indent_from(&error) {
        match read(text, &lines.text(), &lines) {
            Err(Failure::Syntax(next)) if is_too_strict(&next.message) => error = next,
            result => return result.map_err(EditError::from),
        }
    }
    Err(EditError::from(Failure::Syntax(first)))
}

enum Failure {
    Syntax(SyntaxError),
    Edit(EditError),
}

impl From<EditError> for Failure {
    fn from(error: EditError) -> Self {
        Self::Edit(error)
    }
}

impl From<Failure> for EditError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Syntax(error) => Self::Syntax {
                line: error.mark.line as usize,
                column: error.mark.column as usize,
                message: error.message,
            },
            Failure::Edit(error) => error,
        }
    }
}

/// Reads `shifted`, which is `text` with some lines indented further; positions are those in `text`.
fn read(text: &str, shifted: &str, lines: &Lines<'_>) -> Result<Node, Failure> {
    let mut starts = vec![0];
    starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
    let mut builder = Builder {
        text,
        lines,
        starts,
        parser: Parser::new_from_str(shifted.strip_prefix(BYTE_ORDER_MARK).unwrap_or(shifted)),
        last: (usize::MAX, 0, 0),
        next_id: 0,
        depth: 0,
    };
    let mut root = None;
    loop {
        let (event, span) = builder.event()?;
        match event {
            Event::StreamEnd => break,
            Event::DocumentStart(_) if root.is_some() => {
                return Err(Failure::Edit(EditError::Unsupported {
                    what: "a file of several YAML documents",
                    line: span.start.line(),
                }));
            }
            Event::DocumentStart(_) => {
                let event = builder.event()?;
                root = Some(builder.node(event)?);
            }
            _ => {}
        }
    }
    let mut root = root.unwrap_or_else(|| Node {
        id: Some(builder.next_id),
        ..Node::new(Data::Scalar(Scalar::Null, Style::Plain))
    });
    refuse_duplicates(text, &root)?;
    Locator { text }.locate(&mut root, 0)?;
    Ok(root)
}

struct Builder<'t> {
    text: &'t str,
    lines: &'t Lines<'t>,
    /// Where each line of the text starts.
    starts: Vec<usize>,
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
    /// Line, byte and column of the mark before: a line is counted through once.
    last: (usize, usize, usize),
    next_id: usize,
    depth: usize,
}

impl<'t> Builder<'t> {
    fn event(&mut self) -> Result<(Event<'t>, Span), Failure> {
        match self.parser.next_event() {
            None => Ok((Event::StreamEnd, Span::default())),
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(Failure::Syntax(SyntaxError {
                mark: Mark {
                    line: error.marker().line() as u32,
                    column: error.marker().col() as u32 + 1,
                },
                message: error.info().to_owned(),
                hint: None,
            })),
        }
    }

    /// The byte of a mark. The parser counts characters, and may have seen the line further to the right.
    fn byte(&mut self, mark: Marker) -> usize {
        let line = mark.line().saturating_sub(1);
        let Some(start) = self.starts.get(line).copied() else {
            return self.text.len();
        };
        let column = mark.col().saturating_sub(self.lines.shift(line));
        let (from, counted) = match self.last {
            (known, at, counted) if known == line && counted <= column => (at, counted),
            _ if line == 0 && self.text.starts_with(BYTE_ORDER_MARK) => {
                (BYTE_ORDER_MARK.len_utf8(), 0)
            }
            _ => (start, 0),
        };
        let rest = self.text.get(from..).unwrap_or_default();
        let width = rest
            .char_indices()
            .nth(column - counted)
            .map_or(rest.len(), |(at, _)| at);
        self.last = (line, from + width, column);
        from + width
    }

    fn node(&mut self, (event, span): (Event<'t>, Span)) -> Result<Node, Failure> {
        let line = span.start.line();
        if self.depth >= MAX_DEPTH {
            return Err(Failure::Edit(EditError::Unsupported {
                what: "values nested this deep",
                line,
            }));
        }
        self.depth += 1;
        let start = self.byte(span.start);
        let mut bytes = start..self.byte(span.end).max(start);
        let source = self.text.get(bytes.clone()).unwrap_or_default();
        let id = self.next_id;
        self.next_id += 1;
        let (anchored, tag, data) = match event {
            Event::Alias(_) => {
                let name = source.trim_start_matches('*').trim_end();
                (false, None, Data::Alias(name.to_owned()))
            }
            Event::Scalar(value, style, anchor, tag) => {
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::Single,
                    ScalarStyle::DoubleQuoted => Style::Double,
                    ScalarStyle::Literal => Style::Literal,
                    ScalarStyle::Folded => Style::Folded,
                };
                if matches!(style, Style::Single | Style::Double) {
                    bytes.end = end_of_quotes(self.text, &bytes);
                }
                let scalar = if style == Style::Plain && tag.is_none() {
                    if value.is_empty() {
                        // The parser gives such a span to the next token.
                        bytes.end = bytes.start;
                    }
                    Scalar::resolve(&value)
                } else {
                    Scalar::Text(value.into_owned())
                };
                (anchor != 0, tag, Data::Scalar(scalar, style))
            }
            Event::SequenceStart(anchor, tag) => {
                let shape = shape(source);
                let mut items = Vec::new();
                loop {
                    let event = self.event()?;
                    if matches!(event.0, Event::SequenceEnd) {
                        // The parser counts a comment behind the bracket in.
                        bytes.end = self.byte(event.1.start) + 1;
                        break;
                    }
                    let value = self.node(event)?;
                    items.push(Item {
                        id: value.id,
                        ..Item::new(value)
                    });
                }
                (anchor != 0, tag, Data::List(shape, items))
            }
            Event::MappingStart(anchor, tag) => {
                let shape = shape(source);
                let mut entries = Vec::new();
                loop {
                    let event = self.event()?;
                    if matches!(event.0, Event::MappingEnd) {
                        // The parser counts a comment behind the bracket in.
                        bytes.end = self.byte(event.1.start) + 1;
                        break;
                    }
                    let key = self.node(event)?;
                    let event = self.event()?;
                    let value = self.node(event)?;
                    entries.push(Entry {
                        key,
                        colon: 0,
                        has_colon: true,
                        value,
                    });
                }
                (anchor != 0, tag, Data::Map(shape, entries))
            }
            _ => {
                return Err(Failure::Edit(EditError::Unsupported {
                    what: "this YAML",
                    line,
                }));
            }
        };
        self.depth -= 1;
        Ok(Node {
            id: Some(id),
            anchor: anchored.then(|| anchor_name(self.text, &bytes, line)),
            tag: tag.map(|tag| tag.to_string()),
            span: bytes,
            data,
        })
    }
}

/// A collection that starts with a bracket is in flow style; with an anchor or a tag before it, the bracket is last.
fn shape(source: &str) -> Shape {
    if source.ends_with(['[', '{']) {
        Shape::Flow
    } else {
        Shape::Block
    }
}

/// End of the quoted scalar that starts `span`; the parser counts a comment behind it in.
fn end_of_quotes(text: &str, span: &Range<usize>) -> usize {
    let source = text.get(span.clone()).unwrap_or_default();
    let mut chars = source.char_indices().peekable();
    let Some((_, quote @ ('\'' | '"'))) = chars.next() else {
        return span.end;
    };
    while let Some((at, c)) = chars.next() {
        let is_doubled = c == quote && chars.peek().is_some_and(|(_, next)| *next == quote);
        let escapes = match quote {
            '"' => c == '\\',
            _ => is_doubled,
        };
        if escapes {
            chars.next();
        } else if c == quote {
            return span.start + at + 1;
        }
    }
    span.end
}

/// The name of the anchor that stands in or just before a node.
fn anchor_name(text: &str, span: &Range<usize>, line: usize) -> String {
    let name = |tail: &str| -> String {
        tail.chars()
            .take_while(|c| !c.is_whitespace() && !",[]{}".contains(*c))
            .collect()
    };
    let inside = text.get(span.clone()).unwrap_or_default();
    let before = text.get(..span.start).unwrap_or_default();
    if let Some(tail) = inside
        .trim_start_matches(|c: char| c != '&')
        .strip_prefix('&')
    {
        name(tail)
    } else if let Some((_, tail)) = before.rsplit_once('&') {
        name(tail)
    } else {
        format!("of line {line}")
    }
}

/// Further down the last one counts, as PyYAML has it; a list of blocks given twice is too much.
fn refuse_duplicates(text: &str, root: &Node) -> Result<(), EditError> {
    let mut seen = std::collections::HashSet::new();
    for entry in root.entries() {
        if let Some(key) = entry.key.as_text()
            && !seen.insert(key)
        {
            return Err(EditError::Unsupported {
                what: "a file that has a key twice",
                line: line_of(text, entry.key.span.start),
            });
        }
    }
    Ok(())
}

/// Finds dashes, colons and ends, which the parser does not tell.
struct Locator<'t> {
    text: &'t str,
}

impl Locator<'_> {
    /// Completes `node`, whose dash or colon ends at `after`.
    fn locate(&self, node: &mut Node, after: usize) -> Result<(), EditError> {
        let absent = node.is_absent();
        match &mut node.data {
            Data::Alias(_) => {}
            Data::Scalar(_, Style::Literal | Style::Folded) => {
                let header = self.header(after);
                node.span = header..self.end_of_block_scalar(header, &node.span);
            }
            Data::Scalar(..) => {
                if absent {
                    node.span = after..after;
                }
            }
            Data::List(Shape::Flow, items) => {
                for item in items {
                    let start = item.value.span.start;
                    self.locate(&mut item.value, start)?;
                }
            }
            Data::Map(Shape::Flow, entries) => {
                for entry in entries {
                    let start = entry.key.span.start;
                    self.locate(&mut entry.key, start)?;
                    let behind = self.skip_blank(entry.key.span.end);
                    entry.has_colon = self.byte(behind) == Some(b':');
                    entry.colon = if entry.has_colon {
                        behind + 1
                    } else {
                        entry.key.span.end
                    };
                    self.locate(&mut entry.value, entry.colon)?;
                }
            }
            Data::List(Shape::Block, items) => {
                let mut from = after;
                let first = node.span.start;
                for item in items.iter_mut() {
                    item.dash = self.dash(from).ok_or_else(|| self.odd(from))?;
                    self.locate(&mut item.value, item.dash + 1)?;
                    from = item.value.span.end.max(item.dash + 1);
                }
                node.span = items.first().map_or(first, |item| item.dash)..from;
            }
            Data::Map(Shape::Block, entries) => {
                let mut end = after;
                let first = node.span.start;
                for entry in entries.iter_mut() {
                    let start = entry.key.span.start;
                    self.locate(&mut entry.key, start)?;
                    let plain = matches!(entry.key.data, Data::Scalar(..))
                        && entry.key.anchor.is_none()
                        && entry.key.tag.is_none();
                    let behind = self.skip_spaces(entry.key.span.end);
                    if !plain || self.byte(behind) != Some(b':') {
                        return Err(self.odd(start));
                    }
                    entry.colon = behind + 1;
                    self.locate(&mut entry.value, entry.colon)?;
                    end = entry.end();
                }
                node.span = entries.first().map_or(first, |e| e.key.span.start)..end;
            }
        }
        Ok(())
    }

    fn odd(&self, at: usize) -> EditError {
        EditError::Unsupported {
            what: "a key or item that is not written in the usual way",
            line: line_of(self.text, at),
        }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn skip_spaces(&self, mut at: usize) -> usize {
        while matches!(self.byte(at), Some(b' ' | b'\t')) {
            at += 1;
        }
        at
    }

    /// Skips white space, line breaks and comments.
    fn skip_blank(&self, mut at: usize) -> usize {
        loop {
            match self.byte(at) {
                Some(b' ' | b'\t' | b'\r' | b'\n') => at += 1,
                Some(b'#') => at = self.line_end(at),
                _ => return at,
            }
        }
    }

    fn line_end(&self, at: usize) -> usize {
        self.text
            .as_bytes()
            .get(at..)
            .and_then(|rest| rest.iter().position(|byte| *byte == b'\n'))
            .map_or(self.text.len(), |length| at + length)
    }

    /// The next dash behind `from`, past comments, anchors and tags.
    fn dash(&self, from: usize) -> Option<usize> {
        let mut at = from;
        loop {
            at = self.skip_blank(at);
            match self.byte(at)? {
                b'-' => return Some(at),
                b'&' | b'!' => {
                    while self
                        .byte(at)
                        .is_some_and(|byte| !byte.is_ascii_whitespace())
                    {
                        at += 1;
                    }
                }
                _ => return None,
            }
        }
    }

    /// The `|` or `>` behind a colon or dash.
    fn header(&self, after: usize) -> usize {
        let mut at = self.skip_blank(after);
        while matches!(self.byte(at), Some(b'&' | b'!')) {
            while self
                .byte(at)
                .is_some_and(|byte| !byte.is_ascii_whitespace())
            {
                at += 1;
            }
            at = self.skip_blank(at);
        }
        at
    }

    /// End of the last line of a block scalar, without its line break. Empty lines at the end count
    /// only where the header keeps them (`|+`).
    fn end_of_block_scalar(&self, header: usize, span: &Range<usize>) -> usize {
        let header_end = self.line_end(header);
        let head = self.text.get(header..header_end).unwrap_or_default();
        let indicator = head.split_whitespace().next().unwrap_or_default();
        let content = self.text.get(header_end..span.end).unwrap_or_default();
        let content = if indicator.contains('+') {
            match content.rfind('\n') {
                Some(at) if content[at..].trim().is_empty() => &content[..at],
                _ => content,
            }
        } else {
            content.trim_end()
        };
        let end = header_end + content.len();
        if end == header_end {
            header + head.trim_end().len()
        } else {
            end
        }
    }
}
