//! How the values of a column are spread: so many of each where there are few different ones, else so many in each of
//! equal parts of their range.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use arrow::compute;
use arrow::datatypes::{DataType, Float64Type};
use arrow::error::ArrowError;

/// Most bars of a histogram.
pub const MOST_BARS: usize = 24;

/// Most different values of a column that are told apart.
pub const MOST_DISTINCT: usize = 10_000;

/// Longest text of a value that is kept for a bar, in characters.
const MOST_TEXT: usize = 64;

/// The bars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    /// How many values each bar stands for.
    pub counts: Vec<u64>,
    /// The value of each bar, where each stands for one value.
    pub values: Option<Vec<String>>,
}

/// What is gathered of a column in the first look at its rows.
#[derive(Debug)]
pub(crate) struct Gathered {
    sum: f64,
    count: u64,
    least: f64,
    most: f64,
    /// How often each value appears, by its hash; none when there are too many different ones.
    values: Option<HashMap<u64, u64>>,
    /// The texts of the first of them.
    texts: HashMap<u64, String>,
    has_order: bool,
    is_whole: bool,
}

impl Gathered {
    pub(crate) fn new(data_type: &DataType) -> Self {
        Self {
            sum: 0.0,
            count: 0,
            least: f64::INFINITY,
            most: f64::NEG_INFINITY,
            values: Some(HashMap::new()),
            texts: HashMap::new(),
            has_order: is_ordered(data_type),
            is_whole: data_type.is_integer() || *data_type == DataType::Date32,
        }
    }

    /// Adds a column of a batch, and the same as texts.
    pub(crate) fn add(
        &mut self,
        column: &ArrayRef,
        texts: impl FnOnce() -> Result<ArrayRef, ArrowError>,
    ) -> Result<(), ArrowError> {
        if let Some(numbers) = numbers(column)? {
            for number in numbers.iter().flatten().filter(|one| one.is_finite()) {
                self.sum += number;
                self.count += 1;
                self.least = self.least.min(number);
                self.most = self.most.max(number);
            }
        }
        let Some(values) = &mut self.values else {
            return Ok(());
        };
        let texts = texts()?;
        for text in texts.as_string::<i32>().iter().flatten() {
            // A hash of 64 bits: among ten thousand values a clash is all but impossible.
            let mut hasher = DefaultHasher::new();
            text.hash(&mut hasher);
            let hash = hasher.finish();
            let count = values.entry(hash).or_default();
            if *count == 0 && self.texts.len() <= MOST_BARS {
                let text = text.chars().take(MOST_TEXT).collect();
                self.texts.insert(hash, text);
            }
            *count += 1;
            if values.len() > MOST_DISTINCT {
                self.values = None;
                break;
            }
        }
        Ok(())
    }

    /// The mean of numbers.
    pub(crate) fn mean(&self, data_type: &DataType) -> Option<f64> {
        (self.count > 0 && data_type.is_numeric()).then(|| self.sum / self.count as f64)
    }

    /// How many different values there are; none when there are more than [`MOST_DISTINCT`].
    pub(crate) fn distinct(&self) -> Option<u64> {
        self.values.as_ref().map(|values| values.len() as u64)
    }

    /// The bars, or the range whose parts are to be counted in a second look; neither for what has no shape.
    pub(crate) fn shape(&self) -> Shape {
        if let Some(values) = &self.values
            && values.len() <= MOST_BARS
        {
            return self.bars(values);
        }
        if self.has_order && self.least < self.most {
            return Shape::Range(Bins::new(self.least, self.most, self.is_whole));
        }
        match &self.values {
            Some(values) => {
                let mut counts: Vec<u64> = values.values().copied().collect();
                counts.sort_unstable_by(|one, other| other.cmp(one));
                counts.truncate(MOST_BARS);
                Shape::Bars(Histogram {
                    counts,
                    values: None,
                })
            }
            None => Shape::Nothing,
        }
    }

    /// One bar for each value: numbers and times in their order, others the most frequent first.
    fn bars(&self, values: &HashMap<u64, u64>) -> Shape {
        let text = |hash: &u64| self.texts.get(hash).cloned().unwrap_or_default();
        let mut bars: Vec<(String, u64)> = values
            .iter()
            .map(|(hash, count)| (text(hash), *count))
            .collect();
        if bars.is_empty() {
            return Shape::Nothing;
        }
        let number = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
        bars.sort_by(|(one, count), (other, others)| {
            let by_value = number(one).total_cmp(&number(other)).then(one.cmp(other));
            if self.has_order {
                by_value
            } else {
                others.cmp(count).then(by_value)
            }
        });
        let (values, counts) = bars.into_iter().unzip();
        Shape::Bars(Histogram {
            counts,
            values: Some(values),
        })
    }
}

/// How the histogram of a column comes about.
#[derive(Debug)]
pub(crate) enum Shape {
    /// It is there.
    Bars(Histogram),
    /// The rows have to be looked at once more.
    Range(Bins),
    /// There is none.
    Nothing,
}

impl Shape {
    /// The histogram after all looks.
    pub(crate) fn histogram(self) -> Option<Histogram> {
        match self {
            Self::Bars(histogram) => Some(histogram),
            Self::Range(bins) => Some(Histogram {
                counts: bins.counts,
                values: None,
            }),
            Self::Nothing => None,
        }
    }
}

