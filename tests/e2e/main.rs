//! Drives the built binary as a user does: files on disk in, exit codes, output and data out.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "what fails here fails the test, and figures are for people"
)]

mod api;
mod asks;
mod backup;
mod batches;
mod cancel;
mod chaos;
mod checks;
mod cluster;
mod crash;
mod dynamic;
mod faults;
mod hooks;
mod incidents;
mod mage;
mod mail;
mod messages;
mod nested;
mod notices;
#[path = "../postgres.rs"]
mod postgres;
mod project;
mod remote_logs;
mod resources;
mod retention;
mod runs;
mod scaffold;
mod schedules;
mod service;
mod several;
mod telemetry;
mod terminal;
mod websocket;
mod yielding;
