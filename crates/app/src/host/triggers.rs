//! Use cases around triggers.

use std::time::Duration;

use baton_base::Class;
use baton_engine::triggers::{accept, matches, next_dates};
use baton_model::{
    Cause, Map, PipelineUuid, RunId, RunStatus, Timestamp, Trigger, TriggerId, TriggerKind,
    TriggerSettings,
};
use baton_scheduler::Wanted;
use baton_store::{CallKey, RunPage, TriggerCall};
use serde_json::{Value, json};

use super::Host;
use super::forms::told as complained;
use super::sync::new_token;
use crate::actor::{Actor, Right};
use crate::failure::Failure;

/// For so long the same call is the same run, when the caller gives it a key.
const SAME_CALL: Duration = Duration::from_secs(600);

/// A call of a trigger.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// Variables that the caller sets.
    pub variables: Map,
    /// What else the caller says.
    pub event: Map,
    /// Names the call: the same key within ten minutes is the same call.
    pub key: Option<String>,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Called {
    /// The run.
    pub run: RunId,
    /// Whether an earlier call had started it.
    pub is_repeated: bool,
}

impl Host {
    /// The triggers of a pipeline, or of all.
    pub async fn triggers(
        &self,
        actor: &Actor,
        pipeline: Option<&PipelineUuid>,
    ) -> Result<Vec<Trigger>, Failure> {
        actor.may(Right::Read)?;
        let mut triggers = self.store().triggers().await?;
        triggers.retain(|trigger| pipeline.is_none_or(|uuid| &trigger.pipeline == uuid));
        Ok(triggers)
    }

    /// One trigger.
    pub async fn trigger(&self, actor: &Actor, id: TriggerId) -> Result<Trigger, Failure> {
        actor.may(Right::Read)?;
        self.store()
            .trigger(id)
            .await?
            .ok_or_else(|| no_trigger(id))
    }

    /// When a trigger runs next, as far as its schedule says.
    pub fn next_dates(&self, trigger: &Trigger, count: usize) -> Vec<Timestamp> {
        let is_followed = trigger.is_active && trigger.kind == TriggerKind::Time;
        if !is_followed || !self.state().has_pipeline(&trigger.pipeline) {
            return Vec::new();
        }
        next_dates(trigger, self.service().now(), count)
    }

    /// Makes a trigger. Its number is given by the database.
    pub async fn create_trigger(
        &self,
        actor: &Actor,
        mut trigger: Trigger,
    ) -> Result<Trigger, Failure> {
        actor.may(Right::Edit)?;
        self.expect_pipeline(actor, &trigger.pipeline).await?;
        if self
            .store()
            .trigger_named(&trigger.pipeline, &trigger.name)
            .await?
            .is_some()
        {
            return Err(Failure::conflict(
                format!(
                    "pipeline `{}` has a trigger `{}` already",
                    trigger.pipeline, trigger.name
                ),
                "give it another name",
            ));
        }
        let at = self.service().now();
        trigger.id = TriggerId(0);
        (trigger.created_at, trigger.updated_at) = (at, at);
        if trigger.token.is_none() {
            trigger.token = Some(new_token());
        }
        self.checked(&mut trigger, None).await?;
        self.refuse_wrong_choices(&trigger.pipeline, &trigger.variables)
            .await?;
        let made = self.save_trigger(trigger).await?;
        let object = made.id.to_string();
        self.audit(actor, "trigger.create", &object, told(&made))
            .await;
        Ok(made)
    }

    /// Changes a trigger with `change`.
    pub async fn update_trigger(
        &self,
        actor: &Actor,
        id: TriggerId,
        change: impl FnOnce(&mut Trigger),
    ) -> Result<Trigger, Failure> {
        actor.may(Right::Edit)?;
        let before = self.trigger(actor, id).await?;
        let mut trigger = before.clone();
        change(&mut trigger);
        (trigger.id, trigger.created_at) = (before.id, before.created_at);
        trigger.updated_at = self.service().now();
        // The token is taken away to get another one.
        if trigger.token.is_none() && (before.token.is_some() || trigger.kind == TriggerKind::Api) {
            trigger.token = Some(new_token());
        }
        self.checked(&mut trigger, Some(&before)).await?;
        if trigger.variables != before.variables {
            self.refuse_wrong_choices(&trigger.pipeline, &trigger.variables)
                .await?;
        }
        let changed = self.save_trigger(trigger).await?;
        let object = changed.id.to_string();
        self.audit(actor, "trigger.update", &object, told(&changed))
            .await;
        Ok(changed)
    }

