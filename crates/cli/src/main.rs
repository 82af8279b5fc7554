//! The binary `baton`: one file per command, and the only place that wires everything together.

mod args;
mod commands;
mod failure;
mod settings;
mod terminal;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match commands::dispatch(cli.command) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}
