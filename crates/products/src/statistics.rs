//! Statistics of columns: nulls, smallest and largest value, gathered batch by batch and merged over files.
//!
//! The extremes are kept as Arrow values until the end, so that merging compares numbers and not their texts.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, PrimitiveArray, RecordBatch, UInt32Array,
    downcast_dictionary_array, downcast_primitive_array,
};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{self, kernels::aggregate};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Schema};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use baton_model::ColumnStatistics;

/// Longest text that is kept of a smallest or largest value, in characters.
const MAX_TEXT: usize = 64;

/// What is known of one column so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct ColumnSummary {
    nulls: u64,
    /// The smallest and the largest value, at most a few candidates; none while every value is null.
    extremes: Option<ArrayRef>,
    /// The dictionary at hand, and which of its values appeared. They are compared when it is done with: batches of a
    /// file share one, and its values would be looked at again for each of them.
    used: Option<(ArrayRef, BooleanBuffer)>,
}

/// What is known of the columns of a frame so far.
#[derive(Clone, Debug)]
pub(crate) struct Summary {
    pub(crate) rows: u64,
    columns: Vec<ColumnSummary>,
}

impl Summary {
    pub(crate) fn new(schema: &Schema) -> Self {
        Self {
            rows: 0,
            columns: vec![ColumnSummary::default(); schema.fields().len()],
        }
    }

    /// Adds the rows of a batch.
    pub(crate) fn add(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        self.rows += batch.num_rows() as u64;
        for (summary, column) in self.columns.iter_mut().zip(batch.columns()) {
            summary.nulls += column.logical_null_count() as u64;
            let Some((values, used)) = used_values(column) else {
                summary.consider(extremes(column)?)?;
                continue;
            };
            let used = match summary.used.take() {
                Some((known, before)) if known.to_data().ptr_eq(&values.to_data()) => {
                    &before | &used
                }
                Some(other) => {
                    summary.used = Some(other);
                    summary.close_dictionary()?;
                    used
                }
                None => used,
            };
            summary.used = Some((values, used));
        }
        Ok(())
    }

    /// To be called after the last batch of a file.
    pub(crate) fn close(&mut self) -> Result<(), ArrowError> {
        self.columns
            .iter_mut()
            .try_for_each(ColumnSummary::close_dictionary)
    }

    /// Adds what was gathered from another file of the same schema.
    pub(crate) fn merge(&mut self, other: &Self) -> Result<(), ArrowError> {
        self.rows += other.rows;
        for (summary, column) in self.columns.iter_mut().zip(&other.columns) {
            summary.nulls += column.nulls;
            summary.consider(column.extremes.clone())?;
        }
        Ok(())
    }

    /// The statistics as they are shown.
    pub(crate) fn statistics(&self) -> Vec<ColumnStatistics> {
        self.columns.iter().map(ColumnSummary::statistics).collect()
    }
}

impl ColumnSummary {
    fn close_dictionary(&mut self) -> Result<(), ArrowError> {
        match self.used.take() {
            Some((values, used)) => {
                let used = compute::filter(&values, &BooleanArray::new(used, None))?;
                self.consider(extremes(&used)?)
            }
            None => Ok(()),
        }
    }

    fn consider(&mut self, candidates: Option<ArrayRef>) -> Result<(), ArrowError> {
        self.extremes = match (self.extremes.take(), candidates) {
            (Some(known), Some(new)) => {
                extremes(&compute::concat(&[known.as_ref(), new.as_ref()])?)?
            }
            (known, new) => known.or(new),
        };
        Ok(())
    }

    fn statistics(&self) -> ColumnStatistics {
        let text = |index: usize| {
            let values = self.extremes.as_ref()?;
            // A value that has no text, as a timestamp far outside the calendar, has no statistic.
            let options = FormatOptions::default().with_display_error(false);
            let formatter = ArrayFormatter::try_new(values, &options).ok()?;
            let text = formatter.value(index).try_to_string().ok()?;
            // Only text can be long; a decimal has to stay exact.
            Some(if values.data_type().is_string() {
                cut(text)
            } else {
                text
            })
        };
        ColumnStatistics {
            nulls: self.nulls,
            min: text(0),
            max: text(1),
        }
    }
}

