//! Frames and messages between host and worker; the contract is in `docs/development/worker-protocol.md`.

use std::collections::BTreeMap;
use std::io;

use baton_model::{BlockError, CallbackOn, Content, Items, Map, Product, ProductKind, TestResult};
use baton_products::{IntegrityError, Products};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::ask::RefusalKind;

/// Version of the protocol that both sides must speak.
pub(crate) const VERSION: u32 = 1;

/// Largest body of a frame, bytes.
const MAX_FRAME: usize = 64 * 1024 * 1024;

/// What a zygote says.
#[derive(Debug, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub(crate) enum ZygoteMessage {
    /// It is ready.
    Hello {
        protocol: u32,
        /// Why block code is not kept away from Baton's state, where it should be.
        #[serde(default)]
        unshielded: Option<String>,
    },
    /// A block process exists.
    Forked { id: u64, pid: i32 },
    /// The system did not let it fork.
    Refused { id: u64, message: String },
    /// A block process was reaped, and what it left behind is gone.
    Exited {
        id: u64,
        code: Option<i32>,
        signal: Option<i32>,
        /// Processor time of it and of what it has waited for.
        #[serde(default)]
        cpu_seconds: Option<f64>,
    },
}

/// What a block process says.
#[derive(Debug, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub(crate) enum WorkerMessage {
    /// A spawned worker is ready for its job.
    Hello { protocol: u32 },
    /// A record of the logger.
    Log {
        level: String,
        message: String,
        #[serde(default)]
        tags: Map,
    },
    /// A file of a frame is complete.
    Chunk { file: String },
    /// An output is complete.
    Output(Output),
    /// The tests have run.
    Tests {
        passed: u32,
        total: u32,
        #[serde(default)]
        results: Vec<TestResult>,
    },
    /// What a dynamic block gives to the blocks below it.
    Items(Items),
    /// An item of a dynamic block that goes on.
    Yielded(Output),
    /// What it has used, by its own account; the last message but one.
    Usage {
        #[serde(default)]
        cpu_seconds: Option<f64>,
        #[serde(default)]
        peak_memory: Option<u64>,
    },
    /// Everything is written.
    Done,
    /// A condition said no; the block's own code did not run.
    ConditionFailed { reason: String },
    /// The attempt failed.
    Failed { error: BlockError },
    /// A question of the block, answered under the same number.
    Ask {
        id: u64,
        question: String,
        #[serde(default)]
        args: Map,
    },
}

/// The answer to a question: a value, or an error and its kind.
#[derive(Debug, Serialize)]
pub(crate) struct AnswerMessage {
    pub(crate) t: &'static str,
    pub(crate) id: u64,
    #[serde(flatten)]
    pub(crate) content: AnswerContent,
}

/// What an [`AnswerMessage`] says.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum AnswerContent {
    Value { value: Value },
    Error { error: String, kind: RefusalKind },
}

/// An output as the worker describes it.
#[derive(Debug, Deserialize)]
pub(crate) struct Output {
    pub(crate) name: String,
    pub(crate) kind: ProductKind,
    pub(crate) codec: String,
    #[serde(default)]
    pub(crate) meta: Value,
    #[serde(default)]
    pub(crate) rows: Option<u64>,
    #[serde(default)]
    pub(crate) files: Vec<String>,
    #[serde(default)]
    pub(crate) text: Option<String>,
}

/// The first message that a block process gets; answers to its questions follow.
#[expect(
    clippy::struct_excessive_bools,
    reason = "a message: each is a fact of its own"
)]
#[derive(Debug, Serialize)]
pub(crate) struct Job<'a> {
    pub(crate) t: &'static str,
    pub(crate) protocol: u32,
    pub(crate) run: i64,
    pub(crate) attempt: u32,
    pub(crate) pipeline: &'a str,
    pub(crate) repo_path: &'a str,
    pub(crate) block: JobBlock<'a>,
    pub(crate) code: &'a str,
    pub(crate) inputs: &'a [Input],
    pub(crate) dynamic: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) conditions: &'a [Attached],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) callbacks: &'a [Attached],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) extensions: &'a [Attached],
    #[serde(flatten)]
    pub(crate) work: &'a Work,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mark: Option<&'a str>,
    /// How many processors it may run on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cpus: Option<u64>,
    pub(crate) cache: bool,
    pub(crate) kwargs: &'a Map,
    pub(crate) environ: &'a BTreeMap<String, String>,
    pub(crate) triggered: bool,
    pub(crate) staging: &'a str,
    pub(crate) run_tests: bool,
    pub(crate) strict: bool,
    pub(crate) inline_bytes: usize,
}

