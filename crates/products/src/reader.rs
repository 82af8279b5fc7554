//! Reads the rows of one Arrow file in order, a part at a time, holding no more than a part where the layout allows.

use arrow::array::RecordBatch;

use crate::ipc::{ArrowFileError, BatchOutline, Dictionaries, IpcFile};

/// Most rows of a part: some megabytes for usual widths, and small enough that memory is used again and again.
pub(crate) const PART_ROWS: usize = 64 * 1024;

/// An Arrow file that is being read forwards.
#[derive(Debug)]
pub(crate) struct Reader {
    file: IpcFile,
    dictionaries: Dictionaries,
    /// The batch at hand, its first row, and what is known of it.
    batch: usize,
    batch_start: u64,
    outline: Option<BatchOutline>,
    /// The batch itself, if it had to be decoded as a whole.
    whole: Option<RecordBatch>,
}

impl Reader {
    /// Reads the dictionaries.
    pub(crate) fn new(file: IpcFile) -> Result<Self, ArrowFileError> {
        Ok(Self {
            dictionaries: file.dictionaries()?,
            file,
            batch: 0,
            batch_start: 0,
            outline: None,
            whole: None,
        })
    }

    pub(crate) fn bytes_read(&self) -> u64 {
        self.file.bytes_read()
    }

    /// Reads rows from `next` on, up to `end`, the end of their batch, or [`PART_ROWS`]. None after the last row.
    ///
    /// `next` never goes back.
    pub(crate) fn read(
        &mut self,
        next: u64,
        end: u64,
    ) -> Result<Option<RecordBatch>, ArrowFileError> {
        loop {
            let Some(block) = self.file.batches().get(self.batch) else {
                return Ok(None);
            };
            let outline = match self.outline {
                Some(outline) => outline,
                None => *self.outline.insert(self.file.outline(block)?),
            };
            if next >= self.batch_start + outline.rows {
                self.batch += 1;
                self.batch_start += outline.rows;
                (self.outline, self.whole) = (None, None);
                continue;
            }
            let first = (next - self.batch_start) as usize;
            let last = (end - self.batch_start).min(outline.rows) as usize;
            let rows = first..last.min(first + PART_ROWS);
            if outline.sliceable && rows.len() as u64 != outline.rows {
                return Ok(Some(self.file.decode_rows(
                    block,
                    rows,
                    &self.dictionaries,
                )?));
            }
            let whole = match &self.whole {
                Some(whole) => whole,
                None => self
                    .whole
                    .insert(self.file.decode(block, &self.dictionaries)?),
            };
            if whole.num_rows() < rows.end {
                return Err(ArrowFileError::Damaged(
                    "a batch has fewer rows than it says",
                ));
            }
            return Ok(Some(whole.slice(rows.start, rows.len())));
        }
    }
}
