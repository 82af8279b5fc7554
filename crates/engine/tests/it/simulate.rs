//! A run without workers, clock and database, for tests: feeds events, keeps the time, prints what follows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use baton_engine::{PlanInput, Selection, Source, Step, apply, create, plan};
use baton_model::{
    Block, BlockError, BlockKind, BlockRun, BlockUuid, Command, Content, FailureKind, Language,
    Machine, Map, Occasion, OlderOutput, OnFailure, Pipeline, PipelineKind, Plan, Product,
    ProductKind, ResourceSettings, RetrySettings, Run, RunEvent, RunId, RunStatus, RunTimeout,
    Timestamp,
};
use serde_json::Value;

/// A pipeline from `a -> b -> c; d -> c; retries b 2; delay b 1; flat b; priority d 5; problem c; workers 2;
/// limit 1; cpu b 500; machine 2000; on-failure stop; dynamic a; reduce b; callback b; timeout 5s failed`. Blocks stand in the order in which they are first named.
pub(crate) fn pipeline(text: &str) -> Plan {
    let mut blocks: Vec<Block> = Vec::new();
    let mut sources = BTreeMap::new();
    let mut workers = 8;
    let mut limit = None;
    let mut on_failure = OnFailure::Continue;
    let mut callbacks = Vec::new();
    let mut timeout = None;
    let mut machine = Machine::default();
    for part in text
        .split(';')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let words: Vec<&str> = part.split_whitespace().collect();
        match words.as_slice() {
            ["workers", number] => workers = number.parse().unwrap(),
            ["limit", number] => limit = Some(number.parse().unwrap()),
            ["on-failure", "stop"] => on_failure = OnFailure::Stop,
            ["on-failure", "until-needed"] => on_failure = OnFailure::UntilNeeded,
            ["retries", name, n] => at(&mut blocks, name).retry.retries = n.parse().ok(),
            ["delay", name, n] => at(&mut blocks, name).retry.delay = n.parse().ok(),
            ["max-delay", name, n] => at(&mut blocks, name).retry.max_delay = n.parse().ok(),
            ["flat", name] => at(&mut blocks, name).retry.exponential_backoff = Some(false),
            ["priority", name, n] => at(&mut blocks, name).priority = n.parse().unwrap(),
            ["dynamic", name] => set(at(&mut blocks, name), "dynamic"),
            ["reduce", name] => set(at(&mut blocks, name), "reduce_output"),
            ["callback", name] => {
                callbacks.push(block(&format!("{name}_callback"), &[*name]));
            }
            ["cpu", name, n] => at(&mut blocks, name).resources.cpu_request = n.parse().ok(),
            ["machine", n] => machine.cpu = n.parse().ok(),
            ["timeout", time, status] => {
                timeout = Some(RunTimeout {
                    after: seconds(time),
                    status: match *status {
                        "failed" => RunStatus::Failed,
                        _ => RunStatus::Cancelled,
                    },
                });
            }
            ["problem", name] => {
                let error = BlockError::new(FailureKind::MissingFile, "there is no file");
                sources.insert(BlockUuid::from(*name), source(Some(error)));
            }
            chain => {
                let mut above: Option<BlockUuid> = None;
                for name in chain.iter().filter(|word| **word != "->") {
                    let block = at(&mut blocks, name);
                    block.upstream.extend(above.take());
                    above = Some(block.uuid.clone());
                }
            }
        }
    }
    for block in &blocks {
        sources
            .entry(block.uuid.clone())
            .or_insert_with(|| source(None));
    }
    let mut pipeline = declared(blocks, limit);
    pipeline.callbacks = callbacks;
    let mut input = input(&pipeline, &sources);
    input.timeout = timeout;
    input.workers = workers;
    input.on_failure = on_failure;
    input.machine = machine;
    plan(&input).unwrap()
}

fn set(block: &mut Block, key: &str) {
    block
        .configuration
        .insert(key.to_owned(), Value::Bool(true));
}

/// The block called `name`, made when it is named for the first time.
fn at<'a>(blocks: &'a mut Vec<Block>, name: &str) -> &'a mut Block {
    let position = blocks
        .iter()
        .position(|block| block.uuid.as_str() == name)
        .unwrap_or_else(|| {
            blocks.push(block(name, &[]));
            blocks.len() - 1
        });
    &mut blocks[position]
}

