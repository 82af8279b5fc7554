//! `baton run`: plan, make the environment, drive the run, show it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use baton_base::{failpoint, now};
use baton_engine::{PlanInput, Selection};
use baton_model::{
    BlockUuid, CodeHash, Map, OlderOutput, OnFailure, Pipeline, PipelineUuid, Plan, Run, RunEvent,
    RunId, RunStatus, RunTimeout, Timestamp,
};
use baton_products::Products;
use baton_project::Project;
use baton_runner::environment::{self, Environment, Request};
use baton_runner::{Library, Runner, RunnerOptions, Strategy, machine_memory, parse_size};
use baton_scheduler::{Cancel, Journal, Lease, Notice, Session, drive};
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::answers::{ProjectAnswers, VariableChange};
use super::projects;
use super::state::State;
use crate::args::{LaunchChoice, RunArgs, WorkerArgs};
use crate::commands::sources::{self, Sources};
use crate::failure::{CANCELLED, FAILED, Failure};
use crate::secrets::{self, Known};
use crate::settings;
use crate::terminal::{Paint, tell};
use crate::watch::{Shown, Watcher};

/// Text and JSON up to this many bytes lives in the database instead of in a file of its own.
const INLINE_BYTES: usize = 16 * 1024;

/// Bytes of log that are kept of one attempt.
const LOG_LIMIT: usize = 10 * 1024 * 1024;

/// Environments in which blocks receive the keyword arguments of a triggered run.
const TRIGGERED: [&str; 2] = ["prod", "production"];

/// What is to be driven: a run that exists, or a plan that is to become one.
enum Begin {
    Old(Run, Lease),
    New(Arc<Plan>, Vec<(CodeHash, String)>),
}

impl Begin {
    fn plan(&self) -> &Plan {
        match self {
            Self::Old(run, _) => &run.plan,
            Self::New(plan, _) => plan,
        }
    }
}

/// Runs a pipeline to its end.
pub(crate) fn run(args: &RunArgs) -> Result<ExitCode, Failure> {
    let path = args.project.as_deref().unwrap_or(".".as_ref());
    let project = projects::open(path, args.pipeline.as_deref())?;
    let state = State::of(project.root())?;
    // Once more, now that its secrets can be read: templates of its files may name them.
    let known = state.block_on(Known::load(&state.secrets()));
    let project = Project::open_with(project.root(), secrets::lookup(&known))?;
    let begin = match args.resume {
        Some(id) => resume(&state, RunId(id), args.pipeline.as_deref())?,
        None => plan(&state, &project, args)?,
    };
    if let Begin::Old(run, _) = &begin
        && run.status == RunStatus::Completed
    {
        tell(&format!(
            "run {} is completed, there is nothing to resume",
            run.id
        ));
        return Ok(ExitCode::SUCCESS);
    }
    let products = Products::open(&state.home.products())?;
    // Variables that blocks set while the run goes on.
    let (set, changes) = mpsc::unbounded_channel();
    let runner = runner(
        &state,
        &project,
        begin.plan(),
        &args.worker,
        products.clone(),
        args.json,
        set,
    )?;
    runner.conceal(&known.used());
    // Only now: what fails before, an environment that cannot be made for instance, is no run.
    let (run, lease, first) = match begin {
        Begin::Old(run, lease) => (run, lease, RunEvent::Resumed),
        Begin::New(plan, texts) => {
            let (run, lease) = record(&state, plan, &texts)?;
            (run, lease, RunEvent::Started)
        }
    };
    // What an earlier process of this run, or one that died, had not committed is of no use.
    products.sweep_staging(|name| {
        let owner = name
            .split('-')
            .next()
            .and_then(|number| number.parse::<i64>().ok());
        owner.is_some_and(|owner| owner != run.id.0 && Lease::is_held(&state.home.run_lock(owner)))
    })?;
    let session = Session {
        store: state.store.clone(),
        products,
        runner: Arc::new(runner),
        project: project.root().to_owned(),
        run_tests: !args.no_tests,
        skip_sensors: args.skip_sensors,
        as_mage: args.as_mage,
    };
    let journal = Journal::open(&state.home.log(run.id.0))?;
    let shown = Shown {
        project: args
            .project
            .as_deref()
            .unwrap_or(".".as_ref())
            .display()
            .to_string(),
        json: args.json,
        quiet: args.quiet,
    };
    let mut watcher = Watcher::new(&run.plan, shown, stdout().is_terminal());
    watcher.begin(&run, first == RunEvent::Resumed);
    let ended = state.block_on(async {
        for frames in needed_zygotes(&run) {
            session.runner.prepare(frames);
        }
        let (notices, news) = mpsc::channel(1024);
        let (wishes, cancel) = mpsc::channel(4);
        let signals = tokio::spawn(listen_for_signals(wishes));
        let show = tokio::task::spawn_blocking(move || show(watcher, news));
        let ended = drive(&session, run, first, journal, notices, changes, cancel).await;
        signals.abort();
        session.runner.shut_down().await;
        (ended, show.await)
    });
    drop(lease);
    let (ended, watcher) = ended;
    let ended = ended?;
    if let Ok(mut watcher) = watcher {
        watcher.end(&ended);
    }
    Ok(ExitCode::from(match ended.status {
        RunStatus::Completed => 0,
        RunStatus::Cancelled => CANCELLED,
        _ => FAILED,
    }))
}

