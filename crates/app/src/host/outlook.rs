//! What is to come: the runs that schedules bring, and where they would want more of a pool than there is. And what
//! callers asked of a trigger.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use baton_engine::triggers::{
    Collision, Expected, Planned, PoolLoad, collisions, forecast, pool_loads, refusal,
};
use baton_engine::usual::Spread;
use baton_model::{PipelineUuid, Timestamp, Trigger, TriggerId};
use baton_scheduler::Desk;
use baton_store::TriggerCall;

use super::Host;
use crate::actor::{Actor, Right};
use crate::failure::Failure;

/// Most runs that an outlook lists.
const MOST_RUNS: usize = 5_000;

/// Most steps of the load of a pool that an outlook lists.
const MOST_STEPS: usize = 5_000;

/// How far an outlook goes at most.
const FARTHEST: Duration = Duration::from_secs(31 * 24 * 3_600);

/// The runs that schedules bring.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// The runs, in the order in which they start.
    pub runs: Vec<Planned>,
    /// Whether there are more runs, or more steps of a load, than are listed.
    pub is_cut: bool,
    /// Where they want more of a pool than it has.
    pub collisions: Vec<Collision>,
    /// How many places of each pool they want over the time.
    pub pools: Vec<PoolLoad>,
}

impl Host {
    /// The runs that schedules bring from now on, for so long.
    pub async fn outlook(&self, actor: &Actor, span: Duration) -> Result<Outlook, Failure> {
        actor.may(Right::Read)?;
        let mut triggers = self.store().triggers().await?;
        triggers
            .retain(|trigger| trigger.is_active && self.state().has_pipeline(&trigger.pipeline));
        let facts: HashMap<TriggerId, Duration> = self
            .store()
            .trigger_facts()
            .await?
            .into_iter()
            .filter_map(|(id, facts)| {
                let runtimes = facts.recent_runtimes.iter().map(Duration::as_secs_f64);
                let usual = Spread::of(runtimes)?.median;
                Some((id, Duration::try_from_secs_f64(usual).ok()?))
            })
            .collect();
        // Of triggers that have had no run yet, the pipeline tells how long they take.
        let pipelines: BTreeSet<&PipelineUuid> = triggers
            .iter()
            .filter(|trigger| !facts.contains_key(&trigger.id))
            .map(|trigger| &trigger.pipeline)
            .collect();
        let pipelines: Vec<PipelineUuid> = pipelines.into_iter().cloned().collect();
        let usual = self.state().usual_of_pipelines(&pipelines, None).await?;
        let of_pipeline = |pipeline: &PipelineUuid| {
            let median = usual.get(pipeline)?.seconds?.median;
            Duration::try_from_secs_f64(median).ok()
        };
        let expected: Vec<Expected<'_>> = triggers
            .iter()
            .map(|trigger| Expected {
                trigger,
                own: facts.get(&trigger.id).copied(),
                of_pipeline: of_pipeline(&trigger.pipeline),
            })
            .collect();
        let now = self.service().now();
        let mut runs = forecast(&expected, now, now.after(span.min(FARTHEST)));
        let pools = self.desk.pools().into_iter().collect();
        let collisions = collisions(&expected, &runs, &pools);
        let mut loads = pool_loads(&expected, &runs, &pools);
        let mut is_cut = runs.len() > MOST_RUNS;
        runs.truncate(MOST_RUNS);
        for pool in &mut loads {
            is_cut |= pool.load.len() > MOST_STEPS;
            pool.load.truncate(MOST_STEPS);
        }
        Ok(Outlook {
            runs,
            is_cut,
            collisions,
            pools: loads,
        })
    }

    /// The next dates of a trigger that need not be stored, as if it were switched on.
    pub fn dates_of(
        &self,
        actor: &Actor,
        mut trigger: Trigger,
        count: usize,
    ) -> Result<Vec<Timestamp>, Failure> {
        actor.may(Right::Read)?;
        trigger.is_active = true;
        if let Some(reason) = refusal(&trigger) {
            return Err(Failure::usage(
                format!("there are no dates: {reason}"),
                "correct the schedule",
            ));
        }
        Ok(self.next_dates(&trigger, count))
    }

    /// What callers asked of a trigger, the newest first.
    pub async fn calls(
        &self,
        actor: &Actor,
        id: TriggerId,
        limit: u32,
    ) -> Result<Vec<TriggerCall>, Failure> {
        self.trigger(actor, id).await?;
        Ok(self.store().calls(id, limit).await?)
    }
}
