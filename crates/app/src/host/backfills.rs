//! Use cases around backfills (spec 7.6): one run for each interval of a window, under a trigger of their own.

use std::collections::BTreeMap;
use std::time::Duration;

use baton_engine::backfills::{self, Preview, intervals};
use baton_model::{
    Backfill, BackfillId, BackfillStatus, Cause, Interval, Map, PipelineUuid, RunId, RunStatus,
    Timestamp, Trigger, TriggerId, TriggerKind,
};
use baton_scheduler::Wanted;
use baton_store::RunPage;
use serde_json::Value;

use super::Host;
use crate::actor::{Actor, Right};
use crate::failure::Failure;

/// Runs that are made in one transaction.
const TOGETHER: usize = 500;

/// How long making the runs of a backfill may take before another process goes on with it.
const MAKING: Duration = Duration::from_secs(300);

/// Runs that are read at a time.
const PAGE: u32 = 5_000;

/// The setting that says that dates with a good run are left alone.
const ONLY_MISSING: &str = "only_missing";

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
        self.project().await?.pipeline_file(&backfill.pipeline)?;
        checked(&backfill)?;
        let at = self.service().now();
        backfill.id = BackfillId(0);
        (backfill.created_at, backfill.updated_at) = (at, at);
        Ok(self.store().put_backfill(backfill).await?)
    }

    /// Changes a backfill with `change`, and then does what is wished. Its window and its variables stay while runs of
    /// it may be open.
    pub async fn update_backfill(
        &self,
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
                    let paused = backfill.status == Some(BackfillStatus::Paused);
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
        let newest = self.newest_of_dates(backfill.id).await?;
        let pipeline = std::slice::from_ref(&backfill.pipeline);
        let mut usual = self.state().usual_of_pipelines(pipeline, None).await?;
        let usual = usual
            .remove(&backfill.pipeline)
            .and_then(|usual| usual.seconds);
        let usual = usual.map(|spread| Duration::from_secs_f64(spread.median.max(0.0)));
        Ok(backfills::preview(backfill, only_missing, &newest, usual)?)
    }

    /// Where the newest run of each date stands.
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
    async fn dated_runs(
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

    async fn start_backfill(&self, mut backfill: Backfill) -> Result<Backfill, Failure> {
        match backfill.status {
            Some(BackfillStatus::Initial | BackfillStatus::Running) => return Ok(backfill),
            Some(BackfillStatus::Paused) => {
                if let Some(trigger) = backfill.trigger {
                    self.limit_backfill(&backfill, trigger, false).await?;
                }
                backfill.status = Some(BackfillStatus::Running);
                let backfill = self.store().put_backfill(backfill).await?;
                // Its last run may have ended meanwhile.
                self.follow_backfill(backfill.id).await?;
                return self.backfill(&Actor::Owner, backfill.id).await;
            }
            _ => {}
        }
        intervals(&backfill)?;
        backfill.trigger = Some(self.trigger_of(&backfill).await?);
        backfill.status = Some(BackfillStatus::Initial);
        backfill.started_at = Some(self.service().now());
        (backfill.completed_at, backfill.failed_at) = (None, None);
        let backfill = self.store().put_backfill(backfill).await?;
        self.make_runs(backfill).await
    }

    /// The trigger that the runs of a backfill belong to, switched on.
    async fn trigger_of(&self, backfill: &Backfill) -> Result<TriggerId, Failure> {
        let stored = match backfill.trigger {
            Some(id) => self.store().trigger(id).await?,
            None => None,
        };
        let at = self.service().now();
        let mut name = format!("Backfill {}", backfill.name);
        let taken = self
            .store()
            .trigger_named(&backfill.pipeline, &name)
            .await?;
        if taken.is_some_and(|taken| Some(taken.id) != backfill.trigger) {
            name = format!("{name} ({})", backfill.id);
        }
        let trigger = Trigger {
            id: stored.as_ref().map_or(TriggerId(0), |stored| stored.id),
            pipeline: backfill.pipeline.clone(),
            name,
            // No kind, so that nothing but the backfill makes runs of it.
            kind: TriggerKind::Other("backfill".to_owned()),
            interval: Some("@once".to_owned()),
            start_time: None,
            is_active: true,
            last_enabled_at: Some(at),
            variables: backfill.variables.clone(),
            sla: None,
            settings: settings_of(backfill, false),
            token: None,
            description: None,
            matchers: Vec::new(),
            tags: Vec::new(),
            product: None,
            is_declared: false,
            created_at: stored.map_or(at, |stored| stored.created_at),
            updated_at: at,
        };
        let kept = self.store().put_trigger(trigger).await?;
        self.service().trigger_changed(kept.id);
        Ok(kept.id)
    }

    /// Makes the runs of a backfill that was started. Those that an earlier process has made are not made again.
    async fn make_runs(&self, backfill: Backfill) -> Result<Backfill, Failure> {
        let Some(sharing) = self.service().sharing() else {
            return self.make_runs_alone(backfill).await;
        };
        // Another process may be at it.
        let name = format!("backfill {}", backfill.id);
        let now = self.service().now();
        let duty = self
            .store()
            .take_duty(&name, &sharing.owner, now, MAKING)
            .await?;
        let Some(duty) = duty else {
            return Ok(backfill);
        };
        let made = self.make_runs_alone(backfill).await;
        self.store().leave_duty(&duty).await?;
        made
    }

    async fn make_runs_alone(&self, mut backfill: Backfill) -> Result<Backfill, Failure> {
        let all = intervals(&backfill)?;
        let since = backfill.started_at.unwrap_or(backfill.updated_at);
        let runs = self.dated_runs(backfill.id, Vec::new()).await?;
        let mut newest = BTreeMap::new();
        for (date, status, (_, made)) in runs {
            newest.entry(date).or_insert((status, made));
        }
        let only_missing = backfill.settings.get(ONLY_MISSING) == Some(&Value::Bool(true));
        let is_wanted = |interval: &&Interval| match newest.get(&interval.start) {
            None => true,
            Some((_, made)) if *made >= since => false,
            Some((status, _)) => {
                !only_missing || matches!(status, RunStatus::Failed | RunStatus::Cancelled)
            }
        };
        let trigger = match backfill.trigger {
            Some(id) => self.store().trigger(id).await?,
            None => None,
        };
        let wanted: Vec<Wanted> = all
            .iter()
            .filter(is_wanted)
            .map(|interval| {
                let pipeline = backfill.pipeline.clone();
                let mut one = Wanted::new(pipeline, Cause::Backfill, interval.start);
                one.trigger.clone_from(&trigger);
                one.backfill = Some(backfill.id);
                one.variables = backfills::variables(interval);
                one
            })
            .collect();
        for part in wanted.chunks(TOGETHER) {
            for made in self.service().submit(part.to_vec()).await {
                if let Err(complaint) = made {
                    backfill.status = Some(BackfillStatus::Failed);
                    backfill.failed_at = Some(self.service().now());
                    self.store().put_backfill(backfill).await?;
                    return Err(Failure::complained(complaint));
                }
            }
        }
        backfill.status = Some(BackfillStatus::Running);
        let backfill = self.store().put_backfill(backfill).await?;
        // Runs may have ended before it was noted that all are made, or there was nothing to make.
        self.follow_backfill(backfill.id).await?;
        self.backfill(&Actor::Owner, backfill.id).await
    }

    async fn pause_backfill(&self, mut backfill: Backfill) -> Result<Backfill, Failure> {
        if !is_open(&backfill) {
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

    async fn cancel_backfill(
        &self,
        actor: &Actor,
        mut backfill: Backfill,
    ) -> Result<Backfill, Failure> {
        if !is_open(&backfill) {
            return Ok(backfill);
        }
        // Nothing of it starts while the runs are stopped one after the other.
        if let Some(trigger) = backfill.trigger {
            self.limit_backfill(&backfill, trigger, true).await?;
        }
        backfill.status = Some(BackfillStatus::Cancelled);
        let backfill = self.store().put_backfill(backfill).await?;
        let open = vec![RunStatus::Initial, RunStatus::Running];
        for (_, _, (run, _)) in self.dated_runs(backfill.id, open).await? {
            self.cancel_run(actor, run, "its backfill was cancelled")
                .await?;
        }
        self.switch_off(&backfill).await?;
        Ok(backfill)
    }

    /// Puts the settings of a backfill into its trigger, which holds its runs to them.
    async fn limit_backfill(
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

    async fn switch_off(&self, backfill: &Backfill) -> Result<(), Failure> {
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
        let Some(decided) = backfill
            .status
            .filter(|status| *status != BackfillStatus::Initial)
        else {
            return Ok(());
        };
        let newest = self.newest_of_dates(id).await?;
        let dates = intervals(&backfill).map_or(0, |found| found.len());
        let status = backfills::status(decided, dates, &newest);
        if status == decided || status == BackfillStatus::Initial {
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

    /// Makes the runs of backfills that another process has started, if it has not come to it.
    pub(super) async fn begin_backfills(&self) -> Result<(), Failure> {
        for backfill in self.store().backfills(None).await? {
            if backfill.status == Some(BackfillStatus::Initial) {
                self.make_runs(backfill).await?;
            }
        }
        Ok(())
    }

    /// Makes the runs of backfills that an earlier process has started and not finished to make.
    pub(super) async fn finish_backfills(&self) -> Result<(), Failure> {
        for backfill in self.store().backfills(None).await? {
            let id = backfill.id;
            let done = match backfill.status {
                Some(BackfillStatus::Initial) => self.make_runs(backfill).await.map(drop),
                Some(BackfillStatus::Running) => self.follow_backfill(id).await,
                _ => Ok(()),
            };
            if let Err(failure) = done {
                tracing::warn!(backfill = %id, reason = failure.message, "a backfill cannot go on");
            }
        }
        Ok(())
    }
}

/// Refuses what nobody could start.
fn checked(backfill: &Backfill) -> Result<(), Failure> {
    if backfill.name.trim().is_empty() {
        return Err(Failure::usage("the backfill has no name", "give it one"));
    }
    let is_whole = backfill.start.is_some() && backfill.end.is_some() && backfill.unit.is_some();
    if is_whole {
        intervals(backfill)?;
    }
    Ok(())
}

fn is_open(backfill: &Backfill) -> bool {
    matches!(
        backfill.status,
        Some(BackfillStatus::Initial | BackfillStatus::Running | BackfillStatus::Paused)
    )
}

fn settings_of(backfill: &Backfill, paused: bool) -> Map {
    let mut settings = backfill.settings.clone();
    if paused {
        settings.insert("paused".to_owned(), Value::Bool(true));
    } else {
        settings.remove("paused");
    }
    settings
}