/// A Python block with everything else left out.
pub(crate) fn block(name: &str, upstream: &[&str]) -> Block {
    Block {
        uuid: name.into(),
        name: name.to_owned(),
        kind: BlockKind::Transformer,
        language: Language::Python,
        upstream: upstream.iter().map(|one| (*one).into()).collect(),
        downstream: Vec::new(),
        configuration: Map::new(),
        retry: RetrySettings::default(),
        timeout: None,
        replicated: None,
        executor: "local_python".to_owned(),
        resources: ResourceSettings::default(),
        color: None,
        priority: 0,
        extension: None,
        has_callback: false,
    }
}

/// A pipeline of these blocks.
pub(crate) fn declared(blocks: Vec<Block>, block_run_limit: Option<u32>) -> Pipeline {
    Pipeline {
        uuid: "demo".into(),
        name: "demo".to_owned(),
        description: None,
        kind: PipelineKind::Python,
        blocks,
        callbacks: Vec::new(),
        conditionals: Vec::new(),
        extensions: Vec::new(),
        widgets: Vec::new(),
        variables: Map::new(),
        tags: Vec::new(),
        retry: RetrySettings::default(),
        block_run_limit,
        run_limits: baton_model::RunLimits::default(),
        notifications: Map::new(),
        saves_triggers: false,
        one_process: false,
        cache_in_memory: false,
    }
}

/// What is on disk for a block.
pub(crate) fn source(problem: Option<BlockError>) -> Source {
    Source {
        file: "transformers/it.py".to_owned(),
        code: Some("c0de".into()),
        needs_frames: false,
        slow_imports: Vec::new(),
        problem,
    }
}

/// Everything planned, nothing special.
pub(crate) fn input<'a>(
    pipeline: &'a Pipeline,
    sources: &'a BTreeMap<BlockUuid, Source>,
) -> PlanInput<'a> {
    static NOTHING: RetrySettings = RetrySettings {
        retries: None,
        delay: None,
        max_delay: None,
        exponential_backoff: None,
    };
    static NO_INPUTS: BTreeMap<BlockUuid, OlderOutput> = BTreeMap::new();
    PlanInput {
        pipeline,
        project_retry: &NOTHING,
        selection: Selection::All,
        env: "dev".to_owned(),
        triggered: false,
        trigger: None,
        occasion: Occasion::default(),
        variables: Map::new(),
        one_process: false,
        timeout: None,
        execution_date: Timestamp(0),
        on_failure: OnFailure::Continue,
        workers: 8,
        machine: Machine::default(),
        k8s_resources: ResourceSettings::default(),
        sources,
        inputs: &NO_INPUTS,
    }
}

/// A product like any other.
pub(crate) fn product() -> Product {
    Product {
        name: "output_0".to_owned(),
        kind: ProductKind::Json,
        codec: "json".to_owned(),
        meta: Value::Null,
        rows: None,
        bytes: 1,
        content: Content::Inline("1".to_owned()),
        columns: Vec::new(),
        statistics: Vec::new(),
    }
}

/// What a block yields: a product for each value, the first one with this number.
pub(crate) fn yielded<T: ToString>(values: &[T], first: u32) -> Vec<Product> {
    let product = |(value, number): (&T, u32)| Product {
        name: format!("output_{number}"),
        content: Content::Inline(value.to_string()),
        ..product()
    };
    values.iter().zip(first..).map(product).collect()
}

/// `5s` or `1.5s`.
pub(crate) fn seconds(text: &str) -> Duration {
    Duration::from_secs_f64(text.trim_end_matches('s').parse().unwrap())
}

/// A run whose workers and clock are in the hands of a test.
pub(crate) struct Simulation {
    /// The run now.
    pub(crate) run: Run,
    /// The time now.
    pub(crate) now: Timestamp,
    /// Moments of the timers that are set.
    pub(crate) timers: Vec<Timestamp>,
}

impl Simulation {
    /// A created run, at time zero.
    pub(crate) fn new(plan: Plan) -> Self {
        let now = Timestamp(0);
        Self {
            run: create(RunId(1), Arc::new(plan), now),
            now,
            timers: Vec::new(),
        }
    }

    /// Applies an event and keeps the timers that it sets.
    pub(crate) fn step(&mut self, event: &RunEvent) -> Step {
        let step = apply(self.run.clone(), event, self.now);
        self.run = step.run.clone();
        self.timers
            .extend(step.commands.iter().filter_map(|command| match command {
                Command::WakeAt(at) => Some(*at),
                _ => None,
            }));
        step
    }

