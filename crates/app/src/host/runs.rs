//! Use cases around runs.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use baton_engine::Zone;
use baton_engine::days::{Day, last_days};
use baton_engine::usual::Usual;
use baton_model::{BlockUuid, PipelineUuid, Run, RunId, RunStatus, Timestamp, Trigger, TriggerId};
use baton_scheduler::News;
use baton_store::{BlockRunRow, CountedRuns, EventRecord, RunPage, RunRow, RunRows};
use serde_json::Value;

use tokio::sync::broadcast::error::RecvError;
use tokio::time::timeout;

use super::Host;
use super::pipelines::PipelineFacts;
use crate::actor::{Actor, Right};
use crate::failure::Failure;
use crate::remote_logs::LogOf;

/// How long an end is listened for before the run is looked at again: news of other processes may be lost.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// The runs of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayOfRuns {
    /// The day.
    pub day: Day,
    /// Its runs.
    pub runs: CountedRuns,
}

/// What is told with runs of their pipelines and triggers.
#[derive(Clone, Debug, Default)]
pub struct BesideRuns {
    /// The pipelines as they are now, those that there are.
    pub pipelines: HashMap<PipelineUuid, Arc<PipelineFacts>>,
    /// The triggers that there are.
    pub triggers: HashMap<TriggerId, Trigger>,
    /// What is usual for the pipelines.
    pub usual: BTreeMap<PipelineUuid, Usual>,
}

impl Host {
    /// The pipelines and triggers of these runs, each read once however many runs it has.
    pub async fn beside_runs(&self, actor: &Actor, runs: &[RunRow]) -> Result<BesideRuns, Failure> {
        actor.may(Right::Read)?;
        let pipelines: BTreeSet<_> = runs.iter().map(|run| run.pipeline.clone()).collect();
        let pipelines: Vec<PipelineUuid> = pipelines.into_iter().collect();
        let triggers: BTreeSet<_> = runs.iter().filter_map(|run| run.trigger_id).collect();
        let triggers: Vec<TriggerId> = triggers.into_iter().collect();
        let triggers = match triggers.as_slice() {
            [] => Vec::new(),
            triggers => self.store().triggers_of(triggers).await?,
        };
        Ok(BesideRuns {
            usual: self.usual_of_pipelines(actor, &pipelines).await?,
            pipelines: self.facts_of_pipelines(pipelines).await?,
            triggers: triggers.into_iter().map(|one| (one.id, one)).collect(),
        })
    }

    /// The runs of each of the last days of a time zone, or of UTC, the oldest day first.
    pub async fn run_days(
        &self,
        actor: &Actor,
        days: u32,
        zone: Option<&str>,
    ) -> Result<Vec<DayOfRuns>, Failure> {
        actor.may(Right::Read)?;
        let zone = Zone::parse(zone).map_err(|unknown| {
            Failure::usage(unknown.to_string(), "name one of the time zones of IANA")
        })?;
        let days = last_days(zone, self.service().now(), days);
        let begins = days.iter().map(|day| day.from);
        let moments: Vec<Timestamp> = begins.chain(days.last().map(|day| day.to)).collect();
        let counted = self.store().count_runs(&moments).await?;
        let days = days.into_iter().zip(counted);
        Ok(days.map(|(day, runs)| DayOfRuns { day, runs }).collect())
    }

    /// A page of runs.
    pub async fn runs(&self, actor: &Actor, page: &RunPage) -> Result<RunRows, Failure> {
        actor.may(Right::Read)?;
        Ok(self.store().page_runs(page).await?)
    }

    /// A run as lists show it.
    pub async fn run_row(&self, actor: &Actor, id: RunId) -> Result<RunRow, Failure> {
        actor.may(Right::Read)?;
        self.store().run_row(id).await?.ok_or_else(|| no_run(id))
    }

    /// A run with everything.
    pub async fn run(&self, actor: &Actor, id: RunId) -> Result<Run, Failure> {
        actor.may(Right::Read)?;
        self.store().load_run(id).await?.ok_or_else(|| no_run(id))
    }

