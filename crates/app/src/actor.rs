//! Who wants something, and what they may.

use baton_base::Class;

use crate::failure::Failure;

/// Who wants something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Whoever runs the server on this machine: may do everything.
    Owner,
    /// Somebody who is not known: may do what their own credentials allow, such as the token of a trigger.
    Nobody,
}

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// See pipelines, runs, logs and products.
    Read,
    /// Start, stop, retry and delete runs.
    Run,
    /// Change pipelines, blocks, triggers, variables.
    Edit,
    /// Set and remove secrets.
    Secrets,
    /// Have a shell on this machine.
    Terminal,
}

impl Actor {
    /// Whether they may. Every use case asks before it reads anything.
    pub fn may(&self, right: Right) -> Result<(), Failure> {
        match self {
            Self::Owner => Ok(()),
            Self::Nobody => Err(Failure {
                class: Class::Denied,
                exit: Class::Denied.exit_code(),
                ..Failure::usage(
                    match right {
                        Right::Read => "you may not see this",
                        Right::Run => "you may not run this",
                        Right::Edit => "you may not change this",
                        Right::Secrets => "you may not change secrets",
                        Right::Terminal => "you may not open a terminal",
                    },
                    "sign in first",
                )
            }),
        }
    }
}
