//! Looking at a frame of any size: rows that meet conditions, in an order, a page of them, and what is known of its
//! columns. The frame is read batch by batch; what is kept is the page, or the best rows so far.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute;
use arrow::datatypes::Schema;
use arrow::error::ArrowError;

use crate::frame::{Frame, ReadError};
use crate::histogram::{Gathered, Histogram, Shape};
use crate::schema;
use crate::statistics::Summary;
use crate::wanted::{Wanted, texts};

/// Most rows that can lie before the end of a page that is sorted: they are kept in memory.
pub const MOST_SORTED: u64 = 1_000_000;

/// How a value is compared with that of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The same.
    Equal,
    /// Another one.
    NotEqual,
    /// Smaller.
    Less,
    /// Smaller or the same.
    AtMost,
    /// Greater.
    Greater,
    /// Greater or the same.
    AtLeast,
    /// Has the text in it, in whatever case.
    Contains,
    /// Is null; the value is not looked at.
    Null,
    /// Is not null.
    NotNull,
}

impl Comparison {
    /// The comparison that requests call `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "eq" => Self::Equal,
            "ne" => Self::NotEqual,
            "lt" => Self::Less,
            "le" => Self::AtMost,
            "gt" => Self::Greater,
            "ge" => Self::AtLeast,
            "contains" => Self::Contains,
            "null" => Self::Null,
            "not_null" => Self::NotNull,
            _ => return None,
        })
    }
}

/// A condition on a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The column.
    pub column: String,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what, as pages show it; read as a value of the column's type.
    pub value: String,
}

/// Which rows and columns are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The columns; all when empty.
    pub columns: Vec<String>,
    /// Conditions that all must hold.
    pub conditions: Vec<Condition>,
    /// Text that some column must have in it, in whatever case.
    pub search: Option<String>,
    /// Columns to sort by, and whether downwards.
    pub order: Vec<(String, bool)>,
    /// So many rows are left out first.
    pub offset: u64,
    /// So many at most.
    pub limit: usize,
}

/// A page of what was wanted.
#[derive(Clone, Debug)]
pub struct ViewPage {
    /// The rows.
    pub rows: RecordBatch,
    /// How many rows meet the conditions.
    pub total: u64,
}

/// What is known of a column of the rows that meet the conditions.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnView {
    /// Its name.
    pub name: String,
    /// Arrow's name of its type.
    pub data_type: String,
    /// Number of nulls.
    pub nulls: u64,
    /// Smallest value, as text.
    pub min: Option<String>,
    /// Largest value.
    pub max: Option<String>,
    /// Mean of numbers.
    pub mean: Option<f64>,
    /// How many different values there are; none when there are more than [`crate::MOST_DISTINCT`].
    pub distinct: Option<u64>,
    /// How they are spread.
    pub histogram: Option<Histogram>,
}

/// Looking at a frame failed.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// The frame cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There is no such column.
    #[error("look at the rows: there is no column `{column}`")]
    NoColumn {
        /// The name.
        column: String,
    },
    /// A value that a column cannot have.
    #[error("look at the rows: `{value}` is no value of column `{column}`, which is {data_type}")]
    NoValue {
        /// The column.
        column: String,
        /// The value.
        value: String,
        /// Its type.
        data_type: String,
    },
    /// Values that can be equal, but not larger than others.
    #[error(
        "look at the rows: the values of column `{column}`, which is {data_type}, have no order"
    )]
    NoOrder {
        /// The column.
        column: String,
        /// Its type.
        data_type: String,
    },
    /// A page too far behind in an order.
    #[error("look at the rows: a sorted page cannot end behind row {MOST_SORTED}")]
    TooFar,
    /// The columns cannot be compared.
    #[error("compare the rows")]
    Arrow(#[from] ArrowError),
}

impl baton_base::Diagnose for ViewError {
    fn class(&self) -> baton_base::Class {
        match self {
            Self::Read(error) => error.class(),
            _ => baton_base::Class::User,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Read(error) => error.hint(),
            Self::TooFar => Some("narrow the rows down with a condition".to_owned()),
            Self::NoOrder { .. } => {
                Some("compare them with eq, ne, contains, null or not_null".to_owned())
            }
            Self::NoColumn { .. } | Self::NoValue { .. } | Self::Arrow(_) => None,
        }
    }
}

impl Frame {
    /// A page of the rows that are wanted.
    pub fn view(&self, view: &View) -> Result<ViewPage, ViewError> {
        let wanted = Wanted::new(self.schema(), view)?;
        let last = view.offset.saturating_add(view.limit as u64);
        if !wanted.filters() && wanted.order.is_empty() {
            let page = self.page(view.offset, view.limit)?;
            return Ok(ViewPage {
                rows: wanted.project(&page)?,
                total: self.rows(),
            });
        }
        let page = if wanted.order.is_empty() {
            self.in_order(&wanted, view.offset, last)?
        } else if last > MOST_SORTED {
            return Err(ViewError::TooFar);
        } else {
            self.sorted(&wanted, view.offset as usize, last as usize)?
        };
        Ok(page)
    }

