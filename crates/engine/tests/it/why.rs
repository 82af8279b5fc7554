//! Every situation of `docs/reference/why.md` is made to happen, and its first sentence compared.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use baton_engine::admission::{Admission, Limits, RunTicket, admit};
use baton_engine::triggers::{TriggerHistory, decide};
use baton_engine::usual::{Spread, Usual};
use baton_engine::why::{Why, WhyFacts, changes, critical_path, why, why_no_run};
use baton_model::{
    BlockError, BlockRunKey, BlockUuid, Cause, FailureKind, Fence, Frame, Machine, Outcome,
    Reserved, Run, RunEvent, RunId, RunStatus, Timestamp, TriggerKind,
};
use serde_json::json;

use crate::simulate::{self, Simulation};
use crate::triggers::{at, trigger};

const PAGE: &str = include_str!("../../../../docs/reference/why.md");

/// A run and what is known beside it.
struct Case {
    simulation: Simulation,
    waits_for: Option<&'static str>,
    /// Seconds since a scheduler was seen.
    silent: u64,
    is_driven: bool,
    usual: Option<f64>,
    usual_blocks: Vec<(&'static str, f64)>,
    last_good: Option<Run>,
}

impl Case {
    fn of(pipeline: &str) -> Self {
        Self {
            simulation: Simulation::new(simulate::pipeline(pipeline)),
            waits_for: None,
            silent: 1,
            is_driven: true,
            usual: None,
            usual_blocks: Vec::new(),
            last_good: None,
        }
    }

    fn started(pipeline: &str) -> Self {
        Self::of(pipeline).then(&RunEvent::Started)
    }

    /// Of a schedule, say.
    fn triggered(pipeline: &str) -> Self {
        let mut case = Self::of(pipeline);
        let plan = Arc::make_mut(&mut case.simulation.run.plan);
        plan.occasion.cause = Cause::Schedule;
        case.then(&RunEvent::Started)
    }

    fn then(mut self, event: &RunEvent) -> Self {
        let step = self.simulation.step(event);
        assert_eq!(step.ignored, None);
        self
    }

    fn after(mut self, seconds: u64) -> Self {
        self.simulation.advance(Duration::from_secs(seconds));
        self
    }

    fn ended(self, name: &str, outcome: Outcome) -> Self {
        let key = BlockRunKey::declared(name.into());
        let fence = self.simulation.run.block(&key).unwrap().fence;
        self.then(&RunEvent::AttemptEnded {
            key,
            fence,
            outcome,
            usage: None,
            tests: Vec::new(),
        })
    }

    fn ok(self, name: &str) -> Self {
        let mut product = simulate::product();
        product.rows = Some(100);
        self.ended(
            name,
            Outcome::Completed {
                products: vec![product],
                items: None,
            },
        )
    }

    fn fails(self, name: &str, exception: Option<&str>, message: &str) -> Self {
        let mut error = BlockError::new(FailureKind::Exception, message);
        error.exception = exception.map(str::to_owned);
        error.frames.push(Frame {
            file: "transformers/a.py".to_owned(),
            line: 12,
            function: "transform".to_owned(),
            code: None,
            caret: None,
        });
        let products = Vec::new();
        self.ended(name, Outcome::Failed { error, products })
    }

