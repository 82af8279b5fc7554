//! Use cases around backfills (spec 7.6): one run for each interval of a window, under a trigger of their own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use baton_engine::backfills::{self, Preview, intervals};
use baton_model::{
    Backfill, BackfillId, BackfillStatus, Interval, Map, PipelineUuid, RunId, RunStatus, Timestamp,
    TriggerId,
};
use baton_store::RunPage;
use serde_json::Value;

use super::{Host, judging};
use crate::actor::{Actor, Right};
use crate::failure::Failure;

/// The setting that says that dates with a good run are left alone.
const ONLY_MISSING: &str = "only_missing";

/// Runs that are read at a time.
const PAGE: u32 = 5_000;

/// Where a run stands that has not ended.
pub(super) const OPEN: [RunStatus; 2] = [RunStatus::Initial, RunStatus::Running];

/// What a person wants of a backfill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Begin, begin again, or go on after a pause.
    Start,
    /// Start nothing more for now.
    Pause,
    /// Stop what runs and start nothing more.
    Cancel,
}

/// A backfill with what has become of it.
#[derive(Clone, Debug)]
pub struct Detail {
    /// The backfill.
    pub backfill: Backfill,
    /// Its intervals; none where its window says none.
    pub intervals: Vec<Interval>,
    /// How many runs it has.
    pub runs: u64,
}

impl Host {
    /// The backfills of a pipeline, or of all, the newest first.
    pub async fn backfills(
        &self,
        actor: &Actor,
        pipeline: Option<&PipelineUuid>,
    ) -> Result<Vec<Backfill>, Failure> {
        actor.may(Right::Read)?;
        Ok(self.store().backfills(pipeline).await?)
    }

    /// One backfill.
    pub async fn backfill(&self, actor: &Actor, id: BackfillId) -> Result<Backfill, Failure> {
        actor.may(Right::Read)?;
        let found = self.store().backfill(id).await?;
        found.ok_or_else(|| Failure::missing(format!("there is no backfill {id}")))
    }

    /// One backfill with its dates.
    pub async fn backfill_detail(&self, actor: &Actor, id: BackfillId) -> Result<Detail, Failure> {
        let backfill = self.backfill(actor, id).await?;
        let page = RunPage {
            backfill: Some(id),
            ..RunPage::default()
        };
        Ok(Detail {
            intervals: intervals(&backfill).unwrap_or_default(),
            runs: self.store().page_runs(&page).await?.total,
            backfill,
        })
    }

    /// Makes a backfill; nothing runs before it is started. Its number is given by the database.
    pub async fn create_backfill(
        &self,
        actor: &Actor,
        mut backfill: Backfill,
    ) -> Result<Backfill, Failure> {
        actor.may(Right::Edit)?;
        self.expect_pipeline(actor, &backfill.pipeline).await?;
        checked(&backfill)?;
        let at = self.service().now();
        backfill.id = BackfillId(0);
        (backfill.created_at, backfill.updated_at) = (at, at);
        Ok(self.store().put_backfill(backfill).await?)
    }

    /// Changes a backfill with `change`, and then does what is wished. Its window and its variables stay while runs of
    /// it may be open.
    pub async fn update_backfill(
        self: &Arc<Self>,
        actor: &Actor,
        id: BackfillId,
        change: impl FnOnce(&mut Backfill),
        wish: Option<Wish>,
    ) -> Result<Backfill, Failure> {
        actor.may(Right::Edit)?;
        if wish.is_some() {
            actor.may(Right::Run)?;
        }
        let before = self.backfill(actor, id).await?;
        let mut backfill = before.clone();
        change(&mut backfill);
        (backfill.id, backfill.pipeline) = (id, before.pipeline.clone());
        (backfill.status, backfill.trigger) = (before.status, before.trigger);
        checked(&backfill)?;
        let window = |one: &Backfill| {
            (
                one.start,
                one.end,
                one.unit,
                one.units,
                one.variables.clone(),
            )
        };
        if is_open(&before) && window(&before) != window(&backfill) {
            return Err(Failure::conflict(
                format!("backfill {id} is under way"),
                "cancel it first, then change its window or variables",
            ));
        }
        backfill.updated_at = self.service().now();
        let backfill = self.store().put_backfill(backfill).await?;
        match wish {
            None => {
                if let Some(trigger) = backfill.trigger {
                    let paused = backfill.status.is_some_and(backfills::is_decided);
                    self.limit_backfill(&backfill, trigger, paused).await?;
                }
                Ok(backfill)
            }
            Some(Wish::Start) => self.start_backfill(backfill).await,
            Some(Wish::Pause) => self.pause_backfill(backfill).await,
            Some(Wish::Cancel) => self.cancel_backfill(actor, backfill).await,
        }
    }

