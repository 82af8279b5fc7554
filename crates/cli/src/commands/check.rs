//! `baton check`: the whole project, without running anything.

use std::process::ExitCode;

use baton_project::{Project, Severity};
use serde_json::json;

use crate::args::CheckArgs;
use crate::failure::{FAILED, Failure};
use crate::terminal::{Paint, say};

/// Prints the problems, then how many there are.
pub(crate) fn run(args: &CheckArgs) -> Result<ExitCode, Failure> {
    let project = Project::open(&args.project)?;
    let problems = baton_project::check(&project);
    let paint = Paint::stdout();
    let errors = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .count();
    let warnings = problems.len() - errors;
    for problem in &problems {
        if args.json {
            say(&serde_json::to_string(problem).unwrap_or_default());
            continue;
        }
        let word = match problem.severity {
            Severity::Error => paint.red("error"),
            Severity::Warning => paint.yellow("warning"),
        };
        say(&format!(
            "{}: {word}[{}]: {}",
            paint.bold(&problem.place()),
            problem.code,
            problem.message
        ));
        if let Some(hint) = &problem.hint {
            say(&format!("    {} {hint}", paint.yellow("hint:")));
        }
    }
    let failed = errors > 0 || args.strict && warnings > 0;
    if args.json {
        say(&json!({"errors": errors, "warnings": warnings, "pipelines": project.pipeline_uuids().len(), "ok": !failed}).to_string());
    } else {
        let count = project.pipeline_uuids().len();
        let plural = |n: usize, word: &str| {
            if n == 1 {
                format!("1 {word}")
            } else {
                format!("{n} {word}s")
            }
        };
        let text = format!(
            "{}, {} in {}",
            plural(errors, "error"),
            plural(warnings, "warning"),
            plural(count, "pipeline")
        );
        say(&if failed {
            paint.red(&text)
        } else {
            paint.green(&text)
        });
    }
    Ok(ExitCode::from(if failed { FAILED } else { 0 }))
}
