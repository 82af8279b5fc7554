//! The repository names no machine: neither folders of somebody's computer nor hosts of package registries,
//! which people replace by mirrors. Lock files are the exception.

use super::Finding;
use super::source::is_test;
use crate::workspace::Workspace;

/// Folders of somebody's machine.
const FOLDERS: &[&str] = &["/root/"];

/// Homes of people. A test may invent one; containers of Mage keep projects in `/home/src`.
const HOMES: &[&str] = &["/home/", "/Users/"];
/// Files that must name registries, and this one.
const EXEMPT: &[&str] = &["Cargo.lock", "package-lock.json", "uv.lock", "places.rs"];

const KNOWN_HOME: &str = "/home/src";

// Written in two parts, so that this file passes its own check.
const HOSTS: &[&str] = &[
    concat!("py", "pi.org"),
    concat!("python", "hosted.org"),
    concat!("crates", ".io"),
    concat!("npm", "js.org"),
    concat!("npm", "js.com"),
    concat!("proxy.", "golang.org"),
];

/// Checks every text file.
pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in &workspace.files {
        if EXEMPT.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            if let Some(word) = place(line, is_test(path)) {
                findings.push(Finding::new(
                    "place",
                    path,
                    Some(number + 1),
                    format!("`{word}` belongs to one machine or one registry"),
                ));
            }
        }
    }
    findings
}

fn place(line: &str, in_test: bool) -> Option<&'static str> {
    let homes = if in_test { &[][..] } else { HOMES };
    let host = HOSTS.iter().find(|host| line.contains(**host));
    let mut folders = FOLDERS.iter().chain(homes);
    host.or_else(|| folders.find(|folder| names_folder(line, folder)))
        .copied()
}

/// Whether an absolute path in `line` begins with `folder` and goes on with a name.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let begins = before.is_none_or(|c| !(c.is_alphanumeric() || "_-./}*<>~$".contains(c)));
        let rest = line.get(at..).unwrap_or_default();
        let named = rest
            .get(folder.len()..)
            .and_then(|text| text.chars().next())
            .is_some_and(|c| c.is_alphanumeric() || c == '.' || c == '_');
        begins && named && !rest.starts_with(KNOWN_HOME)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_are_found() {
        for (line, expected) in [
            ("cd /root/project", Some("/root/")),
            ("path = \"/home/someone/project\"", Some("/home/")),
            ("/home/src/default_repo", None),
            ("a/root/b and ~/root/x", None),
            ("the folder /home/<name>", None),
            ("$HOME/root/x", None),
            (concat!("https://py", "pi.org/simple"), Some(HOSTS[0])),
            ("a crate, io", None),
        ] {
            assert_eq!(place(line, false), expected, "{line}");
        }
        assert_eq!(place("/home/someone/project", true), None);
        assert!(place("/root/project", true).is_some());
    }

    #[test]
    fn lock_files_may_name_registries() {
        let line = concat!("registry+https://github.com/rust-lang/crates", ".io-index");
        let workspace = Workspace::of(&[("Cargo.lock", line), ("README.md", line)]);
        let found = check(&workspace);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "README.md");
    }
}
