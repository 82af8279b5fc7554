//! A block as its pipeline declares it.

use serde::{Deserialize, Serialize};

use crate::{BlockUuid, Map, ResourceSettings};

/// What a block is for. Unknown kinds are kept, so that a project of a newer Mage opens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// Runs when the block it is attached to has ended.
    Callback,
    /// Draws a chart of another block's output.
    Chart,
    /// Decides whether the block it is attached to runs.
    Conditional,
    /// Any Python.
    Custom,
    /// Writes data to somewhere else.
    DataExporter,
    /// Reads data from somewhere else.
    DataLoader,
    /// A dbt model or command.
    Dbt,
    /// A check of another block's data.
    Extension,
    /// The outputs of another pipeline.
    GlobalDataProduct,
    /// Code around an operation of the API.
    Hook,
    /// Prose.
    Markdown,
    /// Code to play with, never run.
    Scratchpad,
    /// Waits until its function returns something true.
    Sensor,
    /// Data in, data out.
    Transformer,
    /// A kind this version does not know, with its name.
    #[serde(untagged)]
    Other(String),
}

impl BlockKind {
    /// Every known kind with the name that metadata uses and its folder, where it has one (spec 1.2).
    pub const KNOWN: &'static [(Self, &'static str, Option<&'static str>)] = &[
        (Self::Callback, "callback", Some("callbacks")),
        (Self::Chart, "chart", Some("charts")),
        (Self::Conditional, "conditional", Some("conditionals")),
        (Self::Custom, "custom", Some("custom")),
        (Self::DataExporter, "data_exporter", Some("data_exporters")),
        (Self::DataLoader, "data_loader", Some("data_loaders")),
        (Self::Dbt, "dbt", Some("dbt")),
        (Self::Extension, "extension", Some("extensions")),
        (Self::GlobalDataProduct, "global_data_product", None),
        (Self::Hook, "hook", Some("hooks")),
        (Self::Markdown, "markdown", Some("markdowns")),
        (Self::Scratchpad, "scratchpad", Some("scratchpads")),
        (Self::Sensor, "sensor", Some("sensors")),
        (Self::Transformer, "transformer", Some("transformers")),
    ];

    /// The kind that metadata calls `name`.
    pub fn parse(name: &str) -> Self {
        Self::KNOWN
            .iter()
            .find(|(_, known, _)| *known == name)
            .map_or_else(|| Self::Other(name.to_owned()), |(kind, _, _)| kind.clone())
    }

    /// The name that metadata uses.
    pub fn name(&self) -> &str {
        match self {
            Self::Other(name) => name,
            known => Self::KNOWN
                .iter()
                .find(|(kind, _, _)| kind == known)
                .map_or("", |(_, name, _)| name),
        }
    }

    /// The folder of the project that holds files of this kind; none for kinds without a file or unknown ones.
    pub fn folder(&self) -> Option<&'static str> {
        Self::KNOWN
            .iter()
            .find(|(kind, _, _)| kind == self)
            .and_then(|(_, _, folder)| *folder)
    }

    /// Whether blocks of this kind, listed under `blocks`, get a block run (spec 1.2: charts, markdown
    /// and scratchpads never do; callbacks, conditionals and extensions run beside another block).
    pub fn runs(&self) -> bool {
        !matches!(
            self,
            Self::Chart
                | Self::Markdown
                | Self::Scratchpad
                | Self::Callback
                | Self::Conditional
                | Self::Extension
        )
    }
}

/// Language of a block's file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// `.py`, the default.
    Python,
    /// `.sql`
    Sql,
    /// `.r`
    R,
    /// `.yaml`
    Yaml,
    /// `.md`
    Markdown,
    /// A language this version does not know, with its name.
    #[serde(untagged)]
    Other(String),
}

impl Language {
    /// The language that metadata calls `name`.
    pub fn parse(name: &str) -> Self {
        match name {
            "python" => Self::Python,
            "sql" => Self::Sql,
            "r" => Self::R,
            "yaml" => Self::Yaml,
            "markdown" => Self::Markdown,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The name that metadata uses.
    pub fn name(&self) -> &str {
        match self {
            Self::Python => "python",
            Self::Sql => "sql",
            Self::R => "r",
            Self::Yaml => "yaml",
            Self::Markdown => "markdown",
            Self::Other(name) => name,
        }
    }

    /// Extension of a block's file, without the dot; an unknown language has none.
    pub fn extension(&self) -> Option<&'static str> {
        match self {
            Self::Python => Some("py"),
            Self::Sql => Some("sql"),
            Self::R => Some("r"),
            Self::Yaml => Some("yaml"),
            Self::Markdown => Some("md"),
            Self::Other(_) => None,
        }
    }
}

/// `retry_config` as one level of metadata gives it; unset fields fall back to the level above.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RetrySettings {
    /// Further attempts after the first.
    pub retries: Option<u32>,
    /// Seconds before the first retry.
    pub delay: Option<f64>,
    /// Longest single delay, seconds.
    pub max_delay: Option<f64>,
    /// Whether the delay doubles from retry to retry.
    pub exponential_backoff: Option<bool>,
}

/// A block as its pipeline declares it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// Name inside the pipeline.
    pub uuid: BlockUuid,
    /// Name for people.
    pub name: String,
    /// What it is for.
    pub kind: BlockKind,
    /// Language of its file.
    pub language: Language,
    /// Blocks whose products are its inputs, in the order of its arguments.
    pub upstream: Vec<BlockUuid>,
    /// Blocks that the file lists below it. The two directions are kept as they are written (spec 1.7).
    pub downstream: Vec<BlockUuid>,
    /// The block's own settings.
    pub configuration: Map,
    /// What the block says about retries.
    pub retry: RetrySettings,
    /// Seconds an attempt may take.
    pub timeout: Option<f64>,
    /// The block whose file this block runs.
    pub replicated: Option<BlockUuid>,
    /// Where it runs; `local_python` unless said otherwise.
    pub executor: String,
    /// What it reserves and may use, by its own `executor_config` and that of its pipeline.
    #[serde(default)]
    pub resources: ResourceSettings,
    /// Colour of a custom block.
    pub color: Option<String>,
    /// Higher runs first among blocks that are ready together.
    pub priority: i64,
    /// For a block listed under `extensions`, which extension it belongs to.
    pub extension: Option<String>,
    /// Whether the legacy callback file `callbacks/<uuid>_callback.py` belongs to it.
    pub has_callback: bool,
}
