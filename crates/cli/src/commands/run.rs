//! `baton run`: plan, make the environment, drive the run, show it.

use std::collections::BTreeSet;
use std::io::{IsTerminal, stdout};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use baton_app::{
    ChildRuns, Known, LogOf, Planned, ProjectAnswers, StartedBy, VariableChange, Workers,
    follow_host, lookup, open_project, plan, told,
};
use baton_base::{failpoint, now};
use baton_model::{CodeHash, Map, Plan, Run, RunEvent, RunId, RunStatus, Timestamp};
use baton_products::Products;
use baton_project::Project;
use baton_runner::Runner;
use baton_scheduler::{Audience, Away, Cancel, Journal, Lease, Notice, Session, drive, wall_clock};
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::request::{request, worker_options};
use super::state::State;
use crate::args::RunArgs;
use crate::failure::{CANCELLED, FAILED, Failure};
use crate::terminal::{Paint, tell};
use crate::watch::{Shown, Watcher};

/// How long blocks may take to end when the run that started theirs is gone.
const PATIENCE: Duration = Duration::from_secs(1);

/// For so long the copy of a log is waited for.
const LAST: Duration = Duration::from_secs(20);

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
    let project = open_project(path, args.pipeline.as_deref())?;
    let state = State::of(project.root())?;
    // Once more, now that its secrets can be read: templates of its files may name them.
    let known = state.block_on(Known::load(&state.secrets()));
    let project = Project::open_with(project.root(), lookup(&known))?;
    let started = args
        .started_by_run
        .then(told)
        .transpose()
        .map_err(|error| {
            Failure::usage(
                format!("the run that starts this one does not say what it is to do: {error}"),
                "leave --started-by-run out",
            )
        })?;
    let begin = if let Some(id) = args.resume {
        resume(&state, RunId(id), args.pipeline.as_deref())?
    } else {
        let wanted = request(args)?;
        let planning = plan(&state.store, &project, &wanted, started.as_ref());
        let Planned { plan, texts } = state.block_on(planning)?;
        Begin::New(Arc::new(plan), texts)
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
    let (runner, children) = runner(
        &state,
        &project,
        begin.plan(),
        args,
        started.as_ref(),
        &products,
        set,
    )?;
    runner.conceal(&known.used());
    runner.conceal(&known.within(&begin.plan().given));
    // Only now: what fails before, an environment that cannot be made for instance, is no run.
    let (run, lease, first) = match begin {
        Begin::Old(run, lease) => (run, lease, RunEvent::Resumed),
        Begin::New(plan, texts) => {
            let (run, lease) = record(&state, plan, &texts)?;
            (run, lease, RunEvent::Started)
        }
    };
    // What an earlier process of this run, or one that died, had not committed is of no use.
    let drivers = state.block_on(state.drivers())?;
    products.sweep_staging(|name| {
        let owner = name
            .split('-')
            .next()
            .and_then(|number| number.parse::<i64>().ok());
        owner.is_some_and(|owner| owner != run.id.0 && drivers.has(RunId(owner)))
    })?;
    let runner = Arc::new(runner);
    let session = Session {
        store: state.store.clone(),
        products,
        runner: Arc::<Runner>::clone(&runner),
        clock: wall_clock(),
        project: project.root().to_owned(),
        run_tests: !args.no_tests,
        skip_sensors: args.skip_sensors,
        as_mage: args.as_mage,
        away: Away::GiveUp,
        places: None,
    };
    let log = LogOf::from(&run);
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
            runner.prepare(frames);
        }
        runner.preload(&run);
        let (notices, news) = mpsc::channel(1024);
        let audience = Audience::Channel(notices);
        let (wishes, cancel) = mpsc::channel(4);
        let gone = started.is_some().then(follow_host);
        let signals = tokio::spawn(listen_for_signals(wishes, gone, Arc::clone(&children)));
        let show = tokio::task::spawn_blocking(move || show(watcher, news));
        let ended = drive(&session, run, first, journal, audience, changes, cancel).await;
        wait_for_children(&children, ended.is_ok()).await;
        signals.abort();
        runner.shut_down().await;
        (ended, show.await)
    });
    drop(lease);
    let (ended, watcher) = ended;
    if let (Ok(ended), Ok(mut watcher)) = (&ended, watcher) {
        watcher.end(ended);
    }
    keep_log(&state, &project, &log);
    let ended = ended?;
    Ok(ExitCode::from(match ended.status {
        RunStatus::Completed => 0,
        RunStatus::Cancelled => CANCELLED,
        _ => FAILED,
    }))
}

