//! `baton why`: why a run is as it is, or why a trigger makes none.

use std::process::ExitCode;

use baton_base::now;
use baton_model::{RunId, Timestamp, Trigger};
use serde_json::json;

use super::state::State;
use crate::args::WhyArgs;
use crate::failure::Failure;
use crate::terminal::say;

/// Prints the answer.
pub(crate) fn run(args: &WhyArgs) -> Result<ExitCode, Failure> {
    let state = State::open(&args.project)?;
    let at = Timestamp(now());
    let why = match (args.run, &args.trigger) {
        (Some(run), _) => state.block_on(state.why_run(RunId(run), at))?,
        (None, name) => {
            let name = name.as_deref().unwrap_or_default();
            let trigger = find(&state, name, args.pipeline.as_deref())?;
            state.block_on(state.why_trigger(&trigger, at))?
        }
    };
    if args.json {
        say(&json!({"headline": why.headline, "details": why.details}).to_string());
        return Ok(ExitCode::SUCCESS);
    }
    say(&why.headline);
    for detail in &why.details {
        say(&format!("  {detail}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// The one trigger of this name.
fn find(state: &State, name: &str, pipeline: Option<&str>) -> Result<Trigger, Failure> {
    let mut found = state.block_on(state.store.triggers())?;
    found.retain(|trigger| {
        trigger.name == name && pipeline.is_none_or(|uuid| trigger.pipeline.as_str() == uuid)
    });
    if found.len() > 1 {
        let pipelines: Vec<&str> = found.iter().map(|one| one.pipeline.as_str()).collect();
        return Err(Failure::usage(
            format!("several pipelines have a trigger `{name}`"),
            format!("name one with --pipeline: {}", pipelines.join(", ")),
        ));
    }
    found.pop().ok_or_else(|| {
        Failure::usage(
            format!("no server has seen a trigger `{name}` of this project"),
            "`baton start` reads the triggers of the project",
        )
    })
}
