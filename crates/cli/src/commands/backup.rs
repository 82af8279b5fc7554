//! `baton backup` and `baton restore`: everything that is kept of a project as one file, and back again.

use std::process::ExitCode;

use baton_app::{back_up, home, open_project, restore as restore_state};

use super::state::{State, runtime};
use crate::args::{BackupArgs, RestoreArgs};
use crate::failure::Failure;
use crate::terminal::{bytes, say, tell};

/// Backs up a project's state.
pub(crate) fn run(args: &BackupArgs) -> Result<ExitCode, Failure> {
    let project = open_project(&args.project, None)?;
    let state = State::of(project.root())?;
    let done = state.block_on(back_up(&state, project.root(), &args.file))?;
    let (files, size) = (done.files, bytes(done.bytes));
    say(&format!(
        "{files} files, {size}, in {}",
        args.file.display()
    ));
    for object in &done.lost {
        tell(&format!(
            "object {} was lost before: what names it is backed up without it",
            object.as_str()
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Restores a project's state.
pub(crate) fn restore(args: &RestoreArgs) -> Result<ExitCode, Failure> {
    let project = open_project(&args.project, None)?;
    let home = home()?;
    let restoring = restore_state(&home, project.root(), &args.file, args.force);
    let done = runtime()?.block_on(restoring)?;
    say(&format!(
        "{} files of `{}` restored, as they were at {}",
        done.files, done.project, done.created_at
    ));
    Ok(ExitCode::SUCCESS)
}
