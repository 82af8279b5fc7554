//! When triggers make runs: against the table of what Mage's own function said, and what we add to it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use baton_engine::triggers::{
    Decision, Expected, MOST_AT_ONCE, TriggerHistory, Waiting, circle, collisions, decide,
    forecast, has_served, next_dates, pool_loads, told,
};
use baton_model::{After, RunStatus, Timestamp, Trigger, TriggerId, TriggerKind, TriggerSettings};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::schedules::table;

/// `2024-03-06T10:30:00`, also with a space or an offset of zero.
pub(crate) fn at(text: &str) -> Timestamp {
    let text = text.trim_end_matches("+00:00").replacen(' ', "T", 1);
    let date: chrono::NaiveDateTime = text.parse().unwrap();
    Timestamp(date.and_utc().timestamp_micros())
}

pub(crate) fn show(at: Timestamp) -> String {
    let at = chrono::DateTime::from_timestamp_micros(at.0).unwrap();
    at.format("%Y-%m-%dT%H:%M:%S%.f").to_string()
}

/// An active time trigger with these settings.
pub(crate) fn trigger(interval: &str, settings: Value) -> Trigger {
    let Value::Object(settings) = settings else {
        panic!("settings are an object")
    };
    let (name, kind) = ("nightly".to_owned(), TriggerKind::Time);
    Trigger {
        id: TriggerId(1),
        interval: Some(interval.to_owned()),
        is_active: true,
        settings,
        is_declared: true,
        ..Trigger::new("demo".into(), name, kind, Timestamp(0))
    }
}

/// The runs of a trigger in a test.
#[derive(Default)]
struct Runs {
    dates: BTreeSet<Timestamp>,
    made: Option<Timestamp>,
    open: u32,
    newest_is_open: bool,
    runtimes: Vec<Duration>,
}

impl Runs {
    fn of(dates: &[&str]) -> Self {
        Self {
            dates: dates.iter().map(|date| at(date)).collect(),
            ..Self::default()
        }
    }

    fn decide(&self, trigger: &Trigger, now: Timestamp) -> Decision {
        let history = TriggerHistory {
            newest_date: self.dates.last().copied(),
            has_run_at: &|date| self.dates.contains(&date),
            newest_made: self.made,
            runs: self.dates.len() as u64,
            newest_is_open: self.newest_is_open,
            open: self.open,
            runtimes: &self.runtimes,
            copies: 1,
        };
        decide(trigger, &history, now)
    }

    fn due(&self, trigger: &Trigger, now: &str) -> Vec<String> {
        let decision = self.decide(trigger, at(now));
        assert!(!decision.reason.is_empty());
        decision.due.into_iter().map(show).collect()
    }
}

#[test]
fn runs_are_due_when_mage_makes_them() {
    let rows = table("should_schedule");
    assert_eq!(rows.len(), 68);
    for row in rows {
        let schedule = &row["schedule"];
        let interval = schedule["schedule_interval"].as_str();
        let settings = schedule.get("settings").cloned();
        let mut trigger = trigger("", settings.unwrap_or_else(|| json!({})));
        trigger.interval = interval.map(str::to_owned);
        trigger.is_active = schedule["status"] == "active";
        trigger.start_time = schedule["start_time"].as_str().map(at);
        trigger.last_enabled_at = schedule["last_enabled_at"].as_str().map(at);
        let mut runs = Runs::default();
        for run in row["runs"].as_array().unwrap() {
            runs.dates.insert(at(run[0].as_str().unwrap()));
            runs.newest_is_open = matches!(run[1].as_str(), Some("running" | "initial"));
            runs.open += u32::from(runs.newest_is_open);
        }
        for runtime in row["previous_runtimes"].as_array().into_iter().flatten() {
            let runtime = Duration::from_secs_f64(runtime.as_f64().unwrap());
            runs.runtimes.push(runtime);
        }
        let decision = runs.decide(&trigger, at(row["now"].as_str().unwrap()));
        assert_eq!(
            json!(!decision.due.is_empty()),
            row["should_schedule"],
            "{row}: {decision:?}"
        );
    }
}

