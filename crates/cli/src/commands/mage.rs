//! The commands of Mage, when the program is called `mage` (spec 12.1), so that scripts move over unchanged.

use std::path::Path;
use std::process::ExitCode;

use baton_base::files;
use baton_project::edit::{self, Edit};
use serde_json::{Map, Value};

use super::{clean, init, run};
use crate::args::{
    InitArgs, IsolationChoice, MageCleanArgs, MageCommand, MageInitArgs, MageRunArgs, RunArgs,
    WorkerArgs,
};
use crate::failure::{FAILED, Failure, report};
use crate::terminal::{Paint, say, tell};
use baton_app::{Keeping, USAGE, open_project};

/// Whether the program was called by the name `mage`.
pub(crate) fn is_called(program: Option<std::ffi::OsString>) -> bool {
    program.is_some_and(|path| {
        Path::new(&path)
            .file_stem()
            .is_some_and(|name| name.to_string_lossy().ends_with("mage"))
    })
}

/// Runs the command that was typed.
pub(crate) fn dispatch(command: MageCommand) -> Result<ExitCode, Failure> {
    match command {
        MageCommand::Init(args) => make(&args),
        MageCommand::Run(args) => Ok(run_pipeline(&args)),
        MageCommand::CleanCachedVariables(args) => clean_old(&args, false),
        MageCommand::CleanOldLogs(args) => clean_old(&args, true),
        MageCommand::Start(_) => Err(Failure::usage(
            "the server is not part of this version",
            "`mage run PROJECT PIPELINE` runs a pipeline without one",
        )
        .with_exit(USAGE)),
        MageCommand::CreateSparkCluster(_) => Err(Failure::usage(
            "Baton makes no Spark clusters",
            "make one with your cloud's own tools, and connect to it in a block",
        )
        .with_exit(USAGE)),
    }
}

fn note(text: &str) {
    tell(&Paint::stderr().yellow(&format!("note: {text}")));
}

fn make(args: &MageInitArgs) -> Result<ExitCode, Failure> {
    let code = init::run(&InitArgs {
        path: args.path.clone(),
    })?;
    let file = args.path.join("metadata.yaml");
    for (key, value) in [
        ("project_type", &args.project_type),
        ("project_uuid", &args.project_uuid),
    ] {
        let Some(value) = value else { continue };
        let edit = Edit::SetPipelineKey {
            path: vec![key.to_owned()],
            value: Some(Value::String(value.clone())),
        };
        let text = edit::apply(&files::read_text(&file)?, &edit)?;
        files::write_atomic(&file, text.as_bytes())?;
    }
    if args.cluster_type.is_some() {
        note("--cluster-type has no meaning here");
    }
    Ok(code)
}

/// Runs the pipeline in the foreground. Whatever goes wrong, the exit code is 1, as Mage's users expect.
fn run_pipeline(args: &MageRunArgs) -> ExitCode {
    for text in without_meaning(args) {
        note(&text);
    }
    let (variables, problem) = runtime_variables(&args.runtime_vars);
    if let Some(problem) = problem {
        tell(&Paint::stderr().yellow(&format!("warning: {problem}")));
    }
    match run::run(&as_run(args, variables)) {
        Ok(code) if code == ExitCode::SUCCESS => {
            say("Pipeline run completed.");
            code
        }
        Ok(_) => ExitCode::from(FAILED),
        Err(failure) => {
            report(&failure);
            ExitCode::from(FAILED)
        }
    }
}

/// The same, as `baton run` is asked.
fn as_run(args: &MageRunArgs, variables: Map<String, Value>) -> RunArgs {
    RunArgs {
        project: Some(args.project.clone()),
        pipeline: Some(args.pipeline.clone()),
        env: baton_app::variable("ENV")
            .filter(|env| !env.is_empty())
            .unwrap_or_else(|| "dev".to_owned()),
        variables: Vec::new(),
        variables_json: Some(Value::Object(variables).to_string()),
        blocks: args.block_uuid.iter().cloned().collect(),
        upstream: false,
        downstream: false,
        from_run: None,
        resume: None,
        trigger: None,
        execution_date: None,
        event: None,
        started_by_run: false,
        no_tests: !args.test,
        skip_sensors: args.skip_sensors,
        one_process: true,
        as_mage: true,
        json: false,
        quiet: false,
        worker: WorkerArgs {
            python: args.python.clone(),
            workers: None,
            memory: baton_app::variable("BATON_BLOCK_MEMORY"),
            cpus: None,
            total_memory: None,
            isolation: IsolationChoice::Auto,
            launch: None,
        },
    }
}

