//! What the options of `baton run` ask for.

use baton_app::{RunRequest, WorkerOptions, machine, moment};
use baton_model::{Machine, Map, Timestamp};
use baton_runner::{Isolation, Strategy};
use serde_json::Value;

use crate::args::{IsolationChoice, LaunchChoice, RunArgs, WorkerArgs};
use crate::failure::Failure;

/// The run that is wanted.
pub(crate) fn request(args: &RunArgs) -> Result<RunRequest, Failure> {
    Ok(RunRequest {
        pipeline: args.pipeline.clone().unwrap_or_default(),
        env: args.env.clone(),
        variables: given_variables(args)?,
        blocks: args.blocks.clone(),
        upstream: args.upstream,
        downstream: args.downstream,
        from_run: args.from_run,
        committed: false,
        trigger: args.trigger.clone(),
        execution_date: logical_date(args)?,
        event: match &args.event {
            Some(text) => Some(json_object("--event", text, r#"{"file": "a.csv"}"#)?),
            None => None,
        },
        one_process: args.one_process,
        as_mage: args.as_mage,
        workers: args.worker.workers,
        // Mage reserves nothing on its own machine.
        machine: if args.as_mage {
            Machine::default()
        } else {
            machine(&worker_options(&args.worker))?
        },
    })
}

/// How its blocks are run.
pub(crate) fn worker_options(args: &WorkerArgs) -> WorkerOptions {
    WorkerOptions {
        python: args.python.clone(),
        workers: args.workers,
        memory: args.memory.clone(),
        cpus: args.cpus.clone(),
        total_memory: args.total_memory.clone(),
        isolation: match args.isolation {
            IsolationChoice::Auto => Isolation::Auto,
            IsolationChoice::On => Isolation::On,
            IsolationChoice::Off => Isolation::Off,
        },
        launch: args.launch.map(|launch| match launch {
            LaunchChoice::Fork => Strategy::Fork,
            LaunchChoice::Spawn => Strategy::Spawn,
        }),
        folder: None,
    }
}

/// `--execution-date`.
fn logical_date(args: &RunArgs) -> Result<Option<Timestamp>, Failure> {
    let Some(text) = args.execution_date.as_deref() else {
        return Ok(None);
    };
    let date = moment(text).ok_or_else(|| {
        Failure::usage(
            format!("--execution-date `{text}` is no date"),
            "write 2024-05-01 or 2024-05-01T06:00:00",
        )
    })?;
    Ok(Some(date))
}

/// The JSON object that `option` was given as `text`; `example` is one for the hint.
fn json_object(option: &str, text: &str, example: &str) -> Result<Map, Failure> {
    let complaint = match serde_json::from_str(text) {
        Ok(Value::Object(map)) => return Ok(map),
        Ok(_) => format!("{option} is not a JSON object"),
        Err(error) => format!("{option} is not valid JSON: {error}"),
    };
    Err(Failure::usage(
        complaint,
        format!("write {option} '{example}'"),
    ))
}

/// `--vars` and `--var`, the latter winning.
fn given_variables(args: &RunArgs) -> Result<Map, Failure> {
    let mut variables = match &args.variables_json {
        Some(text) => json_object("--vars", text, r#"{"region": "eu"}"#)?,
        None => Map::new(),
    };
    for given in &args.variables {
        let Some((name, value)) = given.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err(Failure::usage(
                format!("--var `{given}` has no `=`"),
                "write --var NAME=VALUE",
            ));
        };
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
        variables.insert(name.to_owned(), value);
    }
    Ok(variables)
}