/// Looks when it is told to, makes what is due, and says which dates came when.
fn live(trigger: &Trigger, runs: &mut Runs, from: &str, to: &str) -> Vec<(String, String)> {
    let mut now = at(from);
    let mut made = Vec::new();
    for _ in 0..10_000 {
        let decision = runs.decide(trigger, now);
        for date in decision.due {
            assert!(runs.dates.insert(date), "{} twice", show(date));
            runs.made = Some(now);
            made.push((show(now), show(date)));
        }
        let Some(next) = decision.next.filter(|next| *next < at(to)) else {
            return made;
        };
        assert!(next >= now, "the time to look again is not in the past");
        now = next;
    }
    panic!("it looks again and again: {made:?}");
}

fn times(made: &[(String, String)]) -> Vec<(&str, &str)> {
    made.iter()
        .map(|(now, date)| (now.as_str(), date.as_str()))
        .collect()
}

#[test]
fn nothing_is_missed_by_who_looks_when_told() {
    let mut hourly = trigger("@hourly", json!({}));
    hourly.last_enabled_at = Some(at("2024-03-06T10:30:00"));
    hourly.start_time = Some(at("2024-03-06T12:00:00"));
    let made = live(
        &hourly,
        &mut Runs::default(),
        "2024-03-06T10:30:00",
        "2024-03-06T15:00:00",
    );
    assert_eq!(
        times(&made),
        [
            ("2024-03-06T12:00:00", "2024-03-06T12:00:00"),
            ("2024-03-06T13:00:00", "2024-03-06T13:00:00"),
            ("2024-03-06T14:00:00", "2024-03-06T14:00:00"),
        ]
    );
    let mut cron = trigger("30 */6 * * *", json!({}));
    cron.last_enabled_at = Some(at("2024-03-06T00:40:00"));
    let made = live(
        &cron,
        &mut Runs::default(),
        "2024-03-06T00:40:00",
        "2024-03-06T13:00:00",
    );
    assert_eq!(
        times(&made),
        [
            ("2024-03-06T06:30:00.000001", "2024-03-06T06:30:00"),
            ("2024-03-06T12:30:00.000001", "2024-03-06T12:30:00"),
        ]
    );
}

#[test]
fn runs_land_in_time() {
    let mut daily = trigger("@daily", json!({"landing_time_enabled": true}));
    daily.start_time = Some(at("2024-01-01T12:00:00"));
    let mut runs = Runs::of(&["2024-03-06T12:00:00"]);
    runs.runtimes = vec![Duration::from_secs(60), Duration::from_secs(120)];
    let made = live(
        &daily,
        &mut runs,
        "2024-03-06T12:30:00",
        "2024-03-08T18:00:00",
    );
    assert_eq!(
        times(&made),
        [
            ("2024-03-07T11:58:08", "2024-03-07T12:00:00"),
            ("2024-03-08T11:58:08", "2024-03-08T12:00:00"),
        ]
    );
}

/// M#5538, M#4897: after a time without a server, every missed schedule fires at once.
#[test]
fn a_restart_does_not_fire_everything_that_was_missed() {
    let ran = || Runs::of(&["2024-03-06T03:00:00"]);
    let now = "2024-03-06T10:30:00";
    let newest = ["2024-03-06T10:00:00"];
    for policy in ["skip", "latest"] {
        let trigger = trigger("@hourly", json!({"misfire_policy": policy}));
        assert_eq!(ran().due(&trigger, now), newest, "{policy}");
    }
    let all = trigger("@hourly", json!({"misfire_policy": "all"}));
    let due = ran().due(&all, now);
    assert_eq!((due.len(), due[0].as_str()), (7, "2024-03-06T04:00:00"));
    assert_eq!(due[6], newest[0]);

    // With a rate, one after the other; the newest in its turn.
    let slow = trigger(
        "@hourly",
        json!({"misfire_policy": "all", "catch_up_rate": 2}),
    );
    let made = live(&slow, &mut ran(), now, "2024-03-06T11:30:00");
    assert_eq!(made.len(), 8);
    assert_eq!(
        times(&made)[..3],
        [
            ("2024-03-06T10:30:00", "2024-03-06T04:00:00"),
            ("2024-03-06T10:30:30", "2024-03-06T05:00:00"),
            ("2024-03-06T10:31:00", "2024-03-06T06:00:00"),
        ]
    );
    assert_eq!(
        times(&made)[6..],
        [
            ("2024-03-06T10:33:00", "2024-03-06T10:00:00"),
            ("2024-03-06T11:00:00", "2024-03-06T11:00:00"),
        ]
    );

    // Never all of a year at once.
    let minutely = trigger("* * * * *", json!({"misfire_policy": "all"}));
    let decision = Runs::of(&["2023-03-06T03:00:00"]).decide(&minutely, at(now));
    assert_eq!(decision.due.len(), MOST_AT_ONCE);
    assert_eq!(decision.next, Some(at(now)));
    assert!(decision.reason.contains("100 at once"));
}

