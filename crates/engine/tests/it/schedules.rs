//! Dates of schedules against the table of what Mage's own functions gave.

use baton_engine::Zone;
use baton_engine::schedule::{current_date, interval, next_date};
use baton_model::{Schedule, Timestamp};
use serde_json::Value;

const TABLE: &str = include_str!("../../../../tests/oracle/results/_schedules.json");

pub(crate) fn table(part: &str) -> Vec<Value> {
    let whole: Value = serde_json::from_str(TABLE).unwrap();
    whole[part].as_array().unwrap().clone()
}

pub(crate) fn at(value: &Value) -> Option<Timestamp> {
    let text = value.as_str()?;
    let text = text.trim_end_matches("+00:00").trim_end_matches(" naive");
    let date: chrono::NaiveDateTime = text.parse().unwrap();
    Some(Timestamp(date.and_utc().timestamp_micros()))
}

#[test]
fn dates_are_those_of_mage() {
    let mut seen = 0;
    for row in table("dates") {
        let Some(text) = row["interval"].as_str() else {
            continue;
        };
        let now = at(&row["now"]).unwrap();
        let is_landing = row["landing_time"] == true;
        let landing = at(&row["start_time"]).filter(|_| is_landing);
        let Ok(schedule) = Schedule::parse(text) else {
            assert!(!row["error"].is_null(), "{row}");
            continue;
        };
        if !row["error"].is_null() {
            // The nearest weekday is one more thing that our expressions can say; the other never comes.
            let current = current_date(&schedule, Zone::UTC, now, landing);
            assert!(
                text == "0 0 15W * *" || current.is_none(),
                "{row}: {current:?}"
            );
            continue;
        }
        seen += 1;
        assert_eq!(
            current_date(&schedule, Zone::UTC, now, landing),
            at(&row["current"]),
            "{row}"
        );
        // Mage forgets the day of the landing time in the next month, and its expressions forget the first of March.
        let is_wrong = is_landing && text == "@monthly"
            || text == "0 0 */10 * *" && row["next"] == "2024-03-11T00:00:00+00:00";
        if !is_wrong {
            assert_eq!(
                next_date(&schedule, Zone::UTC, now, landing),
                at(&row["next"]),
                "{row}"
            );
        }
    }
    assert!(seen > 200, "{seen}");
}

#[test]
fn a_landing_time_keeps_its_day_of_the_month() {
    let landing = at(&"2024-01-31T10:20:30".into());
    for (now, current, next) in [
        (
            "2024-01-05T00:00:00",
            "2024-01-31T10:20:30",
            "2024-02-29T10:20:30",
        ),
        (
            "2024-02-29T23:00:00",
            "2024-02-29T10:20:30",
            "2024-03-31T10:20:30",
        ),
    ] {
        let now = at(&now.into()).unwrap();
        let found = current_date(&Schedule::Monthly, Zone::UTC, now, landing);
        assert_eq!(found, at(&current.into()));
        let found = next_date(&Schedule::Monthly, Zone::UTC, now, landing);
        assert_eq!(found, at(&next.into()));
    }
}

#[test]
fn intervals_are_those_of_mage() {
    let rows = table("interval_variables");
    assert_eq!(rows.len(), 24);
    for row in rows {
        let schedule = Schedule::parse(row["interval"].as_str().unwrap()).unwrap();
        let found = interval(&schedule, Zone::UTC, at(&row["execution_date"]).unwrap());
        assert_eq!(
            Some(found.start),
            at(&row["interval_start_datetime"]),
            "{row}"
        );
        assert_eq!(found.end, at(&row["interval_end_datetime"]), "{row}");
        assert_eq!(
            found.previous,
            at(&row["interval_start_datetime_previous"]),
            "{row}"
        );
        // Also whether it is an integer.
        let seconds = found.seconds.map_or(Value::Null, Value::Number);
        assert_eq!(seconds, row["interval_seconds"], "{row}");
    }
}
