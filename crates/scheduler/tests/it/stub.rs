//! A desk and hands that need no project and no Python.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use baton_base::Class;
use baton_engine::admission::PipelineLimits;
use baton_model::{
    BlockError, BlockKind, BlockUuid, FailureKind, Language, Machine, Map, Occasion, OnFailure,
    Outcome, PipelineKind, PipelineUuid, Plan, PlannedBlock, PoolUse, Reserved, ResourceSettings,
    RetryPolicy, Run, RunId,
};
use baton_products::Products;
use baton_runner::{Attempt, AttemptReport, LogRecord, Stop, YieldedItem};
use baton_scheduler::{
    Away, Complaint, Desk, Drawn, Hands, Journal, Lease, LeaseError, Session, Soon, Wanted,
};
use baton_store::Store;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use crate::world::World;

/// What a pipeline of the simulation consists of.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    /// For each block those above it.
    pub(crate) above: Vec<Vec<usize>>,
    pub(crate) retries: u32,
    pub(crate) workers: u32,
    pub(crate) on_failure: OnFailure,
    pub(crate) pools: Vec<PoolUse>,
    /// Thousandths of a processor that its runs reserve.
    pub(crate) cpu: u64,
}

pub(crate) struct StubDesk {
    pub(crate) world: Arc<World>,
    pub(crate) store: Store,
    pub(crate) products: Products,
    pub(crate) folder: PathBuf,
    pub(crate) shapes: BTreeMap<PipelineUuid, Shape>,
}

fn complaint(message: &str, class: Class) -> Complaint {
    Complaint {
        message: message.to_owned(),
        hint: None,
        class,
    }
}

pub(crate) fn plan(wanted: &Wanted, shape: &Shape) -> Plan {
    let name = |number: usize| BlockUuid::from(format!("b{number}").as_str());
    let block = |(number, above): (usize, &Vec<usize>)| PlannedBlock {
        uuid: name(number),
        kind: BlockKind::Transformer,
        language: Language::Python,
        upstream: above.iter().copied().map(name).collect(),
        file: format!("transformers/b{number}.py"),
        code: None,
        configuration: Map::new(),
        retry: RetryPolicy {
            retries: shape.retries,
            delay: Duration::from_secs(5),
            max_delay: Duration::from_secs(60),
            total_delay: None,
            exponential_backoff: true,
        },
        timeout: None,
        replicated: None,
        priority: 0,
        dynamic: false,
        reduce_output: false,
        slow_imports: Vec::new(),
        conditions: Vec::new(),
        callbacks: Vec::new(),
        extensions: Vec::new(),
        needs_frames: false,
        resources: ResourceSettings::default(),
        problem: None,
    };
    Plan {
        pipeline: wanted.pipeline.clone(),
        kind: PipelineKind::Python,
        blocks: shape.above.iter().enumerate().map(block).collect(),
        inputs: BTreeMap::new(),
        given: wanted.variables.clone(),
        variables: Map::new(),
        env: "dev".to_owned(),
        triggered: true,
        trigger: wanted.trigger.as_ref().map(|trigger| trigger.name.clone()),
        occasion: Occasion {
            cause: wanted.cause,
            trigger: wanted.trigger.as_ref().map(|trigger| trigger.id),
            parent: wanted.parent,
            pools: shape.pools.clone(),
            ..Occasion::default()
        },
        one_process: false,
        cache_in_memory: false,
        timeout: None,
        execution_date: wanted.date,
        on_failure: shape.on_failure,
        block_run_limit: None,
        workers: shape.workers,
        reserved: Reserved {
            cpu: shape.cpu,
            memory: 0,
        },
    }
}

