//! Typed ids: mixing up a pipeline and a block does not compile.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps the text as it is.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text of the id.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

text_id! {
    /// Name of a pipeline: the name of its folder under `pipelines/`.
    PipelineUuid
}
text_id! {
    /// Name of a block inside its pipeline; may hold `/` for a nested file.
    BlockUuid
}
text_id! {
    /// BLAKE3 hash (64 hex digits) of a block's source text as it was planned.
    CodeHash
}
text_id! {
    /// BLAKE3 hash (64 hex digits) of the bytes of a stored object.
    ObjectHash
}

/// Number of a run inside its project, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub i64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A block run inside a run: a declared block, or one child of a dynamic block.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BlockRunKey {
    /// The declared block.
    pub block: BlockUuid,
    /// Position of a dynamic child, counted from 0; none for the declared block itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child: Option<u32>,
}

impl BlockRunKey {
    /// The run of the declared block itself.
    pub fn declared(block: BlockUuid) -> Self {
        Self { block, child: None }
    }

    /// One child run of a block below a dynamic one.
    pub fn child(block: BlockUuid, index: u32) -> Self {
        Self {
            block,
            child: Some(index),
        }
    }
}

impl fmt::Display for BlockRunKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.child {
            Some(child) => write!(f, "{}:{child}", self.block),
            None => self.block.fmt(f),
        }
    }
}

/// Number that every start of an attempt gets, growing through the whole run.
///
/// A result that carries another fence than the block run's current one comes from a late or
/// duplicate worker and is refused.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Fence(pub u64);
