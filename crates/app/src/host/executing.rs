//! Notebook execution: a block, with or without those above or below it, or the whole pipeline, as a run like any
//! other, waited for.

use std::time::Duration;

use baton_model::{BlockUuid, Cause, Map, OlderOutput, Plan, Product, Run, RunId, RunStatus};
use baton_scheduler::{Desk as _, Drawn};
use baton_store::BlockRunRow;

use super::Host;
use super::editing::of_pipeline;
use crate::actor::{Actor, Right};
use crate::failure::Failure;
use crate::planning::plan;
use crate::request::RunRequest;

/// A run of a block that was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Executed {
    /// The run.
    pub run: RunId,
    /// How it ended; none when it has not ended within the time.
    pub status: Option<RunStatus>,
}

/// What a block of a run was given.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// What it took from the blocks above it, in the order of its arguments.
    pub taken: Vec<Taken>,
    /// The variables of the run.
    pub variables: Map,
    /// The run as it stands.
    pub run: Run,
}

/// The output of one block run, as a block below takes it.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The block run; none where it did not run.
    pub block_run: Option<BlockRunRow>,
    /// The block, and where it ran.
    pub block: BlockUuid,
    /// The run it ran in.
    pub run: RunId,
    /// What it produced.
    pub products: Vec<Product>,
}

impl Host {
    /// Runs a block of a pipeline, or all of it, and waits so long for its end. It goes on when the time is up.
    pub async fn execute_block(
        &self,
        actor: &Actor,
        request: RunRequest,
        wait: Duration,
    ) -> Result<Executed, Failure> {
        actor.may(Right::Run)?;
        let project = self.project().await?;
        let pipeline = project.pipeline(&request.pipeline.as_str().into());
        let pipeline = pipeline.map_err(of_pipeline)?;
        for block in &request.blocks {
            if pipeline.block(&BlockUuid::from(block.as_str())).is_none() {
                return Err(Failure::missing(format!(
                    "pipeline `{}` has no block `{block}`",
                    pipeline.uuid
                )));
            }
        }
        if request.blocks.is_empty() {
            self.refuse_wrong_choices(&pipeline.uuid, &request.variables)
                .await?;
        }
        let request = RunRequest {
            machine: self.desk.machine(),
            ..request
        };
        let mut planned = plan(self.store(), &project, &request, None).await?;
        if let Some(from) = request.from_run {
            if request.blocks.is_empty() {
                return Err(Failure::usage(
                    "inputs of an older run are for single blocks",
                    "name the block, or leave the run out",
                ));
            }
            let old = self.run(actor, RunId(from)).await?;
            as_in(&mut planned.plan, &old, &request.variables);
        }
        // Not by hand: a server that starts after this one goes on with it.
        planned.plan.occasion.cause = Cause::Call;
        let drawn = Drawn {
            plan: planned.plan,
            texts: planned.texts,
        };
        let run = self.service().submit_drawn(drawn).await;
        let run = run.map_err(Failure::complained)?;
        let row = self.wait_for_run(actor, run, wait).await?;
        let status = Some(row.status).filter(|status| status.is_final());
        Ok(Executed { run, status })
    }

    /// What a block run was given: outputs of the blocks above it, whichever run they come from, and variables. Of a block
    /// above that ran once for each item, all of them are told.
    pub async fn inputs_of_block_run(&self, actor: &Actor, id: i64) -> Result<Inputs, Failure> {
        let block = self.block_run(actor, id).await?;
        let run = self.run(actor, block.run).await?;
        let planned = run.plan.block(&block.key.block);
        let mut taken = Vec::new();
        for above in planned
            .map(|planned| planned.upstream.as_slice())
            .unwrap_or_default()
        {
            let older = run.plan.inputs.get(above);
            let from = older.map_or(run.id, |older: &OlderOutput| older.run);
            let rows = self.store().block_runs(from).await?;
            let rows: Vec<BlockRunRow> = rows
                .into_iter()
                .filter(|row| row.key.block == *above)
                .collect();
            if rows.is_empty() {
                taken.push(Taken {
                    block_run: None,
                    block: above.clone(),
                    run: from,
                    products: Vec::new(),
                });
            }
            for row in rows {
                taken.push(Taken {
                    products: self.store().products(from, &row.key).await?,
                    block: above.clone(),
                    run: from,
                    block_run: Some(row),
                });
            }
        }
        let mut variables = run.plan.variables.clone();
        variables.extend(run.plan.given.clone());
        variables.extend(run.variables.clone());
        Ok(Inputs {
            taken,
            variables,
            run,
        })
    }
}

/// Lets a new run give its blocks what an older one gave: variables, environment, dates and event; with these variables
/// over them.
fn as_in(plan: &mut Plan, old: &Run, variables: &Map) {
    let before = &old.plan;
    plan.variables.clone_from(&before.variables);
    plan.given.clone_from(&before.given);
    plan.given.extend(old.variables.clone());
    plan.given.extend(variables.clone());
    plan.env.clone_from(&before.env);
    plan.triggered = before.triggered;
    plan.trigger.clone_from(&before.trigger);
    plan.execution_date = before.execution_date;
    plan.occasion.event.clone_from(&before.occasion.event);
    plan.occasion.interval.clone_from(&before.occasion.interval);
    plan.occasion
        .partition
        .clone_from(&before.occasion.partition);
}
