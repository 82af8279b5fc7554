//! Moments as Mage's clients know them: `2024-01-01 06:00:00.123456`, in UTC.

use baton_app::moment;
use baton_model::Timestamp;
use chrono::DateTime;

use crate::error::ApiError;

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

/// A moment that a request names; an empty text is none.
pub(crate) fn read(field: &str, text: Option<&str>) -> Result<Option<Timestamp>, ApiError> {
    let text = text.filter(|text| !text.is_empty());
    let wrong = || {
        ApiError::invalid(format!(
            "`{field}` is not a moment: write one such as `2024-01-31 06:00:00`"
        ))
    };
    text.map(|text| moment(text).ok_or_else(wrong)).transpose()
}

/// A moment, if there is one.
pub(crate) fn some(at: Option<Timestamp>) -> Option<String> {
    at.map(text)
}
