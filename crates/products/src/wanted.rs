//! What a view wants of a frame whose columns are known: which rows meet its conditions, and in which order.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Datum, Int64Array, RecordBatch, Scalar,
    StringArray,
};
use arrow::compute::kernels::cmp;
use arrow::compute::{self, SortColumn, SortOptions};
use arrow::datatypes::{DataType, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use serde_json::Value;

use crate::schema;
use crate::view::{Comparison, Condition, View, ViewError, page_as_json};

/// A view whose columns have been found.
pub(crate) struct Wanted<'a> {
    columns: Option<Vec<usize>>,
    conditions: Vec<(usize, Test)>,
    search: Option<String>,
    pub(crate) order: Vec<(usize, bool)>,
    schema: &'a SchemaRef,
}

/// A condition whose value has been read.
enum Test {
    Compared(Comparison, ArrayRef),
    /// Whether a value of several values is shown so, or not.
    Shown(Value, bool),
    Contains(String),
    Null(bool),
}

impl<'a> Wanted<'a> {
    pub(crate) fn new(schema: &'a SchemaRef, view: &View) -> Result<Self, ViewError> {
        let place = |name: &String| place(schema, name);
        let places = |names: &[String]| names.iter().map(place).collect::<Result<Vec<_>, _>>();
        let conditions = view.conditions.iter().map(|condition| {
            let at = place(&condition.column)?;
            let test = match condition.comparison {
                Comparison::Null => Test::Null(true),
                Comparison::NotNull => Test::Null(false),
                Comparison::Contains => Test::Contains(condition.value.to_lowercase()),
                other if schema.field(at).data_type().is_nested() => {
                    shown(schema, at, condition, other)?
                }
                other => Test::Compared(other, value_of(schema, at, condition)?),
            };
            Ok::<_, ViewError>((at, test))
        });
        let order = view.order.iter();
        let order = order.map(|(name, down)| Ok::<_, ViewError>((place(name)?, *down)));
        let search = view.search.as_ref().filter(|text| !text.is_empty());
        Ok(Self {
            columns: match view.columns.as_slice() {
                [] => None,
                names => Some(places(names)?),
            },
            conditions: conditions.collect::<Result<_, _>>()?,
            search: search.map(|text| text.to_lowercase()),
            order: order.collect::<Result<_, _>>()?,
            schema,
        })
    }

    /// Where a column is.
    pub(crate) fn place(&self, name: &str) -> Result<usize, ViewError> {
        place(self.schema, name)
    }

    pub(crate) fn filters(&self) -> bool {
        !self.conditions.is_empty() || self.search.is_some()
    }

    pub(crate) fn project(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        match &self.columns {
            None => Ok(batch.clone()),
            Some(columns) => batch.project(columns),
        }
    }

    /// The rows that meet the conditions.
    pub(crate) fn filter(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        if !self.filters() || batch.num_rows() == 0 {
            return Ok(batch.clone());
        }
        let mut mask: Option<BooleanArray> = None;
        for (at, test) in &self.conditions {
            let found = test.of(batch.column(*at))?;
            mask = Some(match mask {
                Some(mask) => compute::and(&mask, &found)?,
                None => found,
            });
        }
        if let Some(text) = &self.search {
            let mut any: Option<BooleanArray> = None;
            for column in batch.columns() {
                let found = contains(column, text)?;
                any = Some(match any {
                    Some(any) => compute::or(&any, &found)?,
                    None => found,
                });
            }
            let any = any.unwrap_or_else(|| BooleanArray::from(vec![false; batch.num_rows()]));
            mask = Some(match mask {
                Some(mask) => compute::and(&mask, &any)?,
                None => any,
            });
        }
        match mask {
            Some(mask) => compute::filter_record_batch(batch, &mask),
            None => Ok(batch.clone()),
        }
    }

    /// The first rows in the order.
    pub(crate) fn sort(&self, batch: &RecordBatch, most: usize) -> Result<RecordBatch, ArrowError> {
        let keys = self.order.iter().map(|(at, down)| {
            let options = SortOptions {
                descending: *down,
                nulls_first: false,
            };
            let column = Arc::clone(batch.column(*at));
            // What has no order of its own is sorted by its text.
            let values = if column.data_type().is_nested() {
                texts(&column)?
            } else {
                column
            };
            Ok(SortColumn {
                values,
                options: Some(options),
            })
        });
        let mut keys = keys.collect::<Result<Vec<_>, ArrowError>>()?;
        // Equal rows stay in their order.
        let places = arrow::array::UInt64Array::from_iter_values(0..batch.num_rows() as u64);
        keys.push(SortColumn {
            values: Arc::new(places),
            options: None,
        });
        let order = compute::lexsort_to_indices(&keys, Some(most))?;
        let columns = batch.columns().iter();
        let columns = columns.map(|column| compute::take(column, &order, None));
        schema::with_rows(
            self.schema,
            columns.collect::<Result<_, _>>()?,
            most.min(batch.num_rows()),
        )
    }
}

/// Where the column of a name is.
fn place(schema: &Schema, name: &str) -> Result<usize, ViewError> {
    let mut fields = schema.fields().iter();
    let found = fields.position(|field| field.name() == name);
    found.ok_or_else(|| ViewError::NoColumn {
        column: name.to_owned(),
    })
}

