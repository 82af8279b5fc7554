//! Why a run is as it is, and why a trigger makes none.

use baton_engine::why::Why;
use baton_model::{RunId, TriggerId};

use super::Host;
use crate::actor::{Actor, Right};
use crate::failure::Failure;

impl Host {
    /// Why a run is as it is now.
    pub async fn why_run(&self, actor: &Actor, id: RunId) -> Result<Why, Failure> {
        actor.may(Right::Read)?;
        self.run_row(actor, id).await?;
        self.state().why_run(id, self.service().now()).await
    }

    /// Why a trigger makes no run now.
    pub async fn why_trigger(&self, actor: &Actor, id: TriggerId) -> Result<Why, Failure> {
        let trigger = self.trigger(actor, id).await?;
        self.state()
            .why_trigger(&trigger, self.service().now())
            .await
    }
}
