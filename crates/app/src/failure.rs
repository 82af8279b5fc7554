//! A use case that could not be carried out: what is said, who has to act, and with which exit code a command ends.

use baton_base::{Class, Diagnose, chain};
use baton_scheduler::Complaint;
use serde_json::Value;

/// Exit code of a run that failed and of a check that found errors.
pub const FAILED: u8 = 1;

/// Exit code of wrong use.
pub const USAGE: u8 = 2;

/// Exit code of a run that was cancelled, as a shell reports a program that Ctrl-C ended.
pub const CANCELLED: u8 = 130;

/// Why something could not be done.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What is said: a sentence without a full stop.
    pub message: String,
    /// What can be done about it.
    pub hint: Option<String>,
    /// Who has to act.
    pub class: Class,
    /// Exit code of a command that ends with it.
    pub exit: u8,
    /// Whether what was asked for does not exist.
    pub is_missing: bool,
    /// Whether too much is waiting already.
    pub is_full: bool,
    /// More for programs, such as both revisions of a file that two have changed.
    pub details: Option<Box<Value>>,
}

impl Failure {
    /// The user asked for something that cannot be.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: Some(hint.into()),
            class: Class::User,
            exit: USAGE,
            is_missing: false,
            is_full: false,
            details: None,
        }
    }

    /// What was asked for does not exist.
    pub fn missing(message: impl Into<String>) -> Self {
        Self {
            is_missing: true,
            hint: None,
            ..Self::usage(message, "")
        }
    }

    /// The present state does not permit it.
    pub fn conflict(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            class: Class::Conflict,
            exit: Class::Conflict.exit_code(),
            ..Self::usage(message, hint)
        }
    }

    /// What the scheduler complains of.
    pub fn complained(complaint: Complaint) -> Self {
        Self {
            message: complaint.message,
            hint: complaint.hint,
            class: complaint.class,
            exit: complaint.class.exit_code(),
            is_missing: false,
            is_full: false,
            details: None,
        }
    }

    /// Another system does not do what it is asked for.
    pub fn external(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            class: Class::External,
            exit: Class::External.exit_code(),
            ..Self::usage(message, hint)
        }
    }

    /// Something that cannot happen has happened.
    pub fn bug(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            class: Class::Bug,
            exit: Class::Bug.exit_code(),
            is_missing: false,
            is_full: false,
            details: None,
        }
    }

    /// The same failure with another exit code.
    #[must_use]
    pub fn with_exit(mut self, exit: u8) -> Self {
        self.exit = exit;
        self
    }

    /// The same failure, with this hint when it has none.
    #[must_use]
    pub fn or_hint(mut self, hint: String) -> Self {
        self.hint.get_or_insert(hint);
        self
    }
}

impl<E: Diagnose + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self {
            message: format!("failed to {}", chain(&error)),
            hint: error.hint(),
            class: error.class(),
            exit: error.class().exit_code(),
            is_missing: false,
            is_full: false,
            details: None,
        }
    }
}
