//! Commands that the documents tell people to type exist: targets of the Makefile and commands of this program.

use super::Finding;
use crate::workspace::Workspace;

const XTASK: &[&str] = &["help", "licenses", "tidy"];

/// Checks the code blocks of every Markdown file.
pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let makefile = workspace.files.get("Makefile").map_or("", String::as_str);
    let targets: Vec<&str> = makefile
        .lines()
        .filter(|line| !line.starts_with(['\t', '.', '#', ' ']))
        .filter_map(|line| Some(line.split_once(':')?.0))
        .collect();
    let mut findings = Vec::new();
    for (path, text) in workspace.with_extension(".md") {
        for (number, line) in code(text) {
            let line = line.trim().trim_start_matches("$ ");
            let unknown = |prefix: &str, known: &[&str]| {
                let name = line.strip_prefix(prefix)?.split_whitespace().next()?;
                (!known.contains(&name)).then(|| format!("`{prefix}{name}` does not exist"))
            };
            let message = unknown("make ", &targets).or_else(|| unknown("cargo xtask ", XTASK));
            if let Some(message) = message {
                findings.push(Finding::new("command", path, Some(number), message));
            }
        }
    }
    findings
}

/// The lines inside fenced code, numbered from 1.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (fenced && !fence).then_some((index + 1, line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_commands_are_found() {
        for (line, expected) in [
            ("make test", 0),
            ("$ make start", 0),
            ("make deploy", 1),
            ("cargo xtask tidy", 0),
            ("cargo xtask release", 1),
            ("baton run .", 0),
        ] {
            let text = format!("make coffee\n```sh\n{line}\n```\n");
            let workspace = Workspace::of(&[
                ("README.md", &text),
                ("Makefile", "start:\n\t@x\ntest: start\n\t@y\n"),
            ]);
            assert_eq!(check(&workspace).len(), expected, "{line}");
        }
    }
}
