//! Which waiting runs start: examples with the words that people read, and what holds for all.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use baton_engine::admission::{
    Admission, Limits, OnLimit, PipelineLimits, RunTicket, TriggerLimits, admit,
};
use baton_model::{Machine, PipelineUuid, PoolUse, Reserved, RunId, Timestamp, TriggerId};
use proptest::prelude::*;

fn ticket(run: i64, pipeline: &str) -> RunTicket {
    RunTicket {
        run: RunId(run),
        pipeline: pipeline.into(),
        trigger: Some(TriggerId(1)),
        priority: 0,
        date: Timestamp(run),
        created_at: Timestamp(run),
        pools: Vec::new(),
        reserved: Reserved::default(),
        is_child: false,
    }
}

fn pooled(run: i64, pool: &str, slots: u32) -> RunTicket {
    RunTicket {
        pools: vec![PoolUse {
            pool: pool.to_owned(),
            slots,
            key: None,
        }],
        ..ticket(run, "a")
    }
}

fn nightly(runs: u32) -> Limits {
    Limits {
        triggers: HashMap::from([(
            TriggerId(1),
            TriggerLimits {
                name: "nightly".to_owned(),
                runs: Some(runs),
            },
        )]),
        ..Limits::default()
    }
}

fn of_pipeline(limits: PipelineLimits) -> Limits {
    Limits {
        pipelines: HashMap::from([("a".into(), limits)]),
        ..Limits::default()
    }
}

fn said(waiting: &[RunTicket], open: &[RunTicket], limits: &Limits) -> Vec<String> {
    let show = |(run, admission): (RunId, Admission)| match admission {
        Admission::Start => format!("{run} starts"),
        Admission::Wait { reason } => format!("{run} waits: {reason}"),
        Admission::Skip { reason } => format!("{run} is skipped: {reason}"),
    };
    admit(waiting, open, limits).into_iter().map(show).collect()
}

#[test]
fn what_is_in_the_way_is_named() {
    let open = [ticket(14, "a"), ticket(15, "a")];
    assert_eq!(
        said(&[ticket(16, "a")], &open, &nightly(2)),
        ["16 waits: 2 of 2 runs of trigger `nightly` are open: 14, 15"]
    );
    assert_eq!(
        said(&[ticket(16, "a")], &open[..1], &nightly(1)),
        ["16 waits: 1 of 1 run of trigger `nightly` is open: 14"]
    );
    let all = of_pipeline(PipelineLimits {
        all_triggers: Some(2),
        ..PipelineLimits::default()
    });
    assert_eq!(
        said(&[ticket(16, "a"), ticket(17, "b")], &open, &all),
        [
            "17 starts",
            "16 waits: 2 of 2 runs of pipeline `a` are open: 14, 15"
        ]
    );
    let skip = of_pipeline(PipelineLimits {
        per_trigger: Some(2),
        all_triggers: None,
        on_limit: OnLimit::Skip,
    });
    assert_eq!(
        said(&[ticket(16, "a")], &open, &skip),
        ["16 is skipped: 2 of 2 runs of trigger `1` are open: 14, 15"]
    );
    let held = Limits {
        held: HashMap::from([(TriggerId(1), "its backfill is paused".to_owned())]),
        ..Limits::default()
    };
    assert_eq!(
        said(&[ticket(16, "a")], &[], &held),
        ["16 waits: its backfill is paused"]
    );
    let project = Limits {
        project: Some(7),
        ..Limits::default()
    };
    let many: Vec<RunTicket> = (1..8).map(|run| ticket(run, "b")).collect();
    assert_eq!(
        said(&[ticket(9, "a")], &many, &project),
        ["9 waits: 7 of 7 runs of the project are open: 1, 2, 3, 4, 5, and 2 more"]
    );
}

/// M#5330, M#4997, M#5512: limits per tenant, for every kind of trigger.
#[test]
fn pools_have_places_for_each_key() {
    let limits = Limits {
        pools: HashMap::from([("tenant".to_owned(), 1), ("db".to_owned(), 3)]),
        ..Limits::default()
    };
    let of = |run, customer: &str| {
        let mut ticket = pooled(run, "tenant", 1);
        ticket.pools[0].key = Some(format!("customer={customer}"));
        ticket
    };
    assert_eq!(
        said(&[of(2, "7"), of(3, "8")], &[of(1, "7")], &limits),
        [
            "2 waits: 1 of 1 places of pool `tenant` for customer=7 are taken: 1",
            "3 starts",
        ]
    );
    let waiting = [pooled(2, "db", 2), pooled(3, "db", 1), pooled(4, "db", 4)];
    assert_eq!(
        said(&waiting, &[pooled(1, "db", 2)], &limits),
        [
            "2 waits: 2 of 3 places of pool `db` are taken: 1; it takes 2",
            "3 starts",
            "4 waits: it takes 4 places of pool `db`, which has 3",
        ]
    );
    assert_eq!(
        said(&[pooled(1, "new", 1), pooled(2, "new", 1)], &[], &limits),
        [
            "1 starts",
            "2 waits: 1 of 1 places of pool `new` are taken: 1",
        ]
    );
}