#[test]
fn what_was_switched_off_was_not_missed() {
    let mut all = trigger("@hourly", json!({"misfire_policy": "all"}));
    all.last_enabled_at = Some(at("2024-03-06T08:30:00"));
    let now = "2024-03-06T10:30:00";
    let both = ["2024-03-06T09:00:00", "2024-03-06T10:00:00"];
    assert_eq!(Runs::of(&["2024-03-06T03:00:00"]).due(&all, now), both);
    assert_eq!(Runs::default().due(&all, now), both);
    all.is_active = false;
    assert!(Runs::default().due(&all, now).is_empty());
}

#[test]
fn a_missed_landing_is_made_up_for() {
    let mut daily = trigger(
        "@daily",
        json!({"landing_time_enabled": true, "misfire_policy": "latest"}),
    );
    daily.start_time = Some(at("2024-01-01T23:00:00"));
    let mut runs = Runs::of(&["2024-03-03T23:00:00"]);
    runs.runtimes = vec![Duration::from_secs(60)];
    let now = "2024-03-06T08:00:00";
    assert_eq!(runs.due(&daily, now), ["2024-03-05T23:00:00"]);
    let decision = runs.decide(&daily, at(now));
    assert_eq!(decision.next, Some(at("2024-03-06T22:59:00")));
    daily
        .settings
        .insert("misfire_policy".to_owned(), "skip".into());
    assert!(runs.due(&daily, now).is_empty());
}

#[test]
fn a_date_that_comes_while_a_run_is_open_is_skipped() {
    let daily = trigger("@daily", json!({"skip_if_previous_running": true}));
    let mut runs = Runs::of(&["2024-03-05T00:00:00"]);
    runs.open = 2;
    let decision = runs.decide(&daily, at("2024-03-06T00:00:00"));
    assert_eq!(decision.due, [at("2024-03-06T00:00:00")]);
    assert_eq!(
        decision.skip.as_deref(),
        Some("2 runs of the trigger have not ended")
    );
    runs.open = 0;
    let decision = runs.decide(&daily, at("2024-03-06T00:00:00"));
    assert_eq!((decision.due.len(), decision.skip), (1, None));

    // Missed dates are not skipped: they wait for their turn.
    let all = trigger(
        "@daily",
        json!({"skip_if_previous_running": true, "misfire_policy": "all"}),
    );
    let now = "2024-03-08T01:00:00";
    assert_eq!(runs.due(&all, now), ["2024-03-06T00:00:00"]);
    runs.open = 1;
    assert!(runs.due(&all, now).is_empty());
}