    /// Applies an event and says what follows.
    pub(crate) fn feed(&mut self, event: &RunEvent) -> Vec<String> {
        let before = self.run.clone();
        let step = self.step(event);
        if let Some(why) = step.ignored {
            assert_eq!(before, self.run, "an ignored event changes nothing");
            return vec![format!("ignored: {why}")];
        }
        let mut facts: Vec<String> = step.commands.iter().map(command).collect();
        for old in &before.blocks {
            if self.run.block(&old.key).is_none() {
                facts.push(format!("{}: {} (dropped)", old.name, old.status.name()));
            }
        }
        for new in &self.run.blocks {
            let old = before.block(&new.key);
            let is_changed = old != Some(new);
            assert_eq!(is_changed, step.changed.contains(&new.key), "{}", new.key);
            match old {
                Some(old) if is_changed => facts.push(changed(old, new)),
                Some(_) => {}
                None => facts.push(format!("{}: {} (new)", new.name, new.status.name())),
            }
        }
        if before.status != self.run.status {
            let (old, new) = (before.status.name(), self.run.status.name());
            facts.push(format!("run: {old} -> {new}"));
        }
        facts
    }

    /// Lets time pass; timers fire on the way.
    pub(crate) fn advance(&mut self, time: Duration) -> Vec<String> {
        let end = self.now.after(time);
        let mut facts = Vec::new();
        while let Some(next) = self.timers.iter().copied().min().filter(|at| *at <= end) {
            let position = self.timers.iter().position(|at| *at == next).unwrap();
            self.timers.remove(position);
            self.now = self.now.max(next);
            facts.push(format!("{} the timer fires", clock(self.now)));
            facts.extend(self.feed(&RunEvent::Woken));
        }
        self.now = end;
        facts
    }

    /// The whole state.
    pub(crate) fn show(&self) -> Vec<String> {
        let mut facts = vec![match &self.run.reason {
            Some(reason) => format!("run {} because {reason}", self.run.status.name()),
            None => format!("run {}", self.run.status.name()),
        }];
        for block in &self.run.blocks {
            let mut fact = format!("{} {}", block.name, block.status.name());
            if block.attempt > 0 {
                fact += &format!(", attempt {}", block.attempt);
            }
            if let (Some(start), Some(end)) = (block.started_at, block.ended_at) {
                fact += &format!(", {} to {}", clock(start), clock(end));
            }
            if let Some(at) = block.retry_at {
                fact += &format!(", retry at {}", clock(at));
            }
            if let Some(error) = &block.error {
                fact += &format!(", error: {}", error.message);
            }
            if let Some(reason) = &block.reason {
                fact += &format!(", because {reason}");
            }
            if !block.products.is_empty() {
                fact += &format!(", {} product", block.products.len());
            }
            facts.push(fact);
        }
        facts
    }
}

fn clock(at: Timestamp) -> String {
    format!(
        "{}s",
        Duration::from_micros(at.0.unsigned_abs()).as_secs_f64()
    )
}

fn command(command: &Command) -> String {
    match command {
        Command::StartAttempt {
            key,
            attempt,
            fence,
        } => format!("start {key}, attempt {attempt}, fence {}", fence.0),
        Command::StopAttempt { key, fence } => format!("stop {key}, fence {}", fence.0),
        Command::RunCallbacks { key, on, fence } => {
            format!("call back for {key}: {}, fence {}", on.name(), fence.0)
        }
        Command::WakeAt(at) => format!("wake at {}", clock(*at)),
        Command::Finish => "finish the run".to_owned(),
    }
}

fn changed(old: &BlockRun, new: &BlockRun) -> String {
    let mut fact = if old.status == new.status {
        format!("{}: still {}", new.key, new.status.name())
    } else {
        format!(
            "{}: {} -> {}",
            new.key,
            old.status.name(),
            new.status.name()
        )
    };
    if let Some(callbacks) = new.callbacks.as_ref().filter(|one| one.done) {
        fact += match callbacks.error {
            Some(_) => ", callbacks failed",
            None => ", callbacks done",
        };
    }
    if old.waits_for_place() != new.waits_for_place() {
        fact += if new.waits_for_place() {
            ", waits"
        } else {
            ", no longer waits"
        };
    }
    if let Some(reason) = new.reason.as_ref().filter(|_| old.reason != new.reason) {
        fact += &format!(" ({reason})");
    }
    fact
}
