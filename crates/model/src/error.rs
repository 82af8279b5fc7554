//! Why a block failed, as data: shown on the terminal, in the editor, and through the API.

use serde::{Deserialize, Serialize};

/// The class of a block's failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The block's code raised an exception.
    Exception,
    /// A `@test` function did not pass.
    TestFailed,
    /// The file has no function with the decorator of its kind, or that function does not fit its inputs.
    Signature,
    /// The file is not valid Python.
    Syntax,
    /// The block has no file, or none that can be read.
    MissingFile,
    /// What it returned cannot be stored as a data product.
    Unstorable,
    /// The code called `sys.exit` or `os._exit`.
    Exit,
    /// The process died from a signal, as after a segmentation fault.
    Crash,
    /// It took longer than its timeout.
    Timeout,
    /// It used more memory than it may.
    OutOfMemory,
    /// The product could not be written: the disk is full or a limit on file size was met.
    Storage,
    /// The environment of the project could not be made or used.
    Environment,
    /// Baton does not run this kind of block or language.
    Unsupported,
    /// The worker broke its protocol or vanished without a reason.
    Worker,
}

impl FailureKind {
    /// Whether another attempt can help. A file that is missing now is missing a moment later too.
    pub fn is_retried(self) -> bool {
        !matches!(
            self,
            Self::Syntax | Self::MissingFile | Self::Unsupported | Self::Environment
        )
    }
}

/// One frame of a traceback, in the user's own code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Path of the file, relative to the project where it lies in it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Name of the function.
    pub function: String,
    /// The line's text, trimmed.
    pub code: Option<String>,
    /// Where in `code` a caret belongs: the place that the parser complains about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caret: Option<Caret>,
}

/// A place in a line of code, in characters from 0. What is missing at the end of the line has its place behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caret {
    /// The first character.
    pub from: u32,
    /// The one behind the last.
    pub to: u32,
}

/// Why a block failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockError {
    /// The class of failure.
    pub kind: FailureKind,
    /// What happened, in one sentence or in the words of the exception.
    pub message: String,
    /// Type of the exception, where there was one (`ValueError`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception: Option<String>,
    /// The user's frames, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<Frame>,
    /// What a person can do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl BlockError {
    /// An error without traceback or hint.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            exception: None,
            frames: Vec::new(),
            hint: None,
        }
    }

    /// The same error with a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
