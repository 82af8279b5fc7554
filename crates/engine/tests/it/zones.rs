//! Schedules where clocks are put forward and back. Expected moments come from the zones' published rules.

use baton_engine::Zone;
use baton_engine::schedule::{current_date, date_after, interval};
use baton_engine::triggers::next_dates;
use baton_model::{Schedule, Timestamp};
use proptest::prelude::*;
use serde_json::json;

use crate::triggers::{at, show, trigger};

/// Zone, schedule, a moment, and the dates that follow it; all in UTC.
const GOLDEN: &[(&str, &str, &str, &[&str])] = &[
    // 2024-03-31 02:00 becomes 03:00: half past two does not exist and runs at three.
    (
        "Europe/Berlin",
        "30 2 * * *",
        "2024-03-29T12:00:00",
        &[
            "2024-03-30T01:30:00",
            "2024-03-31T01:00:00",
            "2024-04-01T00:30:00",
        ],
    ),
    // 2024-10-27 03:00 becomes 02:00: half past two exists twice and runs once.
    (
        "Europe/Berlin",
        "30 2 * * *",
        "2024-10-26T12:00:00",
        &["2024-10-27T00:30:00", "2024-10-28T01:30:00"],
    ),
    // Also where it is one of several times.
    (
        "Europe/Berlin",
        "30 2,14 * * *",
        "2024-10-26T22:00:00",
        &["2024-10-27T00:30:00", "2024-10-27T13:30:00"],
    ),
    // Every quarter of an hour stays that, through the hour that comes twice and the one that is left out.
    (
        "Europe/Berlin",
        "*/30 * * * *",
        "2024-10-27T00:00:00",
        &[
            "2024-10-27T00:30:00",
            "2024-10-27T01:00:00",
            "2024-10-27T01:30:00",
            "2024-10-27T02:00:00",
        ],
    ),
    (
        "Europe/Berlin",
        "@hourly",
        "2024-03-31T00:30:00",
        &["2024-03-31T01:00:00", "2024-03-31T02:00:00"],
    ),
    // Days of 23 and of 25 hours.
    (
        "America/New_York",
        "@daily",
        "2024-03-09T06:00:00",
        &["2024-03-10T05:00:00", "2024-03-11T04:00:00"],
    ),
    (
        "America/New_York",
        "@daily",
        "2024-11-02T06:00:00",
        &["2024-11-03T04:00:00", "2024-11-04T05:00:00"],
    ),
    (
        "America/New_York",
        "15 1 * * *",
        "2024-11-02T12:00:00",
        &["2024-11-03T05:15:00", "2024-11-04T06:15:00"],
    ),
    (
        "America/New_York",
        "@weekly",
        "2024-03-05T00:00:00",
        &["2024-03-11T04:00:00", "2024-03-18T04:00:00"],
    ),
    // 2024-09-08 00:00 becomes 01:00: the day begins at one.
    (
        "America/Santiago",
        "@daily",
        "2024-09-07T12:00:00",
        &["2024-09-08T04:00:00", "2024-09-09T03:00:00"],
    ),
    // 2024-04-07 00:00 becomes 23:00 of the day before, whose last hour comes twice.
    (
        "America/Santiago",
        "30 23 * * *",
        "2024-04-06T12:00:00",
        &["2024-04-07T02:30:00", "2024-04-08T03:30:00"],
    ),
    (
        "America/Santiago",
        "@daily",
        "2024-04-06T12:00:00",
        &["2024-04-07T04:00:00", "2024-04-08T04:00:00"],
    ),
    // 2024-04-26 00:00 becomes 01:00, 2024-11-01 00:00 becomes 23:00.
    (
        "Africa/Cairo",
        "@daily",
        "2024-04-25T12:00:00",
        &["2024-04-25T22:00:00", "2024-04-26T21:00:00"],
    ),
    (
        "Africa/Cairo",
        "@monthly",
        "2024-10-15T00:00:00",
        &["2024-10-31T22:00:00", "2024-11-30T22:00:00"],
    ),
    // Half an hour: 2024-04-07 02:00 becomes 01:30, 2024-10-06 02:00 becomes 02:30.
    (
        "Australia/Lord_Howe",
        "45 1 * * *",
        "2024-04-06T00:00:00",
        &["2024-04-06T14:45:00", "2024-04-07T15:15:00"],
    ),
    (
        "Australia/Lord_Howe",
        "10 2 * * *",
        "2024-10-05T00:00:00",
        &["2024-10-05T15:30:00", "2024-10-06T15:10:00"],
    ),
    // No summer time, and an offset of half an hour.
    (
        "Asia/Kolkata",
        "@hourly",
        "2024-06-01T00:00:00",
        &["2024-06-01T00:30:00", "2024-06-01T01:30:00"],
    ),
    (
        "Asia/Kolkata",
        "0 9 * * MON",
        "2024-06-01T00:00:00",
        &["2024-06-03T03:30:00", "2024-06-10T03:30:00"],
    ),
];

