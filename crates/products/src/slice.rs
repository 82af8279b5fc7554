//! Reads a range of rows out of one uncompressed record batch without reading the rest of it, so that a page of
//! a product costs the same whether its writer made small batches or one of ten million rows.
//!
//! Layouts that cannot be cut this way are left to the caller, who decodes the whole batch.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayData, ArrayRef, BooleanArray, DictionaryArray, NullArray, OffsetSizeTrait,
    RecordBatch, RecordBatchOptions, StructArray, downcast_integer_array, make_array,
    new_empty_array,
};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::ipc::{self, Block, FieldNode};

use crate::ipc::{ArrowFileError, Dictionaries, IpcFile};

/// Strings of at most this many bytes lie inside their view.
const INLINE_VIEW_BYTES: usize = 12;
const VIEW_BYTES: usize = 16;

/// Whether all columns have a layout that this module can cut.
pub(crate) fn supports(schema: &Schema) -> bool {
    schema
        .fields()
        .iter()
        .all(|field| type_supported(field.data_type()))
}

fn type_supported(data_type: &DataType) -> bool {
    match data_type {
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => type_supported(field.data_type()),
        DataType::Struct(fields) => fields.iter().all(|field| type_supported(field.data_type())),
        DataType::ListView(_)
        | DataType::LargeListView(_)
        | DataType::Union(_, _)
        | DataType::RunEndEncoded(_, _) => false,
        _ => true,
    }
}

/// Reads `rows` of a batch whose description was checked against its block.
pub(crate) fn read(
    file: &IpcFile,
    block: &Block,
    batch: ipc::RecordBatch<'_>,
    rows: Range<usize>,
    dictionaries: &Dictionaries,
) -> Result<RecordBatch, ArrowFileError> {
    let mut slicer = Slicer {
        file,
        body: block.offset() as u64 + block.metaDataLength() as u64,
        nodes: batch
            .nodes()
            .into_iter()
            .flatten()
            .copied()
            .collect::<Vec<_>>()
            .into_iter(),
        buffers: batch
            .buffers()
            .into_iter()
            .flatten()
            .copied()
            .collect::<Vec<_>>()
            .into_iter(),
        view_buffers: batch
            .variadicBufferCounts()
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .into_iter(),
        dictionaries,
    };
    if rows.end as i64 > batch.length() {
        return Err(ArrowFileError::Damaged(
            "a batch has fewer rows than it says",
        ));
    }
    let schema = Arc::clone(file.schema());
    let columns = schema
        .fields()
        .iter()
        .map(|field| slicer.array(field, rows.clone()))
        .collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    Ok(RecordBatch::try_new_with_options(
        schema, columns, &options,
    )?)
}

/// Walks the columns in the order of the format, which lists the parts of all columns one after the other.
struct Slicer<'a> {
    file: &'a IpcFile,
    /// File offset of the batch's body.
    body: u64,
    nodes: std::vec::IntoIter<FieldNode>,
    buffers: std::vec::IntoIter<ipc::Buffer>,
    view_buffers: std::vec::IntoIter<i64>,
    dictionaries: &'a Dictionaries,
}

