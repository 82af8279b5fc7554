//! The values that statements take.

use baton_model::{BackfillId, Cause, PipelineUuid, RunId, RunStatus, Timestamp, TriggerId};

/// A value that a statement takes.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// A number, a moment or a flag.
    Integer(Option<i64>),
    /// A text, also JSON.
    Text(Option<String>),
    /// Bytes.
    Bytes(Vec<u8>),
}

macro_rules! integers {
    ($($from:ty => $number:expr;)*) => {
        $(
            impl From<$from> for Value {
                fn from(from: $from) -> Self {
                    let number: fn($from) -> i64 = $number;
                    Self::Integer(Some(number(from)))
                }
            }

            impl From<Option<$from>> for Value {
                fn from(from: Option<$from>) -> Self {
                    Self::Integer(from.map($number))
                }
            }
        )*
    };
}

integers! {
    i64 => |number| number;
    u32 => i64::from;
    bool => i64::from;
    Timestamp => |at| at.0;
    RunId => |run| run.0;
    TriggerId => |trigger| trigger.0;
    BackfillId => |backfill| backfill.0;
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(str::to_owned))
    }
}

impl From<&PipelineUuid> for Value {
    fn from(pipeline: &PipelineUuid) -> Self {
        pipeline.as_str().into()
    }
}

impl From<RunStatus> for Value {
    fn from(status: RunStatus) -> Self {
        status.name().into()
    }
}

impl From<Cause> for Value {
    fn from(cause: Cause) -> Self {
        cause.name().into()
    }
}

/// The values of a statement, in the order of its placeholders.
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        vec![$($crate::value::Value::from($value)),*]
    };
}
pub(crate) use values;