/// The first characters of a text.
fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_TEXT) {
        text.truncate(end);
    }
    text
}

/// The smallest and the largest value of an array, as an array of two; none for types without an order that
/// people expect, and where there is no value.
fn extremes(array: &ArrayRef) -> Result<Option<ArrayRef>, ArrowError> {
    if array.is_empty() || array.null_count() == array.len() {
        return Ok(None);
    }
    let array = array.as_ref();
    let positions = match array.data_type() {
        DataType::Boolean => return Ok(boolean(array.as_boolean())),
        DataType::Float16 => {
            let wide = compute::cast(array, &DataType::Float32)?;
            return Ok(float::<Float32Type>(wide.as_primitive(), f32::is_nan));
        }
        DataType::Float32 => return Ok(float::<Float32Type>(array.as_primitive(), f32::is_nan)),
        DataType::Float64 => return Ok(float::<Float64Type>(array.as_primitive(), f64::is_nan)),
        DataType::Interval(_) => return Ok(None),
        DataType::Utf8 => text(array.len(), array.as_string::<i32>().iter()),
        DataType::LargeUtf8 => text(array.len(), array.as_string::<i64>().iter()),
        DataType::Utf8View => text(array.len(), array.as_string_view().iter()),
        // Of a dictionary in a dictionary; usual ones are gathered before.
        DataType::Dictionary(_, _) => {
            return match used_values(array) {
                Some((values, used)) => {
                    extremes(&compute::filter(&values, &BooleanArray::new(used, None))?)
                }
                None => Ok(None),
            };
        }
        data_type if data_type.is_primitive() => {
            return Ok(downcast_primitive_array! {
                array => primitive(array, aggregate::min(array), aggregate::max(array)),
                _ => None,
            });
        }
        _ => return Ok(None),
    };
    positions
        .map(|(min, max)| compute::take(array, &UInt32Array::from(vec![min, max]), None))
        .transpose()
}

/// The values of a dictionary, and which of them an array uses; none for arrays without a dictionary.
fn used_values(array: &dyn Array) -> Option<(ArrayRef, BooleanBuffer)> {
    downcast_dictionary_array! {
        array => Some((Arc::clone(array.values()), array.occupancy())),
        _ => None,
    }
}

fn primitive<T: arrow::datatypes::ArrowPrimitiveType>(
    array: &PrimitiveArray<T>,
    min: Option<T::Native>,
    max: Option<T::Native>,
) -> Option<ArrayRef> {
    let values = vec![min?, max?];
    // The data type carries what the native type does not know: time zone, precision and scale.
    let pair = PrimitiveArray::<T>::new(values.into(), None);
    Some(Arc::new(pair.with_data_type(array.data_type().clone())))
}

fn float<T>(array: &PrimitiveArray<T>, is_nan: fn(T::Native) -> bool) -> Option<ArrayRef>
where
    T: arrow::datatypes::ArrowNumericType,
    T::Native: PartialOrd,
{
    let (min, max) = (aggregate::min(array)?, aggregate::max(array)?);
    if !is_nan(min) && !is_nan(max) {
        return primitive(array, Some(min), Some(max));
    }
    // The kernels order NaN as a value; whoever reads the statistics wants the numbers.
    let numbers = array.iter().flatten().filter(|number| !is_nan(*number));
    let pair = numbers.fold(None, |pair, number| match pair {
        None => Some((number, number)),
        Some((min, max)) => Some((
            if number < min { number } else { min },
            if number > max { number } else { max },
        )),
    });
    let (min, max) = pair?;
    primitive(array, Some(min), Some(max))
}

