//! Versions stand in the workspace table only, and every crate takes the lints of the workspace.

use super::Finding;
use crate::workspace::Workspace;

/// Checks the manifest of every crate.
pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in workspace.with_extension("/Cargo.toml") {
        if !path.starts_with("crates/") {
            continue;
        }
        let mut finding = |line, message: &str| {
            findings.push(Finding::new("manifest", path, line, message.to_owned()));
        };
        let mut section = "";
        let mut lints = false;
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if line.starts_with('[') {
                section = line.trim_matches(['[', ']']);
                if section.contains("dependencies.") {
                    finding(Some(number + 1), "write a dependency as one line");
                }
                continue;
            }
            lints |= section == "lints" && line == "workspace = true";
            if section.ends_with("dependencies")
                && !line.contains(".workspace = true")
                && !line.contains("{ workspace = true")
            {
                finding(
                    Some(number + 1),
                    "take the dependency from the workspace table: `name.workspace = true`",
                );
            }
        }
        if !lints {
            finding(None, "add `[lints]` with `workspace = true`");
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_stand_in_the_workspace_table() {
        let lints = "[lints]\nworkspace = true\n";
        for (text, expected) in [
            ("[dependencies]\nserde.workspace = true\n", 0),
            (
                "[dependencies]\nserde = { workspace = true, features = [] }\n",
                0,
            ),
            ("[dependencies]\nserde = \"1\"\n", 1),
            (
                "[dev-dependencies]\n# why\nserde = { version = \"1\" }\n",
                1,
            ),
            ("[dependencies.serde]\nworkspace = true\n", 1),
            ("[package]\nversion = \"1\"\n", 0),
        ] {
            let workspace = Workspace::of(&[("crates/a/Cargo.toml", &format!("{lints}{text}"))]);
            assert_eq!(check(&workspace).len(), expected, "{text}");
        }
        let bare = Workspace::of(&[("crates/a/Cargo.toml", "[package]\n")]);
        assert_eq!(check(&bare).len(), 1);
    }
}