/// Dates that were missed run one after the other, the last one too; one that comes while a run is going on does not.
#[test]
fn no_missed_date_is_skipped() {
    let mut hourly = trigger(
        "@hourly",
        json!({"skip_if_previous_running": true, "misfire_policy": "all"}),
    );
    hourly.last_enabled_at = Some(at("2024-03-06T15:30:00"));
    let mut runs = Runs::default();
    let mut made = Vec::new();
    // Each run takes two seconds, and the service looks when one is made and when it ends.
    for look in 0..16_i64 {
        let now = Timestamp(at("2024-03-06T19:56:00").0 + look * 1_000_000);
        runs.open = u32::from(look % 2 == 1 && runs.made.is_some());
        let decision = runs.decide(&hourly, now);
        assert_eq!(decision.skip, None, "{}", decision.reason);
        for date in decision.due {
            runs.made = Some(now);
            runs.dates.insert(date);
            made.push(show(date));
        }
    }
    let missed = ["16", "17", "18", "19"].map(|hour| format!("2024-03-06T{hour}:00:00"));
    assert_eq!(made, missed);

    // The run of the last one is still going on when the next date comes.
    runs.open = 1;
    let decision = runs.decide(&hourly, at("2024-03-06T20:00:00"));
    assert_eq!(decision.due, [at("2024-03-06T20:00:00")]);
    assert!(decision.skip.is_some());

    // A run goes on after a restart: the date that came meanwhile, seen by nobody, waits for its end.
    let mut runs = Runs::of(&["2024-03-06T18:00:00"]);
    runs.open = 1;
    assert!(runs.due(&hourly, "2024-03-06T19:56:00").is_empty());
    runs.open = 0;
    assert_eq!(
        runs.due(&hourly, "2024-03-06T20:02:00"),
        ["2024-03-06T19:00:00"]
    );
    // The one behind it has come before its turn; it is not lost either.
    runs.dates.insert(at("2024-03-06T19:00:00"));
    runs.made = Some(at("2024-03-06T20:00:02"));
    runs.open = 1;
    assert!(runs.due(&hourly, "2024-03-06T20:00:03").is_empty());
}

#[test]
fn what_cannot_be_followed_says_why() {
    let reason = |trigger: &Trigger| {
        let decision = Runs::default().decide(trigger, at("2024-03-06T01:00:00"));
        assert_eq!((decision.due.len(), decision.next), (0, None));
        decision.reason
    };
    assert_eq!(
        reason(&trigger("0 0 31 2 *", json!({}))),
        "its schedule never comes true"
    );
    assert_eq!(
        reason(&trigger("@sometimes", json!({}))),
        "its schedule `@sometimes` cannot be followed: there is no interval of this name"
    );
    assert_eq!(
        reason(&trigger("@daily", json!({"timezone": "Europe/Berlni"}))),
        "there is no time zone called `Europe/Berlni`; names look like Europe/Berlin or UTC"
    );
    let mut api = trigger("@daily", json!({}));
    api.kind = TriggerKind::Api;
    assert_eq!(reason(&api), "it waits for a call; it has no schedule");
}

#[test]
fn a_trigger_that_ran_once_is_switched_off() {
    use RunStatus::{Cancelled, Completed, Failed};
    let once = trigger("@once", json!({}));
    let lenient = trigger("@once", json!({"allow_blocks_to_fail": true}));
    for (trigger, ended, expected) in [
        (&once, Completed, true),
        (&once, Failed, false),
        (&lenient, Failed, true),
        (&lenient, Cancelled, false),
        (&trigger("@daily", json!({})), Completed, false),
    ] {
        assert_eq!(has_served(trigger, ended), expected);
    }
}

#[test]
fn next_dates_are_told() {
    let dates = |trigger: &Trigger, now: &str| -> Vec<String> {
        let dates = next_dates(trigger, at(now), 2);
        dates.into_iter().map(show).collect()
    };
    let now = "2024-03-06T10:30:00";
    let daily = trigger("@daily", json!({"timezone": "Europe/Berlin"}));
    assert_eq!(
        dates(&daily, now),
        ["2024-03-06T23:00:00", "2024-03-07T23:00:00"]
    );
    let mut cron = trigger("15 9 * * *", json!({}));
    assert_eq!(
        dates(&cron, "2024-03-06T09:15:00"),
        ["2024-03-07T09:15:00", "2024-03-08T09:15:00"]
    );
    cron.start_time = Some(at("2024-05-01T09:15:00"));
    assert_eq!(
        dates(&cron, now),
        ["2024-05-01T09:15:00", "2024-05-02T09:15:00"]
    );
    let mut landing = trigger("@daily", json!({"landing_time_enabled": true}));
    landing.start_time = Some(at("2024-01-01T12:00:00"));
    assert_eq!(
        dates(&landing, now),
        ["2024-03-06T12:00:00", "2024-03-07T12:00:00"]
    );
    assert!(dates(&trigger("@once", json!({})), now).is_empty());
}

