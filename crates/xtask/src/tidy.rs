//! `cargo xtask tidy`: the rules of the house that no compiler checks, one module per rule.

use anyhow::Context;

use crate::Report;
use crate::workspace::Workspace;

mod commands;
mod docs;
mod layers;
mod links;
mod manifests;
mod names;
mod places;
mod purity;
mod sizes;
mod source;

const EXCEPTIONS: &str = "crates/xtask/exceptions.txt";

/// A broken rule.
#[derive(Debug, PartialEq)]
struct Finding {
    /// Name of the rule, as the file of exceptions uses it.
    rule: &'static str,
    path: String,
    line: Option<usize>,
    message: String,
}

impl Finding {
    fn new(rule: &'static str, path: &str, line: Option<usize>, message: String) -> Self {
        let path = path.to_owned();
        Self {
            rule,
            path,
            line,
            message,
        }
    }
}

/// A line of the file of exceptions: `rule path: reason`.
#[derive(Debug, PartialEq)]
struct Exception {
    rule: String,
    path: String,
}

/// Checks every rule.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<Report> {
    let exceptions = parse_exceptions(workspace.text(EXCEPTIONS)?)?;
    let mut findings = layers::check(&workspace.members()?);
    findings.extend(purity::check(workspace));
    findings.extend(manifests::check(workspace));
    findings.extend(docs::check(workspace));
    findings.extend(names::check(workspace));
    findings.extend(places::check(workspace));
    findings.extend(links::check(workspace));
    findings.extend(commands::check(workspace));
    let (too_long, long) = sizes::check(workspace);
    findings.extend(too_long);

    let mut report = Report {
        warnings: long.iter().map(describe).collect(),
        ..Report::default()
    };
    for exception in &exceptions {
        let used = |finding: &Finding| exempts(exception, finding);
        if !findings.iter().any(used) && !long.iter().any(used) {
            let Exception { rule, path } = exception;
            report.problems.push(format!(
                "{EXCEPTIONS}: `{rule} {path}` is no longer needed; delete the line"
            ));
        }
    }
    findings.retain(|finding| {
        !exceptions
            .iter()
            .any(|exception| exempts(exception, finding))
    });
    report.problems.extend(findings.iter().map(describe));
    report.summary = format!(
        "tidy: {} files, {} errors, {} warnings",
        workspace.files.len(),
        report.problems.len(),
        report.warnings.len()
    );
    Ok(report)
}

fn exempts(exception: &Exception, finding: &Finding) -> bool {
    exception.rule == finding.rule && exception.path == finding.path
}

fn describe(finding: &Finding) -> String {
    let Finding {
        rule,
        path,
        line,
        message,
    } = finding;
    let line = line.map_or_else(String::new, |line| format!(":{line}"));
    format!("{path}{line}: {message} [{rule}]")
}

fn parse_exceptions(text: &str) -> anyhow::Result<Vec<Exception>> {
    text.lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| {
            let parsed = || -> Option<Exception> {
                let (subject, reason) = line.split_once(": ")?;
                let (rule, path) = subject.split_once(' ')?;
                (!reason.trim().is_empty()).then(|| Exception {
                    rule: rule.to_owned(),
                    path: path.to_owned(),
                })
            };
            parsed().with_context(|| {
                format!("read `{EXCEPTIONS}`: `{line}` is not of the form `rule path: reason`")
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_needs_a_reason() {
        let good = parse_exceptions("# a comment\n\nsize crates/a/src/b.rs: one long table\n");
        assert_eq!(
            good.unwrap(),
            [Exception {
                rule: "size".to_owned(),
                path: "crates/a/src/b.rs".to_owned()
            }]
        );
        for bad in ["size crates/a/src/b.rs", "size crates/a/src/b.rs: "] {
            assert!(parse_exceptions(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_finding_says_where() {
        let finding = Finding::new("size", "a.rs", Some(3), "too long".to_owned());
        assert_eq!(describe(&finding), "a.rs:3: too long [size]");
    }
}