    /// The block runs of a run, in its order.
    pub async fn block_runs(&self, actor: &Actor, id: RunId) -> Result<Vec<BlockRunRow>, Failure> {
        actor.may(Right::Read)?;
        Ok(self.store().block_runs(id).await?)
    }

    /// Events of a run after a version of it, oldest first.
    pub async fn events(
        &self,
        actor: &Actor,
        id: RunId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<EventRecord>, Failure> {
        actor.may(Right::Read)?;
        Ok(self.store().events(id, after, limit).await?)
    }

    /// One block run by its own number.
    pub async fn block_run(&self, actor: &Actor, id: i64) -> Result<BlockRunRow, Failure> {
        actor.may(Right::Read)?;
        let found = self.store().block_run(id).await?;
        found.ok_or_else(|| Failure::missing(format!("there is no block run {id}")))
    }

    /// Waits until a run has ended, but not longer than `limit`; gives it as it is then.
    pub async fn wait_for_run(
        &self,
        actor: &Actor,
        id: RunId,
        limit: Duration,
    ) -> Result<RunRow, Failure> {
        actor.may(Right::Read)?;
        // Listening begins before the look: an end between the two is heard.
        let mut news = self.service().news();
        let ended = async {
            loop {
                let row = self.run_row(actor, id).await?;
                if row.status.is_final() {
                    return Ok(row);
                }
                loop {
                    match timeout(LOOK_AGAIN, news.recv()).await {
                        Ok(Ok(News::Ended(ended, _))) if ended == id => break,
                        Ok(Ok(_)) => {}
                        // Some were lost, perhaps this one: look again.
                        Ok(Err(RecvError::Lagged(_))) | Err(_) => break,
                        Ok(Err(RecvError::Closed)) => return Ok(row),
                    }
                }
            }
        };
        match timeout(limit, ended).await {
            Ok(ended) => ended,
            Err(_) => self.run_row(actor, id).await,
        }
    }

    /// Stops a run. One that has ended stays as it is.
    pub async fn cancel_run(&self, actor: &Actor, id: RunId, reason: &str) -> Result<(), Failure> {
        actor.may(Right::Run)?;
        self.run_row(actor, id).await?;
        let stopped = self.service().cancel(id, reason).await;
        stopped.map_err(Failure::complained)?;
        self.audit(actor, "run.cancel", &id.to_string(), Value::Null)
            .await;
        Ok(())
    }

    /// Runs blocks of a run again: those from `from` on, or all that have not completed.
    pub async fn retry_run(
        &self,
        actor: &Actor,
        id: RunId,
        from: Option<BlockUuid>,
    ) -> Result<(), Failure> {
        actor.may(Right::Run)?;
        let row = self.run_row(actor, id).await?;
        if from.is_none() && row.status == RunStatus::Completed {
            return Err(Failure::usage(
                format!("run {id} is completed, nothing of it is to be retried"),
                "name the block to begin with",
            ));
        }
        let retried = self.service().retry(id, from).await;
        retried.map_err(Failure::complained)?;
        self.audit(actor, "run.retry", &id.to_string(), Value::Null)
            .await;
        Ok(())
    }

    /// Deletes a run that has ended, with its log. Its products go when nothing else names them.
    pub async fn delete_run(&self, actor: &Actor, id: RunId) -> Result<(), Failure> {
        actor.may(Right::Run)?;
        let row = self.run_row(actor, id).await?;
        if !row.status.is_final() {
            return Err(Failure::conflict(
                format!("run {id} has not ended"),
                "cancel it first",
            ));
        }
        self.store().delete_run(id).await?;
        // A log that is gone already is as good.
        let _ = tokio::fs::remove_file(self.state().home.log(id.0)).await;
        if let Err(failure) = self.delete_copies(&LogOf::from(&row)).await {
            tracing::warn!(run = %id, reason = failure.message, "a copy of the log stays");
        }
        self.audit(actor, "run.delete", &id.to_string(), Value::Null)
            .await;
        Ok(())
    }
}

fn no_run(id: RunId) -> Failure {
    Failure::missing(format!("there is no run {id}"))
}
