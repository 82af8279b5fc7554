//! Columns as numbers, and numbers as values of a column.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array};
use arrow::compute;
use arrow::datatypes::{DataType, Float32Type, Float64Type, TimeUnit};
use arrow::error::ArrowError;

/// Whether values of a type lie on an axis.
pub(super) fn is_ordered(data_type: &DataType) -> bool {
    is_time(data_type) || data_type.is_numeric()
}

pub(super) fn is_time(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..)
    )
}

/// The type in which numbers that were made of a column are shown: times are counted in microseconds.
pub(super) fn shown_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Date32 | DataType::Date64 => DataType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Timestamp(_, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
        _ => DataType::Float64,
    }
}

/// A column as numbers, times as microseconds since the epoch; none for what is neither.
pub(super) fn numbers(column: &ArrayRef) -> Result<Option<Float64Array>, ArrowError> {
    let plain = match column.data_type() {
        data_type if is_time(data_type) => {
            let micros = compute::cast(column, &shown_type(data_type))?;
            compute::cast(&micros, &DataType::Int64)?
        }
        DataType::Boolean => compute::cast(column, &DataType::Int32)?,
        data_type if data_type.is_numeric() => Arc::clone(column),
        _ => return Ok(None),
    };
    let plain = compute::cast(&plain, &DataType::Float64)?;
    Ok(Some(plain.as_primitive::<Float64Type>().clone()))
}

/// Numbers as values of the type that [`shown_type`] says.
pub(super) fn shown(numbers: &Float64Array, data_type: &DataType) -> Result<ArrayRef, ArrowError> {
    if *data_type == DataType::Float64 {
        return Ok(Arc::new(numbers.clone()));
    }
    let whole: Int64Array = numbers
        .iter()
        .map(|number| number.map(|number| number as i64))
        .collect();
    compute::cast(&whole, data_type)
}

/// A column whose values can be compared: without its dictionary, and with nulls for what is no number.
pub(super) fn plain(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let column = match column.data_type() {
        DataType::Dictionary(_, values) => compute::cast(column, values)?,
        _ => Arc::clone(column),
    };
    let is_nan: BooleanArray = match column.data_type() {
        DataType::Float64 => {
            let values = column.as_primitive::<Float64Type>();
            if !values.values().iter().any(|value| value.is_nan()) {
                return Ok(column);
            }
            values.iter().map(|one| one.map(f64::is_nan)).collect()
        }
        DataType::Float32 => {
            let values = column.as_primitive::<Float32Type>();
            if !values.values().iter().any(|value| value.is_nan()) {
                return Ok(column);
            }
            values.iter().map(|one| one.map(f32::is_nan)).collect()
        }
        _ => return Ok(column),
    };
    compute::nullif(&column, &is_nan)
}