/// The block of a [`Job`].
#[derive(Debug, Serialize)]
pub(crate) struct JobBlock<'a> {
    pub(crate) uuid: &'a str,
    #[serde(rename = "type")]
    pub(crate) kind: &'a str,
    pub(crate) language: &'a str,
    pub(crate) file: &'a str,
    pub(crate) configuration: &'a Map,
}

/// What an attempt is to do.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Work {
    /// Run the block.
    Block,
    /// Run the callbacks of a block that has ended.
    Callbacks {
        /// How it ended.
        on: CallbackOn,
        /// What it produced.
        output: Vec<InputProduct>,
        /// Why it failed.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<BlockError>,
    },
}

/// A conditional, callback or extension block with its planned text.
#[derive(Clone, Debug, Serialize)]
pub struct Attached {
    /// Its name.
    pub uuid: String,
    /// Path of its file, relative to the project.
    pub file: String,
    /// The text; none when the file is missing.
    pub code: Option<String>,
    /// Its own settings.
    pub configuration: Map,
    /// For an extension, which one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
}

/// What is taken from one upstream block.
#[derive(Clone, Debug, Serialize)]
pub struct Input {
    /// The upstream block.
    pub block: String,
    /// What it produced; empty when it produced nothing.
    pub products: Vec<InputProduct>,
    /// Of a dynamic block, which item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<u32>,
    /// Instead of `products`, those of all its child runs, which become one list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub children: Option<Vec<Vec<InputProduct>>>,
    /// Whether each product of these child runs is an item that it has yielded.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub yielded: bool,
}

/// A product as a worker reads it.
#[derive(Clone, Debug, Serialize)]
pub struct InputProduct {
    name: String,
    kind: ProductKind,
    codec: String,
    meta: Value,
    rows: Option<u64>,
    #[serde(flatten)]
    content: InputContent,
}

/// Where a worker finds the bytes of a product.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum InputContent {
    /// In the job itself.
    Text(String),
    /// In these files, one after the other.
    Files(Vec<String>),
}

impl InputProduct {
    /// Describes a stored `product`, after a look at whether its files are whole.
    pub fn stored(products: &Products, product: &Product) -> Result<Self, IntegrityError> {
        products.verify_sizes(product)?;
        let content = match &product.content {
            Content::Inline(text) => InputContent::Text(text.clone()),
            Content::Chunks(chunks) => InputContent::Files(
                chunks
                    .iter()
                    .map(|chunk| products.object_path(&chunk.object))
                    .map(|path| path.to_string_lossy().into_owned())
                    .collect(),
            ),
        };
        Ok(Self {
            name: product.name.clone(),
            kind: product.kind,
            codec: product.codec.clone(),
            meta: product.meta.clone(),
            rows: product.rows,
            content,
        })
    }

    /// Whether it has rows and columns.
    pub fn is_frame(&self) -> bool {
        self.kind == ProductKind::Frame
    }

    /// How many rows it has, if it is a frame.
    pub(crate) fn rows(&self) -> Option<u64> {
        self.rows
    }
}

/// Encodes a message as one frame.
pub(crate) fn encode(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; 4];
    serde_json::to_writer(&mut frame, message)?;
    let length = frame.len() - 4;
    if length > MAX_FRAME {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("a message of {length} bytes is larger than a frame may be"),
        ));
    }
    frame[..4].copy_from_slice(&(length as u32).to_be_bytes());
    Ok(frame)
}

/// Reads the body of the next frame; none at the end of the stream.
///
/// Not safe to cancel in the middle of a frame: give it a task of its own.
pub(crate) async fn receive(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut header = [0; 4];
    match stream.read_exact(&mut header).await {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = u32::from_be_bytes(header) as usize;
    if length > MAX_FRAME {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("a frame of {length} bytes is larger than allowed"),
        ));
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(body))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWrite, AsyncWriteExt};

    use super::*;

    async fn send(
        stream: &mut (impl AsyncWrite + Unpin),
        message: &impl Serialize,
    ) -> io::Result<()> {
        stream.write_all(&encode(message)?).await
    }

    #[tokio::test]
    async fn frames_survive_the_wire() {
        let (mut one, mut other) = tokio::io::duplex(8);
        let sent = serde_json::json!({"t": "log", "level": "INFO", "message": "größer"});
        let expected = sent.clone();
        let sender = tokio::spawn(async move { send(&mut one, &sent).await });
        let body = receive(&mut other).await.unwrap().unwrap();
        sender.await.unwrap().unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), expected);
        assert!(receive(&mut other).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn an_absurd_length_is_refused_before_memory_is_taken() {
        let bytes = [0xff, 0xff, 0xff, 0xff, b'{'];
        let error = receive(&mut &bytes[..]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
