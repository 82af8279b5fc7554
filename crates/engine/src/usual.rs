//! What is usual: the median and the spread of what recent runs took, produced and used.

use std::time::Duration;

use serde::Serialize;

/// How many recent runs say what is usual. Older ones are about a pipeline that has changed since.
pub const RECENT: usize = 20;

/// Fewer runs than this say nothing about what is unusual.
const FEWEST: usize = 4;

/// Fewer seconds than this are no delay.
const LEAST_DELAY: f64 = 1.0;

/// How far numbers lie apart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Half of them are not greater.
    pub median: f64,
    /// A quarter of them is not greater.
    pub low: f64,
    /// A quarter of them is not smaller.
    pub high: f64,
    /// How many there are.
    pub count: usize,
}

impl Spread {
    /// The spread of some numbers; none of no numbers. What is no number is left out.
    pub fn of(numbers: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = numbers.into_iter().filter(|one| one.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            median: quantile(&sorted, 0.5)?,
            low: quantile(&sorted, 0.25)?,
            high: quantile(&sorted, 0.75)?,
            count: sorted.len(),
        })
    }

    /// Whether a number is greater than what recent runs lead one to expect: beyond the upper quarter by more than one
    /// and a half times the width of the middle half, and by a fifth of the median, since some things take the same
    /// time every day.
    pub fn is_exceeded_by(&self, number: f64) -> bool {
        let width = (self.high - self.low).max(0.0);
        self.count >= FEWEST && number > self.high + (1.5 * width).max(0.2 * self.median.abs())
    }

    /// The same for a time in seconds. A difference of less than a second is nobody's trouble: what takes milliseconds
    /// takes ten times as long whenever the machine is busy.
    pub fn is_outlasted_by(&self, seconds: f64) -> bool {
        self.is_exceeded_by(seconds) && seconds - self.median >= LEAST_DELAY
    }

    /// Whether a number is smaller than what recent runs lead one to expect.
    pub fn is_missed_by(&self, number: f64) -> bool {
        let width = (self.high - self.low).max(0.0);
        self.count >= FEWEST && number < self.low - (1.5 * width).max(0.2 * self.median.abs())
    }
}

/// The number that a part of the sorted ones does not exceed, between two of them in proportion.
fn quantile(sorted: &[f64], part: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = part * last as f64;
    let (below, above) = (place.floor(), place.ceil());
    let low = sorted.get(below as usize)?;
    let high = sorted.get(above as usize)?;
    Some(low + (high - low) * (place - below))
}

/// What a run of a pipeline, or of a block, took, produced and used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Past {
    /// How long it took.
    pub time: Option<Duration>,
    /// Rows that it produced.
    pub rows: Option<u64>,
    /// Most bytes of memory at a time.
    pub memory: Option<u64>,
}

/// What is usual for a pipeline, or for a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Usual {
    /// Seconds that it takes.
    pub seconds: Option<Spread>,
    /// Rows that it produces.
    pub rows: Option<Spread>,
    /// Bytes of memory that it uses.
    pub memory: Option<Spread>,
}

/// What is usual, from runs that completed, the newest first. The first [`RECENT`] count.
pub fn usual(runs: &[Past]) -> Usual {
    let recent = || runs.iter().take(RECENT);
    Usual {
        seconds: Spread::of(recent().filter_map(|run| Some(run.time?.as_secs_f64()))),
        rows: Spread::of(recent().filter_map(|run| Some(run.rows? as f64))),
        memory: Spread::of(recent().filter_map(|run| Some(run.memory? as f64))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_numbers() {
        assert_eq!(Spread::of([]), None);
        let spread = |numbers: &[f64]| {
            let spread = Spread::of(numbers.iter().copied()).unwrap();
            (spread.low, spread.median, spread.high)
        };
        assert_eq!(spread(&[7.0]), (7.0, 7.0, 7.0));
        assert_eq!(spread(&[4.0, 1.0, 3.0, 2.0]), (1.75, 2.5, 3.25));
        assert_eq!(
            spread(&[5.0, 1.0, 3.0, 2.0, 4.0, f64::NAN]),
            (2.0, 3.0, 4.0)
        );
    }

    #[test]
    fn one_slow_run_makes_no_habit() {
        let spread = Spread::of([10.0, 11.0, 9.0, 10.0, 300.0]).unwrap();
        assert!((spread.median - 10.0).abs() < 1e-9);
        assert!(spread.is_exceeded_by(20.0) && !spread.is_exceeded_by(12.0));
        // The same time every day: a little more is nothing.
        let steady = Spread::of([10.0; 8]).unwrap();
        assert!(!steady.is_exceeded_by(11.9) && steady.is_exceeded_by(12.1));
        assert!(!steady.is_missed_by(8.1) && steady.is_missed_by(7.9));
        // Milliseconds are no delay.
        let quick = Spread::of([0.07; 8]).unwrap();
        assert!(quick.is_exceeded_by(0.9) && !quick.is_outlasted_by(0.9));
        assert!(quick.is_outlasted_by(1.1) && !spread.is_outlasted_by(12.0));
        // Two runs are no habit.
        assert!(!Spread::of([10.0, 10.0]).unwrap().is_exceeded_by(100.0));
    }

    #[test]
    fn only_recent_runs_count() {
        let run = |seconds| Past {
            time: Some(Duration::from_secs(seconds)),
            rows: (seconds == 1).then_some(5),
            memory: None,
        };
        let mut runs = vec![run(1); RECENT];
        runs.extend(vec![run(1000); 100]);
        let usual = usual(&runs);
        assert_eq!(usual.seconds.map(|spread| spread.high), Some(1.0));
        assert_eq!(usual.rows.map(|spread| spread.count), Some(RECENT));
        assert_eq!(usual.memory, None);
    }
}