    /// Deletes a backfill with its trigger; its runs stay.
    pub async fn remove_backfill(&self, actor: &Actor, id: BackfillId) -> Result<(), Failure> {
        actor.may(Right::Edit)?;
        let backfill = self.backfill(actor, id).await?;
        if is_open(&backfill) {
            return Err(Failure::conflict(
                format!("backfill {id} is under way"),
                "cancel it first",
            ));
        }
        if let Some(trigger) = backfill.trigger {
            self.delete_trigger(trigger).await?;
        }
        self.store().delete_backfill(id).await?;
        Ok(())
    }

    /// What a backfill would do if it were started, stored or not.
    pub async fn preview_backfill(
        &self,
        actor: &Actor,
        backfill: &Backfill,
        only_missing: bool,
    ) -> Result<Preview, Failure> {
        actor.may(Right::Read)?;
        let newest = self.newest_of_anybody(backfill).await?;
        let pipeline = std::slice::from_ref(&backfill.pipeline);
        let mut usual = self.state().usual_of_pipelines(pipeline, None).await?;
        let usual = usual
            .remove(&backfill.pipeline)
            .and_then(|usual| usual.seconds);
        let usual = usual.map(|spread| Duration::from_secs_f64(spread.median.max(0.0)));
        Ok(backfills::preview(backfill, only_missing, &newest, usual)?)
    }

    async fn has_open_runs(&self, id: BackfillId) -> Result<bool, Failure> {
        let page = RunPage {
            backfill: Some(id),
            statuses: OPEN.to_vec(),
            limit: 1,
            ..RunPage::default()
        };
        Ok(!self.store().page_runs(&page).await?.rows.is_empty())
    }

    /// Where the newest run of each date of the window stands, whoever made it: this backfill, another one, a schedule, or
    /// somebody who chose the date.
    pub(super) async fn newest_of_anybody(
        &self,
        backfill: &Backfill,
    ) -> Result<BTreeMap<Timestamp, RunStatus>, Failure> {
        let (Some(from), Some(to)) = (backfill.start, backfill.end) else {
            return Ok(BTreeMap::new());
        };
        let pipeline = &backfill.pipeline;
        Ok(self.store().newest_of_dates(pipeline, from, to).await?)
    }

    /// Where the newest run of a backfill stands for each date.
    async fn newest_of_dates(
        &self,
        id: BackfillId,
    ) -> Result<BTreeMap<Timestamp, RunStatus>, Failure> {
        let rows = self.dated_runs(id, Vec::new()).await?;
        let mut newest = BTreeMap::new();
        for (date, status, _) in rows {
            newest.entry(date).or_insert(status);
        }
        Ok(newest)
    }

    /// The runs of a backfill, the newest first: date, status, when made.
    pub(super) async fn dated_runs(
        &self,
        id: BackfillId,
        statuses: Vec<RunStatus>,
    ) -> Result<Vec<(Timestamp, RunStatus, (RunId, Timestamp))>, Failure> {
        let mut found = Vec::new();
        if id.0 == 0 {
            return Ok(found);
        }
        let mut page = RunPage {
            backfill: Some(id),
            statuses,
            limit: PAGE,
            ..RunPage::default()
        };
        loop {
            let rows = self.store().page_runs(&page).await?.rows;
            page.after = rows.last().map(|row| row.id);
            let is_last = rows.len() < PAGE as usize;
            found.extend(
                rows.into_iter()
                    .map(|row| (row.execution_date, row.status, (row.id, row.created_at))),
            );
            if is_last {
                return Ok(found);
            }
        }
    }

