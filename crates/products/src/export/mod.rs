//! Writing products for people and other programs.
//!
//! Frames go to every format; JSON and text to JSON and the terminal; pictures and opaque values can only be
//! described or written byte by byte.

mod columnar;
mod json;
mod table;

use std::io::{self, Write};

use arrow::error::ArrowError;
use baton_base::{Class, Diagnose};
use baton_model::{Product, ProductKind};

use crate::{Products, ReadError};

/// A form in which a product can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Aligned text for a terminal.
    Table,
    /// JSON: an array of one object per row, or the value itself.
    Json,
    /// Comma-separated values with a header.
    Csv,
    /// Apache Parquet, compressed with Snappy.
    Parquet,
    /// An Arrow IPC file.
    Arrow,
    /// The stored bytes of a product that is no frame.
    Raw,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 6] = [
        Self::Table,
        Self::Json,
        Self::Csv,
        Self::Parquet,
        Self::Arrow,
        Self::Raw,
    ];

    /// The word used on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
            Self::Raw => "raw",
        }
    }

    /// The format of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// What to write, and how.
#[derive(Clone, Debug)]
pub struct Export {
    /// The form.
    pub format: Format,
    /// Rows to skip; lines, for JSON and text in a table.
    pub offset: u64,
    /// Most rows, or lines, to write. None is all, but for tables of rows [`Export::TABLE_ROWS`].
    pub limit: Option<u64>,
    /// Columns of the terminal: a table hides the columns that do not fit.
    pub width: Option<usize>,
    /// Whether a table may use terminal styles: bold names, dimmed nulls.
    pub color: bool,
}

impl Export {
    /// Most rows of a table for which no limit was given. A table is laid out in memory.
    pub const TABLE_ROWS: u64 = 1000;

    /// Everything in a format, without styles.
    pub fn new(format: Format) -> Self {
        Self {
            format,
            offset: 0,
            limit: None,
            width: None,
            color: false,
        }
    }
}

/// Writing a product failed.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// This kind of product has no such form.
    #[error("write `{product}` as {}: its kind is {}", format.name(), kind.name())]
    NoSuchForm {
        /// The product.
        product: String,
        /// What it is.
        kind: ProductKind,
        /// The form that was asked for.
        format: Format,
    },
    /// The product cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A column cannot be expressed in the format.
    #[error("express `{product}` as {}", format.name())]
    Encode {
        /// The product.
        product: String,
        /// The form that was asked for.
        format: Format,
        /// What is in the way.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The output cannot be written.
    #[error("write the output")]
    Output(#[source] io::Error),
}

impl ExportError {
    /// The kind of the output's I/O error: `BrokenPipe` when a pager was closed.
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        match self {
            Self::Output(error) => Some(error.kind()),
            _ => None,
        }
    }
}

impl Diagnose for ExportError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchForm { .. } | Self::Encode { .. } => Class::User,
            Self::Read(error) => error.class(),
            Self::Output(_) => Class::External,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoSuchForm { kind, .. } => Some(
                match kind {
                    ProductKind::Frame => "choose `table`, `json`, `csv`, `parquet` or `arrow`",
                    ProductKind::Json | ProductKind::Text => "choose `table`, `json` or `raw`",
                    ProductKind::Image => "choose `raw` and write it to a file",
                    ProductKind::Opaque => {
                        "open it in a Python block, or choose `raw` for its bytes"
                    }
                }
                .to_owned(),
            ),
            Self::Encode { .. } => Some("choose `arrow`, which keeps every type".to_owned()),
            Self::Read(error) => error.hint(),
            Self::Output(_) => None,
        }
    }
}

