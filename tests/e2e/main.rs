//! Drives the built binary as a user does: files on disk in, exit codes, output and data out.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what fails here fails the test"
)]

mod api;
mod asks;
mod backup;
mod cancel;
mod checks;
mod crash;
mod dynamic;
mod faults;
mod hooks;
mod incidents;
mod mage;
mod messages;
mod nested;
mod notices;
mod project;
mod resources;
mod retention;
mod runs;
mod scaffold;
mod schedules;
mod service;
mod several;
mod telemetry;
mod yielding;
