//! Drives the built binary as a user does: files on disk in, exit codes, output and data out.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what fails here fails the test"
)]

mod asks;
mod cancel;
mod checks;
mod crash;
mod dynamic;
mod faults;
mod mage;
mod messages;
mod nested;
mod project;
mod runs;
mod scaffold;
mod schedules;
mod service;
mod several;
mod yielding;
