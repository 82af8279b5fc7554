//! Classes of errors. The class fixes the exit code and whether trying again can help; the hint says what a person can do.

use std::error::Error;

/// Who has to act on an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Input, configuration or user code is wrong.
    User,
    /// Not allowed.
    Denied,
    /// The present state does not permit it.
    Conflict,
    /// Another system or a resource failed in a way that may pass.
    Transient,
    /// Another system or this machine needs a person.
    External,
    /// An invariant of ours is broken.
    Bug,
}

impl Class {
    /// Exit code of the command line for errors of this class.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::User => 2,
            Self::Denied => 3,
            Self::Conflict => 4,
            Self::Transient => 5,
            Self::External => 6,
            Self::Bug => 70,
        }
    }
}

/// An error that knows its class and, where a person can act, says how.
pub trait Diagnose: Error {
    /// Who has to act.
    fn class(&self) -> Class;

    /// What a person can do about it: one imperative sentence.
    fn hint(&self) -> Option<String> {
        None
    }
}

/// The messages of an error and its sources, outermost first, joined with `: `.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