    /// Deletes a trigger; its runs stay.
    pub async fn remove_trigger(&self, actor: &Actor, id: TriggerId) -> Result<(), Failure> {
        actor.may(Right::Edit)?;
        if self.delete_trigger(id).await? {
            self.audit(actor, "trigger.delete", &id.to_string(), Value::Null)
                .await;
            Ok(())
        } else {
            Err(no_trigger(id))
        }
    }

    /// Starts a run of a trigger for whoever knows its token, or may run anything.
    pub async fn call_trigger(
        &self,
        actor: &Actor,
        id: TriggerId,
        token: Option<&str>,
        call: Call,
    ) -> Result<Called, Failure> {
        // Whether there is such a trigger is told to nobody who does not know its token.
        let denied = || Failure {
            class: Class::Denied,
            exit: Class::Denied.exit_code(),
            ..Failure::usage(
                "the trigger or its token is wrong",
                "copy the address of the trigger again",
            )
        };
        let trigger = match actor.may(Right::Run) {
            Ok(()) => self.trigger(actor, id).await?,
            Err(_) => self.store().trigger(id).await?.ok_or_else(denied)?,
        };
        let knows = |given: &str| {
            let stored = trigger.token.as_deref().unwrap_or_default();
            let equal = blake3::hash(given.as_bytes()) == blake3::hash(stored.as_bytes());
            trigger.kind == TriggerKind::Api && !stored.is_empty() && equal
        };
        match token {
            Some(token) if !knows(token) => return Err(denied()),
            None => actor.may(Right::Run).map_err(|_| denied())?,
            Some(_) => {}
        }
        self.start_called(trigger, call).await
    }

    async fn start_called(&self, mut trigger: Trigger, call: Call) -> Result<Called, Failure> {
        if trigger.taken_out_at.is_some() {
            let name = &trigger.name;
            let text = format!("the trigger `{name}` was taken out of `triggers.yaml`");
            self.note_call(&trigger, &call, "refused", None, &text)
                .await?;
            let hint = "put its entry back, or switch it on";
            return Err(Failure::conflict(text, hint));
        }
        let now = self.service().now();
        let key = call.key.clone().map(|key| CallKey {
            trigger: trigger.id,
            key,
            since: Timestamp(now.0.saturating_sub(SAME_CALL.as_micros() as i64)),
        });
        if let Some(repeated) = self.repeated(&trigger, &call, key.as_ref()).await? {
            return Ok(repeated);
        }
        let settings = TriggerSettings::of(&trigger.settings);
        let chosen = self.wrong_choices(&trigger.pipeline, &call.variables, &trigger.variables);
        let mut complaints = chosen.await?;
        complaints.extend(
            accept(&settings, &call.variables)
                .err()
                .into_iter()
                .flatten(),
        );
        if !complaints.is_empty() {
            let text = complained(&complaints);
            self.note_call(&trigger, &call, "refused", None, &text)
                .await?;
            return Err(Failure::usage(text, "see what the trigger accepts"));
        }
        // Counted before a plan is made, which costs more; and once more where the run is made, for calls that come at once.
        if let Some(limit) = settings.queue_limit
            && self.waiting_of(trigger.id).await? >= u64::from(limit)
        {
            return Err(self.full(&trigger, &call, limit).await?);
        }
        if !trigger.is_active {
            // As in Mage, a call switches its trigger on.
            trigger.is_active = true;
            trigger.last_enabled_at = Some(now);
            trigger = self.save_trigger(trigger).await?;
        }
        let mut wanted = Wanted::new(trigger.pipeline.clone(), Cause::Call, now);
        wanted.trigger = Some(trigger.clone());
        wanted.variables = call.variables.clone();
        wanted.event = call.event.clone();
        wanted.call.clone_from(&key);
        wanted.queue_limit = settings.queue_limit;
        let made = self.service().submit(vec![wanted]).await.into_iter().next();
        match made {
            Some(Ok(Some(run))) => {
                self.note_call(&trigger, &call, "started", Some(run), "")
                    .await?;
                Ok(Called {
                    run,
                    is_repeated: false,
                })
            }
            Some(Err(complaint)) => {
                self.note_call(&trigger, &call, "failed", None, &complaint.message)
                    .await?;
                Err(Failure::complained(complaint))
            }
            // The same call has come twice at the same moment, or others were faster.
            Some(Ok(None)) | None => {
                let repeated = self.repeated(&trigger, &call, key.as_ref()).await?;
                match (repeated, settings.queue_limit) {
                    (Some(repeated), _) => Ok(repeated),
                    (None, Some(limit)) => Err(self.full(&trigger, &call, limit).await?),
                    (None, None) => Err(Failure::bug("the run was not made")),
                }
            }
        }
    }

