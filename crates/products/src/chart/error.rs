//! Why a chart cannot be computed.

use arrow::error::ArrowError;
use baton_base::{Class, Diagnose};

use super::MOST_VALUES;
use crate::frame::ReadError;
use crate::view::ViewError;

/// A chart cannot be computed.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// The rows cannot be looked at.
    #[error(transparent)]
    View(#[from] ViewError),
    /// It has too few or too many columns to group by.
    #[error("draw the chart: {what}")]
    Incomplete {
        /// What is missing.
        what: &'static str,
    },
    /// A column is of another type than the chart needs.
    #[error("draw the chart: column `{column}` is {data_type}, and {needs}")]
    Type {
        /// The column.
        column: String,
        /// Its type.
        data_type: String,
        /// What is needed.
        needs: &'static str,
    },
    /// There is nothing of this name to sort by.
    #[error("draw the chart: it has no column and no metric `{name}` to sort by")]
    NoOrder {
        /// The name.
        name: String,
        /// What it has.
        known: Vec<String>,
    },
    /// More groups than can be told apart.
    #[error("draw the chart: there are more than {most} different values of {columns}")]
    TooManyGroups {
        /// The most there can be.
        most: usize,
        /// The columns.
        columns: String,
    },
    /// More values than can be kept for a median, a mode or a distinct count.
    #[error("draw the chart: `{metric}` would have to keep more than {MOST_VALUES} values")]
    TooManyValues {
        /// The metric.
        metric: String,
    },
    /// The values cannot be computed with.
    #[error("draw the chart")]
    Arrow(#[from] ArrowError),
}

impl From<ReadError> for ChartError {
    fn from(error: ReadError) -> Self {
        Self::View(ViewError::Read(error))
    }
}

impl Diagnose for ChartError {
    fn class(&self) -> Class {
        match self {
            Self::View(error) => error.class(),
            _ => Class::User,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::View(error) => error.hint(),
            Self::TooManyGroups { .. } => Some(
                "choose a column with fewer values, or narrow the rows down with a condition"
                    .into(),
            ),
            Self::TooManyValues { .. } => {
                Some("narrow the rows down with a condition, or choose another aggregation".into())
            }
            Self::NoOrder { known, .. } => Some(format!("it has {}", known.join(", "))),
            Self::Incomplete { .. } | Self::Type { .. } | Self::Arrow(_) => None,
        }
    }
}
