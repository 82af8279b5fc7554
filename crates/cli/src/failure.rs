//! A command that could not do its work: what is said, and with which exit code.

use std::process::ExitCode;

use baton_base::{Diagnose, chain};

use crate::terminal::{Paint, tell};

/// Exit code of a run that failed and of a check that found errors.
pub(crate) const FAILED: u8 = 1;

/// Exit code of wrong use.
pub(crate) const USAGE: u8 = 2;

/// Exit code of a run that was cancelled, as a shell reports a program that Ctrl-C ended.
pub(crate) const CANCELLED: u8 = 130;

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hint: Option<String>,
    exit: u8,
}

impl Failure {
    /// The user asked for something that cannot be.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: Some(hint.into()),
            exit: USAGE,
        }
    }

    /// The same failure with another exit code.
    pub(crate) fn with_exit(mut self, exit: u8) -> Self {
        self.exit = exit;
        self
    }

    /// The same failure, with this hint when it has none.
    pub(crate) fn or_hint(mut self, hint: String) -> Self {
        self.hint.get_or_insert(hint);
        self
    }

    /// Says what failed and what to do.
    pub(crate) fn report(&self) -> ExitCode {
        let paint = Paint::stderr();
        tell(&format!("{} {}", paint.red("error:"), self.message));
        if let Some(hint) = &self.hint {
            tell(&format!("{} {hint}", paint.yellow("hint:")));
        }
        ExitCode::from(self.exit)
    }
}

impl<E: Diagnose + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self {
            message: format!("failed to {}", chain(&error)),
            hint: error.hint(),
            exit: error.class().exit_code(),
        }
    }
}
