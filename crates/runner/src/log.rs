//! Log records of an attempt, and cutting what a process prints into lines.

use baton_model::{Map, Timestamp};
use serde::{Deserialize, Serialize};

/// Longest line that is kept whole; a longer one is cut into several records.
const MAX_LINE: usize = 16 * 1024;

/// How much a record matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// Details.
    Debug,
    /// What happens; also everything a block prints.
    Info,
    /// What may be wrong.
    Warning,
    /// What is wrong.
    Error,
    /// An exception that the block caught and logged.
    Exception,
    /// What is very wrong.
    Critical,
}

impl Level {
    /// The level that Python calls `name`; `INFO` for names nobody knows, as in Mage.
    pub fn parse(name: &str) -> Self {
        match name {
            "DEBUG" => Self::Debug,
            "WARNING" | "WARN" => Self::Warning,
            "ERROR" => Self::Error,
            "EXCEPTION" => Self::Exception,
            "CRITICAL" | "FATAL" => Self::Critical,
            _ => Self::Info,
        }
    }

    /// The word in output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
            Self::Exception => "EXCEPTION",
            Self::Critical => "CRITICAL",
        }
    }
}

/// One record of a run's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogRecord {
    /// When.
    pub at: Timestamp,
    /// How much it matters.
    pub level: Level,
    /// The block run; none for records of the run itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<String>,
    /// The attempt, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// What.
    pub message: String,
    /// Further fields that the block's logger was given.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub tags: Map,
}

/// Cuts a stream of bytes into lines of text. Invalid UTF-8 becomes U+FFFD.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    /// Takes more bytes and gives the lines that are complete now.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.partial.extend_from_slice(piece);
            if self.partial.ends_with(b"\n") {
                lines.push(self.take());
            } else {
                while self.partial.len() >= MAX_LINE {
                    let rest = self.partial.split_off(cut(&self.partial));
                    lines.push(self.take());
                    self.partial = rest;
                }
            }
        }
        lines
    }

    /// Gives what is left without an end of line.
    pub(crate) fn finish(&mut self) -> Option<String> {
        (!self.partial.is_empty()).then(|| self.take())
    }

    fn take(&mut self) -> String {
        let bytes = std::mem::take(&mut self.partial);
        let text = String::from_utf8_lossy(&bytes);
        text.trim_end_matches(['\n', '\r']).to_owned()
    }
}

/// Where to cut a long line without splitting a character.
fn cut(bytes: &[u8]) -> usize {
    (MAX_LINE - 3..=MAX_LINE)
        .rev()
        .find(|at| bytes.get(*at).is_none_or(|byte| byte & 0xc0 != 0x80))
        .unwrap_or(MAX_LINE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut_up(pieces: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::default();
        let mut all: Vec<String> = pieces.iter().flat_map(|piece| lines.push(piece)).collect();
        all.extend(lines.finish());
        all
    }

    #[test]
    fn lines_over_any_cut() {
        assert_eq!(
            cut_up(&[b"one\ntwo\r\n", b"thr", b"ee"]),
            ["one", "two", "three"]
        );
        assert_eq!(cut_up(&["grö".as_bytes(), "ße\n".as_bytes()]), ["größe"]);
        assert_eq!(cut_up(&[b"\xc3", b"\xbc\n"]), ["ü"]);
        assert_eq!(cut_up(&[b"bad \xff\xfe\n"]), ["bad \u{fffd}\u{fffd}"]);
        assert_eq!(cut_up(&[b"\n\n"]), ["", ""]);
    }

    #[test]
    fn an_endless_line_is_cut_between_characters() {
        let text = "ü".repeat(MAX_LINE);
        let lines = cut_up(&[text.as_bytes()]);
        assert!(lines.len() >= 2);
        assert_eq!(lines.concat(), text);
    }
}
