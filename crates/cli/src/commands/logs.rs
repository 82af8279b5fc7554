//! `baton logs`: what a run's blocks printed and logged.

use std::process::ExitCode;

use baton_base::iso;
use baton_model::RunId;
use baton_runner::Level;
use baton_scheduler::read_log;

use super::state::State;
use crate::args::LogsArgs;
use crate::failure::Failure;
use crate::terminal::{Paint, log_lines, say};

/// Prints the records, oldest first.
pub(crate) fn run(args: &LogsArgs) -> Result<ExitCode, Failure> {
    let state = State::open(&args.project)?;
    let run = state.block_on(state.run(RunId(args.run)))?;
    if let Some(block) = &args.block
        && !run.blocks.iter().any(|one| is_of(&one.name, block))
    {
        return Err(Failure::usage(
            format!(
                "run {} of `{}` has no block `{block}`",
                run.id, run.plan.pipeline
            ),
            "leave the block out to see the whole log",
        ));
    }
    let paint = Paint::stdout();
    let mut path = state.home.log(args.run);
    // What another machine has run, the project's bucket may have.
    let mut fetched = None;
    if !path.exists() {
        fetched = state.block_on(state.fetched_log(&args.project, &run))?;
    }
    if let Some(fetched) = &fetched {
        fetched.path().clone_into(&mut path);
    }
    read_log(&path, |record| {
        if let Some(block) = &args.block
            && !record.block.as_ref().is_some_and(|one| is_of(one, block))
        {
            return;
        }
        if args.json {
            say(&serde_json::to_string(&record).unwrap_or_default());
            return;
        }
        let level = format!("{:8}", record.level.name());
        let level = match record.level {
            Level::Debug | Level::Info => paint.dim(&level),
            Level::Warning => paint.yellow(&level),
            Level::Error | Level::Exception | Level::Critical => paint.red(&level),
        };
        let place = match (&record.block, record.attempt) {
            (Some(block), Some(attempt)) if attempt > 1 => format!("{block}#{attempt}"),
            (Some(block), _) => block.clone(),
            (None, _) => "run".to_owned(),
        };
        let tags = if record.tags.is_empty() {
            String::new()
        } else {
            let tags = serde_json::to_string(&record.tags).unwrap_or_default();
            format!(" {}", paint.dim(&tags))
        };
        let mut lines = log_lines(&record.message).into_iter();
        let first = lines.next().unwrap_or_default();
        say(&format!(
            "{} {level} {} {first}{tags}",
            paint.dim(&iso(record.at.0)),
            paint.cyan(&place),
        ));
        for line in lines {
            say(&format!("    {line}"));
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Whether a block run is the one that was asked for, or one of its child runs.
fn is_of(name: &str, block: &str) -> bool {
    name.strip_prefix(block)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}
