//! YAML text → values with the place of each: the one module that knows YAML's syntax for reading.
//!
//! Means what PyYAML means (YAML 1.1 scalars, anchors, merge keys, the last of duplicate keys), as JSON values:
//! dates are ISO texts, `.inf` and `.nan` the texts that Python's `float()` reads, keys are texts. Changing
//! files is the business of `edit`; what the values mean is the business of the modules that read them.

mod build;
pub(crate) mod indent;
mod scalar;

use serde::Serialize;
use serde_json::Value;

pub use build::parse;

/// A place in a file, counted from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Mark {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// A value and where it starts.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it starts.
    pub mark: Mark,
    /// What it is.
    pub content: Content,
    /// What its text stands for, where JSON has no such value.
    pub text_of: Option<TextOf>,
}

/// A value that YAML and Python have and JSON has not; its node holds it as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextOf {
    /// A day.
    Date,
    /// A moment.
    DateTime,
    /// `inf`, `-inf` or `nan`.
    Float,
    /// A whole number beyond 64 bits.
    Integer,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Null, a boolean, a number or text.
    Scalar(Value),
    /// A list.
    Sequence(Vec<Node>),
    /// A mapping, in the order of a Python dictionary, each key once.
    Mapping(Vec<Entry>),
}

/// A key of a mapping with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key, as text.
    pub key: String,
    /// Where the key starts.
    pub mark: Mark,
    /// The value.
    pub value: Node,
}

/// Something about a file that is no error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where.
    pub mark: Mark,
    /// What.
    pub kind: NoteKind,
}

/// What a note is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoteKind {
    /// The key, given here again, replaces the one before.
    DuplicateKey(String),
    /// A whole number beyond 64 bits is kept as text.
    LargeInteger,
}

/// The one document of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Its value; null for an empty file.
    pub root: Node,
    /// What was noticed.
    pub notes: Vec<Note>,
}

/// A text that is not YAML, or holds what no project file may hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read YAML at line {}, column {}: {message}", mark.line, mark.column)]
pub struct SyntaxError {
    /// Where.
    pub mark: Mark,
    /// What is wrong. Never quotes a value, which might be a secret.
    pub message: String,
    /// What a person can do about it.
    pub hint: Option<&'static str>,
}

impl Node {
    /// The value of `key`, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of `key`, if this is a mapping that has it.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The entries of a mapping; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.content {
            Content::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none for anything else.
    pub fn items(&self) -> &[Self] {
        match &self.content {
            Content::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The text, if this is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether this is null.
    pub fn is_null(&self) -> bool {
        matches!(self.content, Content::Scalar(Value::Null))
    }

    /// A scalar as Python's `str()` prints it: names in metadata may be numbers or booleans by accident.
    pub fn text(&self) -> Option<String> {
        match &self.content {
            Content::Scalar(value) => python_text(value),
            _ => None,
        }
    }

    /// What this is, for messages.
    pub fn describe(&self) -> &'static str {
        match &self.content {
            Content::Scalar(Value::Null) => "nothing",
            Content::Scalar(Value::Bool(_)) => "true or false",
            Content::Scalar(Value::Number(_)) => "a number",
            Content::Scalar(_) => "text",
            Content::Sequence(_) => "a list",
            Content::Mapping(_) => "a mapping",
        }
    }

    /// The value as JSON in which `{"$date": text}`, `$datetime`, `$float` and `$int` stand for what JSON lacks, as
    /// workers read it.
    pub fn to_tagged_json(&self) -> Value {
        let tag = match self.text_of {
            None => None,
            Some(TextOf::Date) => Some("$date"),
            Some(TextOf::DateTime) => Some("$datetime"),
            Some(TextOf::Float) => Some("$float"),
            Some(TextOf::Integer) => Some("$int"),
        };
        match (&self.content, tag) {
            (Content::Scalar(value), Some(tag)) => serde_json::json!({ tag: value }),
            (Content::Scalar(value), None) => value.clone(),
            (Content::Sequence(items), _) => items.iter().map(Self::to_tagged_json).collect(),
            (Content::Mapping(entries), _) => entries
                .iter()
                .map(|entry| (entry.key.clone(), entry.value.to_tagged_json()))
                .collect(),
        }
    }

    /// The value as JSON.
    pub fn to_json(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::Sequence(items) => items.iter().map(Self::to_json).collect(),
            Content::Mapping(entries) => entries
                .iter()
                .map(|entry| (entry.key.clone(), entry.value.to_json()))
                .collect(),
        }
    }
}

/// A scalar as Python's `str()` prints it; null has none.
pub(crate) fn python_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(true) => Some("True".to_owned()),
        Value::Bool(false) => Some("False".to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
