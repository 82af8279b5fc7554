//! `baton clean`: old runs, with their logs and products, leave the state of a project.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use baton_app::open_project;
use baton_model::{PipelineUuid, RunId, Timestamp};
use baton_products::Products;
use baton_project::Project;
use baton_scheduler::Lease;
use baton_store::RunFilter;
use serde_json::Value;

use super::state::State;
use crate::args::CleanArgs;
use crate::failure::{FAILED, Failure};
use crate::terminal::{bytes, say};

/// Objects that are younger may belong to an attempt whose products are being committed.
const GRACE: Duration = Duration::from_secs(3600);

/// Deletes what is old enough.
pub(crate) fn run(args: &CleanArgs) -> Result<ExitCode, Failure> {
    let project = open_project(&args.project, args.pipeline.as_deref())?;
    let default = || {
        retention(&project, args.logs).ok_or_else(|| {
            Failure::usage(
                "the project does not say how long data is kept",
                "say --older-than 90d, for instance",
            )
        })
    };
    let age = match &args.older_than {
        Some(text) => text.clone(),
        None => default()?,
    };
    let age = parse_age(&age).ok_or_else(|| {
        Failure::usage(
            format!("`{age}` is not an age"),
            "write for instance --older-than 90d",
        )
    })?;
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

/// How long the project wants data, or logs, to be kept.
pub(crate) fn retention(project: &Project, logs: bool) -> Option<String> {
    let settings = project.settings();
    let value = if logs {
        settings.logging.get("retention_period")
    } else {
        settings.raw.get("variables_retention_period")
    };
    value.and_then(Value::as_str).map(str::to_owned)
}

/// `12h`, `90d`, `4w`; a number alone counts days.
pub(crate) fn parse_age(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let seconds: u64 = match text.get(digits.len()..)? {
        "h" => 3600,
        "d" | "" => 86_400,
        "w" => 7 * 86_400,
        _ => return None,
    };
    let number: u64 = digits.parse().ok()?;
    Some(Duration::from_secs(number.checked_mul(seconds)?))
}

/// Deletes old runs with their logs, and objects that nobody names any more.
pub(crate) fn runs(project: &Project, wanted: &Wanted<'_>) -> Result<ExitCode, Failure> {
    let state = State::of(project.root())?;
    let age = i64::try_from(wanted.age.as_micros()).unwrap_or(i64::MAX);
    let before = Timestamp(baton_base::now().saturating_sub(age));
    let mut old = state.block_on(state.store.old_runs(before, wanted.pipeline))?;
    // Somebody may be resuming one of them right now.
    old.retain(|run| !Lease::is_held(&state.home.run_lock(run.0)));
    if wanted.dry_run {
        let numbers: Vec<_> = old.iter().map(RunId::to_string).collect();
        say(&format!("{} would be deleted", count(old.len(), "run")));
        if !numbers.is_empty() {
            say(&format!("  {}", numbers.join(" ")));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let deleted = state.block_on(state.store.delete_runs(&old))?;
    for run in &old {
        remove(&state.home.log(run.0))?;
        remove(&state.home.run_lock(run.0))?;
    }
    let products = Products::open(&state.home.products())?;
    let live = state.block_on(state.store.live_objects())?;
    let collected = products.collect(&live, GRACE)?;
    say(&format!(
        "{} deleted, {} freed",
        count(usize::try_from(deleted).unwrap_or(usize::MAX), "run"),
        bytes(collected.bytes)
    ));
    Ok(ExitCode::SUCCESS)
}

/// Deletes the logs of runs that have ended long ago.
pub(crate) fn logs(project: &Project, wanted: &Wanted<'_>) -> Result<ExitCode, Failure> {
    let state = State::of(project.root())?;
    let filter = RunFilter {
        pipeline: wanted.pipeline.cloned(),
        limit: u32::MAX,
    };
    let oldest = SystemTime::now()
        .checked_sub(wanted.age)
        .unwrap_or(SystemTime::UNIX_EPOCH);
    let mut deleted = 0;
    for run in state.block_on(state.store.list_runs(&filter))? {
        let log = state.home.log(run.id.0);
        let is_old = fs::metadata(&log)
            .and_then(|file| file.modified())
            .is_ok_and(|modified| modified < oldest);
        if !is_old || Lease::is_held(&state.home.run_lock(run.id.0)) {
            continue;
        }
        if !wanted.dry_run {
            remove(&log)?;
        }
        deleted += 1;
    }
    let verb = if wanted.dry_run { "would be " } else { "" };
    say(&format!("{} {verb}deleted", count(deleted, "log")));
    Ok(ExitCode::SUCCESS)
}

fn count(number: usize, word: &str) -> String {
    if number == 1 {
        format!("1 {word}")
    } else {
        format!("{number} {word}s")
    }
}

fn remove(file: &Path) -> Result<(), Failure> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Failure::usage(
            format!("failed to delete {}: {error}", file.display()),
            "check the permissions of Baton's state folder",
        )
        .with_exit(FAILED)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_a_number_and_a_unit() {
        for (text, hours) in [
            ("12h", Some(12)),
            ("90d", Some(2160)),
            (" 2w ", Some(336)),
            ("1", Some(24)),
            ("d", None),
            ("9y", None),
            ("-1d", None),
            ("99999999999999999999d", None),
            ("9999999999999999w", None),
        ] {
            let expected = hours.map(|hours| Duration::from_secs(hours * 3600));
            assert_eq!(parse_age(text), expected, "{text}");
        }
    }
}
