//! What holds for every graph and every order of events.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use baton_engine::{Origin, Step, Taken};
use baton_model::{
    BlockError, BlockRun, BlockRunKey, BlockStatus, BlockUuid, CallbackOn, Command, FailureKind,
    Fence, Items, OnFailure, Outcome, Plan, PlannedBlock, Product, RetryPolicy, Run, RunEvent,
    RunStatus,
};
use proptest::prelude::*;

use crate::simulate::{self, Simulation};

/// A plan over a random graph whose file order is not the order of its edges.
fn plans() -> impl Strategy<Value = Plan> {
    let blocks = prop::collection::vec((any::<u16>(), 0..3_u32, 0..4_i64, 0..20_u8), 0..10);
    let limits = (1..4_u32, prop::option::of(1..4_u32), 0..3_u8, any::<u64>());
    (blocks, limits).prop_map(|(blocks, (workers, block_run_limit, stop, shuffle))| {
        let count = blocks.len();
        let declared = blocks.iter().enumerate().map(|(position, (edges, ..))| {
            let above = (0..position).filter(|above| edges & (1 << above) != 0 && edges % 3 != 0);
            let names: Vec<String> = above.map(|above| format!("b{above}")).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            simulate::block(&format!("b{position}"), &names)
        });
        let mut declared: Vec<_> = declared.collect();
        for (block, (edges, ..)) in declared.iter_mut().zip(&blocks) {
            block.resources.cpu_request = (edges % 3 == 1).then_some(u64::from(edges % 900));
        }
        if count > 1 {
            declared.rotate_left(shuffle as usize % count);
            declared.swap(0, (shuffle >> 8) as usize % count);
        }
        let mut callbacks = Vec::new();
        for (block, (edges, ..)) in declared.iter_mut().zip(&blocks) {
            let mut set = |key: &str| block.configuration.insert(key.to_owned(), true.into());
            if edges % 7 == 0 {
                set("dynamic");
            }
            if edges % 4 == 1 {
                set("reduce_output");
            }
            if edges % 5 == 2 {
                let name = format!("{}_callback", block.uuid);
                callbacks.push(simulate::block(&name, &[block.uuid.as_str()]));
            }
        }
        let mut pipeline = simulate::declared(declared, block_run_limit);
        pipeline.callbacks = callbacks;
        let sources = pipeline.blocks.iter().zip(&blocks).map(|(block, facts)| {
            let missing = || BlockError::new(FailureKind::MissingFile, "there is no file");
            (
                block.uuid.clone(),
                simulate::source((facts.3 == 0).then(missing)),
            )
        });
        let sources = sources.collect();
        let mut input = simulate::input(&pipeline, &sources);
        input.workers = workers;
        input.machine.cpu = (shuffle % 2 == 0).then_some(1000);
        input.on_failure = match stop {
            0 => OnFailure::Continue,
            1 => OnFailure::Stop,
            _ => OnFailure::UntilNeeded,
        };
        let mut plan = baton_engine::plan(&input).unwrap();
        for (block, (_, retries, priority, _)) in plan.blocks.iter_mut().zip(&blocks) {
            block.priority = *priority;
            block.retry = RetryPolicy {
                retries: *retries,
                delay: Duration::from_secs(u64::from(*retries)),
                max_delay: Duration::from_secs(60),
                total_delay: None,
                exponential_backoff: true,
            };
        }
        plan
    })
}

/// What happens next; numbers pick among what is possible at that moment.
#[derive(Clone, Debug)]
enum Action {
    /// An attempt that was started, perhaps long ago, reports.
    Report(usize, Ending),
    /// An attempt of a dynamic block yields so many items: the usual ones, or others.
    Yield(usize, u32, bool),
    /// An attempt that was started, perhaps long ago, waits for a place of the server, or has it.
    Wait(usize, bool),
    /// Callbacks that were started, perhaps long ago, report.
    CallBack(usize),
    /// Seconds pass; timers fire.
    Advance(u64),
    Wake,
    Start,
    Cancel,
    /// The process dies and another one takes over.
    Resume,
    /// Somebody wants all that did not complete once more.
    Retry,
    /// Somebody wants a block and those below it once more.
    RetryFrom(usize),
    Refuse,
}