fn boolean(array: &BooleanArray) -> Option<ArrayRef> {
    let pair = [
        aggregate::min_boolean(array)?,
        aggregate::max_boolean(array)?,
    ];
    Some(Arc::new(BooleanArray::from(pair.to_vec())))
}

/// Positions of the smallest and the largest text, in the order of bytes, which in UTF-8 is the order of characters.
fn text<'a>(rows: usize, values: impl Iterator<Item = Option<&'a str>>) -> Option<(u32, u32)> {
    u32::try_from(rows).ok()?;
    let mut values = values
        .enumerate()
        .filter_map(|(index, value)| value.map(|value| (index, value)));
    let first = values.next()?;
    let (mut min, mut max) = (first, first);
    for value in values {
        if value.1 < min.1 {
            min = value;
        } else if value.1 > max.1 {
            max = value;
        }
    }
    Some((min.0 as u32, max.0 as u32))
}

#[cfg(test)]
mod tests {
    use arrow::array::{
        Date32Array, Decimal128Array, Decimal256Array, DictionaryArray, Float64Array, Int64Array,
        ListArray, NullArray, StringArray, StringViewArray, Time64MicrosecondArray,
        TimestampMicrosecondArray, TimestampNanosecondArray, UInt64Array,
    };
    use arrow::datatypes::{Field, Int8Type, Int32Type, i256};

    use super::*;