    fn usually(mut self, run: f64, blocks: &[(&'static str, f64)]) -> Self {
        self.usual = Some(run);
        self.usual_blocks = blocks.to_vec();
        self
    }

    fn why(&self) -> Why {
        let now = self.simulation.now;
        let steady = |seconds: f64| Spread::of([seconds; 8]).unwrap();
        let blocks = self.usual_blocks.iter();
        let usual = |seconds: f64| Usual {
            seconds: Some(steady(seconds)),
            rows: Some(steady(100.0)),
            memory: Some(steady(1e9)),
        };
        let blocks = blocks.map(|(name, seconds)| (BlockUuid::from(*name), usual(*seconds)));
        let usual_blocks: BTreeMap<BlockUuid, Usual> = blocks.collect();
        why(&WhyFacts {
            run: &self.simulation.run,
            now,
            waits_for: self.waits_for,
            scheduler_seen: Some(Timestamp(now.0 - self.silent as i64 * 1_000_000)),
            is_driven: self.is_driven,
            usual: self.usual.map(steady),
            usual_blocks: &usual_blocks,
            last_good: self.last_good.as_ref(),
        })
    }
}

/// The run before: it completed with other code.
fn good(pipeline: &str) -> Run {
    let mut case = Case::started(pipeline);
    for name in ["a", "b"] {
        if case.simulation.run.plan.block(&name.into()).is_some() {
            case = case.ok(name);
        }
    }
    let mut run = case.simulation.run;
    assert_eq!(run.status, RunStatus::Completed);
    run.id = RunId(0);
    run
}

/// Why the trigger makes no run on the sixth of March at half past ten.
fn no_run(change: impl FnOnce(&mut baton_model::Trigger), newest: Option<&str>) -> Why {
    let mut trigger = trigger("@hourly", json!({}));
    change(&mut trigger);
    let newest = newest.map(at);
    let history = TriggerHistory {
        newest_date: newest,
        has_run_at: &|date| Some(date) == newest,
        newest_made: newest,
        runs: newest.map_or(0, |_| 1),
        newest_is_open: false,
        open: 0,
        runtimes: &[],
        copies: 1,
    };
    let decision = decide(&trigger, &history, at("2024-03-06T10:30:00"));
    why_no_run(&trigger, &decision, None)
}

fn cancel() -> RunEvent {
    RunEvent::CancelRequested {
        reason: "somebody asked".to_owned(),
    }
}

fn happen(situation: &str) -> Why {
    let failing = || Case::started("a -> b").fails("a", Some("ValueError"), "no rows");
    match situation {
        "The trigger is off" => no_run(|trigger| trigger.is_active = false, None),
        "It was taken out of its file" => no_run(
            |trigger| {
                trigger.is_active = false;
                trigger.taken_out_at = Some(at("2024-03-06T10:20:00"));
            },
            None,
        ),
        "It waits for other pipelines" => no_run(
            |trigger| {
                trigger.kind = TriggerKind::Pipeline;
                let after = json!(["load"]);
                trigger.settings.insert("after".to_owned(), after);
            },
            None,
        ),
        "It waits for an event" => no_run(
            |trigger| {
                trigger.kind = TriggerKind::Event;
                let source = ("source".to_owned(), json!(["aws.s3"]));
                trigger.matchers = vec![[source].into_iter().collect()];
            },
            None,
        ),
        "The start time is to come" => no_run(
            |trigger| trigger.start_time = Some(at("2024-03-07T00:00:00")),
            None,
        ),
        "It was switched on after the date" => no_run(
            |trigger| trigger.last_enabled_at = Some(at("2024-03-06T10:20:00")),
            None,
        ),
        "The date has its run already" => no_run(|_| {}, Some("2024-03-06T10:00:00")),
        "The time zone does not exist" => no_run(
            |trigger| {
                let zone = "Europe/Berlni".into();
                trigger.settings.insert("timezone".to_owned(), zone);
            },
            None,
        ),
        "The run could not be made" => {
            let trigger = trigger("@hourly", json!({}));
            let decision = baton_engine::triggers::Decision {
                due: Vec::new(),
                skip: None,
                next: None,
                reason: String::new(),
                waits: false,
            };
            let refused = "the pipeline has a cycle: a → b → a";
            why_no_run(&trigger, &decision, Some(refused))
        }
        "Nothing schedules" => Case {
            silent: 300,
            ..Case::of("a")
        }
        .why(),
        "A limit on runs is met" => Case {
            waits_for: Some("2 of 2 runs of trigger `nightly` are open: 14, 15"),
            ..Case::of("a")
        }
        .why(),
        "A pool is full" => Case {
            waits_for: Some("1 of 1 places of pool `db` are taken: 14"),
            ..Case::of("a")
        }
        .why(),
        "The machine is full" => {
            let reserving = |run, cpu| RunTicket {
                run: RunId(run),
                pipeline: "demo".into(),
                trigger: None,
                priority: 0,
                date: Timestamp(0),
                created_at: Timestamp(0),
                pools: Vec::new(),
                reserved: Reserved { cpu, memory: 0 },
                is_child: false,
            };
            let limits = Limits {
                machine: Machine {
                    cpu: Some(2000),
                    memory: None,
                },
                ..Limits::default()
            };
            let decided = admit(&[reserving(1, 1500)], &[reserving(14, 1000)], &limits);
            let Some((_, Admission::Wait { reason })) = decided.first() else {
                panic!("{decided:?}")
            };
            Case {
                waits_for: Some(reason.to_string().leak()),
                ..Case::of("a")
            }
            .why()
        }
        "It is about to start" => Case::of("a").after(2).why(),
        "It was skipped" => Case::of("a; callback a")
            .then(&RunEvent::Refused {
                reason: "a run of the trigger has not ended".to_owned(),
            })
            .why(),
        "A block is at work" => Case::started("a -> b; c").after(10).why(),
        "A block is slower than usual" => Case::started("a; b")
            .usually(60.0, &[("a", 60.0), ("b", 3000.0)])
            .after(600)
            .why(),
        "Other runs keep it from working" => {
            let (key, fence) = (BlockRunKey::declared("a".into()), Fence(1));
            let case = Case::started("a -> b").then(&RunEvent::AttemptWaits { key, fence });
            case.after(10).why()
        }
        "A block waits for its next attempt" => Case::started("a; retries a 1; delay a 60")
            .after(10)
            .fails("a", None, "it broke")
            .why(),
        "Only callbacks are left" => Case::started("a; callback a").ok("a").why(),
        "No process drives it" => Case {
            is_driven: false,
            ..Case::triggered("a -> b")
        }
        .after(14)
        .why(),
        "Nor did a server start it" => Case {
            is_driven: false,
            ..Case::started("a -> b")
        }
        .why(),
        "It is being stopped" => Case::started("a -> b").then(&cancel()).why(),
        "A block raised an error" => failing().why(),
        "The code of the block is new" => {
            let mut earlier = good("a -> b");
            Arc::make_mut(&mut earlier.plan).blocks[0].code = Some("0ld".into());
            Case {
                last_good: Some(earlier),
                ..failing()
            }
            .why()
        }
        "The run took too long" => Case::started("a; timeout 60s failed").after(61).why(),
        "Somebody stopped it" => Case::started("a")
            .then(&cancel())
            .ended("a", Outcome::Cancelled)
            .why(),
        "It completed as usual" => Case::started("a")
            .usually(60.0, &[("a", 60.0)])
            .after(70)
            .ok("a")
            .why(),
        "It took longer because of one block" => Case::started("a -> b")
            .usually(120.0, &[("a", 60.0), ("b", 60.0)])
            .after(600)
            .ok("a")
            .after(120)
            .ok("b")
            .why(),
        "It took longer for want of workers" => Case::started("a; b; workers 1")
            .usually(120.0, &[("a", 550.0), ("b", 550.0)])
            .after(600)
            .ok("a")
            .after(600)
            .ok("b")
            .why(),
        "It was interrupted for a time" => Case::started("a")
            .usually(20.0, &[("a", 20.0)])
            .after(908)
            .then(&RunEvent::Resumed)
            .after(20)
            .ok("a")
            .why(),
        "A condition said no" => Case::started("a -> b -> c")
            .after(10)
            .ok("a")
            .ended(
                "b",
                Outcome::ConditionFailed {
                    reason: "the condition `is_weekend` said no".to_owned(),
                },
            )
            .why(),
        other => panic!("no test makes this happen: {other}"),
    }
}

#[test]
fn the_page_says_what_is_said() {
    let rows = PAGE.lines().filter_map(|line| {
        let (situation, sentence) = line.strip_prefix("| ")?.split_once(" | ")?;
        Some((situation, sentence.trim_end_matches(" |")))
    });
    let mut seen = 0;
    for (situation, sentence) in rows.filter(|(situation, _)| *situation != "Situation") {
        seen += 1;
        let why = happen(situation);
        assert_eq!(why.headline, sentence, "{situation}");
        for detail in &why.details {
            assert!(detail.ends_with(['.', ':']), "{situation}: {detail}");
        }
    }
    assert!(seen >= 20, "{seen}");
}

#[test]
fn details_say_where_and_since_when() {
    let pipeline = "a -> b; retries a 1; delay a 0";
    let mut earlier = good(pipeline);
    let plan = Arc::make_mut(&mut earlier.plan);
    plan.blocks[0].code = Some("0ld".into());
    plan.variables.insert("region".to_owned(), "eu".into());
    plan.variables
        .insert("api_key".to_owned(), "private".into());
    plan.given.insert("ds".to_owned(), "2024-01-01".into());
    plan.env = "dev".to_owned();
    let mut case = Case::started(pipeline);
    let plan = Arc::make_mut(&mut case.simulation.run.plan);
    plan.variables.insert("region".to_owned(), "us".into());
    plan.variables
        .insert("api_key".to_owned(), "changed".into());
    plan.given.insert("ds".to_owned(), "2024-01-02".into());
    plan.env = "prod".to_owned();
    case.last_good = Some(earlier);
    let case = case
        .fails("a", Some("KeyError"), "'id'")
        .fails("a", Some("KeyError"), "'id'");
    assert_eq!(
        case.why().details,
        [
            "It happened in `transformers/a.py`, line 12.",
            "It was tried 2 times.",
            "1 block did not run because of it.",
            "Since run 0, the last good one:",
            "The code of `a` has changed.",
            "It runs as `prod`; it ran as `dev`.",
            "Variable `api_key` has changed.",
            "Variable `region` is \"us\"; it was \"eu\".",
        ]
    );
    let mut same = Case::started(pipeline)
        .fails("a", None, "it broke")
        .fails("a", None, "it broke");
    same.last_good = Some(good(pipeline));
    let nothing = "Nothing that Baton knows of has changed since run 0, the last good one.";
    assert_eq!(same.why().details.last().unwrap(), nothing);
}

/// The time between the end of a run and its retry is nobody's waiting.
#[test]
fn a_retry_does_not_wait_for_itself() {
    let case = Case::started("a -> b -> c")
        .after(5)
        .ok("a")
        .fails("b", None, "it broke")
        .after(203)
        .then(&RunEvent::Retried {
            from: Some("b".into()),
        })
        .after(2)
        .ok("b");
    let details = case.after(12).ok("c").why().details;
    assert_eq!(
        details,
        ["The longest way through it, all of it: `a` 5 s; `b` 2 s; `c` 12 s."]
    );
}

#[test]
fn time_without_a_process_is_not_the_time_of_a_block() {
    let case = Case::started("a -> b")
        .usually(40.0, &[("a", 20.0), ("b", 20.0)])
        .after(908)
        .then(&RunEvent::Resumed)
        .after(10);
    let why = case.why();
    assert_eq!(
        why.headline,
        "Run 1 is running: block `a` has been at work for 10 s."
    );
    assert_eq!(
        why.details[..2],
        [
            "It was interrupted: block `a` began anew 15 min 8 s after its first start.",
            "1 block waits for blocks above or a retry.",
        ]
    );
    let mut case = case.after(10).ok("a").after(20).ok("b");
    case.last_good = Some(good("a -> b"));
    assert_eq!(
        case.why().details,
        [
            "The longest way through it, all of it: `a` 20 s, usually 20 s, begun anew 15 min 8 s after its first start; `b` 20 s, usually 20 s.",
        ]
    );
}

#[test]
fn what_callbacks_raised_is_told() {
    let called = |case: Case, name: &str, error: Option<BlockError>| {
        let key = BlockRunKey::declared(name.into());
        let block = case.simulation.run.block(&key).unwrap();
        let fence = block.callbacks.as_ref().unwrap().fence;
        case.then(&RunEvent::CallbacksEnded { key, fence, error })
    };
    let mut error = BlockError::new(FailureKind::Exception, "no mail today.");
    error.exception = Some("OSError".to_owned());
    let case = called(Case::started("a; callback a").ok("a"), "a", Some(error));
    let why = case.why();
    assert_eq!(why.headline, "Run 1 completed in 0 ms.");
    let told = "A callback of block `a` failed with OSError: no mail today.".to_owned();
    assert!(why.details.contains(&told), "{:?}", why.details);

    // They go on when somebody asks the run to stop, and it says so.
    let case = Case::started("a; callback a").ok("a").then(&cancel());
    let why = case.why();
    assert!(why.headline.starts_with("Run 1 is about to end"), "{why:?}");
    assert!(why.details[0].contains("once more"), "{why:?}");
    let stopped = BlockError::new(FailureKind::Exit, "the callbacks were stopped");
    let why = called(case.then(&cancel()), "a", Some(stopped)).why();
    let told = "A callback of block `a` failed: the callbacks were stopped.".to_owned();
    assert!(why.details.contains(&told), "{:?}", why.details);
}

#[test]
fn a_sentence_has_one_stop() {
    let asking = "invalid syntax. Perhaps you forgot a comma?";
    let case = Case::started("a").fails("a", Some("SyntaxError"), asking);
    let headline = case.why().headline;
    let end = "failed with SyntaxError: invalid syntax. Perhaps you forgot a comma.";
    assert!(headline.ends_with(end), "{headline}");
}

#[test]
fn rows_and_blocks_that_come_and_go_are_told() {
    let mut earlier = good("a -> b");
    earlier.blocks[0].products[0].rows = Some(1_000_000);
    let run = Case::started("a -> c").ok("a").simulation.run;
    assert_eq!(
        changes(&run, &earlier).sentences(),
        [
            "New blocks: `c`.",
            "Blocks that are gone: `b`.",
            "Block `a` gave 100 rows; it gave 1,000,000.",
        ]
    );
}

#[test]
fn the_critical_path_is_the_chain_that_ended_last() {
    let case = Case::started("a -> b -> d; a -> c -> d; e")
        .after(10)
        .ok("a")
        .after(5)
        .ok("b")
        .after(40)
        .ok("c")
        .ok("e")
        .after(7)
        .ok("d");
    let path = critical_path(&case.simulation.run, case.simulation.now);
    let links: Vec<(&str, u64, u64)> = path
        .iter()
        .map(|link| {
            (
                link.name.as_str(),
                link.waited.as_secs(),
                link.took.as_secs(),
            )
        })
        .collect();
    assert_eq!(links, [("a", 0, 10), ("c", 0, 45), ("d", 0, 7)]);
    assert_eq!(
        case.why().details,
        ["The longest way through it, all of it: `a` 10 s; `c` 45 s; `d` 7 s."]
    );
}

/// Child runs count one by one, and what stands for them does not.
#[test]
fn the_critical_path_goes_through_child_runs() {
    let mut simulation = Simulation::new(simulate::pipeline(
        "a -> b -> c; dynamic a; reduce b; workers 1",
    ));
    simulation.step(&RunEvent::Started);
    let mut end = |name: &str, items: Option<u32>, seconds: u64| {
        simulation.advance(Duration::from_secs(seconds));
        let (block, child) = name.split_once(':').map_or((name, None), |(block, child)| {
            (block, Some(child.parse().unwrap()))
        });
        let key = BlockRunKey {
            block: block.into(),
            child,
        };
        let fence = simulation.run.block(&key).unwrap().fence;
        let items = items.map(|count| baton_model::Items {
            count,
            ..baton_model::Items::default()
        });
        let products = Vec::new();
        let step = simulation.step(&RunEvent::AttemptEnded {
            key,
            fence,
            outcome: Outcome::Completed { products, items },
            usage: None,
            tests: Vec::new(),
        });
        assert_eq!(step.ignored, None);
    };
    end("a", Some(2), 1);
    end("b:0", None, 3);
    end("b:1", None, 4);
    end("c", None, 5);
    let path = critical_path(&simulation.run, simulation.now);
    let links: Vec<(&str, u64, u64)> = path
        .iter()
        .map(|link| {
            (
                link.name.as_str(),
                link.waited.as_secs(),
                link.took.as_secs(),
            )
        })
        .collect();
    // The second child run waited for the only worker.
    assert_eq!(links, [("a", 0, 1), ("b:1", 3, 4), ("c", 0, 5)]);
}