impl Desk for StubDesk {
    fn draw(&self, wanted: Vec<Wanted>) -> Soon<'_, Vec<Result<Drawn, Complaint>>> {
        Box::pin(async move {
            let draw = |wanted: &Wanted| {
                if self.world.is_rough(3) {
                    if let Some(trigger) = &wanted.trigger {
                        let date = (trigger.id, wanted.date);
                        self.world.seen().undrawn.insert(date);
                    }
                    return Err(complaint("the plan could not be made", Class::User));
                }
                Ok(Drawn {
                    plan: plan(wanted, &self.shapes[&wanted.pipeline]),
                    texts: Vec::new(),
                })
            };
            wanted.iter().map(draw).collect()
        })
    }

    fn limits(&self, pipeline: &PipelineUuid) -> PipelineLimits {
        let bounds = self.world.bounds.lock().unwrap();
        bounds.pipelines.get(pipeline).copied().unwrap_or_default()
    }

    fn pools(&self) -> HashMap<String, u32> {
        let bounds = self.world.bounds.lock().unwrap();
        bounds.pools.clone().into_iter().collect()
    }

    fn machine(&self) -> Machine {
        let bounds = self.world.bounds.lock().unwrap();
        Machine {
            cpu: Some(bounds.cpu),
            memory: None,
        }
    }

    fn session<'a>(&'a self, run: &'a Run) -> Soon<'a, Result<Session, Complaint>> {
        Box::pin(async move {
            if self.world.is_rough(2) {
                return Err(complaint("there is no environment yet", Class::Transient));
            }
            if self.world.is_rough(2) {
                return Err(complaint("there is no environment", Class::User));
            }
            self.world.driver(run);
            let world = Arc::clone(&self.world);
            Ok(Session {
                store: self.store.clone(),
                products: self.products.clone(),
                runner: Arc::new(StubHands {
                    world: Arc::clone(&world),
                    run: run.id,
                }),
                clock: Arc::new(move || world.now()),
                project: self.folder.clone(),
                run_tests: false,
                as_mage: false,
                skip_sensors: false,
                away: Away::GiveUp,
                places: None,
            })
        })
    }

    fn journal(&self, _run: RunId) -> Result<Journal, Complaint> {
        let journal = Journal::open(&self.folder.join("log.jsonl"));
        journal.map_err(|error| Complaint::of(&error))
    }

    fn log(&self, _run: RunId) -> PathBuf {
        self.folder.join("log.jsonl")
    }

    fn lease(&self, run: RunId) -> Result<Lease, LeaseError> {
        Lease::take(run, &self.folder.join(format!("run-{run}")))
    }

    fn is_leased(&self, run: RunId) -> bool {
        Lease::is_held(&self.folder.join(format!("run-{run}")))
    }
}

struct StubHands {
    world: Arc<World>,
    run: RunId,
}

impl StubHands {
    fn begin(&self, attempt: &Attempt) {
        let (run, block) = (self.run, attempt.key.to_string());
        self.world
            .say(format!("run {run} {block} attempt {}", attempt.number));
        if !self.world.seen().attempts.insert((run, block.clone())) {
            self.world
                .wrong(format!("block {block} of run {run} runs twice at a time"));
        }
        let fence = self.world.seen().fences.insert(run, attempt.fence.0);
        if fence.is_some_and(|before| before >= attempt.fence.0) {
            self.world
                .wrong(format!("run {run} gives a fence a second time"));
        }
    }
}

impl Hands for StubHands {
    fn run<'a>(
        &'a self,
        attempt: &'a Attempt,
        _log: &'a mpsc::Sender<LogRecord>,
        _items: &'a mpsc::UnboundedSender<YieldedItem>,
        mut stop: watch::Receiver<Stop>,
    ) -> Soon<'a, AttemptReport> {
        Box::pin(async move {
            self.begin(attempt);
            let chance = &self.world.chance;
            let time = match chance.between(0, 9) {
                0 => Duration::ZERO,
                1 => Duration::from_secs(chance.between(30, 90)),
                _ => Duration::from_millis(chance.between(1, 20_000)),
            };
            let fails = chance.is(12);
            let outcome = tokio::select! {
                biased;
                // It takes a moment to leave.
                () = async {
                    drop(stop.wait_for(|stop| *stop != Stop::No).await);
                    if *stop.borrow() == Stop::Gently {
                        sleep(Duration::from_millis(self.world.chance.between(0, 3000))).await;
                    }
                } => Outcome::Cancelled,
                () = sleep(time) => if fails {
                    Outcome::Failed {
                        error: BlockError::new(FailureKind::Exception, "it is unlucky"),
                        products: Vec::new(),
                    }
                } else {
                    Outcome::Completed { products: Vec::new(), items: None }
                },
            };
            let block = attempt.key.to_string();
            self.world.seen().attempts.remove(&(self.run, block));
            AttemptReport::ended(outcome)
        })
    }

    fn shut_down(&self) -> Soon<'_, ()> {
        Box::pin(async move {
            self.world.seen().drivers.remove(&self.run);
        })
    }
}
