//! `baton completions`: a completion script for a shell.

use std::io;
use std::process::ExitCode;

use clap::CommandFactory;

use crate::args::{Cli, CompletionsArgs};

/// Prints the script.
pub(crate) fn run(args: &CompletionsArgs) -> ExitCode {
    clap_complete::generate(args.shell, &mut Cli::command(), "baton", &mut io::stdout());
    ExitCode::SUCCESS
}