#[derive(Clone, Copy, Debug)]
enum Ending {
    Completed,
    Failed,
    Fatal,
    Stopped,
    ConditionFailed,
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let ending = prop_oneof![
        8 => Just(Ending::Completed),
        3 => Just(Ending::Failed),
        1 => Just(Ending::Fatal),
        1 => Just(Ending::Stopped),
        1 => Just(Ending::ConditionFailed),
    ];
    let action = prop_oneof![
        12 => (any::<usize>(), ending).prop_map(|(one, ending)| Action::Report(one, ending)),
        6 => (any::<usize>(), 1..3_u32, prop::bool::weighted(0.2))
            .prop_map(|(one, count, others)| Action::Yield(one, count, others)),
        3 => (any::<usize>(), any::<bool>()).prop_map(|(one, waits)| Action::Wait(one, waits)),
        3 => any::<usize>().prop_map(Action::CallBack),
        3 => (0..8_u64).prop_map(Action::Advance),
        1 => Just(Action::Wake),
        1 => Just(Action::Start),
        1 => Just(Action::Cancel),
        1 => Just(Action::Resume),
        1 => Just(Action::Retry),
        2 => any::<usize>().prop_map(Action::RetryFrom),
        1 => Just(Action::Refuse),
    ];
    prop::collection::vec(action, 0..60)
}

fn outcome(ending: Ending) -> Outcome {
    let failed = |kind| Outcome::Failed {
        error: BlockError::new(kind, "it broke"),
        products: vec![simulate::product()],
    };
    match ending {
        Ending::Completed => Outcome::Completed {
            products: vec![simulate::product()],
            items: Some(Items {
                count: 2,
                ..Items::default()
            }),
        },
        Ending::Failed => failed(FailureKind::Exception),
        Ending::Fatal => failed(FailureKind::Syntax),
        Ending::Stopped => Outcome::Cancelled,
        Ending::ConditionFailed => Outcome::ConditionFailed {
            reason: "no".to_owned(),
        },
    }
}

/// The world around a run, which checks every step.
struct World {
    simulation: Simulation,
    /// Every attempt ever started: its block run and fence.
    attempts: Vec<(BlockRunKey, Fence)>,
    /// Callbacks ever started.
    callbacks: Vec<(BlockRunKey, Fence)>,
    /// What each run below a block that yields has been given last.
    given: HashMap<(BlockRunKey, BlockUuid), Product>,
    fences: HashSet<u64>,
    finishes: usize,
    endings: usize,
}

impl World {
    fn new(plan: Plan) -> Self {
        Self {
            simulation: Simulation::new(plan),
            attempts: Vec::new(),
            callbacks: Vec::new(),
            given: HashMap::new(),
            fences: HashSet::new(),
            finishes: 0,
            endings: 0,
        }
    }

    fn feed(&mut self, event: &RunEvent) {
        let before = self.simulation.run.clone();
        let step = self.simulation.step(event);
        let after = &step.run;
        if step.ignored.is_some() {
            assert_eq!(&before, after);
            assert!(step.changed.is_empty() && step.commands.is_empty());
            return;
        }
        assert_eq!(after.version, before.version + 1);
        Self::check_changes(&before, &step, event);
        self.check_commands(&before, &step);
        check_state(after);
        if after.status == RunStatus::Completed {
            self.check_given();
        }
        if after.status.is_final() {
            self.endings += 1;
        }
        assert_eq!(
            self.finishes, self.endings,
            "Finish exactly once per ending"
        );
    }

