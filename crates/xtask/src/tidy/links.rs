//! Relative links in Markdown lead to something: the file exists, and so does the heading.

use super::Finding;
use crate::workspace::Workspace;

/// Checks every Markdown file.
pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in workspace.with_extension(".md") {
        for (number, target) in links(text) {
            if let Some(message) = broken(workspace, path, target) {
                findings.push(Finding::new("link", path, Some(number), message));
            }
        }
    }
    findings
}

fn broken(workspace: &Workspace, from: &str, target: &str) -> Option<String> {
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let path = if file.is_empty() {
        from.to_owned()
    } else {
        resolve(from, file)
    };
    if !workspace.exists(&path) {
        return Some(format!("`{target}` leads nowhere"));
    }
    let text = workspace.files.get(&path)?;
    let found = heading.is_empty() || headings(text).any(|known| known == heading);
    (!found).then(|| format!("`{path}` has no heading `#{heading}`"))
}

/// The path that `target`, seen from the file `from`, names.
fn resolve(from: &str, target: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// Targets of links inside the repository, with their lines; code is skipped.
fn links(text: &str) -> impl Iterator<Item = (usize, &str)> {
    prose(text).flat_map(|(number, line)| {
        line.split("](").skip(1).filter_map(move |rest| {
            let target = rest.split([')', ' ']).next()?;
            let outside = target.contains("://") || target.starts_with("mailto:");
            (!outside && !target.is_empty()).then_some((number, target))
        })
    })
}

/// The lines outside fenced code, numbered from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fenced && !fence).then_some((index + 1, line))
    })
}

/// Anchors of a file's headings: lower case, punctuation dropped, spaces as hyphens.
fn headings(text: &str) -> impl Iterator<Item = String> {
    prose(text)
        .filter(|(_, line)| line.starts_with('#'))
        .map(|(_, line)| {
            line.trim_start_matches('#')
                .trim()
                .to_lowercase()
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_links_are_found() {
        for (link, expected) in [
            ("[a](guide/start.md)", 0),
            ("[a](guide/start.md#first-steps-in-baton)", 0),
            ("[a](guide/start.md#nowhere)", 1),
            ("[a](guide)", 0),
            ("[a](../README.md)", 0),
            ("[a](gone.md)", 1),
            ("[a](https://example.org/x.md)", 0),
            ("[a](#here)", 1),
            ("```\n[a](gone.md)\n```", 0),
        ] {
            let workspace = Workspace::of(&[
                ("docs/index.md", link),
                ("docs/guide/start.md", "## First steps, in Baton\n"),
                ("README.md", ""),
            ]);
            assert_eq!(check(&workspace).len(), expected, "{link}");
        }
    }
}
