//! `baton keep-terminal`: what stands between the server and a shell that it has opened. Nobody types it.

use std::ffi::OsString;
use std::process::ExitCode;

use baton_runner::{enter_terminal, keep_terminal};

use crate::args::KeepTerminalArgs;
use crate::failure::Failure;

/// The name of this command.
const NAME: &str = "keep-terminal";

/// What keeps a shell: the shell follows.
pub(crate) fn keeper() -> std::io::Result<Vec<OsString>> {
    Ok(vec![std::env::current_exe()?.into(), NAME.into()])
}

/// Keeps a shell, or becomes it.
pub(crate) fn run(args: &KeepTerminalArgs) -> Result<ExitCode, Failure> {
    let failed = |error: std::io::Error| {
        Failure::usage(
            format!("`{}` could not be started: {error}", args.shell.display()),
            "terminals are opened in the pages of `baton start`",
        )
    };
    if args.enter {
        return Err(failed(enter_terminal(&args.shell)));
    }
    let mut inside = keeper().map_err(failed)?;
    inside.extend(["--enter".into(), args.shell.clone()]);
    keep_terminal(&inside).map_err(failed)?;
    Ok(ExitCode::SUCCESS)
}
