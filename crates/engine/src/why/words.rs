//! Times and numbers in words.

use std::time::Duration;

use baton_model::Timestamp;

use crate::zones::naive;

/// How long something takes, in its two greatest units.
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let two = |great: u64, great_unit: &str, small: u64, small_unit: &str| {
        if small == 0 {
            format!("{great} {great_unit}")
        } else {
            format!("{great} {great_unit} {small} {small_unit}")
        }
    };
    match seconds {
        0 => format!("{} ms", time.as_millis()),
        1..60 => format!("{seconds} s"),
        60..3_600 => two(seconds / 60, "min", seconds % 60, "s"),
        3_600..86_400 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
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
            (59.9, "59 s"),
            (60.0, "1 min"),
            (303.0, "5 min 3 s"),
            (7_500.0, "2 h 5 min"),
            (90_000.0, "1 d 1 h"),
        ] {
            assert_eq!(span_of(seconds), text);
        }
        assert_eq!(number(1_234_567.0), "1,234,567");
        assert_eq!(clock(Timestamp(0)), "1970-01-01 00:00:00 UTC");
    }
}
