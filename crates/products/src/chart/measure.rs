//! What is measured of a group: how many rows, sums, extremes, and what needs every value.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch, StringArray, UInt64Array};
use arrow::compute;
use arrow::datatypes::{DataType, Float64Type};
use arrow::error::ArrowError;

use super::{ChartError, column};
use crate::wanted::texts;

/// Most different values that are kept for a median, a mode or a distinct count.
pub const MOST_VALUES: usize = 2_000_000;

/// Most bytes of different texts that are kept for them.
const MOST_TEXT: usize = 64 << 20;

/// How the values of a group become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregation {
    /// The mean.
    Average,
    /// How many there are.
    Count,
    /// How many different ones there are.
    CountDistinct,
    /// The largest.
    Max,
    /// The one in the middle.
    Median,
    /// The smallest.
    Min,
    /// The most frequent; of several the smallest.
    Mode,
    /// The sum.
    Sum,
}

impl Aggregation {
    const NAMED: [(&'static str, Self); 8] = [
        ("average", Self::Average),
        ("count", Self::Count),
        ("count_distinct", Self::CountDistinct),
        ("max", Self::Max),
        ("median", Self::Median),
        ("min", Self::Min),
        ("mode", Self::Mode),
        ("sum", Self::Sum),
    ];

    /// The aggregation that projects call `name`.
    pub fn parse(name: &str) -> Option<Self> {
        let found = Self::NAMED.into_iter().find(|(known, _)| *known == name);
        found.map(|(_, aggregation)| aggregation)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        let found = Self::NAMED.into_iter().find(|(_, known)| *known == self);
        found.map_or("", |(name, _)| name)
    }
}

/// Something that is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// How.
    pub aggregation: Aggregation,
    /// Of which column; a count without one counts rows.
    pub column: Option<String>,
}

impl Metric {
    /// How many rows there are.
    pub fn rows() -> Self {
        Self {
            aggregation: Aggregation::Count,
            column: None,
        }
    }

    /// What it is called among the columns of a chart.
    pub fn name(&self) -> String {
        match &self.column {
            Some(column) => format!("{}({column})", self.aggregation.name()),
            None => self.aggregation.name().to_owned(),
        }
    }
}

/// What has been measured of each group so far.
pub(super) struct Measure {
    pub(super) metric: Metric,
    place: Option<usize>,
    data_type: DataType,
    counts: Vec<u64>,
    /// The sum, or the extreme.
    numbers: Vec<f64>,
    /// How often each value appears in each group, for what needs that.
    values: HashMap<(u32, u64), u64>,
    /// The number of each text, and the texts by their numbers.
    known: HashMap<Arc<str>, u64>,
    texts: Vec<Arc<str>>,
    text_bytes: usize,
}

impl Measure {
    pub(super) fn new(
        metric: Metric,
        place: Option<usize>,
        data_type: Option<&DataType>,
    ) -> Result<Self, ChartError> {
        use Aggregation as A;
        let refused = |needs| match (&metric.column, data_type) {
            (Some(column), Some(data_type)) => Err(ChartError::Type {
                column: column.clone(),
                data_type: data_type.to_string(),
                needs,
            }),
            _ => Err(ChartError::Incomplete {
                what: "a metric names no `column`; only `count` may do without one",
            }),
        };
        let is_number = data_type.is_some_and(|one| one.is_numeric() || *one == DataType::Boolean);
        let is_time = data_type.is_some_and(column::is_time);
        match metric.aggregation {
            A::Average | A::Median | A::Sum if !is_number => {
                return refused("an average, a median and a sum need numbers");
            }
            A::Min | A::Max if !is_number && !is_time => {
                return refused("a smallest and a largest value need numbers or times");
            }
            A::CountDistinct | A::Mode if data_type.is_none() => return refused(""),
            _ => {}
        }
        Ok(Self {
            place,
            data_type: data_type.cloned().unwrap_or(DataType::Null),
            metric,
            counts: Vec::new(),
            numbers: Vec::new(),
            values: HashMap::new(),
            known: HashMap::new(),
            texts: Vec::new(),
            text_bytes: 0,
        })
    }

