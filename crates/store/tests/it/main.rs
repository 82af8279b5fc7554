//! Tests of the metadata database: one suite for every back end, and what is special about SQLite.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::format_push_string,
    clippy::print_stdout,
    reason = "a test fails by panicking, also in its helpers; what it prints need not be fast"
)]

mod catalogue;
mod conformance;
mod counting;
mod crash;
mod facts;
mod leases;
mod notices;
mod postgres;
mod retention;
mod secrets;
#[path = "../../../../tests/postgres.rs"]
mod server;
mod service;
mod shared;
mod speed;
mod sqlite;