/// The runner of a plan's blocks, with an interpreter that has what the project needs; and the runs that they start.
fn runner(
    state: &State,
    project: &Project,
    plan: &Plan,
    args: &RunArgs,
    started: Option<&StartedBy>,
    products: &Products,
    set: mpsc::UnboundedSender<Map>,
) -> Result<(Runner, Arc<ChildRuns>), Failure> {
    let workers = Workers {
        baton_home: &state.baton_home,
        project,
        options: &worker_options(&args.worker),
    };
    let paint = Paint::stderr();
    let mut progress = |line: &str| {
        if !args.json {
            tell(&paint.dim(&format!("environment: {line}")));
        }
    };
    let runs_code = plan.blocks.iter().any(|block| block.problem.is_none());
    let options = workers.prepare(Some(&plan.env), runs_code, &mut progress)?;
    // As `mage run`, which runs no tests by itself, a run has no say about those of others.
    let flags = [
        ("--no-tests", args.no_tests),
        ("--skip-sensors", args.skip_sensors),
    ];
    let flags: Vec<&str> = flags
        .iter()
        .filter(|(_, is_given)| *is_given && !args.as_mage)
        .map(|(flag, _)| *flag)
        .collect();
    let root = project.root().to_owned();
    let children = ChildRuns::new(
        root.clone(),
        &options.python,
        workers.options,
        &flags,
        started,
    );
    let answers = ProjectAnswers::new(
        root,
        state.home.clone(),
        state.store.clone(),
        products.clone(),
        Arc::new(Arc::clone(&children)),
    );
    let own = plan.pipeline.clone();
    let answers = answers.telling(Arc::new(move |change: &VariableChange| {
        if change.pipeline == own {
            let value = change.value.clone().unwrap_or(Value::Null);
            // The run may have ended meanwhile.
            drop(set.send(Map::from_iter([(change.key.clone(), value)])));
        }
    }));
    let runner = Runner::new(options, products.clone()).with_answers(Arc::new(answers));
    Ok((runner, children))
}

/// Keeps a copy of the log in the project's bucket, if it has one. The run is what it is without.
fn keep_log(state: &State, project: &Project, log: &LogOf) {
    let kept = state.remote_logs(project).and_then(|bucket| {
        let file = state.home.log(log.run.0);
        match bucket {
            Some(bucket) if file.exists() => {
                let keeping = async { timeout(LAST, bucket.keep(log, &file)).await };
                state.block_on(keeping).unwrap_or_else(|_| {
                    let message = format!("{} did not answer in time", bucket.place());
                    Err(Failure::external(message, "`baton logs` shows it here"))
                })
            }
            _ => Ok(()),
        }
    });
    if let Err(failure) = kept {
        tell(&format!(
            "the log stays on this machine alone: {}",
            failure.message
        ));
    }
}

/// Shows news until there is no more.
fn show(mut watcher: Watcher, mut news: mpsc::Receiver<Notice>) -> Watcher {
    while let Some(notice) = news.blocking_recv() {
        watcher.show(&notice);
    }
    watcher
}

/// What blocks have started and not waited for ends with the run, or with the wish to stop it.
async fn wait_for_children(children: &ChildRuns, all_is_well: bool) {
    if !all_is_well {
        children.cancel(Cancel::Now);
    }
    for (run, pipeline) in children.open() {
        tell(&format!(
            "waiting for run {run} of {pipeline}, which a block has started"
        ));
    }
    children.wait().await;
}

/// Turns Ctrl-C and a polite kill into wishes: the first asks, the next one insists. The end of the run that started
/// this one asks, and insists soon after.
async fn listen_for_signals(
    wishes: mpsc::Sender<Cancel>,
    mut gone: Option<mpsc::Receiver<()>>,
    children: Arc<ChildRuns>,
) {
    let kinds = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ];
    let [Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)] = kinds.map(signal) else {
        return;
    };
    let mut wish = Cancel::Gently;
    let mut is_alone = false;
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
            () = end_of(&mut gone), if !is_alone => is_alone = true,
            () = sleep(PATIENCE), if is_alone => {}
        }
        if wish == Cancel::Gently {
            tell("stopping; once more to stop at once");
        }
        children.cancel(wish.clone());
        // The blocks may have ended, and only the runs that they started are still there.
        let _ = wishes.send(wish.clone()).await;
        wish = Cancel::Now;
    }
}

/// Waits for the end of the run that started this one.
async fn end_of(host: &mut Option<mpsc::Receiver<()>>) {
    match host {
        Some(gone) => {
            gone.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// Loads the run to go on with and takes its lease.
fn resume(state: &State, id: RunId, pipeline: Option<&str>) -> Result<Begin, Failure> {
    // The lease comes first: what is loaded afterwards nobody else changes.
    let lease = state.block_on(state.take_run(id))?;
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

/// Records a new run and takes its lease.
fn record(
    state: &State,
    plan: Arc<Plan>,
    texts: &[(CodeHash, String)],
) -> Result<(Run, Lease), Failure> {
    let at = Timestamp(now());
    let mut lease = None;
    let make = |id| {
        // Before anybody can see the run: a server that starts at this moment leaves it alone.
        lease = Some(state.lease_run(id));
        baton_engine::create(id, plan, at)
    };
    let run = state.block_on(state.store.create_run(texts, make))?;
    failpoint("created");
    let lease = lease.ok_or_else(|| Failure::bug("the run has no number"))??;
    Ok((run, lease))
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