    /// Statistics of a column that comes in two batches and two files.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the table of cases reads better"
    )]
    fn check(column: ArrayRef, nulls: u64, expected: Option<(&str, &str)>) {
        let schema = Arc::new(Schema::new(vec![Field::new(
            "a",
            column.data_type().clone(),
            true,
        )]));
        let half = column.len() / 2;
        let mut files = Vec::new();
        for part in [
            column.slice(0, half),
            column.slice(half, column.len() - half),
        ] {
            let mut summary = Summary::new(&schema);
            let batch = RecordBatch::try_new(Arc::clone(&schema), vec![part]).unwrap();
            summary.add(&batch).unwrap();
            summary.add(&batch.slice(0, 0)).unwrap();
            summary.close().unwrap();
            files.push(summary);
        }
        let (first, second) = files.split_at_mut(1);
        first[0].merge(&second[0]).unwrap();
        let statistics = first[0].statistics();
        assert_eq!(statistics[0].nulls, nulls, "{:?}", column.data_type());
        let found = statistics[0]
            .min
            .as_deref()
            .zip(statistics[0].max.as_deref());
        assert_eq!(found, expected, "{:?}", column.data_type());
        assert_eq!(first[0].rows, column.len() as u64);
    }

    #[test]
    fn numbers() {
        check(
            Arc::new(Int64Array::from(vec![
                None,
                Some(i64::MAX),
                Some(9),
                Some(i64::MIN),
            ])),
            1,
            Some(("-9223372036854775808", "9223372036854775807")),
        );
        check(
            Arc::new(UInt64Array::from(vec![u64::MAX, 10, 9])),
            0,
            Some(("9", "18446744073709551615")),
        );
        check(
            Arc::new(
                Decimal128Array::from(vec![Some(-12345), None, Some(5)])
                    .with_precision_and_scale(38, 2)
                    .unwrap(),
            ),
            1,
            Some(("-123.45", "0.05")),
        );
        check(
            Arc::new(
                Decimal256Array::from(vec![i256::MAX, i256::from(1)])
                    .with_precision_and_scale(76, 0)
                    .unwrap(),
            ),
            0,
            Some(("1", &i256::MAX.to_string())),
        );
    }

    #[test]
    fn floats_ignore_nan() {
        let nan = f64::NAN;
        check(
            Arc::new(Float64Array::from(vec![
                Some(nan),
                Some(1.5),
                None,
                Some(-2.0),
                Some(-nan),
            ])),
            1,
            Some(("-2.0", "1.5")),
        );
        check(Arc::new(Float64Array::from(vec![nan, nan])), 0, None);
        check(
            Arc::new(Float64Array::from(vec![1.0, f64::INFINITY])),
            0,
            Some(("1.0", "inf")),
        );
    }

    #[test]
    fn times() {
        check(
            Arc::new(Date32Array::from(vec![0, -1, 20_000])),
            0,
            Some(("1969-12-31", "2024-10-04")),
        );
        check(
            Arc::new(
                TimestampMicrosecondArray::from(vec![0, 1_700_000_000_123_456])
                    .with_timezone("Europe/Berlin"),
            ),
            0,
            Some((
                "1970-01-01T01:00:00+01:00",
                "2023-11-14T23:13:20.123456+01:00",
            )),
        );
        check(
            Arc::new(TimestampNanosecondArray::from(vec![0, 1])),
            0,
            Some(("1970-01-01T00:00:00", "1970-01-01T00:00:00.000000001")),
        );
        check(
            Arc::new(Time64MicrosecondArray::from(vec![3_600_000_000, 1])),
            0,
            Some(("00:00:00.000001", "01:00:00")),
        );
        // Outside of the calendar: no text, no statistic, no failure.
        check(
            Arc::new(TimestampMicrosecondArray::from(vec![i64::MAX])),
            0,
            None,
        );
    }

    #[test]
    fn texts() {
        let texts = vec![Some("b"), None, Some("ä"), Some("B")];
        check(
            Arc::new(StringArray::from(texts.clone())),
            1,
            Some(("B", "ä")),
        );
        check(Arc::new(StringViewArray::from(texts)), 1, Some(("B", "ä")));
        let long = "ö".repeat(100);
        check(
            Arc::new(StringArray::from(vec![long.as_str()])),
            0,
            Some((&"ö".repeat(64), &"ö".repeat(64))),
        );
        let values = Arc::new(StringArray::from(vec![
            "never used",
            "y",
            "x",
            "zz never used",
        ]));
        let keys = vec![Some(1), None, Some(2), Some(1)].into();
        check(
            Arc::new(DictionaryArray::<Int8Type>::new(keys, values)),
            1,
            Some(("x", "y")),
        );
    }

    #[test]
    fn batches_share_a_dictionary_or_have_their_own() {
        let column = |keys: [i8; 2], values: &ArrayRef| {
            let keys = keys.to_vec().into();
            Arc::new(DictionaryArray::<Int8Type>::new(keys, Arc::clone(values))) as ArrayRef
        };
        let values = |texts: [&str; 4]| Arc::new(StringArray::from(texts.to_vec())) as ArrayRef;
        let (first, second) = (values(["a", "n", "b", "z"]), values(["c", "x", "", "d"]));
        let columns = [
            column([1, 2], &first),
            column([2, 2], &first),
            column([3, 1], &second),
            column([0, 3], &second),
        ];
        let schema = Arc::new(Schema::new(vec![Field::new(
            "a",
            columns[0].data_type().clone(),
            true,
        )]));
        let mut summary = Summary::new(&schema);
        for column in columns {
            summary
                .add(&RecordBatch::try_new(Arc::clone(&schema), vec![column]).unwrap())
                .unwrap();
        }
        summary.close().unwrap();
        let found = summary.statistics().remove(0);
        assert_eq!(
            (found.min.as_deref(), found.max.as_deref()),
            (Some("b"), Some("x"))
        );
    }

    #[test]
    fn others() {
        check(
            Arc::new(BooleanArray::from(vec![None, Some(true), Some(false)])),
            1,
            Some(("false", "true")),
        );
        check(Arc::new(Int64Array::from(vec![None, None])), 2, None);
        check(Arc::new(Int64Array::from(Vec::<i64>::new())), 0, None);
        check(Arc::new(NullArray::new(3)), 3, None);
        let lists = vec![Some(vec![Some(1)]), None];
        check(
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists)),
            1,
            None,
        );
    }
}
