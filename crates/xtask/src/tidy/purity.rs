//! `engine` and `model` are pure: no files, network, processes, clock, randomness or async runtime.

use super::Finding;
use super::source::{code_only, product_part};
use crate::workspace::Workspace;

const PURE: &[&str] = &["crates/engine/", "crates/model/"];

/// Modules of the standard library that reach out of the program.
const IMPURE_STD: &[&str] = &["env", "fs", "io", "net", "os", "process", "thread"];

/// Names that mean a clock, randomness or an async runtime wherever they occur.
const IMPURE_WORDS: &[&str] = &[
    "Instant",
    "SystemTime",
    "Utc",
    "Local",
    "async",
    "await",
    "fastrand",
    "getrandom",
    "rand",
    "tokio",
    "Uuid",
];

/// Checks the product code of the pure crates.
pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in workspace.with_extension(".rs") {
        if !PURE
            .iter()
            .any(|folder| path.starts_with(folder) && !path.contains("/tests/"))
        {
            continue;
        }
        let code = code_only(product_part(text));
        for (number, line) in code.lines().enumerate() {
            for word in impure(line) {
                findings.push(Finding::new(
                    "purity",
                    path,
                    Some(number + 1),
                    format!("`{word}` in a pure crate; pass the value in as an argument"),
                ));
            }
        }
    }
    findings
}

fn impure(line: &str) -> Vec<String> {
    let words: Vec<&str> = line
        .split(|character: char| !(character.is_alphanumeric() || character == '_'))
        .filter(|word| !word.is_empty())
        .collect();
    let mut found: Vec<String> = words
        .iter()
        .filter(|word| IMPURE_WORDS.contains(word))
        .map(|word| (*word).to_owned())
        .collect();
    for module in IMPURE_STD {
        let direct = line.contains(&format!("std::{module}::"))
            || line.contains(&format!("std::{module};"))
            || line.contains(&format!("std::{module} "));
        let grouped = line
            .split("std::{")
            .nth(1)
            .is_some_and(|group| names_of(group).any(|name| name == *module));
        if direct || grouped {
            found.push(format!("std::{module}"));
        }
    }
    found
}

/// The first names in a group such as `fs, io::{self, Write}}`.
fn names_of(group: &str) -> impl Iterator<Item = &str> {
    group.split([',', '{', '}', ';']).map(|part| {
        let part = part.trim();
        part.split("::").next().unwrap_or(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reaches_out_is_found() {
        for (line, expected) in [
            ("use std::collections::BTreeMap;", &[][..]),
            ("use std::time::Duration;", &[]),
            ("use std::fs;", &["std::fs"]),
            ("use std::{collections::BTreeMap, fs};", &["std::fs"]),
            ("let text = std::fs::read(path);", &["std::fs"]),
            ("use std::time::{Duration, Instant};", &["Instant"]),
            ("let operand = brand;", &[]),
            ("async fn go() {}", &["async"]),
        ] {
            assert_eq!(impure(line), expected, "{line}");
        }
    }

    #[test]
    fn only_product_code_of_pure_crates_counts() {
        let text = "//! Doc about std::fs.\nuse std::fs;\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n";
        let workspace = Workspace::of(&[
            ("crates/engine/src/lib.rs", text),
            ("crates/engine/tests/it.rs", text),
            ("crates/store/src/lib.rs", text),
        ]);
        let found = check(&workspace);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].line, Some(2));
    }
}