/// Of a trigger without runs its pipeline tells how long they take, and without those too nobody does: no run takes no
/// time, or it would want no place in a pool.
#[test]
fn a_forecast_takes_some_time_for_runs_that_nobody_knows() {
    let triggers = [1, 2].map(|id| {
        let mut one = trigger("0 2 * * *", json!({"pools": ["db"]}));
        one.id = TriggerId(id);
        one
    });
    let (from, to) = (at("2024-03-06T00:00:00"), at("2024-03-07T00:00:00"));
    let pools = BTreeMap::from([("db".to_owned(), 1)]);
    for (of_pipeline, until) in [
        (None, "2024-03-06T02:01:00"),
        (Some(Duration::from_secs(300)), "2024-03-06T02:05:00"),
    ] {
        let expected = triggers.each_ref().map(|trigger| Expected {
            trigger,
            own: None,
            of_pipeline,
        });
        let planned = forecast(&expected, from, to);
        let found = collisions(&expected, &planned, &pools);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].until, at(until));
        assert_eq!(found[0].wanted, 2);
    }
}

#[test]
fn a_forecast_shows_where_pools_are_too_small() {
    let mut triggers = Vec::new();
    for (id, interval, settings) in [
        (1, "0 2 * * *", json!({"pools": {"db": 2}})),
        (2, "30 2 * * *", json!({"pools": ["db"]})),
        (3, "0 3 * * *", json!({"pools": ["db", "api"]})),
        (4, "@always_on", json!({"pools": ["db"]})),
    ] {
        let mut one = trigger(interval, settings);
        one.id = TriggerId(id);
        triggers.push(one);
    }
    let hour = Duration::from_secs(3600);
    let expected: Vec<Expected<'_>> = triggers
        .iter()
        .map(|trigger| Expected {
            trigger,
            own: Some(hour),
            of_pipeline: None,
        })
        .collect();
    let (from, to) = (at("2024-03-06T00:00:00"), at("2024-03-07T00:00:00"));
    let planned = forecast(&expected, from, to);
    let found: Vec<(i64, String)> = planned
        .iter()
        .map(|run| (run.trigger.0, show(run.at)))
        .collect();
    assert_eq!(
        found,
        [
            (1, "2024-03-06T02:00:00".to_owned()),
            (2, "2024-03-06T02:30:00".to_owned()),
            (3, "2024-03-06T03:00:00".to_owned()),
        ]
    );
    let slots = |db| BTreeMap::from([("api".to_owned(), 1), ("db".to_owned(), db)]);
    let [one] = &collisions(&expected, &planned, &slots(2))[..] else {
        panic!("one collision")
    };
    assert_eq!(
        (show(one.from), show(one.until), one.wanted, one.slots),
        (
            "2024-03-06T02:30:00".to_owned(),
            "2024-03-06T03:00:00".to_owned(),
            3,
            2
        )
    );
    assert_eq!(one.triggers, [TriggerId(1), TriggerId(2)]);
    assert!(collisions(&expected, &planned, &slots(3)).is_empty());

    // What is wanted over the time, with room for all; also of a pool of which nothing is wanted.
    let mut pools = slots(3);
    pools.insert("idle".to_owned(), 5);
    let loads: Vec<String> = pool_loads(&expected, &planned, &pools)
        .into_iter()
        .map(|one| {
            let load = one.load.iter();
            let load = load.map(|(from, wanted)| format!(" {} {wanted}", &show(*from)[11..16]));
            format!(
                "{} of {}:{}",
                one.pool,
                one.slots,
                load.collect::<Vec<_>>().concat()
            )
        })
        .collect();
    assert_eq!(
        loads,
        [
            "api of 1: 03:00 1 04:00 0",
            "db of 3: 02:00 2 02:30 3 03:00 2 03:30 1 04:00 0",
            "idle of 5:",
        ]
    );
}

