//! Modules are named after what they hold, never after the fact that they hold something.

use super::Finding;
use super::source::is_foreign;
use crate::workspace::Workspace;

const BANNED: &[&str] = &["common", "helpers", "manager", "misc", "types", "utils"];

/// Folders whose names Mage chose.
const FACADES: &[&str] = &["python/mage_ai/", "python/tests/"];

/// Checks the parts of every path.
pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, _) in workspace
        .with_extension(".rs")
        .chain(workspace.with_extension(".py"))
    {
        if is_foreign(path) || FACADES.iter().any(|facade| path.starts_with(facade)) {
            continue;
        }
        let banned = path
            .split('/')
            .filter_map(|part| part.split('.').next())
            .find(|name| BANNED.contains(name));
        if let Some(name) = banned {
            findings.push(Finding::new(
                "name",
                path,
                None,
                format!("`{name}` says nothing; name the module after what it holds"),
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_names_are_found() {
        for (path, expected) in [
            ("crates/a/src/utils.rs", 1),
            ("crates/a/src/types/mod.rs", 1),
            ("crates/a/src/column_types.rs", 0),
            ("python/baton/helpers.py", 1),
            ("python/mage_ai/shared/utils.py", 0),
            ("examples/flights/utils/tables.py", 0),
        ] {
            assert_eq!(
                check(&Workspace::of(&[(path, "")])).len(),
                expected,
                "{path}"
            );
        }
    }
}