/// Equal parts of a range.
#[derive(Debug)]
pub(crate) struct Bins {
    least: f64,
    width: f64,
    counts: Vec<u64>,
}

impl Bins {
    fn new(least: f64, most: f64, is_whole: bool) -> Self {
        let bars = MOST_BARS as f64;
        if is_whole {
            // Each part has as many whole numbers as the others: else a flat column would look like a comb.
            let span = most - least + 1.0;
            let width = (span / bars).ceil();
            return Self {
                least,
                width,
                counts: vec![0; (span / width).ceil() as usize],
            };
        }
        Self {
            least,
            // Halves first: the difference of large numbers may have no value.
            width: (most / 2.0 - least / 2.0) / bars * 2.0,
            counts: vec![0; MOST_BARS],
        }
    }

    /// Counts the values of a column.
    pub(crate) fn add(&mut self, column: &ArrayRef) -> Result<(), ArrowError> {
        let Some(numbers) = numbers(column)? else {
            return Ok(());
        };
        for number in numbers.iter().flatten().filter(|one| one.is_finite()) {
            // Too large becomes the last one, which also takes the greatest value.
            let place = ((number - self.least) / self.width) as usize;
            let last = self.counts.len().saturating_sub(1);
            if let Some(count) = self.counts.get_mut(place.min(last)) {
                *count += 1;
            }
        }
        Ok(())
    }
}

/// Whether equal parts of its range say something about a column.
fn is_ordered(data_type: &DataType) -> bool {
    match data_type {
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) | DataType::Duration(_) => {
            true
        }
        other => other.is_numeric(),
    }
}

/// A column as numbers, times as their distance from an origin; none for what is neither.
fn numbers(column: &ArrayRef) -> Result<Option<Float64Array>, ArrowError> {
    let plain = match column.data_type() {
        DataType::Date32 => compute::cast(column, &DataType::Int32)?,
        DataType::Date64 | DataType::Timestamp(..) | DataType::Duration(_) => {
            compute::cast(column, &DataType::Int64)?
        }
        other if other.is_numeric() => ArrayRef::clone(column),
        _ => return Ok(None),
    };
    let plain = compute::cast(&plain, &DataType::Float64)?;
    Ok(Some(plain.as_primitive::<Float64Type>().clone()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Date32Array, Float64Array, Int64Array, StringArray};
    use arrow::util::display::{ArrayFormatter, FormatOptions};

    use super::*;

    fn of(column: impl Array + 'static) -> Option<Histogram> {
        let column: ArrayRef = Arc::new(column);
        let mut gathered = Gathered::new(column.data_type());
        let texts = || -> Result<ArrayRef, ArrowError> {
            let options = FormatOptions::default();
            let formatter = ArrayFormatter::try_new(column.as_ref(), &options)?;
            let texts = (0..column.len()).map(|row| {
                column
                    .is_valid(row)
                    .then(|| formatter.value(row).to_string())
            });
            Ok(Arc::new(texts.collect::<StringArray>()))
        };
        gathered.add(&column, texts).unwrap();
        let mut shape = gathered.shape();
        if let Shape::Range(bins) = &mut shape {
            bins.add(&column).unwrap();
        }
        shape.histogram()
    }

    fn bars(values: &[&str], counts: &[u64]) -> Histogram {
        Histogram {
            counts: counts.to_vec(),
            values: Some(values.iter().map(|one| (*one).to_owned()).collect()),
        }
    }

    #[test]
    fn few_values_have_a_bar_each() {
        let texts = StringArray::from(vec![Some("b"), Some("a"), None, Some("a"), Some("c")]);
        assert_eq!(of(texts), Some(bars(&["a", "b", "c"], &[2, 1, 1])));
        let numbers = Int64Array::from(vec![10, 9, 10, -1, 10]);
        assert_eq!(of(numbers), Some(bars(&["-1", "9", "10"], &[1, 1, 3])));
        let none = Int64Array::from(vec![None, None]);
        assert_eq!(of(none), None);
    }

    #[test]
    fn many_numbers_are_counted_by_parts_of_their_range() {
        let numbers: Vec<f64> = (0..240).map(f64::from).chain([f64::NAN]).collect();
        let found = of(Float64Array::from(numbers)).unwrap();
        assert_eq!(found.counts, [10; MOST_BARS]);
        assert_eq!(found.values, None);
        let days: Vec<i32> = (0..48).collect();
        let found = of(Date32Array::from(days)).unwrap();
        assert_eq!(found.counts, [2; MOST_BARS]);
        // Seven numbers a bar for 1 to 160; the last has fewer.
        let whole: Vec<i64> = (1..=160).collect();
        let found = of(Int64Array::from(whole)).unwrap();
        assert_eq!(found.counts[..22], [7; 22]);
        assert_eq!(found.counts[22..], [6]);
        let far = [f64::MAX, f64::MIN, 0.0];
        let numbers: Vec<f64> = far.into_iter().chain((1..40).map(f64::from)).collect();
        let found = of(Float64Array::from(numbers)).unwrap();
        assert_eq!(found.counts.iter().sum::<u64>(), 42);
    }

    #[test]
    fn many_texts_show_how_frequent_the_frequent_ones_are() {
        let texts: Vec<String> = (0..100).map(|one| format!("v{}", one.min(50))).collect();
        let found = of(StringArray::from(texts)).unwrap();
        assert_eq!(found.counts.len(), MOST_BARS);
        assert_eq!(found.counts[..2], [50, 1]);
    }
}
