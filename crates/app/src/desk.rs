//! What the scheduler asks about one project: plans, limits, and what drives a run.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use baton_base::Class;
use baton_engine::admission::{OnLimit, PipelineLimits};
use baton_model::{Cause, LimitReached, Machine, PipelineUuid, Run, RunId};
use baton_products::Products;
use baton_project::Project;
use baton_runner::{Answers, Runner, RunnerOptions};
use baton_scheduler::{
    Away, Complaint, Desk, Drawn, Journal, Lease, LeaseError, Session, Soon, Wanted, wall_clock,
};
use serde_json::Value;
use tokio::sync::{Mutex as AsyncMutex, OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use crate::failure::Failure;
use crate::planning::plan_wanted;
use crate::request::WorkerOptions;
use crate::secrets::{Known, lookup};
use crate::state::ProjectState;
use crate::workers::Workers;

/// Block processes at a time, of all runs together, where neither the project nor the command line says otherwise: as
/// in Mage, whose blocks mostly wait for other systems.
const PLACES: u32 = 20;

/// The runner whose warm processes all runs share; made when the first run needs it.
struct Shared {
    runner: Arc<Runner>,
    options: RunnerOptions,
    /// Whether files have changed that may ask for another interpreter.
    is_stale: bool,
}

/// One project, for the scheduler.
pub struct ProjectDesk {
    root: PathBuf,
    state: ProjectState,
    products: Products,
    options: WorkerOptions,
    answers: Arc<dyn Answers>,
    most_places: AtomicU32,
    machine: Machine,
    places: Arc<Semaphore>,
    shared: AsyncMutex<Option<Shared>>,
    limits: Mutex<HashMap<PipelineUuid, PipelineLimits>>,
    pools: Mutex<HashMap<String, u32>>,
}

impl ProjectDesk {
    /// The desk of a project; `answers` are for all of its blocks.
    pub fn new(
        project: &Project,
        state: ProjectState,
        products: Products,
        options: WorkerOptions,
        machine: Machine,
        answers: Arc<dyn Answers>,
    ) -> Self {
        let most_places = most_places(&options, project);
        Self {
            root: project.root().to_owned(),
            state,
            products,
            options,
            answers,
            most_places: AtomicU32::new(most_places),
            machine,
            places: Arc::new(Semaphore::new(most_places as usize)),
            shared: AsyncMutex::default(),
            limits: Mutex::default(),
            pools: Mutex::new(pools(project)),
        }
    }

    /// Reads anew what the project's own file says of pools and of how many blocks may work at a time. Where there are fewer places
    /// than before, those in use go when they are given back.
    pub fn follow_settings(&self, project: &Project) {
        *self.lock_pools() = pools(project);
        let wanted = most_places(&self.options, project);
        let before = self.most_places.swap(wanted, Ordering::Relaxed);
        if let Some(more) = wanted.checked_sub(before) {
            self.places.add_permits(more as usize);
        } else {
            let places = Arc::clone(&self.places);
            tokio::spawn(async move {
                if let Ok(taken) = places.acquire_many_owned(before - wanted).await {
                    taken.forget();
                }
            });
        }
    }

    /// Forgets what was read from the project's files, since they have changed. With `environment`, the next run looks
    /// again at what its interpreter has to have.
    pub async fn forget(&self, environment: bool) {
        self.lock_limits().clear();
        if environment && let Some(shared) = self.shared.lock().await.as_mut() {
            shared.is_stale = true;
        }
    }

    /// Ends the warm processes.
    pub async fn close(&self) {
        if let Some(shared) = self.shared.lock().await.take() {
            shared.runner.shut_down().await;
        }
    }

    /// A runner for code that runs outside of runs, and a place for it among the block processes.
    pub async fn lend(&self) -> Result<(Runner, OwnedSemaphorePermit), Failure> {
        let (_, shared, runner) = self.concealing().await?;
        shared.prepare(true);
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.map_err(|_| Failure::bug("there are no places for blocks"))?;
        Ok((runner, place))
    }

    /// The interpreter that blocks run with. Makes its environment where there is none yet, which may take minutes.
    pub async fn interpreter(&self) -> Result<PathBuf, Failure> {
        let known = self.known().await;
        let (root, state, options) = (self.root.clone(), self.state.clone(), self.options.clone());
        blocking(move || {
            let project = Project::open_with(&root, lookup(&known))?;
            let workers = Workers {
                baton_home: &state.baton_home,
                project: &project,
                options: &options,
            };
            workers.interpreter(&mut |line| tracing::info!("environment: {line}"))
        })
        .await
    }

    async fn known(&self) -> Known {
        Known::load(&self.state.secrets()).await
    }

    /// The runner that all runs share, and one of its siblings for a run.
    async fn runners(&self, known: &Known) -> Result<(Arc<Runner>, Runner), Failure> {
        let mut made = self.shared.lock().await;
        if let Some(shared) = made.as_ref().filter(|shared| !shared.is_stale) {
            return Ok((Arc::clone(&shared.runner), shared.runner.sibling()));
        }
        let (root, state, options) = (self.root.clone(), self.state.clone(), self.options.clone());
        let known = known.clone();
        let options = blocking(move || {
            let project = Project::open_with(&root, lookup(&known))?;
            let workers = Workers {
                baton_home: &state.baton_home,
                project: &project,
                options: &options,
            };
            workers.prepare(None, true, &mut |line| {
                tracing::info!("environment: {line}");
            })
        })
        .await?;
        if let Some(shared) = made.as_mut().filter(|shared| shared.options == options) {
            shared.is_stale = false;
            return Ok((Arc::clone(&shared.runner), shared.runner.sibling()));
        }
        let runner = Runner::new(options.clone(), self.products.clone())
            .with_answers(Arc::clone(&self.answers));
        let runner = Arc::new(runner);
        let sibling = runner.sibling();
        let old = made.replace(Shared {
            runner: Arc::clone(&runner),
            options,
            is_stale: false,
        });
        if let Some(old) = old {
            // It waits for the runs that are under way with it.
            tokio::spawn(async move { old.runner.shut_down().await });
        }
        Ok((runner, sibling))
    }

    /// The runners, of which the second one keeps the secrets that the project's files name out of what it tells.
    async fn concealing(&self) -> Result<(Known, Arc<Runner>, Runner), Failure> {
        let known = self.known().await;
        // Templates of the project's files may name secrets, and so may those who read them in blocks.
        let root = self.root.clone();
        let reading = known.clone();
        blocking(move || Ok(Project::open_with(&root, lookup(&reading))?.profiles())).await?;
        let (shared, runner) = self.runners(&known).await?;
        runner.conceal(&known.used());
        Ok((known, shared, runner))
    }

    async fn session_of(&self, run: &Run) -> Result<Session, Failure> {
        let (known, shared, runner) = self.concealing().await?;
        runner.conceal(&known.within(&run.plan.given));
        for frames in [false, true] {
            let mut open = run.blocks.iter().filter(|block| !block.status.is_final());
            let is_needed = open.any(|block| {
                let planned = run.plan.block(&block.key.block);
                planned.is_some_and(|block| block.needs_frames == frames && block.problem.is_none())
            });
            if is_needed {
                shared.prepare(frames);
            }
        }
        shared.preload(run);
        Ok(Session {
            store: self.state.store.clone(),
            products: self.products.clone(),
            runner: Arc::new(runner),
            clock: wall_clock(),
            project: self.root.clone(),
            run_tests: true,
            as_mage: false,
            skip_sensors: false,
            away: Away::Wait,
            // A block that waits for the run that it has started holds a place meanwhile.
            places: (run.plan.occasion.cause != Cause::Code).then(|| Arc::clone(&self.places)),
        })
    }

    fn lock_pools(&self) -> MutexGuard<'_, HashMap<String, u32>> {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_limits(&self) -> MutexGuard<'_, HashMap<PipelineUuid, PipelineLimits>> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk for ProjectDesk {
    fn draw(&self, wanted: Vec<Wanted>) -> Soon<'_, Vec<Result<Drawn, Complaint>>> {
        Box::pin(async move {
            let known = self.known().await;
            let (root, workers, machine) = (
                self.root.clone(),
                self.most_places.load(Ordering::Relaxed),
                self.machine,
            );
            let count = wanted.len();
            let drawn = spawn_blocking(move || {
                let project = match Project::open_with(&root, lookup(&known)) {
                    Ok(project) => project,
                    Err(error) => {
                        let complaint = complaint(Failure::from(error));
                        return wanted.iter().map(|_| Err(complaint.clone())).collect();
                    }
                };
                let draw = |wanted: &Wanted| {
                    let planned = plan_wanted(&project, wanted, workers, machine);
                    let planned = planned.map_err(complaint)?;
                    Ok(Drawn {
                        plan: planned.plan,
                        texts: planned.texts,
                    })
                };
                wanted.iter().map(draw).collect::<Vec<_>>()
            });
            drawn.await.unwrap_or_else(|error| {
                let complaint = Complaint {
                    message: format!("the plan could not be made: {error}"),
                    hint: None,
                    class: Class::Bug,
                };
                vec![Err(complaint); count]
            })
        })
    }

    fn has_pipeline(&self, pipeline: &PipelineUuid) -> bool {
        self.state.has_pipeline(pipeline)
    }

    fn limits(&self, pipeline: &PipelineUuid) -> PipelineLimits {
        if let Some(limits) = self.lock_limits().get(pipeline) {
            return *limits;
        }
        let limits = read_limits(&self.root, pipeline);
        self.lock_limits().insert(pipeline.clone(), limits);
        limits
    }

    fn pools(&self) -> HashMap<String, u32> {
        self.lock_pools().clone()
    }

    fn machine(&self) -> Machine {
        self.machine
    }

    fn session<'a>(&'a self, run: &'a Run) -> Soon<'a, Result<Session, Complaint>> {
        Box::pin(async move { self.session_of(run).await.map_err(complaint) })
    }

    fn journal(&self, run: RunId) -> Result<Journal, Complaint> {
        Journal::open(&self.state.home.log(run.0)).map_err(|error| Complaint::of(&error))
    }

    fn log(&self, run: RunId) -> PathBuf {
        self.state.home.log(run.0)
    }

    fn lease(&self, run: RunId) -> Result<Lease, LeaseError> {
        self.state.lease_run(run)
    }

    fn is_leased(&self, run: RunId) -> bool {
        Lease::is_held(&self.state.home.run_lock(run.0))
    }
}

fn read_limits(root: &Path, pipeline: &PipelineUuid) -> PipelineLimits {
    let Ok(project) = Project::open(root) else {
        return PipelineLimits::default();
    };
    let Ok(pipeline) = project.pipeline(pipeline) else {
        return PipelineLimits::default();
    };
    let limits = pipeline.run_limits;
    PipelineLimits {
        per_trigger: limits.per_trigger,
        all_triggers: limits.all_triggers,
        on_limit: match limits.when_reached {
            LimitReached::Wait => OnLimit::Wait,
            LimitReached::Skip => OnLimit::Skip,
        },
    }
}

/// How many blocks may work at a time.
fn most_places(options: &WorkerOptions, project: &Project) -> u32 {
    options
        .workers
        .or_else(|| queue_concurrency(project))
        .unwrap_or(PLACES)
        .max(1)
}

/// `pools` of the project: names with their places.
fn pools(project: &Project) -> HashMap<String, u32> {
    let declared = project.settings().raw.get("pools");
    let declared = declared.and_then(Value::as_object).into_iter().flatten();
    declared
        .filter_map(|(name, places)| Some((name.clone(), u32::try_from(places.as_u64()?).ok()?)))
        .collect()
}

/// `queue_config.concurrency` of the project.
fn queue_concurrency(project: &Project) -> Option<u32> {
    let queue = project.settings().raw.get("queue_config")?;
    let most = queue.get("concurrency").and_then(Value::as_u64)?;
    u32::try_from(most).ok()
}

fn complaint(failure: Failure) -> Complaint {
    Complaint {
        message: failure.message,
        hint: failure.hint,
        class: failure.class,
    }
}

/// Does work that waits for the disk beside everything else.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(Failure::bug(format!("the work was cut short: {error}"))))
}
