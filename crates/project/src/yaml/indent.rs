//! Lists and mappings in brackets, and quoted texts, whose lines are not indented as YAML 1.2 wants them:
//!
//! ```yaml
//! columns: [
//!   day, region
//! ]
//! ```
//!
//! PyYAML reads them, our parser does not. Indenting such lines further changes nothing of what they mean, so that
//! is done to a copy of the text, and the marks are corrected afterwards.

use super::{Content, Document, Mark, Node, SyntaxError};

/// Spaces put in front of a line: more than anybody indents.
const SPACES: usize = 200;

/// Whether the parser refuses what PyYAML reads.
pub(crate) fn is_too_strict(message: &str) -> bool {
    message.starts_with("invalid indentation") && !message.ends_with("for anchor")
}

/// The lines of a text, some of them indented further.
pub(crate) struct Lines<'a> {
    lines: Vec<&'a str>,
    indented: Vec<bool>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        Self {
            indented: vec![false; lines.len()],
            lines,
        }
    }

    /// Indents the line that the error is about, and those after it that are in the same brackets or quotes.
    /// Says whether that is news.
    pub(crate) fn indent_from(&mut self, error: &SyntaxError) -> bool {
        let mut line = error.mark.line as usize - 1;
        let mut quote = None;
        let mut depth = 1_i32;
        let mut is_new = false;
        if error.message.ends_with("in quoted scalar") {
            // The error names the place where the quotes open.
            let start = self.lines.get(line).copied().unwrap_or_default();
            let indented = if self.indented.get(line) == Some(&true) {
                SPACES
            } else {
                0
            };
            let column = (error.mark.column as usize - 1).saturating_sub(indented);
            let rest: String = start.chars().skip(column).collect();
            scan(&rest, i32::MAX / 2, &mut quote);
            line += 1;
        }
        let is_quoted = quote.is_some();
        while let Some(text) = self.lines.get(line).copied() {
            is_new |= self.indent(line);
            depth = scan(text, depth, &mut quote);
            line += 1;
            if depth <= 0 || (is_quoted && quote.is_none()) {
                break;
            }
        }
        is_new
    }

    /// By how many columns a line, counted from 0, stands further to the right than in the text.
    pub(crate) fn shift(&self, line: usize) -> usize {
        if self.indented.get(line) == Some(&true) {
            SPACES
        } else {
            0
        }
    }

    fn indent(&mut self, line: usize) -> bool {
        match self.indented.get_mut(line) {
            Some(indented) if !*indented => {
                *indented = true;
                true
            }
            _ => false,
        }
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for (line, indented) in self.lines.iter().zip(&self.indented) {
            if *indented && !line.trim().is_empty() {
                text.extend(std::iter::repeat_n(' ', SPACES));
            }
            text.push_str(line);
        }
        text
    }

    pub(super) fn correct_mark(&self, mark: &mut Mark) {
        let line = mark.line as usize - 1;
        if self.indented.get(line) == Some(&true) {
            mark.column = mark.column.saturating_sub(SPACES as u32).max(1);
        }
    }

    pub(super) fn correct(&self, document: &mut Document) {
        self.correct_node(&mut document.root);
        for note in &mut document.notes {
            self.correct_mark(&mut note.mark);
        }
    }

    fn correct_node(&self, node: &mut Node) {
        self.correct_mark(&mut node.mark);
        match &mut node.content {
            Content::Scalar(_) => {}
            Content::Sequence(items) => items.iter_mut().for_each(|item| self.correct_node(item)),
            Content::Mapping(entries) => {
                for entry in entries {
                    self.correct_mark(&mut entry.mark);
                    self.correct_node(&mut entry.value);
                }
            }
        }
    }
}

/// The depth of brackets after a line that starts inside of `depth` ones.
fn scan(line: &str, mut depth: i32, quote: &mut Option<char>) -> i32 {
    let mut before = ' ';
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (*quote, c) {
            (Some('"'), '\\') => {
                chars.next();
            }
            (Some(open), c) if c == open => *quote = None,
            (None, '#') if before.is_whitespace() => break,
            // A quote inside a word is an apostrophe.
            (None, '"' | '\'') if !before.is_alphanumeric() => *quote = Some(c),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => {
                depth -= 1;
                if depth == 0 {
                    return 0;
                }
            }
            _ => {}
        }
        before = c;
    }
    depth
}