    /// Every run that completed has been given the items that are there in the end.
    fn check_given(&self) {
        let run = &self.simulation.run;
        for ((key, above), product) in &self.given {
            let Some(child) = run.block(key) else {
                continue;
            };
            let inputs = baton_engine::inputs(run, key);
            let input = inputs.iter().find(|input| &input.block == above).unwrap();
            let Taken::Item { of, item, .. } = &input.taken else {
                panic!("{key} takes an item of {above}");
            };
            let opener = run.block(&of.key).unwrap();
            let items = opener.items.as_ref().unwrap();
            if child.status == BlockStatus::Completed && *item < items.count && items.yielded {
                assert_eq!(&opener.products[*item as usize], product, "{key}");
            }
        }
    }

    fn check_changes(before: &Run, step: &Step, event: &RunEvent) {
        let resumed = matches!(event, RunEvent::Resumed);
        if let RunEvent::Retried { from } = event {
            return Self::check_retry(before, &step.run, from.as_ref());
        }
        // Child runs of items that turn out to be other ones run again.
        let again = match event {
            RunEvent::ItemsYielded { .. } => true,
            RunEvent::AttemptEnded { key, .. } => {
                before.block(key).is_some_and(|block| block.items.is_some())
            }
            _ => false,
        };
        for (old, new) in before.blocks.iter().zip(&step.run.blocks) {
            assert_eq!(old.key, new.key, "no block run is lost");
            assert!(old == new || step.changed.contains(&new.key));
            assert!(old.fence <= new.fence);
            let left_final = old.status.is_final() && old.status != new.status;
            if left_final {
                let reset = resumed && before.status.is_final();
                assert!(
                    reset && old.status != BlockStatus::Completed || again,
                    "final is final"
                );
            }
        }
        if before.status.is_final() {
            assert!(resumed && before.status != RunStatus::Completed);
        }
    }

    /// What has completed and is not asked for stays as it is; what is asked for runs again under new numbers.
    fn check_retry(before: &Run, after: &Run, from: Option<&BlockUuid>) {
        for old in &before.blocks {
            let Some(new) = after.block(&old.key) else {
                assert!(old.key.child.is_some(), "only child runs are dropped");
                continue;
            };
            // A child run that was dropped can be there again at once, while a block above still yields.
            assert!(old.fence <= new.fence || new.fence == Fence(0));
            assert!(old.attempt <= new.attempt, "attempts are counted on");
            let is_kept = old.status == BlockStatus::Completed && from.is_none();
            assert!(!is_kept || old == new, "{} had completed", old.key);
            if Some(&old.key.block) == from && old.status == BlockStatus::Completed {
                let stands_for_others = before
                    .blocks
                    .iter()
                    .any(|child| child.key.block == old.key.block && child.key.child.is_some());
                let items_are_gone = old.attempt == 0;
                assert!(
                    old != new || stands_for_others || items_are_gone,
                    "{}",
                    old.key
                );
            }
        }
    }

