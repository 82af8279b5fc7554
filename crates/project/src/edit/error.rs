//! Why an edit was refused.

use baton_base::{Class, Diagnose};
use baton_model::BlockUuid;

/// Editing the text of a YAML file failed; the text is unchanged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text is not YAML.
    #[error("read the YAML at line {line}, column {column}: {message}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// The text is YAML, but uses something that the editor leaves alone.
    #[error("edit {what} at line {line}")]
    Unsupported {
        /// What it is.
        what: &'static str,
        /// Line, from 1.
        line: usize,
    },
    /// A value has another shape than the edit needs.
    #[error("edit `{path}`: it is not {expected}")]
    Shape {
        /// Where, as keys joined with dots.
        path: String,
        /// What it should be.
        expected: &'static str,
    },
    /// The edit would change a value that other places share through an anchor or a merge key.
    #[error("edit line {line}: its value is shared through the YAML anchor or merge key `{name}`")]
    Shared {
        /// Name of the anchor, or `<<`.
        name: String,
        /// Line, from 1.
        line: usize,
    },
    /// The pipeline has no such block.
    #[error("find block `{uuid}` in the pipeline")]
    NoSuchBlock {
        /// The block that was named.
        uuid: BlockUuid,
    },
    /// The pipeline has such a block already.
    #[error("use the id `{uuid}`: another block of the pipeline has it")]
    BlockExists {
        /// The id in question.
        uuid: BlockUuid,
    },
    /// The file has no such trigger.
    #[error("find trigger `{name}`")]
    NoSuchTrigger {
        /// The trigger that was named.
        name: String,
    },
    /// The file has such a trigger already.
    #[error("use the name `{name}`: another trigger of the pipeline has it")]
    TriggerExists {
        /// The name in question.
        name: String,
    },
    /// The list of the block is shorter.
    #[error("move block `{uuid}` to position {index}: its list has {length}")]
    NoSuchPosition {
        /// The block to move.
        uuid: BlockUuid,
        /// Where it should go, from 0.
        index: usize,
        /// How many blocks the list has.
        length: usize,
    },
    /// The key is changed by an edit of its own, or the path is empty.
    #[error("set `{path}`: {reason}")]
    Path {
        /// The keys, joined with dots.
        path: String,
        /// Why it cannot be set this way.
        reason: &'static str,
    },
    /// The changed text would not mean what was asked for.
    #[error("edit the file without changing its meaning elsewhere: {reason}")]
    WouldCorrupt {
        /// What the check of the result found.
        reason: String,
    },
}

impl Diagnose for EditError {
    fn class(&self) -> Class {
        match self {
            Self::BlockExists { .. } | Self::TriggerExists { .. } => Class::Conflict,
            Self::WouldCorrupt { .. } => Class::Bug,
            _ => Class::User,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Syntax { .. } => Some("repair the file in a text editor first".to_owned()),
            Self::Unsupported { .. } | Self::Shared { .. } | Self::WouldCorrupt { .. } => {
                Some("make this change in a text editor".to_owned())
            }
            Self::TriggerExists { .. } => Some("give it another name".to_owned()),
            _ => None,
        }
    }
}
