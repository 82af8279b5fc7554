//! One file per command.

mod backup;
mod check;
mod clean;
mod completions;
mod init;
mod keep_terminal;
mod logs;
pub(crate) mod mage;
mod new;
mod output;
mod request;
mod run;
mod runs;
mod secret;
mod start;
mod state;
mod why;

use std::process::ExitCode;

use crate::args::Command;
use crate::failure::Failure;

/// Runs the command that was typed.
pub(crate) fn dispatch(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Init(args) => init::run(&args),
        Command::New(args) => new::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Start(args) => start::run(&args),
        Command::Runs(args) => runs::run(&args),
        Command::Logs(args) => logs::run(&args),
        Command::Why(args) => why::run(&args),
        Command::Output(args) => output::run(&args),
        Command::Secret(args) => secret::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Clean(args) => clean::run(&args),
        Command::Backup(args) => backup::run(&args),
        Command::Restore(args) => backup::restore(&args),
        Command::Completions(args) => Ok(completions::run(&args)),
        Command::KeepTerminal(args) => keep_terminal::run(&args),
    }
}
