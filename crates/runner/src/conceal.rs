//! Hides the secrets that a run has asked for in what it logs and in its errors. Products are never altered.

use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::prelude::{
    BASE64_STANDARD_NO_PAD as STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD,
};
use baton_model::{BlockError, Map, Outcome};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::attempt::Tests;

/// What stands in the place of a secret.
const MASK: &str = "********";

/// Shorter texts are not hidden: they would be found everywhere, and a mask in their place would tell them.
const SHORTEST: usize = 4;

/// The same for what is sure of a Base64 text, which says less in as many characters.
const SHORTEST_ENCODED: usize = 6;

/// What Python's `quote` writes with `%`, and what `quote_plus` does.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');
const QUERY: &AsciiSet = &PATH.add(b'/');

/// The texts to hide. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Concealed(Arc<RwLock<Vec<String>>>);

impl Concealed {
    /// Hides these texts from now on, as they are, line by line, and in the forms in which programs write them: JSON, `repr`,
    /// addresses, Base64.
    pub(crate) fn add(&self, secrets: &[String]) {
        if secrets.is_empty() {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for secret in secrets {
            if secret.len() < SHORTEST {
                continue;
            }
            for form in forms(secret) {
                if form.len() >= SHORTEST && !known.contains(&form) {
                    known.push(form);
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
        error.exception = error.exception.map(|name| self.text(name));
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

/// How a secret can look.
fn forms(secret: &str) -> Vec<String> {
    let json = Value::from(secret).to_string();
    let json = json.trim_matches('"').to_owned();
    let ascii = in_ascii(&json);
    // `repr` leaves double quotes as they are, and single ones too, unless there are both.
    let repr = json.replace("\\\"", "\"");
    let both = repr.replace('\'', "\\'");
    let path = utf8_percent_encode(secret, PATH).to_string();
    let query = utf8_percent_encode(secret, QUERY).to_string();
    let form = query.replace("%20", "+");
    let mut forms = vec![secret.to_owned(), secret.trim().to_owned()];
    forms.extend(secret.lines().map(|line| line.trim().to_owned()));
    forms.extend([json, ascii, repr, both, path, query, form]);
    forms.extend(encoded(secret.as_bytes()));
    forms.extend(encoded(secret.trim().as_bytes()));
    forms
}

/// What of a secret's Base64 does not depend on what stands around it: alone, and in each of the three places in which it can begin,
/// for instance behind `user:`.
fn encoded(secret: &[u8]) -> Vec<String> {
    let mut forms = Vec::new();
    for before in 0..3 {
        let mut bytes = vec![0; before];
        bytes.extend(secret);
        // Characters that hold bits of a neighbour: four stand for three bytes.
        let first = (before * 8).div_ceil(6);
        let last = bytes.len() * 8 / 6;
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let text = engine.encode(&bytes);
            let sure = text.get(first..last).unwrap_or_default();
            if sure.len() >= SHORTEST_ENCODED {
                forms.push(sure.to_owned());
            }
        }
    }
    forms
}

/// JSON as Python writes it unless told otherwise: in ASCII, other characters as their UTF-16 units.
fn in_ascii(json: &str) -> String {
    let unit = |unit: u16| match u8::try_from(unit) {
        Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
        _ => format!("\\u{unit:04x}"),
    };
    json.encode_utf16().map(unit).collect()
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

    /// What Python makes of it: `repr`, `json.dumps`, `quote`, `quote(…, safe="")`, `quote_plus`, Base64 alone and behind `user:`.
    #[test]
    fn what_programs_make_of_a_secret_is_hidden() {
        let concealed = Concealed::default();
        concealed.add(&[r#"pä"s's\wörd/&x =🐎"#.to_owned()]);
        for text in [
            r#"pä"s\'s\\wörd/&x =🐎"#,
            r#"p\u00e4\"s's\\w\u00f6rd/&x =\ud83d\udc0e"#,
            "p%C3%A4%22s%27s%5Cw%C3%B6rd/%26x%20%3D%F0%9F%90%8E",
            "p%C3%A4%22s%27s%5Cw%C3%B6rd%2F%26x%20%3D%F0%9F%90%8E",
            "p%C3%A4%22s%27s%5Cw%C3%B6rd%2F%26x+%3D%F0%9F%90%8E",
        ] {
            assert_eq!(concealed.text(text.to_owned()), MASK, "{text}");
        }
        concealed.add(&["S3cr3t-Value-Quite-Long".to_owned()]);
        let alone = concealed.text("UzNjcjN0LVZhbHVlLVF1aXRlLUxvbmc=".to_owned());
        assert!(
            alone.starts_with(MASK) && alone.len() <= MASK.len() + 3,
            "{alone}"
        );
        let behind = concealed.text("dXNlcjpTM2NyM3QtVmFsdWUtUXVpdGUtTG9uZw==".to_owned());
        assert!(
            behind.starts_with("dXNlcj") && behind.contains(MASK),
            "{behind}"
        );
        assert!(behind.len() < "dXNlcj".len() + MASK.len() + 6, "{behind}");
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