/// M#3942, M#5374, M#5029, M#4867, M#4546: cron is UTC, and summer time moves jobs.
#[test]
fn schedules_follow_the_clocks_of_their_zone() {
    for (zone, interval, now, expected) in GOLDEN {
        let trigger = trigger(interval, json!({"timezone": zone}));
        let found: Vec<String> = next_dates(&trigger, at(now), expected.len())
            .into_iter()
            .map(show)
            .collect();
        assert_eq!(found, *expected, "{interval} in {zone} after {now}");
    }
}

#[test]
fn intervals_are_as_long_as_their_days() {
    let zone = Zone::parse(Some("America/New_York")).unwrap();
    for (date, end, seconds) in [
        ("2024-03-10T05:00:00", "2024-03-11T04:00:00", 23 * 3600),
        ("2024-11-03T04:00:00", "2024-11-04T05:00:00", 25 * 3600),
    ] {
        let found = interval(&Schedule::Daily, zone, at(date));
        assert_eq!(found.end.map(show).as_deref(), Some(end));
        assert_eq!(found.seconds, Some(seconds.into()));
    }
}

#[test]
fn zones_have_names() {
    assert_eq!(Zone::parse(None).unwrap(), Zone::UTC);
    assert_eq!(
        Zone::parse(Some("Asia/Kolkata")).unwrap().name(),
        "Asia/Kolkata"
    );
    assert!(Zone::parse(Some("CEST")).is_err());
}

/// Zones with moments at which their clocks change.
const CHANGES: [(&str, &str); 14] = [
    ("Europe/Berlin", "2024-03-31T01:00:00"),
    ("Europe/Berlin", "2024-10-27T01:00:00"),
    ("America/New_York", "2024-03-10T07:00:00"),
    ("America/New_York", "2024-11-03T06:00:00"),
    ("America/Santiago", "2024-04-07T03:00:00"),
    ("America/Santiago", "2024-09-08T04:00:00"),
    ("Africa/Cairo", "2024-04-25T22:00:00"),
    ("Africa/Cairo", "2024-10-31T21:00:00"),
    ("Australia/Lord_Howe", "2024-04-06T15:00:00"),
    ("Australia/Lord_Howe", "2024-10-05T15:30:00"),
    // The day that was left out when the date line moved.
    ("Pacific/Apia", "2011-12-30T10:00:00"),
    ("America/Havana", "2024-03-10T05:00:00"),
    ("America/Havana", "2024-11-03T05:00:00"),
    ("Asia/Kolkata", "2024-06-01T00:00:00"),
];

const SCHEDULES: [&str; 11] = [
    "@hourly",
    "@daily",
    "@weekly",
    "@monthly",
    "30 2 * * *",
    "*/7 * * * *",
    "0 */2 * * *",
    "*/20 0-3 * * *",
    "0 0 * * SUN",
    "15 * 1 * *",
    "0 0 29 2 *",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    /// Looking back finds what looking ahead went by: no date is left out, none comes twice.
    #[test]
    fn dates_ahead_are_dates_behind(
        (zone, change) in prop::sample::select(&CHANGES),
        schedule in prop::sample::select(&SCHEDULES),
        // Mostly shortly before the clocks change, at times anywhere.
        seconds in prop_oneof![4 => -14_400_i64..3_600, 1 => -300_000_000_i64..300_000_000],
    ) {
        let zone = Zone::parse(Some(zone)).unwrap();
        let schedule = Schedule::parse(schedule).unwrap();
        let is_cron = matches!(schedule, Schedule::Cron(_));
        let now = Timestamp(at(change).0 + seconds * 1_000_000);
        let mut date = current_date(&schedule, zone, now, None).unwrap();
        prop_assert!(date <= now);
        for _ in 0..20 {
            let next = date_after(&schedule, zone, date, None).unwrap();
            prop_assert!(next > date);
            // Just before the next date, and where that is still the newest, this one is the current one.
            let last = Timestamp(if is_cron { next.0 } else { next.0 - 1 });
            prop_assert_eq!(current_date(&schedule, zone, last, None), Some(date));
            let first = Timestamp(if is_cron { next.0 + 1 } else { next.0 });
            prop_assert_eq!(current_date(&schedule, zone, first, None), Some(next));
            date = next;
        }
    }
}