/// Options that were given and change nothing.
fn without_meaning(args: &MageRunArgs) -> Vec<String> {
    let given = [
        (
            "--execution-partition",
            args.execution_partition.is_some(),
            "every run has its own products",
        ),
        (
            "--executor-type",
            args.executor_type.is_some(),
            "blocks run on this machine",
        ),
        (
            "--callback-url",
            args.callback_url.is_some(),
            "the exit code says how the run ended",
        ),
        (
            "--block-run-id",
            args.block_run_id.is_some(),
            "the run gets a number of its own",
        ),
        (
            "--pipeline-run-id",
            args.pipeline_run_id.is_some(),
            "the run gets a number of its own",
        ),
        (
            "--template-runtime-configuration",
            args.template_runtime_configuration.is_some(),
            "there are no remote executors",
        ),
    ];
    given
        .into_iter()
        .filter(|(_, is_given, _)| *is_given)
        .map(|(option, _, reason)| format!("{option} has no meaning here: {reason}"))
        .collect()
}

/// The variables of `--runtime-vars`, and why some of it was ignored. A text is a JSON object or `NAME=VALUE`
/// pairs; values that are JSON are read as JSON.
fn runtime_variables(texts: &[String]) -> (Map<String, Value>, Option<String>) {
    let mut variables = Map::new();
    let mut problem = None;
    for text in texts.iter().filter(|text| !text.trim().is_empty()) {
        let parsed = serde_json::from_str(text);
        if let Ok(Value::Object(map)) = parsed {
            variables.extend(map);
        } else if let Some(map) = pairs(text) {
            variables.extend(map);
        } else {
            let reason = parsed.err().map_or_else(
                || "it is not a JSON object".to_owned(),
                |error| format!("it is not valid JSON ({error})"),
            );
            problem = Some(format!("--runtime-vars is ignored: {reason}"));
        }
    }
    (variables, problem)
}

/// `a=1 b=x`, when every word has the form.
fn pairs(text: &str) -> Option<Map<String, Value>> {
    text.split_whitespace()
        .map(|word| {
            let (name, value) = word.split_once('=')?;
            let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '_');
            if name.is_empty() || !is_name {
                return None;
            }
            let value =
                serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
            Some((name.to_owned(), value))
        })
        .collect()
}

fn clean_old(args: &MageCleanArgs, only_logs: bool) -> Result<ExitCode, Failure> {
    let project = open_project(&args.project, args.pipeline_uuid.as_deref())?;
    let settings = project.settings();
    let (key, said) = if only_logs {
        let said = settings.logging.get("retention_period");
        ("logging_config.retention_period", said)
    } else {
        let said = settings.raw.get("variables_retention_period");
        ("variables_retention_period", said)
    };
    let keeping = Keeping::of(&project).map_err(|failure| failure.with_exit(FAILED))?;
    let age = if only_logs {
        keeping.logs
    } else {
        keeping.runs
    };
    let Some(age) = age.filter(|_| said.is_some()) else {
        note(&format!(
            "nothing is deleted: metadata.yaml has no {key}, such as 90d"
        ));
        return Ok(ExitCode::SUCCESS);
    };
    let pipeline = args.pipeline_uuid.as_deref().map(Into::into);
    let wanted = clean::Wanted {
        age,
        pipeline: pipeline.as_ref(),
        dry_run: false,
    };
    if only_logs {
        clean::logs(&project, &wanted)
    } else {
        clean::runs(&project, &wanted)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn runtime_variables_are_json_or_pairs() {
        for (texts, expected, is_ignored) in [
            (
                vec![r#"{"a": 1, "b": {"c": null}}"#],
                json!({"a": 1, "b": {"c": null}}),
                false,
            ),
            (
                vec!["a=1 b=x c="],
                json!({"a": 1, "b": "x", "c": ""}),
                false,
            ),
            (vec!["a=1", r#"{"a": 2}"#], json!({"a": 2}), false),
            (vec!["{a: 1}"], json!({}), true),
            (vec!["[1]"], json!({}), true),
            (vec!["plain"], json!({}), true),
            (vec![""], json!({}), false),
        ] {
            let texts: Vec<String> = texts.into_iter().map(str::to_owned).collect();
            let (variables, problem) = runtime_variables(&texts);
            assert_eq!(Value::Object(variables), expected, "{texts:?}");
            assert_eq!(problem.is_some(), is_ignored, "{texts:?}");
        }
    }

    #[test]
    fn the_name_of_the_program_decides() {
        for (name, is_mage) in [
            ("mage", true),
            ("/usr/local/bin/mage", true),
            ("baton-mage", true),
            ("baton", false),
            ("/mage/baton", false),
        ] {
            assert_eq!(is_called(Some(name.into())), is_mage, "{name}");
        }
    }
}
