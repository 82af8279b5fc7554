//! Moments as Mage's clients know them: `2024-01-01 06:00:00.123456`, in UTC.

use baton_model::Timestamp;
use chrono::DateTime;

/// A moment as text.
pub(crate) fn text(at: Timestamp) -> String {
    let format = if at.0 % 1_000_000 == 0 {
        "%Y-%m-%d %H:%M:%S"
    } else {
        "%Y-%m-%d %H:%M:%S%.6f"
    };
    DateTime::from_timestamp_micros(at.0)
        .unwrap_or_default()
        .format(format)
        .to_string()
}

/// A moment, if there is one.
pub(crate) fn some(at: Option<Timestamp>) -> Option<String> {
    at.map(text)
}