impl Slicer<'_> {
    fn array(&mut self, field: &Field, rows: Range<usize>) -> Result<ArrayRef, ArrowFileError> {
        let node = self
            .nodes
            .next()
            .filter(|node| node.length() >= rows.end as i64)
            .ok_or(ArrowFileError::Damaged(
                "a column is shorter than its batch",
            ))?;
        let data_type = field.data_type();
        if *data_type == DataType::Null {
            return Ok(Arc::new(NullArray::new(rows.len())));
        }
        let nulls = self.validity(node, &rows)?;
        let data = ArrayData::builder(data_type.clone()).len(rows.len());
        let data = match data_type {
            DataType::Boolean => {
                let values = self.next_buffer()?;
                let values = self.bits(values, &rows)?;
                return Ok(Arc::new(BooleanArray::new(values, nulls)));
            }
            DataType::Utf8 | DataType::Binary => {
                let (offsets, values) = self.variable::<i32>(&rows)?;
                data.add_buffer(offsets).add_buffer(values)
            }
            DataType::LargeUtf8 | DataType::LargeBinary => {
                let (offsets, values) = self.variable::<i64>(&rows)?;
                data.add_buffer(offsets).add_buffer(values)
            }
            DataType::Utf8View | DataType::BinaryView => data.buffers(self.views(&rows)?),
            DataType::FixedSizeBinary(width) => {
                data.add_buffer(self.fixed(usize::try_from(*width).unwrap_or(0), &rows)?)
            }
            DataType::List(child) | DataType::Map(child, _) => {
                let (offsets, inner) = self.offsets::<i32>(&rows)?;
                data.add_buffer(offsets)
                    .add_child_data(self.array(child, inner)?.into_data())
            }
            DataType::LargeList(child) => {
                let (offsets, inner) = self.offsets::<i64>(&rows)?;
                data.add_buffer(offsets)
                    .add_child_data(self.array(child, inner)?.into_data())
            }
            DataType::FixedSizeList(child, width) => {
                let width = usize::try_from(*width).unwrap_or(0);
                let inner = rows.start.saturating_mul(width)..rows.end.saturating_mul(width);
                data.add_child_data(self.array(child, inner)?.into_data())
            }
            DataType::Struct(fields) if fields.is_empty() => {
                return Ok(Arc::new(StructArray::new_empty_fields(rows.len(), nulls)));
            }
            DataType::Struct(fields) => {
                let children = fields
                    .iter()
                    .map(|child| Ok(self.array(child, rows.clone())?.into_data()))
                    .collect::<Result<Vec<_>, ArrowFileError>>()?;
                data.child_data(children)
            }
            DataType::Dictionary(keys, values) => {
                let buffer = self.fixed(keys.primitive_width().unwrap_or(0), &rows)?;
                let keys = ArrayData::builder(keys.as_ref().clone())
                    .len(rows.len())
                    .add_buffer(buffer)
                    .nulls(nulls);
                let keys = make_array(keys.build()?);
                let keys = keys.as_ref();
                // The values were checked when they were read; as child data they would be checked for each part.
                let values = self.dictionary(field, values);
                return downcast_integer_array! {
                    keys => Ok(Arc::new(DictionaryArray::try_new(keys.clone(), values)?)),
                    _ => Err(ArrowFileError::Damaged("the keys of a dictionary are no numbers")),
                };
            }
            other => data.add_buffer(self.fixed(other.primitive_width().unwrap_or(0), &rows)?),
        };
        Ok(make_array(data.nulls(nulls).build()?))
    }

    fn next_buffer(&mut self) -> Result<ipc::Buffer, ArrowFileError> {
        self.buffers
            .next()
            .ok_or(ArrowFileError::Damaged("a column has no content"))
    }

    /// Reads a range of bytes of a buffer.
    fn bytes(&self, buffer: ipc::Buffer, range: &Range<usize>) -> Result<Buffer, ArrowFileError> {
        if range.is_empty() {
            return Ok(Buffer::default());
        }
        if range.end as i64 > buffer.length() {
            return Err(ArrowFileError::Damaged(
                "a column is shorter than its batch",
            ));
        }
        let start = self.body + buffer.offset() as u64 + range.start as u64;
        Ok(self.file.read_at(start, range.len())?)
    }

    fn bits(
        &self,
        buffer: ipc::Buffer,
        rows: &Range<usize>,
    ) -> Result<BooleanBuffer, ArrowFileError> {
        let first = rows.start / 8;
        let bytes = self.bytes(buffer, &(first..rows.end.div_ceil(8).max(first)))?;
        if rows.is_empty() {
            return Ok(BooleanBuffer::new_unset(0));
        }
        Ok(BooleanBuffer::new(bytes, rows.start % 8, rows.len()))
    }

    fn validity(
        &mut self,
        node: FieldNode,
        rows: &Range<usize>,
    ) -> Result<Option<NullBuffer>, ArrowFileError> {
        let buffer = self.next_buffer()?;
        if node.null_count() == 0 || rows.is_empty() {
            return Ok(None);
        }
        Ok(Some(NullBuffer::new(self.bits(buffer, rows)?)))
    }

    fn fixed(&mut self, width: usize, rows: &Range<usize>) -> Result<Buffer, ArrowFileError> {
        let buffer = self.next_buffer()?;
        let range = rows.start.saturating_mul(width)..rows.end.saturating_mul(width);
        self.bytes(buffer, &range)
    }

    /// The offsets of `rows`, counted from 0, and the range of values they stand for.
    fn offsets<O: OffsetSizeTrait>(
        &mut self,
        rows: &Range<usize>,
    ) -> Result<(Buffer, Range<usize>), ArrowFileError> {
        let buffer = self.next_buffer()?;
        if rows.is_empty() {
            return Ok((Buffer::from_vec(vec![O::zero()]), 0..0));
        }
        let width = size_of::<O>();
        let bytes = self.bytes(buffer, &(rows.start * width..(rows.end + 1) * width))?;
        let offsets = ScalarBuffer::<O>::new(bytes, 0, rows.len() + 1);
        let (first, last) = (offsets[0], offsets[rows.len()]);
        if first < O::zero() || last < first {
            return Err(ArrowFileError::Damaged("offsets are not in order"));
        }
        let shifted: Vec<O> = offsets.iter().map(|offset| *offset - first).collect();
        Ok((Buffer::from_vec(shifted), first.as_usize()..last.as_usize()))
    }

    fn variable<O: OffsetSizeTrait>(
        &mut self,
        rows: &Range<usize>,
    ) -> Result<(Buffer, Buffer), ArrowFileError> {
        let (offsets, range) = self.offsets::<O>(rows)?;
        let buffer = self.next_buffer()?;
        Ok((offsets, self.bytes(buffer, &range)?))
    }

    /// Views of `rows` and the parts of the data buffers that they point to.
    fn views(&mut self, rows: &Range<usize>) -> Result<Vec<Buffer>, ArrowFileError> {
        let count = self.view_buffers.next().unwrap_or(0);
        let views = self.fixed(VIEW_BYTES, rows)?;
        let sources = (0..count)
            .map(|_| self.next_buffer())
            .collect::<Result<Vec<_>, _>>()?;
        let mut ranges: Vec<Option<Range<usize>>> = vec![None; sources.len()];
        let mut shifted = views.as_slice().to_vec();
        for view in shifted.chunks_exact(VIEW_BYTES) {
            if let Some((source, start, end)) = far_view(view) {
                let range = ranges
                    .get_mut(source)
                    .ok_or(ArrowFileError::Damaged("a text lies outside of its column"))?;
                *range = Some(match range.take() {
                    Some(range) => range.start.min(start)..range.end.max(end),
                    None => start..end,
                });
            }
        }
        for view in shifted.chunks_exact_mut(VIEW_BYTES) {
            if let Some((source, start, _)) = far_view(view)
                && let Some(Some(range)) = ranges.get(source)
            {
                let offset = (start - range.start) as u32;
                view[12..16].copy_from_slice(&offset.to_le_bytes());
            }
        }
        let mut buffers = vec![Buffer::from_slice_ref(&shifted)];
        for (source, range) in sources.into_iter().zip(ranges) {
            buffers.push(self.bytes(source, &range.unwrap_or(0..0))?);
        }
        Ok(buffers)
    }

    fn dictionary(&self, field: &Field, values: &DataType) -> ArrayRef {
        #[expect(
            deprecated,
            reason = "the id in the file is what links a column to its values"
        )]
        let id = field.dict_id();
        // The format lets a writer leave out the dictionary of a column that is all null.
        id.and_then(|id| self.dictionaries.get(&id))
            .map_or_else(|| new_empty_array(values), Arc::clone)
    }
}

/// Data buffer, start and end of the text that a view points to; none if the view holds it itself.
fn far_view(view: &[u8]) -> Option<(usize, usize, usize)> {
    let number = |at: usize| {
        view.get(at..)?
            .first_chunk()
            .map(|bytes| u32::from_le_bytes(*bytes) as usize)
    };
    let length = number(0)?;
    let (source, start) = (number(8)?, number(12)?);
    (length > INLINE_VIEW_BYTES).then_some((source, start, start + length))
}
