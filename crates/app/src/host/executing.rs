//! Notebook execution: a block, with or without those above or below it, or the whole pipeline, as a run like any
//! other, waited for.

use std::time::Duration;

use baton_model::{BlockUuid, Cause, RunId, RunStatus};
use baton_scheduler::{Desk as _, Drawn};

use super::Host;
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
        let pipeline = project.pipeline(&request.pipeline.as_str().into())?;
        if let Some(block) = request.block.as_deref()
            && pipeline.block(&BlockUuid::from(block)).is_none()
        {
            return Err(Failure::missing(format!(
                "pipeline `{}` has no block `{block}`",
                pipeline.uuid
            )));
        }
        let request = RunRequest {
            machine: self.desk.machine(),
            ..request
        };
        let mut planned = plan(self.store(), &project, &request, None).await?;
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
}