/// Shows news until there is no more.
fn show(mut watcher: Watcher, mut news: mpsc::Receiver<Notice>) -> Watcher {
    while let Some(notice) = news.blocking_recv() {
        watcher.show(&notice);
    }
    watcher
}

/// Turns Ctrl-C and a polite kill into wishes: the first asks, the next one insists.
async fn listen_for_signals(wishes: mpsc::Sender<Cancel>) {
    let kinds = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ];
    let [Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)] = kinds.map(signal) else {
        return;
    };
    let mut wish = Cancel::Gently;
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
        if wish == Cancel::Gently {
            tell("stopping; once more to stop at once");
        }
        if wishes.send(wish).await.is_err() {
            return;
        }
        wish = Cancel::Now;
    }
}

/// Loads the run to go on with and takes its lease.
fn resume(state: &State, id: RunId, pipeline: Option<&str>) -> Result<Begin, Failure> {
    // The lease comes first: what is loaded afterwards nobody else changes.
    let lease = Lease::take(id, &state.home.run_lock(id.0))?;
    let run = state.block_on(state.run(id))?;
    if let Some(pipeline) = pipeline
        && run.plan.pipeline.as_str() != pipeline
    {
        return Err(Failure::usage(
            format!(
                "run {id} is a run of `{}`, not of `{pipeline}`",
                run.plan.pipeline
            ),
            "leave the pipeline out",
        ));
    }
    Ok(Begin::Old(run, lease))
}

/// Plans a new run.
fn plan(state: &State, project: &Project, args: &RunArgs) -> Result<Begin, Failure> {
    let name = PipelineUuid::from(args.pipeline.as_deref().unwrap_or_default());
    let mut pipeline = project
        .pipeline(&name)
        .map_err(|error| sources::broken(project, error))?;
    if args.as_mage {
        pipeline.conditionals.clear();
        pipeline.callbacks.clear();
    }
    let triggered =
        !args.as_mage && (args.trigger.is_some() || TRIGGERED.contains(&args.env.as_str()));
    let trigger = match triggered {
        true => sources::trigger(project, &name, args.trigger.as_deref())?,
        false => None,
    };
    let mut variables = trigger
        .as_ref()
        .map(|trigger| trigger.variables.clone())
        .unwrap_or_default();
    variables.extend(given_variables(args)?);
    let Sources { planned, texts } = sources::read(project, &pipeline);
    let selection = match &args.block {
        None => Selection::All,
        Some(uuid) => Selection::Block {
            uuid: BlockUuid::from(uuid.as_str()),
            upstream: args.upstream,
            downstream: args.downstream,
        },
    };
    let inputs = inputs(state, &pipeline, args)?;
    let setting = |key: &str| {
        trigger
            .as_ref()
            .and_then(|trigger| trigger.settings.get(key))
    };
    let may_fail = setting("allow_blocks_to_fail").and_then(Value::as_bool) == Some(true);
    let timeout = setting("timeout")
        .and_then(Value::as_f64)
        .filter(|seconds| *seconds > 0.0)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .map(|after| RunTimeout {
            after,
            status: match setting("timeout_status").and_then(Value::as_str) {
                Some("cancelled") => RunStatus::Cancelled,
                _ => RunStatus::Failed,
            },
        });
    let plan = baton_engine::plan(&PlanInput {
        pipeline: &pipeline,
        project_retry: &project.settings().retry,
        selection,
        // A triggered run of Mage is always one of `prod` (spec 2.4).
        env: match args.trigger {
            Some(_) => TRIGGERED[0].to_owned(),
            None => args.env.clone(),
        },
        triggered,
        trigger: triggered.then(|| {
            trigger
                .as_ref()
                .map_or_else(|| "api".to_owned(), |trigger| trigger.name.clone())
        }),
        variables,
        one_process: args.one_process || args.as_mage || pipeline.one_process,
        timeout,
        execution_date: Timestamp(now()),
        on_failure: if args.as_mage {
            OnFailure::UntilNeeded
        } else if triggered && !may_fail {
            OnFailure::Stop
        } else {
            OnFailure::Continue
        },
        workers: args.worker.workers.unwrap_or_else(processors).max(1),
        sources: &planned,
        inputs: &inputs,
    })
    .map_err(|error| sources::unplannable(&error))?;
    Ok(Begin::New(Arc::new(plan), texts))
}