impl Products {
    /// Writes a product. A frame is read and written in parts, so its size does not matter.
    pub fn write(
        &self,
        product: &Product,
        export: &Export,
        out: &mut (dyn Write + Send),
    ) -> Result<(), ExportError> {
        let mut sink = Sink { out, failure: None };
        let written = self.write_to(product, export, &mut sink);
        // The encoders wrap the errors of their output in different ways; what happened here is what counts.
        match (sink.failure.take(), written) {
            (Some(failure), _) => Err(ExportError::Output(failure)),
            (None, Ok(())) => sink.flush().map_err(ExportError::Output),
            (None, Err(WriteError::Read(error))) => Err(error.into()),
            (None, Err(WriteError::NoSuchForm)) => Err(ExportError::NoSuchForm {
                product: product.name.clone(),
                kind: product.kind,
                format: export.format,
            }),
            (None, Err(WriteError::Encode(source))) => Err(ExportError::Encode {
                product: product.name.clone(),
                format: export.format,
                source,
            }),
        }
    }

    fn write_to(
        &self,
        product: &Product,
        export: &Export,
        out: &mut Sink<'_>,
    ) -> Result<(), WriteError> {
        match (product.kind, export.format) {
            (ProductKind::Frame, Format::Raw) => Err(WriteError::NoSuchForm),
            (ProductKind::Frame, format) => {
                let frame = self.open_frame(product)?;
                match format {
                    Format::Table => table::frame(&frame, export, out),
                    Format::Json => columnar::json(&frame, export, out),
                    Format::Csv => columnar::csv(&frame, export, out),
                    Format::Parquet => columnar::parquet(&frame, export, out),
                    Format::Arrow | Format::Raw => columnar::arrow(&frame, export, out),
                }
            }
            (_, Format::Raw) => Ok(out.write_all(&self.read_bytes(product)?)?),
            (ProductKind::Json, Format::Table) => {
                let text = json::indent(&self.read_text(product)?);
                table::lines(&text, export, out)
            }
            (ProductKind::Json, Format::Json) => Ok(writeln!(
                out,
                "{}",
                json::indent(&self.read_text(product)?)
            )?),
            (ProductKind::Text, Format::Table) => {
                table::lines(&self.read_text(product)?, export, out)
            }
            (ProductKind::Text, Format::Json) => {
                let text = serde_json::Value::String(self.read_text(product)?);
                Ok(writeln!(out, "{text}")?)
            }
            (ProductKind::Image | ProductKind::Opaque, Format::Table) => {
                Ok(writeln!(out, "{}", describe(product))?)
            }
            _ => Err(WriteError::NoSuchForm),
        }
    }
}

/// One line about a product that is not shown itself.
fn describe(product: &Product) -> String {
    let bytes = table::grouped(product.bytes);
    match product.kind {
        ProductKind::Opaque => format!(
            "opaque value, codec `{}`, {bytes} bytes: only a block can open it",
            product.codec
        ),
        kind => format!("{}, codec `{}`, {bytes} bytes", kind.name(), product.codec),
    }
}

/// Why one of the writers gave up. Errors of the output are kept by the [`Sink`].
#[derive(Debug)]
enum WriteError {
    NoSuchForm,
    Read(ReadError),
    Encode(Box<dyn std::error::Error + Send + Sync>),
}

impl From<ReadError> for WriteError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl From<ArrowError> for WriteError {
    fn from(error: ArrowError) -> Self {
        Self::Encode(Box::new(error))
    }
}

impl From<::parquet::errors::ParquetError> for WriteError {
    fn from(error: ::parquet::errors::ParquetError) -> Self {
        Self::Encode(Box::new(error))
    }
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        Self::Encode(Box::new(error))
    }
}

/// The output; keeps its first error as it was.
struct Sink<'a> {
    out: &'a mut (dyn Write + Send),
    failure: Option<io::Error>,
}

impl Sink<'_> {
    fn keep<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let kind = error.kind();
            if kind != io::ErrorKind::Interrupted {
                self.failure.get_or_insert(error);
            }
            kind.into()
        })
    }
}

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes);
        self.keep(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.out.flush();
        self.keep(flushed)
    }
}
