//! A folder of products and files as a worker would write them.

use std::fs;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions};
use baton_model::{Chunk, Content, Product, ProductKind};
use baton_products::{CommitError, Products, StagedContent, StagedOutput};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
    pub(crate) products: Products,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let products = Products::open(folder.path()).unwrap();
        Self { folder, products }
    }

    /// Stages files of a frame and commits them.
    pub(crate) fn commit(&self, files: &[Vec<u8>]) -> Result<Product, CommitError> {
        let staging = self.products.staging("1-1").unwrap();
        let mut digests = Vec::new();
        let mut names = Vec::new();
        for (index, content) in files.iter().enumerate() {
            let name = format!("output_0.{index}.arrow");
            fs::write(staging.path().join(&name), content).unwrap();
            digests.push(staging.digest(&name, true).unwrap());
            names.push(name);
        }
        staging.commit(
            output(ProductKind::Frame, StagedContent::Files(names)),
            digests,
        )
    }

    /// A frame whose batches are in one file each.
    pub(crate) fn frame(&self, batches: &[RecordBatch]) -> Product {
        let files: Vec<_> = batches
            .iter()
            .map(|batch| ipc(std::slice::from_ref(batch)))
            .collect();
        self.commit(&files).unwrap()
    }

    /// A product that is no frame.
    pub(crate) fn value(&self, kind: ProductKind, content: &[u8]) -> Product {
        let staging = self.products.staging("1-2").unwrap();
        fs::write(staging.path().join("value"), content).unwrap();
        let digest = staging.digest("value", false).unwrap();
        let files = StagedContent::Files(vec!["value".to_owned()]);
        staging.commit(output(kind, files), vec![digest]).unwrap()
    }

    /// Number of stored objects.
    pub(crate) fn objects(&self) -> usize {
        fs::read_dir(self.folder.path().join("objects"))
            .unwrap()
            .map(|folder| fs::read_dir(folder.unwrap().path()).unwrap().count())
            .sum()
    }
}

pub(crate) fn output(kind: ProductKind, content: StagedContent) -> StagedOutput {
    StagedOutput {
        name: "output_0".to_owned(),
        kind,
        codec: "arrow".to_owned(),
        meta: Value::Null,
        rows: None,
        content,
    }
}

pub(crate) fn chunks(product: &Product) -> &[Chunk] {
    match &product.content {
        Content::Chunks(chunks) => chunks,
        Content::Inline(_) => panic!("the product has no objects"),
    }
}

/// An Arrow file with these batches.
pub(crate) fn ipc(batches: &[RecordBatch]) -> Vec<u8> {
    ipc_with(&batches[0].schema(), batches, None)
}

pub(crate) fn ipc_with(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    compression: Option<CompressionType>,
) -> Vec<u8> {
    let options = IpcWriteOptions::default()
        .try_with_compression(compression)
        .unwrap();
    let mut writer = FileWriter::try_new_with_options(Vec::new(), schema, options).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.finish().unwrap();
    writer.into_inner().unwrap()
}

/// A batch of these columns; all may hold nulls.
pub(crate) fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, column)| Field::new(*name, column.data_type().clone(), true))
        .collect();
    let rows = columns.first().map_or(0, |(_, column)| column.len());
    let columns = columns.into_iter().map(|(_, column)| column).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options).unwrap()
}

/// Marks the dictionary columns of a batch as text, as a worker does.
pub(crate) fn mark_as_text(batch: &RecordBatch) -> RecordBatch {
    let fields: Vec<Field> = batch
        .schema()
        .fields()
        .iter()
        .map(|field| {
            let field = field.as_ref().clone();
            if matches!(field.data_type(), DataType::Dictionary(_, _)) {
                let mark = ("baton:encoding".to_owned(), "dictionary".to_owned());
                field.with_metadata(std::collections::HashMap::from([mark]))
            } else {
                field
            }
        })
        .collect();
    let schema = Arc::new(Schema::new(fields));
    RecordBatch::try_new(schema, batch.columns().to_vec()).unwrap()
}