    /// How many runs of a trigger wait.
    async fn waiting_of(&self, trigger: TriggerId) -> Result<u64, Failure> {
        let page = RunPage {
            triggers: vec![trigger],
            statuses: vec![RunStatus::Initial],
            limit: 1,
            ..RunPage::default()
        };
        Ok(self.store().page_runs(&page).await?.total)
    }

    /// Refuses a call of a trigger of which `limit` runs wait already.
    async fn full(&self, trigger: &Trigger, call: &Call, limit: u32) -> Result<Failure, Failure> {
        let text = format!("{limit} runs of this trigger wait already, and it takes no more");
        self.note_call(trigger, call, "full", None, &text).await?;
        Ok(Failure {
            is_full: true,
            ..Failure::conflict(text, "try again later")
        })
    }

    /// What to answer to a call that has made its run before.
    async fn repeated(
        &self,
        trigger: &Trigger,
        call: &Call,
        key: Option<&CallKey>,
    ) -> Result<Option<Called>, Failure> {
        let Some(key) = key else { return Ok(None) };
        let found = self.store().call_with_key(key.trigger, &key.key, key.since);
        let Some(run) = found.await? else {
            return Ok(None);
        };
        let text = "the same call as before";
        self.note_call(trigger, call, "repeated", Some(run), text)
            .await?;
        Ok(Some(Called {
            run,
            is_repeated: true,
        }))
    }

    /// Starts a run of every active trigger for events that one of its patterns fits. Gives the runs.
    pub async fn receive_event(&self, actor: &Actor, event: Map) -> Result<Vec<RunId>, Failure> {
        actor.may(Right::Run)?;
        let now = self.service().now();
        let whole = Value::Object(event.clone());
        let wanted: Vec<Wanted> = (self.store().triggers().await?.into_iter())
            .filter(|trigger| trigger.is_active && trigger.kind == TriggerKind::Event)
            .filter(|trigger| {
                trigger
                    .matchers
                    .iter()
                    .any(|pattern| matches(pattern, &whole))
            })
            .map(|trigger| {
                let mut wanted = Wanted::new(trigger.pipeline.clone(), Cause::Event, now);
                wanted.trigger = Some(trigger);
                wanted.event.clone_from(&event);
                wanted
            })
            .collect();
        let mut runs = Vec::new();
        for made in self.service().submit(wanted).await {
            runs.extend(made.map_err(Failure::complained)?);
        }
        Ok(runs)
    }

    async fn note_call(
        &self,
        trigger: &Trigger,
        call: &Call,
        status: &str,
        run: Option<RunId>,
        note: &str,
    ) -> Result<(), Failure> {
        let record = TriggerCall {
            trigger: trigger.id,
            at: self.service().now(),
            key: call.key.clone(),
            status: status.to_owned(),
            run,
            note: (!note.is_empty()).then(|| note.to_owned()),
        };
        Ok(self.store().record_call(&record).await?)
    }
}

/// What of a trigger is noted: no token, and no variables, which may hold anything.
fn told(trigger: &Trigger) -> Value {
    json!({"pipeline": trigger.pipeline, "name": trigger.name, "active": trigger.is_active})
}

fn no_trigger(id: TriggerId) -> Failure {
    Failure::missing(format!("there is no trigger {id}"))
}
