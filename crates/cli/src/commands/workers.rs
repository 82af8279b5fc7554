//! What runs the blocks of a plan: the interpreter, limits, and answers to what blocks ask.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::available_parallelism;

use baton_model::{Map, Plan};
use baton_products::Products;
use baton_project::Project;
use baton_runner::environment::{self, Environment, Request};
use baton_runner::{Library, Runner, RunnerOptions, Strategy, machine_memory, parse_size};
use serde_json::Value;
use tokio::sync::mpsc;

use super::answers::{ProjectAnswers, VariableChange};
use super::nested::{ChildRuns, StartedBy};
use super::state::State;
use crate::args::{LaunchChoice, RunArgs, WorkerArgs};
use crate::failure::Failure;
use crate::settings;
use crate::terminal::{Paint, tell};

/// Text and JSON up to this many bytes lives in the database instead of in a file of its own.
const INLINE_BYTES: usize = 16 * 1024;

/// Bytes of log that are kept of one attempt.
const LOG_LIMIT: usize = 10 * 1024 * 1024;

/// The runner of a plan's blocks, with an interpreter that has what the project needs; and the runs that they start.
pub(crate) fn runner(
    state: &State,
    project: &Project,
    plan: &Plan,
    args: &RunArgs,
    started: Option<&StartedBy>,
    products: Products,
    set: mpsc::UnboundedSender<Map>,
) -> Result<(Runner, Arc<ChildRuns>), Failure> {
    let worker = &args.worker;
    let memory_limit = match &worker.memory {
        None => machine_memory().map(|bytes| bytes / 10 * 9),
        Some(text) => Some(parse_size(text).ok_or_else(|| {
            Failure::usage(
                format!("`{text}` is not a size of memory"),
                "write for instance --memory 2GB",
            )
        })?),
    };
    // A run without any block to execute needs no Python at all.
    let runs_code = plan.blocks.iter().any(|block| block.problem.is_none());
    let (python, library) = if runs_code {
        let library = Library::unpack(&state.baton_home)?;
        (
            interpreter(state, project, worker, args.json)?,
            library.path().to_owned(),
        )
    } else {
        (PathBuf::new(), PathBuf::new())
    };
    let project_path = project.root().to_string_lossy().into_owned();
    let mut environ = BTreeMap::from([
        (
            "MAGE_REPO_PATH".to_owned(),
            project.base().to_string_lossy().into_owned(),
        ),
        ("MAGE_RUNTIME__REPO_PATH".to_owned(), project_path),
    ]);
    // What the process has stays: in a triggered run of Mage too, `kwargs['env']` and `$ENV` can differ.
    if settings::variable("ENV").is_none() {
        environ.insert("ENV".to_owned(), plan.env.clone());
    }
    let strategy = match worker.launch {
        Some(LaunchChoice::Fork) => Strategy::Fork,
        Some(LaunchChoice::Spawn) => Strategy::Spawn,
        None => Strategy::of_platform(),
    };
    let options = RunnerOptions {
        python,
        library,
        project: project.root().to_owned(),
        folder: std::env::current_dir().unwrap_or_else(|_| project.root().to_owned()),
        strategy,
        memory_limit,
        inline_bytes: INLINE_BYTES,
        log_limit: LOG_LIMIT,
        environ,
    };
    become_subreaper();
    let root = project.root().to_owned();
    let children = ChildRuns::new(root.clone(), &options.python, args, started);
    let answers = ProjectAnswers::new(
        root,
        state.home.clone(),
        state.store.clone(),
        products.clone(),
        Arc::clone(&children),
    );
    let own = plan.pipeline.clone();
    let answers = answers.telling(Arc::new(move |change: &VariableChange| {
        if change.pipeline == own {
            let value = change.value.clone().unwrap_or(Value::Null);
            // The run may have ended meanwhile.
            drop(set.send(Map::from_iter([(change.key.clone(), value)])));
        }
    }));
    let runner = Runner::new(options, products).with_answers(Arc::new(answers));
    Ok((runner, children))
}

/// The interpreter to run blocks with: the one asked for, else that of the project's environment.
fn interpreter(
    state: &State,
    project: &Project,
    worker: &WorkerArgs,
    json: bool,
) -> Result<PathBuf, Failure> {
    match worker.python.as_deref() {
        Some("active") => {
            let folder = settings::variable("VIRTUAL_ENV").ok_or_else(|| {
                Failure::usage(
                    "no virtual environment is active",
                    "activate one, or name an interpreter with --python PATH",
                )
            })?;
            return Ok(PathBuf::from(folder).join("bin").join("python"));
        }
        Some(path) => return Ok(PathBuf::from(path)),
        None => {}
    }
    let request = Request {
        home: state.baton_home.clone(),
        project: project.requirements_folder().to_owned(),
        imports: project.all_imports(),
        python: None,
    };
    let paint = Paint::stderr();
    let mut progress = |line: &str| {
        if !json {
            tell(&paint.dim(&format!("environment: {line}")));
        }
    };
    let Environment { python, notes } =
        environment::ensure(&request, &settings::variable, &mut progress)?;
    for note in notes {
        progress(&note);
    }
    Ok(python)
}

/// How many blocks run at a time unless somebody says otherwise.
pub(crate) fn processors() -> u32 {
    available_parallelism().map_or(2, |count| u32::try_from(count.get()).unwrap_or(u32::MAX))
}

/// Makes orphans of our descendants our children, so that none gets away.
fn become_subreaper() {
    #[cfg(target_os = "linux")]
    {
        // Where the system does not offer it, orphans are still found below their zygote.
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    }
}
