//! The wall clock, read in one place.

use chrono::{DateTime, SecondsFormat, Utc};

/// Microseconds since 1970-01-01T00:00:00Z, now.
pub fn now() -> i64 {
    Utc::now().timestamp_micros()
}

/// `2026-11-21T13:39:20.123Z` for microseconds since 1970 in UTC.
pub fn iso(micros: i64) -> String {
    DateTime::from_timestamp_micros(micros)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Millis, true)
}
