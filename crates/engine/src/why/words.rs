//! Times and numbers in words.

use std::time::Duration;

use baton_model::Timestamp;

use crate::zones::naive;

/// How long something takes, in its two greatest units; the smaller one is rounded.
pub fn span(time: Duration) -> String {
    let millis = time.as_micros().saturating_add(500) / 1_000;
    if millis < 1_000 {
        return format!("{millis} ms");
    }
    let half = u64::from(time.subsec_millis() >= 500);
    let seconds = time.as_secs().saturating_add(half);
    let minutes = seconds.saturating_add(30) / 60;
    let hours = seconds.saturating_add(1_800) / 3_600;
    let two = |great: u64, great_unit: &str, small: u64, small_unit: &str| {
        if small == 0 {
            format!("{great} {great_unit}")
        } else {
            format!("{great} {great_unit} {small} {small_unit}")
        }
    };
    // Each step asks for the rounded number: 59 min 59.9 s are 1 h.
    if seconds < 60 {
        format!("{seconds} s")
    } else if seconds < 3_600 {
        two(seconds / 60, "min", seconds % 60, "s")
    } else if minutes < 1_440 {
        two(minutes / 60, "h", minutes % 60, "min")
    } else {
        two(hours / 24, "d", hours % 24, "h")
    }
}

/// Seconds that may have a fraction.
pub(super) fn span_of(seconds: f64) -> String {
    let time = Duration::try_from_secs_f64(seconds.max(0.0));
    span(time.unwrap_or(Duration::MAX))
}

/// A moment in UTC.
pub(super) fn clock(at: Timestamp) -> String {
    naive(at).map_or_else(
        || "an unknown time".to_owned(),
        |at| at.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

/// `2 blocks`, `1 block`.
pub(crate) fn count(number: usize, what: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {what}{s}")
}

/// A number of rows with its thousands apart.
pub(super) fn number(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_two_units() {
        for (seconds, text) in [
            (0.25, "250 ms"),
            (0.9996, "1 s"),
            (12.99, "13 s"),
            (59.4, "59 s"),
            (59.9, "1 min"),
            (60.0, "1 min"),
            (303.0, "5 min 3 s"),
            (3_599.9, "1 h"),
            (7_500.0, "2 h 5 min"),
            (7_535.0, "2 h 6 min"),
            (86_399.0, "1 d"),
            (90_000.0, "1 d 1 h"),
        ] {
            assert_eq!(span_of(seconds), text);
        }
        assert_eq!(number(1_234_567.0), "1,234,567");
        assert_eq!(clock(Timestamp(0)), "1970-01-01 00:00:00 UTC");
    }
}