/// Times, in minutes, at which a scheduler runs and at which it is down.
fn stretches() -> impl Strategy<Value = Vec<(i64, i64)>> {
    prop::collection::vec((1..600_i64, 0..3_000_i64), 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// However often nobody looks: no date gets two runs, dates come in order, none comes before its time, and where
    /// every missed date is wanted every date gets its run.
    #[test]
    fn every_date_has_its_run(
        interval in prop::sample::select(&["@hourly", "@daily", "*/20 * * * *", "30 2 * * *", "0 0 * * SUN"]),
        policy in prop::sample::select(&["skip", "latest", "all"]),
        zone in prop::sample::select(&["UTC", "Europe/Berlin", "America/Santiago"]),
        rate in prop::option::of(1..200_u32),
        begin in -3_000_i64..3_000,
        stretches in stretches(),
    ) {
        let mut settings = json!({"misfire_policy": policy, "timezone": zone});
        if let Some(rate) = rate {
            settings["catch_up_rate"] = rate.into();
        }
        let mut trigger = trigger(interval, settings);
        // Around the end of summer time in Berlin.
        let start = Timestamp(at("2024-10-27T01:00:00").0 + begin * 60_000_000);
        trigger.last_enabled_at = Some(start);
        let mut runs = Runs::default();
        let mut made = Vec::new();
        let mut now = start;
        for (up, down) in stretches {
            let until = Timestamp(now.0 + up * 60_000_000);
            for looks in 0.. {
                prop_assert!(looks < 5_000, "it looks again and again");
                let decision = runs.decide(&trigger, now);
                for date in decision.due {
                    prop_assert!(date <= now && date >= start);
                    prop_assert!(runs.dates.insert(date), "twice");
                    runs.made = Some(now);
                    made.push(date);
                }
                match decision.next {
                    Some(next) if next <= until => now = next,
                    _ => break,
                }
            }
            now = Timestamp(until.0 + down * 60_000_000);
        }
        prop_assert!(made.is_sorted());
        // Once more, with all the time that it needs.
        if policy == "all" {
            loop {
                let decision = runs.decide(&trigger, now);
                if !decision.due.is_empty() {
                    runs.made = Some(now);
                    runs.dates.extend(decision.due);
                }
                match decision.next {
                    Some(next) if next <= Timestamp(now.0 + 60_000_000) => now = next,
                    _ => break,
                }
            }
            let mut all = next_dates(&trigger, Timestamp(start.0 - 1), 10_000);
            all.retain(|date| *date < now);
            let made: Vec<Timestamp> = runs.dates.iter().copied().filter(|date| *date < now).collect();
            prop_assert_eq!(made, all);
        }
    }
}

#[test]
fn circles_lead_back_to_the_trigger_itself() {
    let waiting = |id: i64, pipeline: &str, after: Value| Trigger {
        id: TriggerId(id),
        pipeline: pipeline.into(),
        kind: TriggerKind::Pipeline,
        ..trigger("@once", json!({"after": [after]}))
    };
    let check = |all: &[Trigger], expected: Option<&str>| {
        let after: Vec<Vec<After>> = (all.iter())
            .map(|one| TriggerSettings::of(&one.settings).after)
            .collect();
        let all: Vec<Waiting<'_>> = (all.iter().zip(&after))
            .map(|(trigger, after)| Waiting { trigger, after })
            .collect();
        let found = circle(all[0], &all).map(|way| told(&way));
        assert_eq!(found.as_deref(), expected);
    };
    check(&[waiting(1, "a", json!("a"))], Some("a → a"));
    let a = waiting(1, "a", json!("c"));
    let b = waiting(2, "b", json!("a"));
    let c = waiting(3, "c", json!("b"));
    check(&[a.clone(), b.clone(), c], Some("a → b → c → a"));
    check(&[a, b.clone()], None);
    // Beside a circle of others.
    let round = waiting(4, "b", json!("b"));
    check(&[waiting(1, "a", json!("d")), b, round], None);
    // Only runs of another trigger are followed.
    let named = json!({"pipeline": "a", "trigger": "weekly"});
    check(&[waiting(1, "a", named)], None);
}
