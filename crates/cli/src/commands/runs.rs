//! `baton runs`: the runs of a project, newest first.

use std::process::ExitCode;
use std::time::Duration;

use baton_base::iso;
use baton_model::PipelineUuid;
use baton_store::RunPage;
use serde_json::json;

use super::state::State;
use crate::args::RunsArgs;
use crate::failure::Failure;
use crate::terminal::{self, Paint, say};

/// Prints the list.
pub(crate) fn run(args: &RunsArgs) -> Result<ExitCode, Failure> {
    let state = State::open(&args.project)?;
    let page = RunPage {
        pipelines: args
            .pipeline
            .as_deref()
            .map(PipelineUuid::from)
            .into_iter()
            .collect(),
        limit: args.limit,
        ..RunPage::default()
    };
    let runs = state.block_on(state.store.page_runs(&page))?.rows;
    let mut pipelines: Vec<_> = runs.iter().map(|run| run.pipeline.clone()).collect();
    pipelines.sort_unstable();
    pipelines.dedup();
    let usual = state.block_on(state.usual_of_pipelines(&pipelines, None))?;
    let drivers = state.block_on(state.drivers())?;
    let paint = Paint::stdout();
    if runs.is_empty() && !args.json {
        say("no runs yet");
        return Ok(ExitCode::SUCCESS);
    }
    let width = runs
        .iter()
        .map(|run| run.pipeline.as_str().chars().count())
        .max()
        .unwrap_or(0)
        .max(8);
    if !args.json {
        let head = format!(
            "{:>5}  {:width$}  {:11}  {:24}  {:>10}  {:>10}  {:24}  TRIGGER",
            "RUN", "PIPELINE", "STATUS", "STARTED", "TIME", "USUALLY", "LOGICAL DATE"
        );
        say(&paint.bold(&head));
    }
    for run in runs {
        let interrupted = !run.status.is_final() && !drivers.go_on_with(run.id, run.cause);
        let status = if interrupted {
            "interrupted"
        } else {
            run.status.name()
        };
        let time = match (run.started_at, run.ended_at) {
            (Some(start), Some(end)) => Some(end.since(start)),
            _ => None,
        };
        let usual = usual.get(&run.pipeline).and_then(|usual| usual.seconds);
        if args.json {
            say(&json!({
                "run_id": run.id, "pipeline": run.pipeline, "status": status,
                "trigger": run.trigger_name, "cause": run.cause,
                "execution_date": iso(run.execution_date.0), "reason": run.note,
                "created_at": iso(run.created_at.0),
                "started_at": run.started_at.map(|at| iso(at.0)),
                "ended_at": run.ended_at.map(|at| iso(at.0)),
                "seconds": time.as_ref().map(Duration::as_secs_f64),
                "usual_seconds": usual.map(|usual| usual.median),
                "usage": run.usage,
            })
            .to_string());
            continue;
        }
        let padded = format!("{status:11}");
        let coloured = if interrupted {
            paint.yellow(&padded)
        } else {
            match run.status {
                baton_model::RunStatus::Completed => paint.green(&padded),
                baton_model::RunStatus::Failed => paint.red(&padded),
                _ => paint.yellow(&padded),
            }
        };
        let took = format!("{:>10}", time.map(terminal::seconds).unwrap_or_default());
        let is_slow = usual
            .zip(time)
            .is_some_and(|(usual, time)| usual.is_outlasted_by(time.as_secs_f64()));
        let usual = usual.and_then(|usual| Duration::try_from_secs_f64(usual.median).ok());
        let line = format!(
            "{:>5}  {:width$}  {coloured}  {:24}  {}  {:>10}  {:24}  {}",
            run.id,
            run.pipeline.as_str(),
            run.started_at.map(|at| iso(at.0)).unwrap_or_default(),
            if is_slow { paint.yellow(&took) } else { took },
            usual.map(terminal::seconds).unwrap_or_default(),
            iso(run.execution_date.0),
            run.trigger_name.as_deref().unwrap_or_default(),
        );
        say(line.trim_end());
    }
    Ok(ExitCode::SUCCESS)
}