/// The value of a condition as one of its column.
fn value_of(schema: &Schema, at: usize, condition: &Condition) -> Result<ArrayRef, ViewError> {
    let data_type = schema.field(at).data_type();
    let plain = match data_type {
        DataType::Dictionary(_, values) => values.as_ref(),
        other => other,
    };
    let no_value = || ViewError::NoValue {
        column: condition.column.clone(),
        value: condition.value.clone(),
        data_type: data_type.to_string(),
    };
    let text = condition.value.as_str();
    let value: Option<ArrayRef> = match plain {
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => bytes(text).map(|bytes| {
            let bytes: ArrayRef = Arc::new(BinaryArray::from(vec![bytes.as_slice()]));
            bytes
        }),
        DataType::Duration(unit) => duration(text, *unit).map(|units| {
            let units: ArrayRef = Arc::new(Int64Array::from(vec![units]));
            units
        }),
        _ => Some(Arc::new(StringArray::from(vec![text]))),
    };
    let value = value.and_then(|value| compute::cast(&value, plain).ok());
    value.filter(|value| !value.is_null(0)).ok_or_else(no_value)
}

/// The condition on a column of lists or the like: they are compared as JSON shows them.
fn shown(
    schema: &Schema,
    at: usize,
    condition: &Condition,
    comparison: Comparison,
) -> Result<Test, ViewError> {
    let column = condition.column.clone();
    let data_type = schema.field(at).data_type().to_string();
    let is_equal = match comparison {
        Comparison::Equal => true,
        Comparison::NotEqual => false,
        _ => return Err(ViewError::NoOrder { column, data_type }),
    };
    match serde_json::from_str(&condition.value) {
        Ok(value) => Ok(Test::Shown(value, is_equal)),
        Err(_) => Err(ViewError::NoValue {
            column,
            value: condition.value.clone(),
            data_type,
        }),
    }
}

/// Bytes as they are shown: two digits for each.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    let bytes = pairs.map(|pair| {
        let digits = std::str::from_utf8(pair).ok()?;
        let is_whole = digits.len() == 2 && digits.bytes().all(|one| one.is_ascii_hexdigit());
        is_whole.then(|| u8::from_str_radix(digits, 16).ok())?
    });
    bytes.collect()
}

/// A duration as it is shown, `PT1.5S` or `-PT90S`, in its unit.
fn duration(text: &str, unit: TimeUnit) -> Option<i64> {
    if text == "P0D" {
        return Some(0);
    }
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => (-1, text),
        None => (1, text),
    };
    let seconds = text.strip_prefix("PT")?.strip_suffix('S')?;
    let (whole, part) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let are_digits = [whole, part]
        .iter()
        .all(|digits| !digits.is_empty() && digits.bytes().all(|one| one.is_ascii_digit()));
    if !are_digits || part.len() > 9 {
        return None;
    }
    let nanoseconds = whole.parse::<i128>().ok()?.checked_mul(1_000_000_000)?
        + format!("{part:0<9}").parse::<i128>().ok()?;
    let one = match unit {
        TimeUnit::Second => 1_000_000_000,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Nanosecond => 1,
    };
    let units = (nanoseconds % one == 0).then_some(sign * (nanoseconds / one))?;
    units.try_into().ok()
}

impl Test {
    fn of(&self, column: &ArrayRef) -> Result<BooleanArray, ArrowError> {
        match self {
            Self::Null(true) => compute::is_null(column),
            Self::Null(false) => compute::is_not_null(column),
            Self::Contains(text) => contains(column, text),
            Self::Shown(value, is_equal) => {
                let one = RecordBatch::try_from_iter([("value", Arc::clone(column))])?;
                let rows = page_as_json(&one)?;
                let found = rows.iter().map(|row| match row.get("value") {
                    None | Some(Value::Null) => Some(false),
                    Some(other) => Some((other == value) == *is_equal),
                });
                Ok(found.collect())
            }
            Self::Compared(comparison, value) => {
                let column = match column.data_type() {
                    DataType::Dictionary(_, values) => compute::cast(column, values)?,
                    _ => Arc::clone(column),
                };
                let value = Scalar::new(Arc::clone(value));
                let value: &dyn Datum = &value;
                let column: &dyn Datum = &column;
                let found = match comparison {
                    Comparison::NotEqual => cmp::neq(column, value)?,
                    Comparison::Less => cmp::lt(column, value)?,
                    Comparison::AtMost => cmp::lt_eq(column, value)?,
                    Comparison::Greater => cmp::gt(column, value)?,
                    Comparison::AtLeast => cmp::gt_eq(column, value)?,
                    _ => cmp::eq(column, value)?,
                };
                Ok(without_nulls(&found))
            }
        }
    }
}

/// Null is no.
fn without_nulls(found: &BooleanArray) -> BooleanArray {
    found.iter().map(|one| Some(one == Some(true))).collect()
}

/// Each value as text.
pub(crate) fn texts(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    use arrow::util::display::{ArrayFormatter, FormatOptions};
    if column.data_type() == &DataType::Utf8 {
        return Ok(Arc::clone(column));
    }
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(column.as_ref(), &options)?;
    let nulls = column.logical_nulls();
    let texts = (0..column.len()).map(|row| {
        let is_null = nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
        (!is_null).then(|| formatter.value(row).to_string())
    });
    Ok(Arc::new(texts.collect::<StringArray>()))
}

/// Whether each value has the text, which is in small letters, in it.
fn contains(column: &ArrayRef, text: &str) -> Result<BooleanArray, ArrowError> {
    let texts = texts(column)?;
    let texts = texts.as_string::<i32>().iter();
    let found = texts.map(|one| Some(one.is_some_and(|one| one.to_lowercase().contains(text))));
    Ok(found.collect())
}