/// Records a new run and takes its lease.
fn record(
    state: &State,
    plan: Arc<Plan>,
    texts: &[(CodeHash, String)],
) -> Result<(Run, Lease), Failure> {
    let at = Timestamp(now());
    let make = |id| baton_engine::create(id, plan, at);
    let run = state.block_on(state.store.create_run(texts, make))?;
    failpoint("created");
    let lease = Lease::take(run.id, &state.home.run_lock(run.id.0))?;
    Ok((run, lease))
}

/// Runs that can supply what blocks outside the selection would produce.
fn inputs(
    state: &State,
    pipeline: &Pipeline,
    args: &RunArgs,
) -> Result<BTreeMap<BlockUuid, OlderOutput>, Failure> {
    if args.block.is_none() {
        return Ok(BTreeMap::new());
    }
    let blocks: Vec<BlockUuid> = pipeline
        .blocks
        .iter()
        .map(|block| block.uuid.clone())
        .collect();
    let newest =
        |names: &[BlockUuid]| state.block_on(state.store.newest_inputs(&pipeline.uuid, names));
    let Some(from) = args.from_run else {
        return Ok(reduced(newest(&blocks)?, pipeline));
    };
    let run = state.block_on(state.run(RunId(from)))?;
    if run.plan.pipeline != pipeline.uuid {
        return Err(Failure::usage(
            format!(
                "run {from} is a run of `{}`, not of `{}`",
                run.plan.pipeline, pipeline.uuid
            ),
            format!(
                "`baton runs PROJECT --pipeline {}` lists its runs",
                pipeline.uuid
            ),
        ));
    }
    // What that run itself took from an older one is good for this one too.
    let mut inputs = run.plan.inputs.clone();
    for block in run.blocks.iter().filter(|block| {
        block.key.child.is_none() && block.status == baton_model::BlockStatus::Completed
    }) {
        let uuid = &block.key.block;
        let output = state.block_on(state.store.older_output(run.id, uuid))?;
        inputs.insert(uuid.clone(), output);
    }
    Ok(reduced(inputs, pipeline))
}

/// Notes which outputs are taken as one list.
fn reduced(
    mut inputs: BTreeMap<BlockUuid, OlderOutput>,
    pipeline: &Pipeline,
) -> BTreeMap<BlockUuid, OlderOutput> {
    for (uuid, output) in &mut inputs {
        output.reduced = pipeline.block(uuid).is_some_and(baton_engine::reduces);
    }
    inputs
}

/// `--vars` and `--var`, the latter winning.
fn given_variables(args: &RunArgs) -> Result<Map, Failure> {
    let mut variables = Map::new();
    if let Some(text) = &args.variables_json {
        match serde_json::from_str(text) {
            Ok(Value::Object(map)) => variables = map,
            Ok(_) => {
                return Err(Failure::usage(
                    "--vars is not a JSON object",
                    "write --vars '{\"region\": \"eu\"}'",
                ));
            }
            Err(error) => {
                return Err(Failure::usage(
                    format!("--vars is not valid JSON: {error}"),
                    "write --vars '{\"region\": \"eu\"}'",
                ));
            }
        }
    }
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

/// Which zygotes the run's open blocks will need: bare, and with pandas.
fn needed_zygotes(run: &Run) -> BTreeSet<bool> {
    run.blocks
        .iter()
        .filter(|block| block.status != baton_model::BlockStatus::Completed)
        .filter_map(|block| run.plan.block(&block.key.block))
        .filter(|block| block.problem.is_none())
        .map(|block| block.needs_frames)
        .collect()
}

fn runner(
    state: &State,
    project: &Project,
    plan: &Plan,
    worker: &WorkerArgs,
    products: Products,
    json: bool,
    set: mpsc::UnboundedSender<Map>,
) -> Result<Runner, Failure> {
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
            interpreter(state, project, worker, json)?,
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
    let answers = ProjectAnswers::new(
        project.root().to_owned(),
        state.home.clone(),
        state.store.clone(),
        products.clone(),
    );
    let own = plan.pipeline.clone();
    let answers = answers.telling(Arc::new(move |change: &VariableChange| {
        if change.pipeline == own {
            let value = change.value.clone().unwrap_or(Value::Null);
            // The run may have ended meanwhile.
            drop(set.send(Map::from_iter([(change.key.clone(), value)])));
        }
    }));
    Ok(Runner::new(options, products).with_answers(Arc::new(answers)))
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

fn processors() -> u32 {
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
