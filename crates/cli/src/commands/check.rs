//! `baton check`: the whole project, without running anything.

use std::path::Path;
use std::process::ExitCode;

use baton_project::{Platform, Problem, Project, Severity};
use serde_json::json;

use super::state;
use crate::args::CheckArgs;
use crate::failure::{FAILED, Failure};
use crate::terminal::{Paint, say};
use baton_app::{Known, home, lookup};

/// Opens the project with the secrets it has; a check writes nothing, so a project without state has none.
fn open(path: &Path) -> Result<Project, Failure> {
    let runtime = state::runtime()?;
    let known = runtime.block_on(Known::of_project(&home()?, path))?;
    Ok(Project::open_with(path, lookup(&known))?)
}

/// What a check found.
struct Checked {
    problems: Vec<Problem>,
    pipelines: usize,
    projects: usize,
}

/// Checks the project at `path`, or every project of the folder. Files are named as seen from there.
fn checked(path: &Path) -> Result<Checked, Failure> {
    let Some(platform) = Platform::open(path) else {
        let project = open(path)?;
        return Ok(Checked {
            problems: baton_project::check(&project),
            pipelines: project.pipeline_uuids().len(),
            projects: 1,
        });
    };
    let mut checked = Checked {
        problems: platform.problems().to_vec(),
        pipelines: 0,
        projects: 0,
    };
    for root in platform.projects() {
        let project = open(&root)?;
        let place = root.strip_prefix(platform.root()).unwrap_or(&root);
        for mut problem in baton_project::check(&project) {
            problem.file = place.join(&problem.file).to_string_lossy().into_owned();
            checked.problems.push(problem);
        }
        checked.pipelines += project.pipeline_uuids().len();
        checked.projects += 1;
    }
    Ok(checked)
}

/// Prints the problems, then how many there are.
pub(crate) fn run(args: &CheckArgs) -> Result<ExitCode, Failure> {
    let Checked {
        problems,
        pipelines,
        projects,
    } = checked(&args.project)?;
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
        say(&json!({"errors": errors, "warnings": warnings, "pipelines": pipelines, "projects": projects, "ok": !failed}).to_string());
    } else {
        let plural = |n: usize, word: &str| {
            if n == 1 {
                format!("1 {word}")
            } else {
                format!("{n} {word}s")
            }
        };
        let several = if projects == 1 {
            String::new()
        } else {
            format!(" of {projects} projects")
        };
        let text = format!(
            "{}, {} in {}{several}",
            plural(errors, "error"),
            plural(warnings, "warning"),
            plural(pipelines, "pipeline")
        );
        say(&if failed {
            paint.red(&text)
        } else {
            paint.green(&text)
        });
    }
    Ok(ExitCode::from(if failed { FAILED } else { 0 }))
}
