//! How facts become rows and back. Rows of one commit travel as one JSON array each, which SQL unpacks:
//! the number of statements does not grow with the number of blocks. A row is an array as well: SQLite finds a column by
//! its place three times as fast as by its name. It would also make the text of a row anew for each column, unless the
//! rows are `materialized` first.

use std::ops::Range;

use baton_model::{
    AttemptRun, BlockRun, BlockRunKey, BlockStatus, Fence, PipelineUuid, Product, Run, RunId,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::StoreError;
use crate::place::Place;
use crate::sql::Row;

/// `child` of a declared block.
const DECLARED: i64 = -1;

/// The column `child` of a key.
pub(crate) fn child(key: &BlockRunKey) -> i64 {
    key.child.map_or(DECLARED, i64::from)
}

/// The key of the columns `block` and `child`.
pub(crate) fn key(block: &str, child: i64) -> BlockRunKey {
    BlockRunKey {
        block: block.into(),
        child: u32::try_from(child).ok(),
    }
}

/// Declares a row that travels as an array: statements take its columns by their places here.
macro_rules! row {
    ($(#[$about:meta])* struct $name:ident<$life:lifetime> { $($(#[$of:meta])* $column:ident: $type:ty,)* }) => {
        $(#[$about])*
        struct $name<$life> {
            $($(#[$of])* $column: $type,)*
        }

        impl serde::Serialize for $name<'_> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeSeq;
                let mut row = serializer.serialize_seq(None)?;
                $(row.serialize_element(&self.$column)?;)*
                row.end()
            }
        }
    };
}
pub(crate) use row;

row! {
    /// A row of `block_run`.
    struct BlockRow<'a> {
        run: i64,
        block: &'a str,
        child: i64,
        position: usize,
        name: &'a str,
        status: &'static str,
        attempt: u32,
        fence: u64,
        started_at: Option<i64>,
        ended_at: Option<i64>,
        retry_at: Option<i64>,
        error: Option<String>,
        reason: Option<&'a str>,
        items: Option<String>,
        callbacks: Option<String>,
        earlier: u32,
        usage: Option<String>,
        attempts: Option<String>,
    }
}

/// A row of `product`: run, block, child, position, manifest, pipeline.
type ProductRow<'a> = (i64, &'a str, i64, usize, String, &'a str);

/// The row of the block run at `position`, and the rows of its products, or of some `among` them.
fn block_rows<'a>(
    place: &Place,
    (id, pipeline): (RunId, &'a PipelineUuid),
    position: usize,
    run: &'a BlockRun,
    among: Option<&Range<usize>>,
) -> Result<(BlockRow<'a>, Vec<ProductRow<'a>>), StoreError> {
    let block = run.key.block.as_str();
    let child = child(&run.key);
    let error = run.error.as_ref();
    let row = BlockRow {
        run: id.0,
        block,
        child,
        position,
        name: &run.name,
        status: run.status.name(),
        attempt: run.attempt,
        earlier: run.earlier,
        fence: run.fence.0,
        started_at: run.started_at.map(|at| at.0),
        ended_at: run.ended_at.map(|at| at.0),
        retry_at: run.retry_at.map(|at| at.0),
        error: error
            .map(|error| to_json(place, "an error", error))
            .transpose()?,
        reason: run.reason.as_deref(),
        items: (run.items.as_ref())
            .map(|items| to_json(place, "the items of a block", items))
            .transpose()?,
        callbacks: (run.callbacks.as_ref())
            .map(|callbacks| to_json(place, "the callbacks of a block", callbacks))
            .transpose()?,
        usage: (run.usage.as_ref())
            .map(|usage| to_json(place, "what a block used", usage))
            .transpose()?,
        attempts: (!run.attempts.is_empty())
            .then(|| to_json(place, "the attempts of a block", &run.attempts))
            .transpose()?,
    };
    let products = run.products.iter().enumerate();
    let products =
        products.filter(|(position, _)| among.is_none_or(|among| among.contains(position)));
    let products = products.map(|(position, product)| {
        let manifest = to_json(place, "a product", product)?;
        let pipeline = pipeline.as_str();
        Ok((id.0, block, child, position, manifest, pipeline))
    });
    Ok((row, products.collect::<Result<_, StoreError>>()?))
}

/// Changed block runs and their products, each as one JSON array.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) blocks: Array,
    /// The block runs whose earlier products go.
    pub(crate) replaced: Array,
    pub(crate) products: Array,
}

impl Changes {
    /// Adds the block runs of `run` that are wanted, and their products; of one block run only the `fresh` products,
    /// beside those that are there: one that yields a thousand items does not write each a thousand times.
    pub(crate) fn add(
        &mut self,
        place: &Place,
        run: &Run,
        wanted: impl Fn(&BlockRunKey) -> bool,
        fresh: Option<&(&BlockRunKey, Range<usize>)>,
    ) -> Result<(), StoreError> {
        for (position, block) in run.blocks.iter().enumerate() {
            if wanted(&block.key) {
                let among = fresh.filter(|(key, _)| **key == block.key);
                let among = among.map(|(_, range)| range);
                if among.is_none() {
                    let replaced = (run.id.0, block.key.block.as_str(), child(&block.key));
                    self.replaced.push(place, "a block run", &replaced)?;
                }
                let whose = (run.id, &run.plan.pipeline);
                let (row, products) = block_rows(place, whose, position, block, among)?;
                self.blocks.push(place, "a block run", &row)?;
                for product in products {
                    self.products.push(place, "a product", &product)?;
                }
            }
        }
        Ok(())
    }
}

/// The items of a JSON array under construction.
#[derive(Debug, Default)]
pub(crate) struct Array(String);

impl Array {
    pub(crate) fn push<T: Serialize>(
        &mut self,
        place: &Place,
        what: &'static str,
        item: &T,
    ) -> Result<(), StoreError> {
        let item = to_rows(place, what, item)?;
        self.append(&item);
        Ok(())
    }

    /// The items of all of `arrays`.
    pub(crate) fn joined<'a>(arrays: impl Iterator<Item = &'a Self>) -> Self {
        let mut all = Self::default();
        for array in arrays.filter(|array| !array.is_empty()) {
            all.append(&array.0);
        }
        all
    }

    fn append(&mut self, items: &str) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0.push_str(items);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text of the array.
    pub(crate) fn finish(self) -> String {
        format!("[{}]", self.0)
    }
}

