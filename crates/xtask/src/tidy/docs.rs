//! Every source file begins by saying what it is for.

use super::Finding;
use super::source::is_foreign;
use crate::workspace::Workspace;

/// Checks Rust and Python files.
pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut require = |good: bool, path: &str, message: &str| {
        if !good && !is_foreign(path) {
            findings.push(Finding::new("docs", path, Some(1), message.to_owned()));
        }
    };
    for (path, text) in workspace.with_extension(".rs") {
        let first = text.lines().next().unwrap_or_default();
        let said = first
            .strip_prefix("//!")
            .is_some_and(|doc| doc.trim().len() > 3);
        require(said, path, "begin the file with `//!`: its purpose");
    }
    for (path, text) in workspace.with_extension(".py") {
        let empty = text.trim().is_empty();
        require(
            empty || has_docstring(text),
            path,
            "begin the file with a docstring: its purpose",
        );
    }
    findings
}

fn has_docstring(text: &str) -> bool {
    text.lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with('#'))
        .is_some_and(|line| {
            let line = line.strip_prefix('r').unwrap_or(line);
            line.starts_with("\"\"\"") || line.starts_with("'''")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_say_what_they_are_for() {
        for (path, text, expected) in [
            ("crates/a/src/lib.rs", "//! Reads things.\n", 0),
            ("crates/a/src/lib.rs", "use std::fs;\n//! Late.\n", 1),
            ("crates/a/src/lib.rs", "//!\n", 1),
            (
                "python/baton/a.py",
                "#!/usr/bin/env python3\n\"\"\"Reads things.\"\"\"\n",
                0,
            ),
            ("python/baton/a.py", "import os\n", 1),
            ("python/baton/__init__.py", "\n", 0),
            ("examples/flights/data_loaders/a.py", "import os\n", 0),
        ] {
            let workspace = Workspace::of(&[(path, text)]);
            assert_eq!(check(&workspace).len(), expected, "{path}: {text}");
        }
    }
}