    /// The planned block of a block run.
    fn planned<'r>(run: &'r Run, block: &BlockRun) -> &'r PlannedBlock {
        run.plan.block(&block.key.block).unwrap()
    }

    fn check_commands(&mut self, before: &Run, step: &Step) {
        for command in &step.commands {
            match command {
                Command::StartAttempt {
                    key,
                    attempt,
                    fence,
                } => {
                    let run = &step.run;
                    let position = run.blocks.iter().position(|b| &b.key == key).unwrap();
                    let block = &run.blocks[position];
                    let planned = Self::planned(run, block);
                    assert!(self.fences.insert(fence.0), "fences are unique");
                    assert_eq!((block.fence, block.attempt), (*fence, *attempt));
                    let tried = attempt - block.earlier;
                    assert!((1..=planned.retry.retries + 1).contains(&tried));
                    assert!(planned.problem.is_none());
                    assert!(!run.cancel_requested);
                    let taken = baton_engine::inputs(run, key);
                    assert_eq!(taken.len(), planned.upstream.len());
                    for input in &taken {
                        if let Taken::Item { of, item, yielded } = &input.taken
                            && *yielded
                        {
                            let above = run.block(&of.key).unwrap();
                            let product = above.products[*item as usize].clone();
                            self.given
                                .insert((key.clone(), input.block.clone()), product);
                        }
                    }
                    let whole = |input: &&baton_engine::Input| {
                        !matches!(&input.taken, Taken::Item { yielded: true, .. })
                    };
                    let whole = taken.iter().filter(whole);
                    for origin in whole.flat_map(|input| origins(&input.taken)) {
                        let above = run.block(&origin.key).unwrap();
                        assert_eq!(above.status, BlockStatus::Completed);
                    }
                    self.attempts.push((key.clone(), *fence));
                }
                Command::StopAttempt { key, fence } => {
                    let block = before.block(key).unwrap();
                    let running = (block.status, block.fence) == (BlockStatus::Running, *fence);
                    let calling = block
                        .callbacks
                        .as_ref()
                        .is_some_and(|one| one.fence == *fence);
                    assert!(running || calling);
                }
                Command::RunCallbacks { key, on, fence } => {
                    let block = step.run.block(key).unwrap();
                    assert!(self.fences.insert(fence.0), "fences are unique");
                    assert!(block.status.is_final());
                    assert!(
                        before.status != RunStatus::Initial
                            || step.run.status != RunStatus::Cancelled
                    );
                    assert_eq!(
                        *on == CallbackOn::Success,
                        block.status == BlockStatus::Completed
                    );
                    self.callbacks.push((key.clone(), *fence));
                }
                Command::WakeAt(at) => assert!(*at > self.simulation.now),
                Command::Finish => self.finishes += 1,
            }
        }
    }

    fn report(&mut self, one: usize, ending: Ending) {
        if self.attempts.is_empty() {
            return;
        }
        let (key, fence) = self.attempts[one % self.attempts.len()].clone();
        let mut outcome = outcome(ending);
        if let Outcome::Completed { products, items } = &mut outcome
            && let Some(block) = self.simulation.run.block(&key)
            && let Some(yielded) = block.items.as_ref().filter(|items| items.yielded)
        {
            *products = block.products[..yielded.count as usize].to_vec();
            *items = Some(yielded.clone());
        }
        self.feed(&RunEvent::AttemptEnded {
            key,
            fence,
            outcome,
            usage: None,
            tests: Vec::new(),
        });
    }

    fn yields(&mut self, one: usize, count: u32, others: bool) {
        if self.attempts.is_empty() {
            return;
        }
        let (key, fence) = self.attempts[one % self.attempts.len()].clone();
        let block = self.simulation.run.block(&key);
        let items = block.and_then(|block| block.items.as_ref());
        let first = items.map_or(0, |items| items.count);
        let value = |number| if others { number + 100 } else { number };
        let values: Vec<u32> = (first..first + count).map(value).collect();
        self.feed(&RunEvent::ItemsYielded {
            key,
            fence,
            first,
            products: simulate::yielded(&values, first),
        });
    }

    fn waits(&mut self, one: usize, waits: bool) {
        if self.attempts.is_empty() {
            return;
        }
        let (key, fence) = self.attempts[one % self.attempts.len()].clone();
        self.feed(&if waits {
            RunEvent::AttemptWaits { key, fence }
        } else {
            RunEvent::AttemptPlaced { key, fence }
        });
    }

    fn call_back(&mut self, one: usize) {
        if self.callbacks.is_empty() {
            return;
        }
        let (key, fence) = self.callbacks[one % self.callbacks.len()].clone();
        self.feed(&RunEvent::CallbacksEnded {
            key,
            fence,
            error: None,
        });
    }

    fn advance(&mut self, seconds: u64) {
        let end = self.simulation.now.after(Duration::from_secs(seconds));
        loop {
            let timers = &mut self.simulation.timers;
            timers.sort();
            if timers.first().is_none_or(|at| *at > end) {
                break;
            }
            let at = timers.remove(0);
            self.simulation.now = self.simulation.now.max(at);
            self.feed(&RunEvent::Woken);
        }
        self.simulation.now = end;
    }

    fn act(&mut self, action: &Action) {
        match action {
            Action::Report(one, ending) => self.report(*one, *ending),
            Action::Yield(one, count, others) => self.yields(*one, *count, *others),
            Action::Wait(one, waits) => self.waits(*one, *waits),
            Action::CallBack(one) => self.call_back(*one),
            Action::Advance(seconds) => self.advance(*seconds),
            Action::Wake => self.feed(&RunEvent::Woken),
            Action::Start => self.feed(&RunEvent::Started),
            Action::Cancel => self.feed(&RunEvent::CancelRequested {
                reason: "somebody asked".to_owned(),
            }),
            Action::Retry => self.feed(&RunEvent::Retried { from: None }),
            Action::RetryFrom(one) => {
                let planned = &self.simulation.run.plan.blocks;
                if !planned.is_empty() {
                    let from = Some(planned[one % planned.len()].uuid.clone());
                    self.feed(&RunEvent::Retried { from });
                }
            }
            Action::Refuse => self.feed(&RunEvent::Refused {
                reason: "it is not its turn".to_owned(),
            }),
            Action::Resume => {
                self.simulation.timers.clear();
                self.feed(&RunEvent::Resumed);
            }
        }
    }

    /// Every attempt reports, every timer fires: the run must end.
    fn drain(&mut self) {
        self.feed(&RunEvent::Started);
        for _ in 0..20_000 {
            if self.simulation.run.status.is_final() {
                return;
            }
            let running = self
                .simulation
                .run
                .blocks
                .iter()
                .position(|block| block.status == BlockStatus::Running);
            if let Some(position) = running {
                let fence = self.simulation.run.blocks[position].fence;
                let attempt = self.attempts.iter().position(|one| one.1 == fence).unwrap();
                self.report(attempt, Ending::Failed);
                continue;
            }
            for one in 0..self.callbacks.len() {
                self.call_back(one);
            }
            if !self.simulation.run.status.is_final() {
                self.advance(60);
            }
        }
        panic!("the run does not end: {:#?}", self.simulation.show());
    }
}

