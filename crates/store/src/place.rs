//! Where a database is, and what its texts can hold.
//!
//! PostgreSQL stores no null characters. There they become two characters that no text has by itself: U+FDD0, which
//! Unicode keeps out of texts, and a digit. U+FDD0 itself becomes two as well, so that every text comes back.

use std::borrow::Cow;
use std::path::PathBuf;

/// Stands before the digit that says which character is meant.
const MARK: char = '\u{FDD0}';

/// Where a database is, and what its texts can hold.
#[derive(Debug)]
pub(crate) struct Place {
    /// Its file, or the server and its name there; for people.
    pub(crate) path: PathBuf,
    /// Whether it is on a server: PostgreSQL.
    pub(crate) is_server: bool,
}

impl Place {
    /// A plain text as it is stored.
    pub(crate) fn hide(&self, text: String) -> String {
        if !self.is_server || !text.contains(['\0', MARK]) {
            return text;
        }
        text.replace(MARK, "\u{FDD0}1").replace('\0', "\u{FDD0}0")
    }

    /// A stored text as it was.
    pub(crate) fn show<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if !self.is_server || !text.contains(MARK) {
            return text.into();
        }
        text.replace("\u{FDD0}0", "\0")
            .replace("\u{FDD0}1", "\u{FDD0}")
            .into()
    }

    /// A JSON document as it is stored.
    pub(crate) fn hide_json(&self, json: String) -> String {
        if !self.is_server || !(json.contains("\\u0000") || json.contains(MARK)) {
            return json;
        }
        Self::hide_nulls(&json.replace(MARK, "\u{FDD0}1"))
    }

    /// JSON that the server takes apart. Documents in it have been through `hide_json`: their marks stay as they are.
    pub(crate) fn hide_row(&self, json: String) -> String {
        if !self.is_server || !json.contains("\\u0000") {
            return json;
        }
        Self::hide_nulls(&json)
    }

    fn hide_nulls(json: &str) -> String {
        let mut hidden = String::with_capacity(json.len() + 16);
        let mut characters = json.chars();
        while let Some(character) = characters.next() {
            match character {
                '\\' if characters.as_str().starts_with("u0000") => {
                    hidden.push_str("\u{FDD0}0");
                    characters = characters.as_str().get(5..).unwrap_or_default().chars();
                }
                '\\' => {
                    hidden.push(character);
                    hidden.extend(characters.next());
                }
                other => hidden.push(other),
            }
        }
        hidden
    }

    /// Stored JSON as it was.
    pub(crate) fn show_json<'a>(&self, json: &'a str) -> Cow<'a, str> {
        if !self.is_server || !json.contains(MARK) {
            return json.into();
        }
        json.replace("\u{FDD0}0", "\\u0000")
            .replace("\u{FDD0}1", "\u{FDD0}")
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back_without_null_characters_on_its_way() {
        let place = Place {
            path: PathBuf::new(),
            is_server: true,
        };
        for text in [
            "",
            "a",
            "\0",
            "\0\0x\0",
            "\\u0000",
            "\\\0",
            "\\\\u0000\0",
            "\u{FDD0}",
            "\u{FDD0}0\0\u{FDD0}1",
            "\"\0\"",
        ] {
            let hidden = place.hide(text.to_owned());
            assert!(!hidden.contains('\0'));
            if text.contains('\0') {
                assert_eq!(place.show(&hidden), text);
            }

            let document = serde_json::to_string(&[text]).unwrap();
            let hidden = place.hide_json(document.clone());
            let read: [String; 1] = serde_json::from_str(&hidden).unwrap();
            assert!(!read[0].contains('\0'), "{hidden}");
            // A row with the document in it, as the server reads it.
            let row = place.hide_row(serde_json::to_string(&[&hidden]).unwrap());
            let [stored]: [String; 1] = serde_json::from_str(&row).unwrap();
            let shown: [String; 1] = serde_json::from_str(&place.show_json(&stored)).unwrap();
            assert_eq!(shown[0], text);
            // A row with the text itself.
            let row = place.hide_row(document);
            let [stored]: [String; 1] = serde_json::from_str(&row).unwrap();
            assert!(!stored.contains('\0'));
            if !text.contains(MARK) {
                assert_eq!(place.show(&stored), text);
            }
        }
    }
}
