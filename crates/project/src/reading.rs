//! YAML nodes → typed values, leniently: what does not fit becomes a problem and a default, never a failure.

use baton_model::{BlockUuid, Map, PipelineUuid, RetrySettings};
use serde_json::Value;

use crate::problem::{Problem, Rule};
use crate::yaml::{self, Content, Document, Entry, Mark, Node, NoteKind};

/// Collects the problems of one file while it is read.
pub(crate) struct Reader<'a> {
    file: &'a str,
    pipeline: Option<&'a PipelineUuid>,
    block: Option<BlockUuid>,
    pub(crate) problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(file: &'a str, pipeline: Option<&'a PipelineUuid>) -> Self {
        Self {
            file,
            pipeline,
            block: None,
            problems: Vec::new(),
        }
    }

    /// Problems from here on concern `block`.
    pub(crate) fn enter(&mut self, block: Option<BlockUuid>) {
        self.block = block;
    }

    pub(crate) fn problem(
        &mut self,
        rule: Rule,
        mark: Mark,
        message: impl Into<String>,
    ) -> &mut Problem {
        let mut problem = Problem::new(rule, self.file, message).at(mark);
        problem.pipeline = self.pipeline.cloned();
        problem.block.clone_from(&self.block);
        self.problems.push(problem);
        let last = self.problems.len() - 1;
        &mut self.problems[last]
    }

    /// What `read` finds wrong stops no run: the value is passed over.
    pub(crate) fn leniently<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.problems.len();
        let value = read(self);
        for problem in self.problems.iter_mut().skip(before) {
            problem.code = Rule::BadSetting.code();
            problem.severity = Rule::BadSetting.severity();
        }
        value
    }

    /// The document of a text; none, and a problem, when it is not YAML.
    pub(crate) fn parse(&mut self, text: &str) -> Option<Document> {
        match yaml::parse(text) {
            Ok(document) => {
                for note in &document.notes {
                    match &note.kind {
                        NoteKind::DuplicateKey(key) => {
                            self.problem(
                                Rule::DuplicateKey,
                                note.mark,
                                format!("`{key}` is given twice; the last one counts"),
                            )
                            .hint = Some("delete one of the two".to_owned());
                        }
                        NoteKind::LargeInteger => {
                            self.problem(
                                Rule::LargeInteger,
                                note.mark,
                                "the number needs more than 64 bits and is passed on as text",
                            )
                            .hint = Some(
                                "put quotes around it, and convert it in the block".to_owned(),
                            );
                        }
                    }
                }
                Some(document)
            }
            Err(error) => {
                self.problem(Rule::YamlSyntax, error.mark, error.message)
                    .hint = error.hint.map(str::to_owned);
                None
            }
        }
    }

    pub(crate) fn shape(&mut self, node: &Node, what: &str, wanted: &str) {
        let found = node.describe();
        self.problem(
            Rule::YamlShape,
            node.mark,
            format!("{what} must be {wanted}, not {found}"),
        );
    }

    pub(crate) fn is_mapping(&mut self, node: &Node, what: &str) -> bool {
        let fits = matches!(node.content, Content::Mapping(_));
        if !fits {
            self.shape(node, what, "a mapping");
        }
        fits
    }

    /// A mapping under `key`; null and nothing are empty.
    pub(crate) fn map(&mut self, node: &Node, key: &str) -> Map {
        let Some(value) = node.get(key).filter(|value| !value.is_null()) else {
            return Map::new();
        };
        if let Value::Object(map) = value.to_json() {
            return map;
        }
        self.shape(value, &format!("`{key}`"), "a mapping");
        Map::new()
    }

    /// The entries of the mapping under `key`; null and nothing have none.
    pub(crate) fn mapping<'n>(&mut self, node: &'n Node, key: &str) -> &'n [Entry] {
        let Some(value) = node.get(key).filter(|value| !value.is_null()) else {
            return &[];
        };
        self.is_mapping(value, &format!("`{key}`"));
        value.entries()
    }

    /// Variables under `key`: a mapping whose dates and the like are tagged for workers.
    pub(crate) fn variables(&mut self, node: &Node, key: &str) -> Map {
        let plain = self.map(node, key);
        match node.get(key).map(Node::to_tagged_json) {
            Some(Value::Object(tagged)) => tagged,
            _ => plain,
        }
    }

    /// The items of the list under `key`; null, nothing and an empty mapping are empty.
    pub(crate) fn list<'n>(&mut self, node: &'n Node, key: &str) -> &'n [Node] {
        match node.get(key) {
            Some(value) => match &value.content {
                Content::Sequence(items) => items,
                Content::Scalar(Value::Null) => &[],
                Content::Mapping(entries) if entries.is_empty() => &[],
                _ => {
                    self.shape(value, &format!("`{key}`"), "a list");
                    &[]
                }
            },
            None => &[],
        }
    }

    /// The texts of the list under `key`, with their places. Nulls are skipped.
    pub(crate) fn names(&mut self, node: &Node, key: &str) -> Vec<(String, Mark)> {
        let mut names = Vec::new();
        for item in self.list(node, key) {
            match item.text() {
                Some(text) => names.push((text, item.mark)),
                None if item.is_null() => {}
                None => self.shape(item, &format!("an item of `{key}`"), "text"),
            }
        }
        names
    }

    /// A number under `key`, also one that is written as text.
    pub(crate) fn number(&mut self, node: &Node, key: &str) -> Option<f64> {
        let value = node.get(key).filter(|value| !value.is_null())?;
        let number = match &value.content {
            Content::Scalar(Value::Number(number)) => number.as_f64(),
            Content::Scalar(Value::String(text)) => text.trim().parse().ok(),
            _ => None,
        };
        if number.is_none() {
            self.shape(value, &format!("`{key}`"), "a number");
        }
        number
    }

    /// A count under `key`: a whole number, not negative.
    pub(crate) fn count(&mut self, node: &Node, key: &str) -> Option<u32> {
        let number = self.number(node, key)?;
        if number >= 0.0 && number.fract() == 0.0 && number <= f64::from(u32::MAX) {
            return Some(number as u32);
        }
        let mark = node.get(key).map_or(node.mark, |value| value.mark);
        self.problem(
            Rule::YamlShape,
            mark,
            format!("`{key}` must be a whole number that is not negative"),
        );
        None
    }

    /// One of the words that `key` may have; null and nothing are none.
    pub(crate) fn word<T: Copy>(
        &mut self,
        node: &Node,
        key: &str,
        known: &[(T, &str)],
    ) -> Option<T> {
        let value = node.get(key).filter(|value| !value.is_null())?;
        self.word_of(value, key, known)
    }

    /// The words of a list, each one of those that `key` may have.
    pub(crate) fn words<T: Copy>(&mut self, node: &Node, key: &str, known: &[(T, &str)]) -> Vec<T> {
        let items = self.list(node, key).iter();
        items
            .filter_map(|item| self.word_of(item, key, known))
            .collect()
    }

    /// The word that a value is, of those that `key` may have.
    pub(crate) fn word_of<T: Copy>(
        &mut self,
        value: &Node,
        key: &str,
        known: &[(T, &str)],
    ) -> Option<T> {
        let text = value.text();
        let found = known
            .iter()
            .find(|(_, word)| text.as_deref() == Some(*word));
        if found.is_none() {
            let words: Vec<String> = known.iter().map(|(_, word)| format!("`{word}`")).collect();
            let found = match text {
                Some(text) => format!("`{text}`"),
                None => value.describe().to_owned(),
            };
            self.problem(
                Rule::BadSetting,
                value.mark,
                format!("`{key}` cannot be {found}"),
            )
            .hint = Some(format!("use {}", words.join(", ")));
        }
        found.map(|(value, _)| *value)
    }

    /// `retry_config` of a block, a pipeline or the project.
    pub(crate) fn retry(&mut self, node: &Node) -> RetrySettings {
        let Some(retry) = node.get("retry_config").filter(|retry| !retry.is_null()) else {
            return RetrySettings::default();
        };
        if !self.is_mapping(retry, "`retry_config`") {
            return RetrySettings::default();
        }
        RetrySettings {
            retries: self.count(retry, "retries"),
            delay: self.number(retry, "delay"),
            max_delay: self.number(retry, "max_delay"),
            exponential_backoff: flag(retry, "exponential_backoff"),
        }
    }
}

/// The text under `key`; null and nothing are none.
pub(crate) fn text(node: &Node, key: &str) -> Option<String> {
    node.get(key)?.text()
}

/// The truth of the value under `key`, as Python sees it; null and nothing are none.
pub(crate) fn flag(node: &Node, key: &str) -> Option<bool> {
    match &node.get(key)?.content {
        Content::Scalar(Value::Bool(value)) => Some(*value),
        Content::Scalar(Value::Number(number)) => Some(number.as_f64() != Some(0.0)),
        Content::Scalar(Value::String(text)) => Some(!text.is_empty()),
        Content::Sequence(items) => Some(!items.is_empty()),
        Content::Mapping(entries) => Some(!entries.is_empty()),
        // Null; a scalar is no list or mapping of JSON.
        Content::Scalar(_) => None,
    }
}