/// How many block runs a run has, and where they stand.
pub(crate) struct Tally {
    pub(crate) blocks: u32,
    pub(crate) completed: u32,
    pub(crate) failed: u32,
}

impl Tally {
    pub(crate) fn of(run: &Run) -> Self {
        let count = |status| {
            let blocks = run.blocks.iter();
            blocks.filter(|block| block.status == status).count() as u32
        };
        Self {
            blocks: run.blocks.len() as u32,
            completed: count(BlockStatus::Completed),
            failed: count(BlockStatus::Failed),
        }
    }
}

/// The columns of a block run, without its products.
pub(crate) const BLOCK_COLUMNS: &str = "block, child, name, status, attempt, fence, started_at, ended_at, retry_at, error, reason, items, callbacks, earlier, usage, attempts";

/// A block run from [`BLOCK_COLUMNS`].
pub(crate) fn block_run(row: &Row) -> Result<BlockRun, StoreError> {
    Ok(BlockRun {
        key: key(&row.text("block")?, row.integer("child")?),
        status: row.word("the status of a block run", "status")?,
        attempt: row.count("attempt")?,
        earlier: row.count("earlier")?,
        fence: Fence(row.integer("fence")? as u64),
        started_at: row.some_moment("started_at")?,
        ended_at: row.some_moment("ended_at")?,
        retry_at: row.some_moment("retry_at")?,
        name: row.text("name")?,
        error: row.some_json("an error", "error")?,
        reason: row.some_text("reason")?,
        products: Vec::<Product>::new(),
        items: row.some_json("the items of a block", "items")?,
        callbacks: row.some_json("the callbacks of a block", "callbacks")?,
        usage: row.some_json("what a block used", "usage")?,
        attempts: attempts(row)?,
    })
}

/// The attempts of a block run, from its row.
pub(crate) fn attempts(row: &Row) -> Result<Vec<AttemptRun>, StoreError> {
    let found = row.some_json("the attempts of a block", "attempts")?;
    Ok(found.unwrap_or_default())
}

/// JSON that a statement takes apart: rows, lists of numbers.
pub(crate) fn to_rows<T: Serialize + ?Sized>(
    place: &Place,
    what: &'static str,
    value: &T,
) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map(|json| place.hide_row(json))
        .map_err(StoreError::value(&place.path, what))
}

/// JSON that is stored as it is.
pub(crate) fn to_json<T: Serialize + ?Sized>(
    place: &Place,
    what: &'static str,
    value: &T,
) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map(|json| place.hide_json(json))
        .map_err(StoreError::value(&place.path, what))
}

pub(crate) fn from_json<T: DeserializeOwned>(
    place: &Place,
    what: &'static str,
    text: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(&place.show_json(text)).map_err(StoreError::value(&place.path, what))
}
