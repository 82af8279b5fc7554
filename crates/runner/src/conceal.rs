//! Hides the secrets that a run has asked for in what it logs and in its errors. Products are never altered.

use std::sync::{Arc, PoisonError, RwLock};

use baton_model::{BlockError, Map, Outcome};
use serde_json::Value;

use crate::attempt::Tests;

/// What stands in the place of a secret.
const MASK: &str = "********";

/// Shorter texts are not hidden: they would be found everywhere, and a mask in their place would tell them.
const SHORTEST: usize = 4;

/// The texts to hide. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Concealed(Arc<RwLock<Vec<String>>>);

impl Concealed {
    /// Hides these texts from now on, as they are, line by line, and as they look inside JSON and `repr`.
    pub(crate) fn add(&self, secrets: &[String]) {
        if secrets.is_empty() {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for secret in secrets {
            let json = Value::from(secret.as_str()).to_string();
            let quoted = json.trim_matches('"');
            let forms = [secret.as_str(), secret.trim(), quoted];
            for form in forms.into_iter().chain(secret.lines().map(str::trim)) {
                if form.len() >= SHORTEST && !known.iter().any(|text| text == form) {
                    known.push(form.to_owned());
                }
            }
        }
        // A secret that is part of another one must not break it up.
        known.sort_by_key(|text| std::cmp::Reverse(text.len()));
    }

    /// The text without secrets.
    pub(crate) fn text(&self, text: String) -> String {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        hide(&known, text)
    }

    /// The tags of a log record without secrets.
    pub(crate) fn tags(&self, tags: Map) -> Map {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if known.is_empty() {
            return tags;
        }
        tags.into_iter()
            .map(|(key, value)| (key, hide_in(&known, value)))
            .collect()
    }

    /// The outcome of an attempt without secrets.
    pub(crate) fn outcome(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Failed { error, products } => Outcome::Failed {
                error: self.error(error),
                products,
            },
            other => other,
        }
    }

    /// What tests have said without secrets.
    pub(crate) fn tests(&self, mut tests: Tests) -> Tests {
        for test in &mut tests.results {
            test.message = test.message.take().map(|message| self.text(message));
        }
        tests
    }

    /// The error without secrets.
    fn error(&self, mut error: BlockError) -> BlockError {
        error.message = self.text(error.message);
        error.hint = error.hint.map(|hint| self.text(hint));
        for frame in &mut error.frames {
            let shown = frame.code.take();
            frame.code = shown.clone().map(|code| self.text(code));
            if frame.code != shown {
                // Its characters are others now.
                frame.caret = None;
            }
        }
        error
    }
}

/// The text without the known ones.
fn hide(known: &[String], mut text: String) -> String {
    for secret in known {
        if text.contains(secret.as_str()) {
            text = text.replace(secret.as_str(), MASK);
        }
    }
    text
}

fn hide_in(known: &[String], value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(hide(known, text)),
        Value::Array(items) => items.into_iter().map(|item| hide_in(known, item)).collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(key, value)| (key, hide_in(known, value)))
            .collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_model::{Caret, FailureKind, Frame};
    use serde_json::json;

    #[test]
    fn secrets_are_hidden_in_every_form_and_short_ones_are_not() {
        let concealed = Concealed::default();
        let add = |text: &str| concealed.add(&[text.to_owned()]);
        assert_eq!(concealed.text("a horse".to_owned()), "a horse");
        add("horse");
        add("correct horse battery");
        add("quo\"ted\\");
        add("first line\nsecond line\n");
        add("abc");
        for (text, expected) in [
            ("my correct horse battery!", "my ********!"),
            ("horse,horse", "********,********"),
            (r#"{"v": "quo\"ted\\"}"#, r#"{"v": "********"}"#),
            ("second line", "********"),
            (r"first line\nsecond line\n", "********"),
            ("abc", "abc"),
        ] {
            assert_eq!(concealed.text(text.to_owned()), expected);
        }
        let tags = json!({"k": ["horse", {"n": "x horse", "m": 1}]});
        let Value::Object(tags) = tags else { return };
        let tags = Value::Object(concealed.tags(tags));
        assert_eq!(
            tags,
            json!({"k": ["********", {"n": "x ********", "m": 1}]})
        );
    }

    #[test]
    fn errors_are_cleaned_everywhere() {
        let concealed = Concealed::default();
        concealed.add(&["hunter22".to_owned()]);
        let mut error =
            BlockError::new(FailureKind::Exception, "no hunter22").with_hint("hunter22");
        error.frames.push(Frame {
            file: "custom/b.py".to_owned(),
            line: 1,
            function: "b".to_owned(),
            code: Some("login('hunter22')".to_owned()),
            caret: Some(Caret { from: 6, to: 16 }),
        });
        let text = serde_json::to_string(&concealed.error(error)).unwrap_or_default();
        assert!(!text.contains("caret"), "{text}");
        assert_eq!(text.matches(MASK).count(), 3, "{text}");
        assert!(!text.contains("hunter22"));
    }
}