#[test]
fn what_a_run_reserves_must_be_there() {
    let limits = Limits {
        machine: Machine {
            cpu: Some(2000),
            memory: Some(4 << 30),
        },
        ..Limits::default()
    };
    let reserving = |run, cpu, memory| RunTicket {
        reserved: Reserved { cpu, memory },
        ..ticket(run, "a")
    };
    let waiting = [
        reserving(2, 1000, 0),
        reserving(3, 0, 3 << 30),
        reserving(4, 0, 9 << 30),
        reserving(5, 500, 1 << 30),
        ticket(6, "a"),
    ];
    assert_eq!(
        said(&waiting, &[reserving(1, 1500, 2 << 30)], &limits),
        [
            "2 waits: it reserves 1 processor; this machine has 2 processors, and open runs reserve 1.5 processors",
            "3 waits: it reserves 3072 MiB of memory; this machine has 4096 MiB of memory, and open runs reserve 2048 MiB of memory",
            "4 is skipped: it reserves 9216 MiB of memory; this machine has 4096 MiB of memory",
            "5 starts",
            "6 starts",
        ]
    );
}

#[test]
fn a_pipeline_with_many_runs_keeps_nobody_out() {
    let mut waiting: Vec<RunTicket> = (1..=1000).map(|run| ticket(run, "backfill")).collect();
    waiting.extend((2001..=2003).map(|run| ticket(run, "small")));
    waiting.push(RunTicket {
        priority: 5,
        ..ticket(3000, "urgent")
    });
    let limits = Limits {
        project: Some(7),
        ..Limits::default()
    };
    let started: Vec<i64> = admit(&waiting, &[], &limits)
        .into_iter()
        .filter(|(_, admission)| *admission == Admission::Start)
        .map(|(run, _)| run.0)
        .collect();
    assert_eq!(started, [3000, 1, 2001, 2, 2002, 3, 2003]);
}

fn tickets(from: i64) -> impl Strategy<Value = Vec<RunTicket>> {
    let one = (0..4_i64, 0..4_i64, -1..2_i64, 0..5_i64, 0..4_u32, 0..3_u64);
    prop::collection::vec(one, 0..30).prop_map(move |all| {
        let all = all.into_iter().zip(from..);
        all.map(
            |((pipeline, trigger, priority, date, slots, cpu), run)| RunTicket {
                run: RunId(run),
                pipeline: format!("p{pipeline}").as_str().into(),
                trigger: (trigger > 0).then(|| TriggerId(pipeline * 10 + trigger)),
                priority,
                date: Timestamp(date),
                created_at: Timestamp(run),
                pools: (slots > 0)
                    .then(|| PoolUse {
                        pool: format!("pool{}", date % 2),
                        slots,
                        key: None,
                    })
                    .into_iter()
                    .collect(),
                reserved: Reserved { cpu, memory: 0 },
                is_child: false,
            },
        )
        .collect()
    })
}

prop_compose! {
    fn limits()(
        project in prop::option::of(0..12_u32),
        per_trigger in prop::option::of(0..4_u32),
        all_triggers in prop::option::of(0..6_u32),
        slots in 0..6_u32,
        cpu in prop::option::of(0..20_u64),
        skip in any::<bool>(),
    ) -> Limits {
        let on_limit = if skip { OnLimit::Skip } else { OnLimit::Wait };
        let of_pipeline = PipelineLimits { per_trigger, all_triggers, on_limit };
        Limits {
            triggers: HashMap::new(),
            held: HashMap::new(),
            pipelines: (0..3).map(|n| (PipelineUuid::new(format!("p{n}")), of_pipeline)).collect(),
            project,
            pools: HashMap::from([("pool0".to_owned(), slots)]),
            machine: Machine { cpu, memory: None },
        }
    }
}

