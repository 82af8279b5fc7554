//! Charts along an axis: lines, and histograms. A range is cut into equal parts where there are too many values.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch, UInt64Array};
use arrow::compute;
use arrow::datatypes::{DataType, Field, Float64Type, Schema, SchemaRef};
use arrow::error::ArrowError;

use super::{
    BUCKETS, Chart, ChartError, Drawn, Gathered, MOST_BUCKETS, MOST_MARKS, Rows, column, times,
};
use crate::schema;

/// A point for each value of a column; where there are too many and they are numbers or times, for each part of their
/// range.
pub(super) fn line(rows: &Rows<'_>, chart: &Chart) -> Result<Drawn, ChartError> {
    let place = rows.only(chart)?;
    let field = rows.field(place);
    if !column::is_ordered(field.data_type()) {
        return super::grouped(rows, chart);
    }
    let name = field.name().as_str();
    let keys = |batch: &RecordBatch| Ok(vec![column::plain(batch.column(place))?]);
    if let Some(gathered) = Gathered::of(rows, chart, chart.limit(), keys)? {
        return gathered.drawn(chart, &[name]);
    }
    let Some((least, most)) = rows.range(place)? else {
        return super::grouped(rows, chart);
    };
    let parts = Parts::new(least, most, chart.limit(), field.data_type());
    let keys = |batch: &RecordBatch| {
        let numbers = column::numbers(batch.column(place))?
            .unwrap_or_else(|| Float64Array::new_null(batch.num_rows()));
        let bins = numbers.iter().map(|number| parts.of(number));
        let bins: UInt64Array = bins.collect();
        Ok(vec![Arc::new(bins) as ArrayRef])
    };
    let gathered = Gathered::of(rows, chart, MOST_MARKS, keys)?;
    let gathered = gathered.ok_or_else(|| ChartError::TooManyGroups {
        most: MOST_MARKS,
        columns: format!("`{name}`"),
    })?;
    let mut drawn = gathered.drawn(chart, &[name])?;
    let starts = drawn.marks.column(0);
    let starts = compute::cast(starts, &DataType::Float64)?;
    let starts: Float64Array = starts
        .as_primitive::<Float64Type>()
        .unary(|part| parts.start(part));
    let starts = parts.values(&starts)?;
    drawn.marks = with_first(&drawn.marks, &starts)?;
    drawn.width = Some(parts.shown_width());
    Ok(drawn)
}

/// The same rows with another first column.
fn with_first(batch: &RecordBatch, column: &ArrayRef) -> Result<RecordBatch, ArrowError> {
    let mut fields: Vec<Field> = batch
        .schema()
        .fields()
        .iter()
        .map(|field| field.as_ref().clone())
        .collect();
    let mut columns = batch.columns().to_vec();
    if let (Some(field), Some(first)) = (fields.first_mut(), columns.first_mut()) {
        *field = field.clone().with_data_type(column.data_type().clone());
        *first = Arc::clone(column);
    }
    let rows = batch.num_rows();
    schema::with_rows(&(Arc::new(Schema::new(fields)) as SchemaRef), columns, rows)
}

/// How the values of a column are spread.
pub(super) fn histogram(rows: &Rows<'_>, chart: &Chart) -> Result<Drawn, ChartError> {
    let place = rows.only(chart)?;
    let field = rows.field(place);
    if !column::is_ordered(field.data_type()) {
        return Err(rows.not_numbers(
            place,
            "a histogram needs numbers or times; a bar chart counts other values",
        ));
    }
    let buckets = chart.buckets.unwrap_or(BUCKETS).clamp(1, MOST_BUCKETS);
    let range = rows.range(place)?;
    let parts = range.map(|(least, most)| Parts::new(least, most, buckets, field.data_type()));
    let mut counts = vec![0_u64; parts.as_ref().map_or(0, |parts| parts.count)];
    let (mut total, mut shown) = (0, 0);
    for batch in rows.batches() {
        let batch = batch?;
        total += batch.num_rows() as u64;
        let (Some(parts), Some(numbers)) = (&parts, column::numbers(batch.column(place))?) else {
            continue;
        };
        for part in numbers.iter().filter_map(|number| parts.of(number)) {
            if let Some(count) = counts.get_mut(part as usize) {
                *count += 1;
                shown += 1;
            }
        }
    }
    let edge = |at: usize| parts.as_ref().map_or(0.0, |parts| parts.start(at as f64));
    let edges = |first: usize| -> Result<ArrayRef, ArrowError> {
        let edges: Float64Array = (first..first + counts.len())
            .map(edge)
            .collect::<Vec<_>>()
            .into();
        match &parts {
            Some(parts) => parts.values(&edges),
            None => Ok(Arc::new(edges)),
        }
    };
    let (from, to) = (edges(0)?, edges(1)?);
    let fields = vec![
        Field::new("from", from.data_type().clone(), true),
        Field::new("to", to.data_type().clone(), true),
        Field::new("count", DataType::UInt64, false),
    ];
    let groups = counts.len();
    let columns = vec![from, to, Arc::new(UInt64Array::from(counts)) as ArrayRef];
    Ok(Drawn {
        marks: schema::with_rows(&Arc::new(Schema::new(fields)), columns, groups)?,
        places: 2,
        rows: total,
        left_out: total - shown,
        groups: groups as u64,
        rest: vec![None],
        interval: None,
        time_zone: None,
        width: parts.map(|parts| parts.shown_width()),
    })
}

/// Equal parts of the range of a column.
struct Parts {
    least: f64,
    width: f64,
    count: usize,
    shown: DataType,
}

impl Parts {
    fn new(least: f64, most: f64, count: usize, data_type: &DataType) -> Self {
        // Halves first: the difference of large numbers may have no value.
        let mut width = (most / 2.0 - least / 2.0) / count as f64 * 2.0;
        let mut count = count;
        if data_type.is_integer() {
            // No part between two numbers, and the last one takes the greatest.
            width = ((most - least + 1.0) / count as f64).ceil().max(1.0);
            count = (((most - least + 1.0) / width).ceil() as usize).clamp(1, count);
        } else if width <= 0.0 {
            (width, count) = (0.0, 1);
        }
        Self {
            least,
            width,
            count,
            shown: column::shown_type(data_type),
        }
    }

    /// The part that a number lies in.
    fn of(&self, number: Option<f64>) -> Option<u64> {
        let number = number.filter(|number| number.is_finite())?;
        if self.width <= 0.0 {
            return Some(0);
        }
        // The greatest number belongs to the last part.
        let place = ((number / 2.0 - self.least / 2.0) / self.width * 2.0) as usize;
        Some(place.min(self.count - 1) as u64)
    }

    fn start(&self, part: f64) -> f64 {
        self.least + self.width * part
    }

    /// Numbers as values of the column.
    fn values(&self, numbers: &Float64Array) -> Result<ArrayRef, ArrowError> {
        column::shown(numbers, &self.shown)
    }

    /// The width of a part; of times in seconds.
    fn shown_width(&self) -> f64 {
        match self.shown {
            DataType::Timestamp(..) | DataType::Duration(_) => self.width / times::SECOND as f64,
            _ => self.width,
        }
    }
}