    /// What is known of the columns of the rows that meet the conditions, and how many rows they are.
    pub fn view_statistics(&self, view: &View) -> Result<(u64, Vec<ColumnView>), ViewError> {
        let wanted = Wanted::new(self.schema(), view)?;
        let schema = wanted.project(&RecordBatch::new_empty(Arc::clone(self.schema())))?;
        let schema = schema.schema();
        let mut summary = Summary::new(&schema);
        let fields = schema.fields().iter();
        let mut gathered: Vec<Gathered> = fields
            .map(|field| Gathered::new(field.data_type()))
            .collect();
        for batch in self.scan(0, None) {
            let batch = wanted.project(&wanted.filter(&batch?)?)?;
            summary.add(&batch)?;
            for (gathered, column) in gathered.iter_mut().zip(batch.columns()) {
                gathered.add(column, || texts(column))?;
            }
        }
        summary.close()?;
        let mut shapes: Vec<Shape> = gathered.iter().map(Gathered::shape).collect();
        if shapes.iter().any(|shape| matches!(shape, Shape::Range(_))) {
            for batch in self.scan(0, None) {
                let batch = wanted.project(&wanted.filter(&batch?)?)?;
                for (shape, column) in shapes.iter_mut().zip(batch.columns()) {
                    if let Shape::Range(bins) = shape {
                        bins.add(column)?;
                    }
                }
            }
        }
        let statistics = summary.statistics().into_iter();
        let columns = schema.fields().iter().zip(statistics);
        let columns = columns.zip(gathered.into_iter().zip(shapes));
        let columns = columns.map(|((field, statistics), (gathered, shape))| ColumnView {
            name: field.name().clone(),
            data_type: field.data_type().to_string(),
            nulls: statistics.nulls,
            min: statistics.min,
            max: statistics.max,
            mean: gathered.mean(field.data_type()),
            distinct: gathered.distinct(),
            histogram: shape.histogram(),
        });
        Ok((summary.rows, columns.collect()))
    }

    fn in_order(&self, wanted: &Wanted, first: u64, last: u64) -> Result<ViewPage, ViewError> {
        let (mut total, mut kept) = (0_u64, Vec::new());
        for batch in self.scan(0, None) {
            let batch = wanted.filter(&batch?)?;
            let rows = batch.num_rows() as u64;
            let from = first.clamp(total, total + rows) - total;
            let to = last.clamp(total, total + rows) - total;
            if to > from {
                let part = batch.slice(from as usize, (to - from) as usize);
                kept.push(wanted.project(&part)?);
            }
            total += rows;
        }
        let schema = wanted.project(&RecordBatch::new_empty(Arc::clone(self.schema())))?;
        Ok(ViewPage {
            rows: compute::concat_batches(&schema.schema(), &kept)?,
            total,
        })
    }

    fn sorted(&self, wanted: &Wanted, first: usize, last: usize) -> Result<ViewPage, ViewError> {
        let mut total = 0_u64;
        let mut best = RecordBatch::new_empty(Arc::clone(self.schema()));
        for batch in self.scan(0, None) {
            let batch = wanted.filter(&batch?)?;
            total += batch.num_rows() as u64;
            let both = compute::concat_batches(self.schema(), [&best, &batch])?;
            best = wanted.sort(&both, last)?;
        }
        let first = first.min(best.num_rows());
        let rows = best.slice(first, best.num_rows() - first);
        Ok(ViewPage {
            rows: wanted.project(&rows)?,
            total,
        })
    }
}

/// The rows of a page as JSON objects. Names that appear twice get a number.
pub fn page_as_json(
    rows: &RecordBatch,
) -> Result<Vec<serde_json::Map<String, serde_json::Value>>, ArrowError> {
    let names = schema::unique_names(schema::shown_names(rows.schema_ref()));
    let fields = rows.schema_ref().fields().iter().zip(names);
    let fields: Vec<_> = fields
        .map(|(field, name)| Arc::new(field.as_ref().clone().with_name(name)))
        .collect();
    let renamed = Arc::new(Schema::new(fields));
    let rows = schema::with_rows(&renamed, rows.columns().to_vec(), rows.num_rows())?;
    let mut text = Vec::new();
    let mut writer = arrow::json::WriterBuilder::new()
        .with_explicit_nulls(true)
        .build::<_, arrow::json::writer::JsonArray>(&mut text);
    writer.write(&rows)?;
    writer.finish()?;
    if text.is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_slice(&text).map_err(|error| ArrowError::JsonError(error.to_string()))
}

/// The rows of a page as an Arrow stream.
pub fn page_as_arrow(rows: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
    let mut bytes = Vec::new();
    let mut writer = arrow::ipc::writer::StreamWriter::try_new(&mut bytes, rows.schema_ref())?;
    writer.write(rows)?;
    writer.finish()?;
    drop(writer);
    Ok(bytes)
}
