//! Data products on disk: what a worker staged becomes content-addressed objects and a manifest with schema, rows
//! and statistics; frames are read back page by page, exported to common formats, verified and collected.
//!
//! Manifests are stored by the caller. Nothing here opens what only a worker understands.

mod chart;
mod digest;
mod export;
mod frame;
mod histogram;
mod ipc;
mod objects;
mod products;
mod reader;
mod schema;
mod slice;
mod staging;
mod statistics;
mod view;
mod wanted;

pub use chart::{
    Aggregation, Chart, ChartError, ChartKind, Drawn, Interval, MOST_BUCKETS, MOST_GROUPS,
    MOST_MARKS, MOST_VALUES, Metric,
};
pub use export::{Export, ExportError, Format};
pub use frame::{Frame, ReadError, Scan};
pub use histogram::{Histogram, MOST_BARS, MOST_DISTINCT};
pub use ipc::ArrowFileError;
pub use objects::{Collected, IntegrityError};
pub use products::{Held, Products};
pub use staging::{CommitError, Digest, DigestError, StagedContent, StagedOutput, Staging};
pub use view::{
    ColumnView, Comparison, Condition, MOST_SORTED, View, ViewError, ViewPage, page_as_arrow,
    page_as_json,
};
