//! Files stay short enough to read: 500 lines of product code are a warning, 800 an error.

use super::Finding;
use super::source::{is_foreign, is_test, product_part};
use crate::workspace::Workspace;

const SOFT: usize = 500;
const HARD: usize = 800;

/// Files over the hard limit, and those over the soft one only.
pub(super) fn check(workspace: &Workspace) -> (Vec<Finding>, Vec<Finding>) {
    let mut hard = Vec::new();
    let mut soft = Vec::new();
    let sources = [".rs", ".py", ".ts", ".tsx", ".sh"];
    for (path, text) in sources
        .into_iter()
        .flat_map(|ext| workspace.with_extension(ext))
    {
        if is_foreign(path) || is_test(path) {
            continue;
        }
        let lines = product_part(text).lines().count();
        let finding = |limit| {
            let message = format!("{lines} lines; split it (the limit is {limit})");
            Finding::new("size", path, None, message)
        };
        if lines > HARD {
            hard.push(finding(HARD));
        } else if lines > SOFT {
            soft.push(finding(SOFT));
        }
    }
    (hard, soft)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_files_are_found() {
        for (path, lines, expected) in [
            ("crates/a/src/b.rs", 500, (0, 0)),
            ("crates/a/src/b.rs", 501, (0, 1)),
            ("crates/a/src/b.rs", 801, (1, 0)),
            ("crates/a/tests/b.rs", 2000, (0, 0)),
            ("docs/a.md", 2000, (0, 0)),
        ] {
            let workspace = Workspace::of(&[(path, &"x\n".repeat(lines))]);
            let (hard, soft) = check(&workspace);
            assert_eq!((hard.len(), soft.len()), expected, "{path} {lines}");
        }
    }

    #[test]
    fn tests_in_a_file_are_not_counted() {
        let text = format!("x\n#[cfg(test)]\nmod tests {{\n{}}}\n", "y\n".repeat(900));
        let (hard, soft) = check(&Workspace::of(&[("crates/a/src/b.rs", &text)]));
        assert!(hard.is_empty() && soft.is_empty());
    }
}