/// Whether the runs keep to the limits; counted afresh.
fn fits(runs: &[&RunTicket], limits: &Limits) -> bool {
    let count = |wanted: &dyn Fn(&RunTicket) -> bool| runs.iter().filter(|t| wanted(t)).count();
    let most = |limit: Option<u32>| limit.map_or(usize::MAX, |limit| limit as usize);
    let places = |pool: &str| -> u32 {
        let uses = runs.iter().flat_map(|ticket| &ticket.pools);
        uses.filter(|one| one.pool == pool)
            .map(|one| one.slots)
            .sum()
    };
    runs.len() <= most(limits.project)
        && limits.pipelines.iter().all(|(pipeline, own)| {
            count(&|ticket| ticket.pipeline == *pipeline) <= most(own.all_triggers)
                && runs
                    .iter()
                    .filter(|ticket| ticket.pipeline == *pipeline)
                    .all(|one| {
                        one.trigger.is_none()
                            || count(&|ticket| ticket.trigger == one.trigger)
                                <= most(own.per_trigger)
                    })
        })
        && places("pool0") <= limits.pools["pool0"]
        && places("pool1") <= 1
        && runs.iter().map(|ticket| ticket.reserved.cpu).sum::<u64>()
            <= limits.machine.cpu.unwrap_or(u64::MAX)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, ..ProptestConfig::default() })]

    #[test]
    fn limits_hold_and_nothing_idles(waiting in tickets(100), before in tickets(1), limits in limits()) {
        // What is open was admitted under the same limits.
        let mut open: Vec<RunTicket> = Vec::new();
        for (run, admission) in admit(&before, &[], &limits) {
            if admission == Admission::Start {
                open.extend(before.iter().find(|ticket| ticket.run == run).cloned());
            }
        }
        let decided = admit(&waiting, &open, &limits);
        prop_assert_eq!(decided.len(), waiting.len());
        let find = |run: RunId| waiting.iter().find(|ticket| ticket.run == run).unwrap();
        let mut running: Vec<&RunTicket> = open.iter().collect();
        for (run, admission) in &decided {
            if *admission == Admission::Start {
                running.push(find(*run));
                prop_assert!(fits(&running, &limits), "{run} is one too many");
            }
        }
        for (run, admission) in &decided {
            if *admission != Admission::Start {
                let mut more = running.clone();
                more.push(find(*run));
                // What the machine can never give is not waited for.
                let too_much = limits.machine.cpu.is_some_and(|cpu| find(*run).reserved.cpu > cpu);
                if let Admission::Wait { reason } = admission {
                    prop_assert!(!too_much || !reason.contains("it reserves"), "{reason}");
                }
                // A run that takes nothing of what is short does not wait for it.
                prop_assert!(!fits(&more, &limits), "{run} waits without a reason: {admission:?}");
            }
        }
        // The order in which runs are listed does not matter.
        let mut turned = waiting.clone();
        turned.reverse();
        prop_assert_eq!(admit(&turned, &open, &limits), decided);
    }
}

#[test]
fn ten_thousand_waiting_runs_are_no_burden() {
    let waiting: Vec<RunTicket> = (0..10_000)
        .map(|run| pooled(run, ["db", "api"][run as usize % 2], 1))
        .map(|one| RunTicket {
            pipeline: format!("p{}", one.run.0 % 1000).as_str().into(),
            trigger: Some(TriggerId(one.run.0 % 1000)),
            ..one
        })
        .collect();
    let limits = Limits {
        project: Some(300),
        pools: HashMap::from([("db".to_owned(), 100), ("api".to_owned(), 400)]),
        ..nightly(1)
    };
    let fastest = (0..5).map(|_| {
        let begun = Instant::now();
        let decided = admit(&waiting, &[], &limits);
        let started = decided.iter().filter(|one| one.1 == Admission::Start);
        assert_eq!((started.count(), decided.len()), (300, 10_000));
        begun.elapsed()
    });
    // Unoptimised code takes several times as long; one that grows with the square of the runs takes minutes.
    let most = Duration::from_millis(if cfg!(debug_assertions) { 500 } else { 50 });
    let fastest = fastest.min().unwrap();
    assert!(fastest < most, "{fastest:?}");
}

#[test]
fn a_run_that_an_open_one_has_started_does_not_wait_for_it() {
    let above = ticket(1, "above");
    let child = RunTicket {
        is_child: true,
        ..ticket(2, "below")
    };
    let other = ticket(3, "other");
    let limits = Limits {
        project: Some(1),
        ..Limits::default()
    };
    let decided = admit(&[child, other], &[above], &limits);
    let starts: Vec<_> = decided
        .iter()
        .filter(|(_, admission)| *admission == Admission::Start)
        .map(|(run, _)| run.0)
        .collect();
    assert_eq!(starts, [2]);
}

#[test]
fn a_run_that_an_open_one_has_started_takes_what_it_reserves() {
    let reserving = |run, cpu| RunTicket {
        reserved: Reserved { cpu, memory: 0 },
        ..ticket(run, "a")
    };
    let child = |run, cpu| RunTicket {
        is_child: true,
        ..reserving(run, cpu)
    };
    let limits = Limits {
        machine: Machine {
            cpu: Some(2000),
            memory: None,
        },
        ..Limits::default()
    };
    assert_eq!(
        said(
            &[child(2, 2000), child(3, 3000), reserving(4, 500)],
            &[reserving(1, 2000)],
            &limits
        ),
        [
            "2 starts",
            "3 is skipped: it reserves 3 processors; this machine has 2 processors",
            "4 waits: it reserves 0.5 processors; this machine has 2 processors, and open runs reserve 4 processors",
        ]
    );
}