    async fn pause_backfill(&self, mut backfill: Backfill) -> Result<Backfill, Failure> {
        if !is_open(&backfill) || backfill.status == Some(BackfillStatus::Cancelling) {
            let id = backfill.id;
            return Err(Failure::conflict(
                format!("backfill {id} is not under way"),
                "start it first",
            ));
        }
        if let Some(trigger) = backfill.trigger {
            self.limit_backfill(&backfill, trigger, true).await?;
        }
        backfill.status = Some(BackfillStatus::Paused);
        Ok(self.store().put_backfill(backfill).await?)
    }

    /// Puts the settings of a backfill into its trigger, which holds its runs to them.
    pub(super) async fn limit_backfill(
        &self,
        backfill: &Backfill,
        trigger: TriggerId,
        paused: bool,
    ) -> Result<(), Failure> {
        let Some(mut trigger) = self.store().trigger(trigger).await? else {
            return Ok(());
        };
        trigger.settings = settings_of(backfill, paused);
        let kept = self.store().put_trigger(trigger).await?;
        self.service().trigger_changed(kept.id);
        Ok(())
    }

    pub(super) async fn switch_off(&self, backfill: &Backfill) -> Result<(), Failure> {
        let Some(id) = backfill.trigger else {
            return Ok(());
        };
        if let Some(mut trigger) = self.store().trigger(id).await? {
            trigger.is_active = false;
            self.store().put_trigger(trigger).await?;
            self.service().trigger_changed(id);
        }
        Ok(())
    }

    /// Notes where a backfill stands, now that something of it has ended.
    pub(super) async fn follow_backfill(&self, id: BackfillId) -> Result<(), Failure> {
        let Some(mut backfill) = self.store().backfill(id).await? else {
            return Ok(());
        };
        // Until all runs are made, nothing is decided; what a person has decided stays.
        let Some(before) = backfill
            .status
            .filter(|status| *status != BackfillStatus::Initial && !backfills::is_decided(*status))
        else {
            return Ok(());
        };
        // Of many runs that end one after the other, the last one makes the difference.
        if before == BackfillStatus::Running && self.has_open_runs(id).await? {
            return Ok(());
        }
        let mut newest = self.newest_of_dates(id).await?;
        let mut dates = intervals(&backfill).map_or(0, |found| found.len());
        if is_of_missing(&backfill) {
            newest = backfills::telling(newest, &self.newest_of_anybody(&backfill).await?);
            // All of its runs are made: dates without one were left alone. Once it has ended, runs may have been deleted.
            if before == BackfillStatus::Running || !newest.is_empty() {
                dates = newest.len();
            }
        }
        let status = backfills::status(before, dates, &newest);
        if status == before || status == BackfillStatus::Initial {
            return Ok(());
        }
        let at = self.service().now();
        backfill.status = Some(status);
        match status {
            BackfillStatus::Completed => backfill.completed_at = Some(at),
            BackfillStatus::Failed => backfill.failed_at = Some(at),
            _ => {}
        }
        let backfill = self.store().put_backfill(backfill).await?;
        if status == BackfillStatus::Completed {
            self.switch_off(&backfill).await?;
        }
        Ok(())
    }
}

/// Refuses what nobody could start.
fn checked(backfill: &Backfill) -> Result<(), Failure> {
    if backfill.name.trim().is_empty() {
        return Err(Failure::usage("the backfill has no name", "give it one"));
    }
    judging::settings(&backfill.settings, None)?;
    let is_whole = backfill.start.is_some() && backfill.end.is_some() && backfill.unit.is_some();
    if is_whole {
        intervals(backfill)?;
    }
    Ok(())
}

/// Whether dates with a good run are left alone.
pub(super) fn is_of_missing(backfill: &Backfill) -> bool {
    backfill.settings.get(ONLY_MISSING) == Some(&Value::Bool(true))
}

pub(super) fn is_open(backfill: &Backfill) -> bool {
    matches!(
        backfill.status,
        Some(
            BackfillStatus::Initial
                | BackfillStatus::Running
                | BackfillStatus::Paused
                | BackfillStatus::Cancelling
        )
    )
}

pub(super) fn settings_of(backfill: &Backfill, paused: bool) -> Map {
    let mut settings = backfill.settings.clone();
    if paused {
        settings.insert("paused".to_owned(), Value::Bool(true));
    } else {
        settings.remove("paused");
    }
    settings
}
