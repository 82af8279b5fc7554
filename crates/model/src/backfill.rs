//! Backfills: one run for each interval of a window.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Map, PipelineUuid, Timestamp, TriggerId};

/// Number of a backfill inside its project, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BackfillId(pub i64);

impl fmt::Display for BackfillId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Unit of a backfill's intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntervalUnit {
    /// Seconds.
    Second,
    /// Minutes.
    Minute,
    /// Hours.
    Hour,
    /// Days.
    Day,
    /// Weeks.
    Week,
    /// Months of the calendar.
    Month,
    /// Years of the calendar.
    Year,
    /// Seconds too, as Mage calls an interval of any length.
    Custom,
}

/// Where a backfill stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackfillStatus {
    /// Its runs are about to be made.
    Initial,
    /// Its runs are made and some have not ended.
    Running,
    /// Nothing of it starts for now; what runs goes on.
    Paused,
    /// The newest run of every date completed.
    Completed,
    /// Every run has ended, and one has failed.
    Failed,
    /// Somebody stops it: nothing of it starts, and its open runs are being stopped.
    Cancelling,
    /// Somebody stopped it.
    Cancelled,
}

impl BackfillStatus {
    /// The word used in output and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelling => "cancelling",
            Self::Cancelled => "cancelled",
        }
    }
}

/// One run for each interval of a window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Backfill {
    /// Number inside the project.
    pub id: BackfillId,
    /// The pipeline.
    pub pipeline: PipelineUuid,
    /// Name for people.
    pub name: String,
    /// First date.
    pub start: Option<Timestamp>,
    /// Last date, which counts too.
    pub end: Option<Timestamp>,
    /// Unit of the interval.
    pub unit: Option<IntervalUnit>,
    /// How many units an interval has.
    pub units: Option<u32>,
    /// Variables of its runs.
    pub variables: Map,
    /// Settings, as those of a trigger.
    pub settings: Map,
    /// Where it stands; none before it was started.
    pub status: Option<BackfillStatus>,
    /// The trigger that its runs belong to.
    pub trigger: Option<TriggerId>,
    /// When it was started.
    pub started_at: Option<Timestamp>,
    /// When every run of it had completed.
    pub completed_at: Option<Timestamp>,
    /// When it failed.
    pub failed_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Backfill {
    /// A backfill of a pipeline of which nothing is known yet.
    pub fn new(pipeline: PipelineUuid) -> Self {
        Self {
            id: BackfillId(0),
            pipeline,
            name: String::new(),
            start: None,
            end: None,
            unit: None,
            units: None,
            variables: Map::new(),
            settings: Map::new(),
            status: None,
            trigger: None,
            started_at: None,
            completed_at: None,
            failed_at: None,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        }
    }
}
