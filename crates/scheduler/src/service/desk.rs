//! What the loops need from the layers above: plans, and what drives a run.

use std::collections::HashMap;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;

use baton_base::Class;
use baton_engine::admission::PipelineLimits;
use baton_model::{
    BackfillId, BlockRunKey, Cause, CodeHash, Machine, Map, PipelineUuid, Plan, Run, RunId,
    Timestamp, Trigger,
};
use baton_store::CallKey;

use crate::{Journal, Lease, LeaseError, Session};

/// A run that is wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Its pipeline.
    pub pipeline: PipelineUuid,
    /// The trigger that it belongs to.
    pub trigger: Option<Trigger>,
    /// Name of the trigger that its blocks see, where no stored trigger gives one.
    pub trigger_name: Option<String>,
    /// Why it is wanted.
    pub cause: Cause,
    /// Its logical date.
    pub date: Timestamp,
    /// Its own variables; those of the trigger stand below them.
    pub variables: Map,
    /// What the event or the call that wants it said.
    pub event: Map,
    /// The call that wants it, where another one may be the same.
    pub call: Option<CallKey>,
    /// It is not made when so many runs of its trigger wait already.
    pub queue_limit: Option<u32>,
    /// The backfill that it belongs to.
    pub backfill: Option<BackfillId>,
    /// The run whose block wants it.
    pub parent: Option<RunId>,
    /// The block run that wants it.
    pub asked_by: Option<BlockRunKey>,
    /// The global data product that it renews.
    pub product: Option<String>,
    /// The run that it repeats.
    pub repeats: Option<RunId>,
}

impl Wanted {
    /// A run of `pipeline` at `date`, and nothing else yet.
    pub fn new(pipeline: PipelineUuid, cause: Cause, date: Timestamp) -> Self {
        Self {
            pipeline,
            trigger: None,
            trigger_name: None,
            cause,
            date,
            variables: Map::new(),
            event: Map::new(),
            call: None,
            queue_limit: None,
            backfill: None,
            parent: None,
            asked_by: None,
            product: None,
            repeats: None,
        }
    }
}

/// A frozen plan with the texts it names.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// The plan.
    pub plan: Plan,
    /// The texts, by hash.
    pub texts: Vec<(CodeHash, String)>,
}

/// Why a plan cannot be made, or a run not be driven.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Complaint {
    /// What is wrong, for people.
    pub message: String,
    /// What can be done about it.
    pub hint: Option<String>,
    /// Who has to act.
    pub class: Class,
}

/// What is to come of a request to a [`Desk`].
pub type Soon<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Knows the project: the loops ask it for plans and for what drives a run.
pub trait Desk: Send + Sync + 'static {
    /// Freezes plans, one for each run that is wanted.
    fn draw(&self, wanted: Vec<Wanted>) -> Soon<'_, Vec<Result<Drawn, Complaint>>>;

    /// Whether the project still has a pipeline.
    fn has_pipeline(&self, pipeline: &PipelineUuid) -> bool {
        let _ = pipeline;
        true
    }

    /// How many runs of a pipeline may be open.
    fn limits(&self, pipeline: &PipelineUuid) -> PipelineLimits;

    /// Places of every named pool.
    fn pools(&self) -> HashMap<String, u32>;

    /// What the machine has for runs to reserve.
    fn machine(&self) -> Machine;

    /// What drives a run: its workers, made when they are first needed.
    fn session<'a>(&'a self, run: &'a Run) -> Soon<'a, Result<Session, Complaint>>;

    /// The log of a run, opened.
    fn journal(&self, run: RunId) -> Result<Journal, Complaint>;

    /// Where the log of a run is.
    fn log(&self, run: RunId) -> PathBuf;

    /// The right to change a single run for a moment, while nobody drives it.
    fn lease(&self, run: RunId) -> Result<Lease, LeaseError>;

    /// Whether somebody has that right: drives the run by hand, or is about to change it.
    fn is_leased(&self, run: RunId) -> bool;
}
