//! `baton clean`: old runs, with their logs and products, leave the state of a project.

use std::process::ExitCode;
use std::time::Duration;

use baton_app::{Keeping, open_project, parse_age};
use baton_model::{PipelineUuid, RunId};
use baton_project::Project;
use baton_store::RunPage;

use super::state::State;
use crate::args::CleanArgs;
use crate::failure::Failure;
use crate::terminal::{bytes, say};

/// Deletes what is old enough.
pub(crate) fn run(args: &CleanArgs) -> Result<ExitCode, Failure> {
    let project = open_project(&args.project, args.pipeline.as_deref())?;
    let age = match &args.older_than {
        Some(text) => Some(parse_age(text).ok_or_else(|| {
            Failure::usage(
                format!("`{text}` is not an age"),
                "write for instance --older-than 90d",
            )
        })?),
        None if args.logs => Keeping::of(&project)?.logs,
        None => Keeping::of(&project)?.runs,
    };
    let Some(age) = age else {
        say("nothing is deleted: the project keeps everything for ever");
        return Ok(ExitCode::SUCCESS);
    };
    let pipeline = args.pipeline.as_deref().map(PipelineUuid::from);
    let wanted = Wanted {
        age,
        pipeline: pipeline.as_ref(),
        dry_run: args.dry_run,
    };
    if args.logs {
        logs(&project, &wanted)
    } else {
        runs(&project, &wanted)
    }
}

/// What may go.
pub(crate) struct Wanted<'a> {
    /// Older than this.
    pub(crate) age: Duration,
    /// Only of this pipeline.
    pub(crate) pipeline: Option<&'a PipelineUuid>,
    /// Whether it is only counted.
    pub(crate) dry_run: bool,
}

/// Deletes old runs with their logs, and objects that nobody names any more.
pub(crate) fn runs(project: &Project, wanted: &Wanted<'_>) -> Result<ExitCode, Failure> {
    let state = opened(project, wanted)?;
    let old = state.block_on(state.old_runs(wanted.age, wanted.pipeline))?;
    if wanted.dry_run {
        foretell(&old, "run");
        return Ok(ExitCode::SUCCESS);
    }
    let cleaned = state.block_on(state.delete_old_runs(&old, wanted.age))?;
    say(&format!(
        "{} deleted, {} freed",
        count(usize::try_from(cleaned.runs).unwrap_or(usize::MAX), "run"),
        bytes(cleaned.bytes)
    ));
    Ok(ExitCode::SUCCESS)
}

/// Deletes the logs of runs that have ended long ago.
pub(crate) fn logs(project: &Project, wanted: &Wanted<'_>) -> Result<ExitCode, Failure> {
    let state = opened(project, wanted)?;
    let old = state.block_on(state.old_logs(wanted.age, wanted.pipeline))?;
    if wanted.dry_run {
        foretell(&old, "log");
        return Ok(ExitCode::SUCCESS);
    }
    state.delete_logs(&old)?;
    say(&format!("{} deleted", count(old.len(), "log")));
    Ok(ExitCode::SUCCESS)
}

/// The state of a project that has the pipeline whose runs are to go, or at least runs of it.
fn opened(project: &Project, wanted: &Wanted<'_>) -> Result<State, Failure> {
    let state = State::of(project.root())?;
    if let Some(pipeline) = wanted.pipeline
        && let Err(unknown) = project.pipeline_file(pipeline)
    {
        let page = RunPage {
            pipelines: vec![pipeline.clone()],
            limit: 1,
            ..RunPage::default()
        };
        if state
            .block_on(state.store.page_runs(&page))?
            .rows
            .is_empty()
        {
            return Err(unknown.into());
        }
    }
    Ok(state)
}

fn foretell(runs: &[RunId], word: &str) {
    say(&format!("{} would be deleted", count(runs.len(), word)));
    if !runs.is_empty() {
        let numbers: Vec<_> = runs.iter().map(RunId::to_string).collect();
        say(&format!("  {}", numbers.join(" ")));
    }
}

fn count(number: usize, word: &str) -> String {
    if number == 1 {
        format!("1 {word}")
    } else {
        format!("{number} {word}s")
    }
}
