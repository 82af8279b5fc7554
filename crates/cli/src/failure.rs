//! How a command that could not do its work says so.

use std::process::ExitCode;

pub(crate) use baton_app::{CANCELLED, FAILED, Failure};

use crate::terminal::{Paint, tell};

/// Says what failed and what to do.
pub(crate) fn report(failure: &Failure) -> ExitCode {
    let paint = Paint::stderr();
    tell(&format!("{} {}", paint.red("error:"), failure.message));
    if let Some(hint) = &failure.hint {
        tell(&format!("{} {hint}", paint.yellow("hint:")));
    }
    ExitCode::from(failure.exit)
}