    /// Makes room for so many groups.
    pub(super) fn grow(&mut self, groups: usize) {
        let none = match self.metric.aggregation {
            Aggregation::Max => f64::NEG_INFINITY,
            Aggregation::Min => f64::INFINITY,
            _ => 0.0,
        };
        self.counts.resize(groups, 0);
        self.numbers.resize(groups, none);
    }

    /// Adds the rows of a batch, each to its group.
    pub(super) fn add(
        &mut self,
        batch: &RecordBatch,
        ids: &[Option<u32>],
        groups: usize,
    ) -> Result<(), ChartError> {
        use Aggregation as A;
        self.grow(groups);
        let Some(place) = self.place else {
            for id in ids.iter().flatten() {
                self.count(*id);
            }
            return Ok(());
        };
        let column = batch.column(place);
        match self.metric.aggregation {
            A::Count => {
                let column = column::plain(column)?;
                let nulls = column.logical_nulls();
                for (row, id) in ids.iter().enumerate() {
                    if let Some(id) = id
                        && !nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
                    {
                        self.count(*id);
                    }
                }
            }
            A::Average | A::Sum | A::Min | A::Max => {
                let Some(numbers) = column::numbers(column)? else {
                    return Ok(());
                };
                for (id, number) in ids.iter().zip(&numbers) {
                    if let (Some(id), Some(number)) = (id, number)
                        && !number.is_nan()
                    {
                        self.take(*id, number);
                    }
                }
            }
            A::CountDistinct | A::Median | A::Mode => self.keep(column, ids)?,
        }
        Ok(())
    }

    fn count(&mut self, id: u32) {
        if let Some(count) = self.counts.get_mut(id as usize) {
            *count += 1;
        }
    }

    fn take(&mut self, id: u32, number: f64) {
        self.count(id);
        if let Some(known) = self.numbers.get_mut(id as usize) {
            *known = match self.metric.aggregation {
                Aggregation::Min => known.min(number),
                Aggregation::Max => known.max(number),
                _ => *known + number,
            };
        }
    }

    fn keep(&mut self, column: &ArrayRef, ids: &[Option<u32>]) -> Result<(), ChartError> {
        if let Some(numbers) = column::numbers(column)? {
            for (id, number) in ids.iter().zip(&numbers) {
                if let (Some(id), Some(number)) = (id, number)
                    && !number.is_nan()
                {
                    // Both zeros are one value.
                    self.note(*id, (number + 0.0).to_bits())?;
                }
            }
            return Ok(());
        }
        let texts = texts(column)?;
        for (id, text) in ids.iter().zip(texts.as_string::<i32>()) {
            if let (Some(id), Some(text)) = (id, text) {
                let value = self.number_of(text)?;
                self.note(*id, value)?;
            }
        }
        Ok(())
    }

    fn note(&mut self, id: u32, value: u64) -> Result<(), ChartError> {
        *self.values.entry((id, value)).or_default() += 1;
        if self.values.len() > MOST_VALUES {
            return Err(self.too_many());
        }
        Ok(())
    }

    fn number_of(&mut self, text: &str) -> Result<u64, ChartError> {
        if let Some(number) = self.known.get(text) {
            return Ok(*number);
        }
        self.text_bytes += text.len();
        if self.text_bytes > MOST_TEXT {
            return Err(self.too_many());
        }
        let text: Arc<str> = text.into();
        let number = self.texts.len() as u64;
        self.texts.push(Arc::clone(&text));
        self.known.insert(text, number);
        Ok(number)
    }

    fn too_many(&self) -> ChartError {
        ChartError::TooManyValues {
            metric: self.metric.name(),
        }
    }

