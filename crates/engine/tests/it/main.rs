//! Tests of the engine as its users see it: plans, transcripts of runs, properties, the reference page.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::format_push_string,
    reason = "a test fails by panicking, also in its helpers; what it prints need not be fast"
)]

mod admission;
mod attempts;
mod planning;
mod properties;
mod schedules;
mod simulate;
mod stale;
mod states;
mod transcripts;
mod triggers;
mod why;
mod zones;
