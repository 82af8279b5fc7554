//! A data product: what a block produced, described by its manifest.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ObjectHash;

/// What can be done with a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProductKind {
    /// Rows and columns, as Arrow.
    Frame,
    /// A JSON value.
    Json,
    /// Text.
    Text,
    /// A PNG, JPEG or SVG picture.
    Image,
    /// Bytes that only a worker opens.
    Opaque,
}

impl ProductKind {
    /// The word used in output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Frame => "frame",
            Self::Json => "json",
            Self::Text => "text",
            Self::Image => "image",
            Self::Opaque => "opaque",
        }
    }
}

/// One stored object of a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Where it is stored, and its checksum.
    pub object: ObjectHash,
    /// Size of the object.
    pub bytes: u64,
    /// Rows in it, for a frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

/// Where a product's bytes are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// In the manifest itself: the text of a small JSON or text product.
    Inline(String),
    /// In objects; a frame is their rows one after the other.
    Chunks(Vec<Chunk>),
}

/// A column of a frame, in the words of Arrow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Arrow's name of its type, for people.
    #[serde(rename = "type")]
    pub data_type: String,
    /// Whether it may hold nulls.
    pub nullable: bool,
}

/// Statistics of a column over all chunks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnStatistics {
    /// Number of nulls.
    pub nulls: u64,
    /// Smallest value, as text, for types with an order. Text is cut at 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<String>,
    /// Largest value, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<String>,
}

/// The manifest of one data product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Product {
    /// `output_0`, `output_1`, ...
    pub name: String,
    /// What can be done with it.
    pub kind: ProductKind,
    /// Which of the worker's codecs wrote it and reads it back: `pandas`, `polars`, `json`, `pickle`, ...
    pub codec: String,
    /// What that codec needs besides the bytes. Opaque to everyone else.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub meta: Value,
    /// Rows, for a frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Size of the content.
    pub bytes: u64,
    /// Where the bytes are.
    pub content: Content,
    /// Columns, for a frame. Index columns of pandas are among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<Column>,
    /// Statistics, one per column.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statistics: Vec<ColumnStatistics>,
}