/// The block runs that an input is taken from.
fn origins(taken: &Taken) -> Vec<&Origin> {
    match taken {
        Taken::Whole(of) | Taken::Item { of, .. } => vec![of],
        Taken::All(of) => of.iter().collect(),
    }
}

fn check_state(run: &Run) {
    let count = |status| run.blocks.iter().filter(|b| b.status == status).count();
    let running = count(BlockStatus::Running);
    assert!(running <= run.plan.workers as usize, "workers");
    let busy = run.blocks.iter();
    let busy = busy.filter(|block| block.status == BlockStatus::Running);
    let wants = |block: &BlockRun| {
        let planned = run.plan.block(&block.key.block);
        planned.unwrap().resources.reserved().cpu
    };
    let taken: u64 = busy.map(wants).sum();
    assert!(taken <= run.plan.reserved.cpu, "what the run reserves");
    if let Some(limit) = run.plan.block_run_limit {
        assert!(
            running + count(BlockStatus::Queued) <= limit as usize,
            "limit"
        );
    }
    let keys: HashSet<&BlockRunKey> = run.blocks.iter().map(|block| &block.key).collect();
    assert_eq!(keys.len(), run.blocks.len(), "no run comes up twice");
    for block in &run.blocks {
        assert_eq!(block.ended_at.is_some(), block.status.is_final());
        if block.status == BlockStatus::Failed {
            assert!(block.error.is_some());
        }
        if matches!(
            block.status,
            BlockStatus::Cancelled | BlockStatus::UpstreamFailed | BlockStatus::ConditionFailed
        ) {
            assert!(block.reason.is_some(), "{} says why", block.key);
        }
    }
    if run.status.is_final() {
        assert!(run.blocks.iter().all(|block| block.status.is_final()));
        assert!(run.ended_at.is_some());
        let failed = count(BlockStatus::Failed) + count(BlockStatus::UpstreamFailed);
        if run.status == RunStatus::Completed {
            assert_eq!(failed + count(BlockStatus::Cancelled), 0);
        }
        if run.status == RunStatus::Failed {
            assert!(failed > 0);
        }
    } else {
        assert!(run.ended_at.is_none());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn every_run_keeps_its_promises(plan in plans(), actions in actions()) {
        let mut world = World::new(plan);
        for action in &actions {
            world.act(action);
        }
        world.drain();
    }

    /// However often its process dies, a run completes what an undisturbed one completes.
    #[test]
    fn deaths_change_no_result(plan in plans(), deaths in prop::collection::vec(any::<bool>(), 0..40)) {
        let run = |deaths: &[bool]| {
            let mut world = World::new(plan.clone());
            world.feed(&RunEvent::Started);
            let mut deaths = deaths.iter();
            while !world.simulation.run.status.is_final() {
                if deaths.next() == Some(&true) {
                    world.simulation.timers.clear();
                    world.feed(&RunEvent::Resumed);
                }
                let running = |b: &baton_model::BlockRun| b.status == BlockStatus::Running;
                let Some(at) = world.simulation.run.blocks.iter().position(running) else {
                    for one in 0..world.callbacks.len() {
                        world.call_back(one);
                    }
                    if !world.simulation.run.status.is_final() {
                        world.advance(60);
                    }
                    continue;
                };
                let fence = world.simulation.run.blocks[at].fence;
                let attempt = world.attempts.iter().position(|one| one.1 == fence).unwrap();
                // Whether an attempt fails depends on what is run, not on how often its process died.
                let block = &world.simulation.run.blocks[at];
                let retries = World::planned(&world.simulation.run, block).retry.retries;
                let fails = block.attempt <= retries || retries == 2;
                let has = block.items.as_ref().map_or(0, |items| items.count);
                let planned = World::planned(&world.simulation.run, block);
                if planned.dynamic && planned.priority % 2 == 1 && retries < 2 && has < 2 {
                    world.yields(attempt, 1, false);
                    continue;
                }
                world.report(attempt, if fails { Ending::Failed } else { Ending::Completed });
            }
            let blocks = world.simulation.run.blocks.iter();
            // Where blocks share what the run reserves, a death changes which of them run beside each other: who comes
            // first then decides whether a block fails as a whole or child by child. What runs stays the same.
            let blocks = blocks.filter(|b| plan.reserved.is_nothing() || b.attempt > 0);
            let mut blocks: Vec<_> =
                blocks.map(|b| (b.key.clone(), b.status, b.attempt)).collect();
            blocks.sort_by(|one, other| one.0.cmp(&other.0));
            (world.simulation.run.status, blocks)
        };
        if plan.on_failure == OnFailure::Continue {
            prop_assert_eq!(run(&[]), run(&deaths));
        }
    }
}

/// A thousand blocks, each with many edges: a step must not grow with the square of the blocks.
#[test]
fn a_thousand_blocks_are_no_burden() {
    let names: Vec<String> = (0..1000).map(|n| format!("b{n}")).collect();
    let blocks = names.iter().enumerate().map(|(position, name)| {
        let above: Vec<&str> = names[position.saturating_sub(5)..position]
            .iter()
            .map(String::as_str)
            .collect();
        simulate::block(name, &above)
    });
    let pipeline = simulate::declared(blocks.collect(), None);
    let sources = pipeline
        .blocks
        .iter()
        .map(|block| (block.uuid.clone(), simulate::source(None)))
        .collect();
    let plan = baton_engine::plan(&simulate::input(&pipeline, &sources)).unwrap();
    let mut run = baton_engine::create(
        baton_model::RunId(1),
        std::sync::Arc::new(plan),
        baton_model::Timestamp(0),
    );
    let mut event = RunEvent::Started;
    let mut steps = 0;
    while !run.status.is_final() {
        let step = baton_engine::apply(run, &event, baton_model::Timestamp(steps));
        run = step.run;
        steps += 1;
        let Some(Command::StartAttempt { key, fence, .. }) = step.commands.into_iter().next()
        else {
            break;
        };
        event = RunEvent::AttemptEnded {
            key,
            fence,
            outcome: outcome(Ending::Completed),
            usage: None,
            tests: Vec::new(),
        };
    }
    assert_eq!((run.status, steps), (RunStatus::Completed, 1001));
}
