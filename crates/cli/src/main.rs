//! The binary `baton`: one file per command, and the only place that wires everything together.

mod allocator;
mod args;
mod commands;
mod failure;
mod terminal;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, MageCli};

fn main() -> ExitCode {
    allocator::keep_few_heaps();
    let done = if commands::mage::is_called(std::env::args_os().next()) {
        commands::mage::dispatch(MageCli::parse().command)
    } else {
        commands::dispatch(Cli::parse().command)
    };
    match done {
        Ok(code) => code,
        Err(failure) => failure::report(&failure),
    }
}