    /// The values, a row for each group.
    pub(super) fn values(&self) -> Result<ArrayRef, ArrowError> {
        use Aggregation as A;
        let groups = self.counts.iter().zip(&self.numbers);
        let shown = column::shown_type(&self.data_type);
        match self.metric.aggregation {
            A::Count => Ok(Arc::new(UInt64Array::from(self.counts.clone()))),
            A::Average => {
                let means = groups.map(|(count, sum)| (*count > 0).then(|| sum / *count as f64));
                Ok(Arc::new(means.collect::<Float64Array>()))
            }
            A::Sum | A::Min | A::Max => {
                let numbers = groups.map(|(count, number)| (*count > 0).then_some(*number));
                let numbers: Float64Array = numbers.collect();
                if self.metric.aggregation == A::Sum {
                    return self.as_whole(&numbers);
                }
                match &shown {
                    DataType::Float64 => self.as_whole(&numbers),
                    shown => column::shown(&numbers, shown),
                }
            }
            A::CountDistinct => {
                let mut counts = vec![0_u64; self.counts.len()];
                for (id, _) in self.values.keys() {
                    if let Some(count) = counts.get_mut(*id as usize) {
                        *count += 1;
                    }
                }
                Ok(Arc::new(UInt64Array::from(counts)))
            }
            A::Median => Ok(Arc::new(self.medians())),
            A::Mode => self.modes(),
        }
    }

    /// Whole numbers stay whole, as long as they are exact.
    fn as_whole(&self, numbers: &Float64Array) -> Result<ArrayRef, ArrowError> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let is_whole = self.data_type.is_integer() || self.data_type == DataType::Boolean;
        if is_whole && numbers.iter().flatten().all(|one| one.abs() <= EXACT) {
            return compute::cast(numbers, &DataType::Int64);
        }
        Ok(Arc::new(numbers.clone()))
    }

    /// How often each value appears, by group.
    fn by_group(&self) -> Vec<Vec<(u64, u64)>> {
        let mut groups = vec![Vec::new(); self.counts.len()];
        for ((id, value), count) in &self.values {
            if let Some(group) = groups.get_mut(*id as usize) {
                group.push((*value, *count));
            }
        }
        groups
    }

    fn medians(&self) -> Float64Array {
        let medians = self.by_group().into_iter().map(|values| {
            let values = values.into_iter();
            let values = values.map(|(bits, count)| (f64::from_bits(bits), count));
            let mut values: Vec<(f64, u64)> = values.collect();
            values.sort_by(|one, other| one.0.total_cmp(&other.0));
            let total: u64 = values.iter().map(|(_, count)| count).sum();
            let at = |place: u64| {
                let mut seen = 0;
                let mut values = values.iter();
                let found = values.find(|(_, count)| {
                    seen += count;
                    seen > place
                });
                found.map(|(value, _)| *value)
            };
            let (low, high) = (at(total.checked_sub(1)? / 2)?, at(total / 2)?);
            Some(low / 2.0 + high / 2.0)
        });
        medians.collect()
    }

    fn modes(&self) -> Result<ArrayRef, ArrowError> {
        let is_text = !column::is_ordered(&self.data_type) && self.data_type != DataType::Boolean;
        let groups = self.by_group();
        if is_text {
            let modes = groups.into_iter().map(|values| {
                let texts = values.into_iter();
                let texts =
                    texts.filter_map(|(at, count)| Some((self.texts.get(at as usize)?, count)));
                let best = texts.max_by(|(one, count), (other, others)| {
                    count.cmp(others).then_with(|| other.cmp(one))
                });
                best.map(|(text, _)| text.to_string())
            });
            return Ok(Arc::new(modes.collect::<StringArray>()));
        }
        let modes = groups.into_iter().map(|values| {
            let numbers = values.into_iter();
            let numbers = numbers.map(|(bits, count)| (f64::from_bits(bits), count));
            let best = numbers.max_by(|(one, count), (other, others)| {
                count.cmp(others).then_with(|| other.total_cmp(one))
            });
            best.map(|(number, _)| number)
        });
        let modes: Float64Array = modes.collect();
        match column::shown_type(&self.data_type) {
            DataType::Float64 => self.as_whole(&modes),
            shown => column::shown(&modes, &shown),
        }
    }

    /// What the groups that are not shown are together, of counts and sums.
    pub(super) fn rest(&self, all: &ArrayRef, shown: &ArrayRef) -> Option<f64> {
        if !matches!(
            self.metric.aggregation,
            Aggregation::Count | Aggregation::Sum
        ) {
            return None;
        }
        let sum = |column: &ArrayRef| {
            let numbers = compute::cast(column, &DataType::Float64).ok()?;
            let numbers = numbers.as_primitive::<Float64Type>().iter().flatten();
            Some(numbers.sum::<f64>())
        };
        Some(sum(all)? - sum(shown)?)
    }
}
