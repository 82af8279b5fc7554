//! Frames as JSON, CSV, Parquet and Arrow, written batch by batch.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, StringBuilder};
use arrow::csv;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::writer::FileWriter;
use arrow::json::writer::{EncoderOptions, JsonFormat, WriterBuilder, make_encoder};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::{Export, Sink, WriteError};
use crate::frame::Frame;
use crate::schema;

/// An array of objects, one per line.
#[derive(Debug, Default)]
struct RowPerLine;

impl JsonFormat for RowPerLine {
    fn start_stream<W: Write>(&self, writer: &mut W) -> Result<(), ArrowError> {
        Ok(writer.write_all(b"[")?)
    }

    fn start_row<W: Write>(&self, writer: &mut W, is_first_row: bool) -> Result<(), ArrowError> {
        Ok(writer.write_all(if is_first_row { b"" } else { b",\n " })?)
    }

    fn end_stream<W: Write>(&self, writer: &mut W) -> Result<(), ArrowError> {
        Ok(writer.write_all(b"]\n")?)
    }
}

/// Nulls are written; names that appear twice get a number, since an object has a name once.
pub(super) fn json(frame: &Frame, export: &Export, out: &mut Sink<'_>) -> Result<(), WriteError> {
    let names = schema::unique_names(schema::shown_names(frame.schema()));
    let schema = renamed(frame.schema(), &names);
    let mut writer = WriterBuilder::new()
        .with_explicit_nulls(true)
        .build::<_, RowPerLine>(out);
    for batch in frame.scan(export.offset, export.limit) {
        writer.write(&with_schema(&batch?, &schema)?)?;
    }
    Ok(writer.finish()?)
}

/// Null is an empty cell; nested values are JSON.
pub(super) fn csv(frame: &Frame, export: &Export, out: &mut Sink<'_>) -> Result<(), WriteError> {
    let names = schema::shown_names(frame.schema());
    if names.is_empty() {
        return Ok(());
    }
    let fields: Vec<FieldRef> = renamed(frame.schema(), &names)
        .fields()
        .iter()
        .map(|field| {
            if is_nested(field.data_type()) {
                Arc::new(Field::new(field.name(), DataType::Utf8, true))
            } else {
                Arc::clone(field)
            }
        })
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let mut writer = csv::WriterBuilder::new().with_header(true).build(out);
    // The header is written with the first batch, so an empty frame needs one too.
    writer.write(&RecordBatch::new_empty(Arc::clone(&schema)))?;
    for batch in frame.scan(export.offset, export.limit) {
        let batch = batch?;
        let columns = batch
            .columns()
            .iter()
            .zip(batch.schema_ref().fields())
            .map(|(column, field)| {
                if is_nested(field.data_type()) {
                    json_text(field, column)
                } else {
                    Ok(Arc::clone(column))
                }
            })
            .collect::<Result<Vec<_>, _>>()?;
        writer.write(&schema::with_rows(&schema, columns, batch.num_rows())?)?;
    }
    Ok(())
}

/// Names that appear twice get a number: readers of Parquet find columns by name.
pub(super) fn parquet(
    frame: &Frame,
    export: &Export,
    out: &mut Sink<'_>,
) -> Result<(), WriteError> {
    // The library panics at a union.
    if let Some(field) = frame
        .schema()
        .flattened_fields()
        .into_iter()
        .find(|field| matches!(field.data_type(), DataType::Union(_, _)))
    {
        let what = format!("column `{}` holds values of several types", field.name());
        return Err(ArrowError::NotYetImplemented(what).into());
    }
    let names = frame
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone());
    let schema = renamed(frame.schema(), &schema::unique_names(names.collect()));
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .build();
    let mut writer = ArrowWriter::try_new(out, Arc::clone(&schema), Some(properties))?;
    for batch in frame.scan(export.offset, export.limit) {
        writer.write(&with_schema(&batch?, &schema)?)?;
    }
    writer.close()?;
    Ok(())
}

/// Categories stay categories where all files of the product have the same ones: an Arrow file holds one
/// dictionary per column. Else they are their values.
pub(super) fn arrow(frame: &Frame, export: &Export, out: &mut Sink<'_>) -> Result<(), WriteError> {
    let schema = if frame.has_shared_dictionaries()? {
        Arc::clone(frame.schema())
    } else {
        let plain = |field: &FieldRef| {
            let data_type = schema::without_dictionaries(field.data_type());
            Arc::new(field.as_ref().clone().with_data_type(data_type))
        };
        let fields: Vec<FieldRef> = frame.schema().fields().iter().map(plain).collect();
        let metadata = frame.schema().metadata().clone();
        Arc::new(Schema::new_with_metadata(fields, metadata))
    };
    let mut writer = FileWriter::try_new(out, &schema)?;
    for batch in frame.scan(export.offset, export.limit) {
        writer.write(&schema::to_logical(&batch?, &schema)?)?;
    }
    Ok(writer.finish()?)
}

/// The schema with other names.
fn renamed(schema: &Schema, names: &[String]) -> SchemaRef {
    let fields: Vec<FieldRef> = schema
        .fields()
        .iter()
        .zip(names)
        .map(|(field, name)| {
            if field.name() == name {
                Arc::clone(field)
            } else {
                Arc::new(field.as_ref().clone().with_name(name))
            }
        })
        .collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

fn with_schema(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    schema::with_rows(schema, batch.columns().to_vec(), batch.num_rows())
}

fn is_nested(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_nested(values),
        other => other.is_nested(),
    }
}

/// Each value as JSON text.
fn json_text(field: &FieldRef, column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let options = EncoderOptions::default().with_explicit_nulls(true);
    let mut encoder = make_encoder(field, column, &options)?;
    let nulls = column.logical_nulls();
    let mut texts = StringBuilder::with_capacity(column.len(), 0);
    let mut buffer = Vec::new();
    for row in 0..column.len() {
        if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            texts.append_null();
            continue;
        }
        buffer.clear();
        encoder.encode(row, &mut buffer);
        texts.append_value(String::from_utf8_lossy(&buffer));
    }
    Ok(Arc::new(texts.finish()))
}
