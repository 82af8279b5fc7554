//! Triggers in files and in the database (spec 7.1): what a file declares is taken over; what is changed elsewhere goes
//! back into the file where the trigger lives in one.

use std::collections::HashMap;
use std::sync::Weak;

use baton_base::files;
use baton_base::now;
use baton_model::{Map, PipelineUuid, Timestamp, Trigger, TriggerId};
use baton_project::Trigger as Declared;
use baton_project::edit::{self, Edit};
use chrono::DateTime;
use serde_json::{Value, json};

use super::Host;
use crate::failure::Failure;
use crate::occasion::moment;
use crate::settings;

impl Host {
    /// Takes over the triggers of every pipeline, however many in one transaction. Gives those whose files are to say
    /// since when they are on.
    pub(super) async fn sync_all_triggers(&self) -> Result<Vec<Trigger>, Failure> {
        let project = self.project().await?;
        let reading = move || {
            let uuids = project.pipeline_uuids();
            let read = |uuid: PipelineUuid| (project.triggers(&uuid).triggers, uuid);
            uuids.into_iter().map(read).collect::<Vec<_>>()
        };
        let declared = tokio::task::spawn_blocking(reading)
            .await
            .map_err(|error| Failure::bug(format!("the triggers could not be read: {error}")))?;
        let mut stored: HashMap<(PipelineUuid, String), Trigger> = HashMap::new();
        for trigger in self.store().triggers().await? {
            stored.insert((trigger.pipeline.clone(), trigger.name.clone()), trigger);
        }
        let mut taken = Taken::default();
        for (triggers, pipeline) in declared {
            for declared in counting(triggers) {
                let key = (pipeline.clone(), declared.name.clone());
                taken.look(stored.get(&key), &pipeline, &declared);
            }
        }
        self.store_taken(taken).await
    }

    /// Takes over the triggers of a pipeline whose file has changed.
    pub(super) async fn sync_triggers(&self, pipeline: &PipelineUuid) -> Result<(), Failure> {
        let project = self.project().await?;
        let mut taken = Taken::default();
        for declared in counting(project.triggers(pipeline).triggers) {
            let stored = self.store().trigger_named(pipeline, &declared.name).await?;
            taken.look(stored.as_ref(), pipeline, &declared);
        }
        for trigger in self.store_taken(taken).await? {
            self.write_stamp(&trigger).await?;
        }
        Ok(())
    }

    /// Stores what files say. Gives the triggers whose files are to say since when they are on.
    async fn store_taken(&self, taken: Taken) -> Result<Vec<Trigger>, Failure> {
        if taken.changed.is_empty() {
            return Ok(Vec::new());
        }
        let kept = self.store().put_triggers(taken.changed).await?;
        let mut stamped = Vec::new();
        for (trigger, is_stamped) in kept.into_iter().zip(taken.stamped) {
            self.service().trigger_changed(trigger.id);
            if is_stamped {
                stamped.push(trigger);
            }
        }
        Ok(stamped)
    }

    /// Writes into files since when their triggers are on. Nobody waits for it: the database knows it already.
    pub(super) async fn write_stamps(host: Weak<Self>, stamped: Vec<Trigger>) {
        for trigger in stamped {
            let Some(host) = host.upgrade() else { return };
            // It may have been changed meanwhile, and then it has been written.
            let newest = host.store().trigger(trigger.id).await;
            if !newest.is_ok_and(|newest| newest.as_ref() == Some(&trigger)) {
                continue;
            }
            if let Err(failure) = host.write_stamp(&trigger).await {
                let pipeline = &trigger.pipeline;
                tracing::warn!(%pipeline, reason = failure.message, "since when a trigger is on was not written");
            }
        }
    }

    /// Stores a trigger that a person or the service has changed, and writes its file where it lives in one, or where
    /// its pipeline wants triggers in code.
    pub async fn save_trigger(&self, mut trigger: Trigger) -> Result<Trigger, Failure> {
        let project = self.project().await?;
        let wants_code = project
            .pipeline(&trigger.pipeline)
            .is_ok_and(|pipeline| pipeline.saves_triggers);
        trigger.is_declared |= wants_code;
        let kept = self.store().put_trigger(trigger).await?;
        if kept.is_declared {
            self.write_back(&kept).await?;
        }
        self.service().trigger_changed(kept.id);
        Ok(kept)
    }

    /// Deletes a trigger; its runs stay.
    pub async fn delete_trigger(&self, id: TriggerId) -> Result<bool, Failure> {
        let Some(trigger) = self.store().trigger(id).await? else {
            return Ok(false);
        };
        if trigger.is_declared {
            let edit = Edit::RemoveTrigger {
                name: trigger.name.clone(),
            };
            self.edit_triggers(&trigger.pipeline, edit).await?;
        }
        self.store().delete_trigger(id).await?;
        self.service().trigger_changed(id);
        Ok(true)
    }

    /// Writes into its file since when a trigger is on. Nothing else: somebody may have edited the file since it was read.
    async fn write_stamp(&self, trigger: &Trigger) -> Result<(), Failure> {
        let edit = Edit::SetTriggerKey {
            name: trigger.name.clone(),
            path: vec!["last_enabled_at".to_owned()],
            value: Some(written_moment(trigger.last_enabled_at)),
        };
        self.edit_triggers(&trigger.pipeline, edit).await
    }

    async fn write_back(&self, trigger: &Trigger) -> Result<(), Failure> {
        let edit = Edit::PutTrigger {
            name: trigger.name.clone(),
            keys: written(trigger),
        };
        self.edit_triggers(&trigger.pipeline, edit).await
    }

    /// Changes `triggers.yaml` of a pipeline, one writer at a time.
    async fn edit_triggers(&self, pipeline: &PipelineUuid, edit: Edit) -> Result<(), Failure> {
        let path = self
            .root()
            .join("pipelines")
            .join(pipeline.as_str())
            .join("triggers.yaml");
        let lock = self.state().home.path().join("locks/edit");
        let work = move || {
            let _held = crate::answers::lock_file(&lock)?;
            files::rewrite(&path, |text| -> Result<String, Failure> {
                Ok(edit::apply(text, &edit)?)
            })
        };
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|error| Err(Failure::bug(format!("the file was not written: {error}"))))
    }
}

/// Triggers of files that are to be stored.
#[derive(Default)]
struct Taken {
    changed: Vec<Trigger>,
    /// Of each, whether its file is to say since when it is on.
    stamped: Vec<bool>,
}

impl Taken {
    /// Takes a declared trigger, unless it is stored as it is declared.
    fn look(&mut self, stored: Option<&Trigger>, pipeline: &PipelineUuid, declared: &Declared) {
        let merged = merged(stored, pipeline, declared, Timestamp(now()));
        if stored == Some(&merged) {
            return;
        }
        let was_stamped = declared.last_enabled_at.is_none() && merged.last_enabled_at.is_some();
        self.stamped.push(was_stamped && merged.is_active);
        self.changed.push(merged);
    }
}

/// The triggers of a file that exist in the environment of this process; of those with one name the last one counts.
fn counting(declared: Vec<Declared>) -> Vec<Declared> {
    let environment = settings::variable("ENV").unwrap_or_else(|| "dev".to_owned());
    let mut counting: Vec<Declared> = Vec::with_capacity(declared.len());
    for one in declared {
        let is_here = one.envs.is_empty() || one.envs.contains(&environment);
        if is_here && !one.name.is_empty() {
            counting.retain(|other| other.name != one.name);
            counting.push(one);
        }
    }
    counting
}

/// The trigger as it is to be stored: what the file says, and what only the database knows.
fn merged(
    stored: Option<&Trigger>,
    pipeline: &PipelineUuid,
    declared: &Declared,
    at: Timestamp,
) -> Trigger {
    let kind = declared.kind.clone();
    let has_new_interval = stored.is_some_and(|stored| stored.interval != declared.interval);
    let enabled = declared.last_enabled_at.as_deref().and_then(moment);
    let enabled = enabled.or(stored.and_then(|stored| stored.last_enabled_at));
    let was_active = stored.is_some_and(|stored| stored.is_active);
    let last_enabled_at = match enabled {
        // A new schedule does not make up for dates that came before it.
        Some(_) if has_new_interval && declared.is_active => Some(at),
        None if declared.is_active => Some(at),
        other if declared.is_active && stored.is_some() && !was_active => {
            other.max(stored.and_then(|stored| stored.last_enabled_at))
        }
        other => other,
    };
    let token = declared
        .token
        .clone()
        .or_else(|| stored.and_then(|stored| stored.token.clone()));
    let mut merged = Trigger {
        id: stored.map_or(TriggerId(0), |stored| stored.id),
        pipeline: pipeline.clone(),
        name: declared.name.clone(),
        token: token.or_else(|| Some(new_token())),
        kind,
        interval: declared.interval.clone(),
        start_time: declared.start_time.as_deref().and_then(moment),
        is_active: declared.is_active,
        last_enabled_at,
        variables: declared.variables.clone(),
        sla: declared.sla,
        settings: declared.settings.clone(),
        description: declared.description.clone(),
        matchers: stored
            .map(|stored| stored.matchers.clone())
            .unwrap_or_default(),
        tags: stored.map(|stored| stored.tags.clone()).unwrap_or_default(),
        product: stored.and_then(|stored| stored.product.clone()),
        is_declared: true,
        created_at: stored.map_or(at, |stored| stored.created_at),
        updated_at: stored.map_or(at, |stored| stored.updated_at),
    };
    if stored != Some(&merged) {
        merged.updated_at = at;
    }
    merged
}

/// The keys of a trigger as its file has them.
fn written(trigger: &Trigger) -> Map {
    let mut keys = Map::from_iter([
        ("schedule_type".to_owned(), json!(trigger.kind.name())),
        ("schedule_interval".to_owned(), json!(trigger.interval)),
        ("start_time".to_owned(), written_moment(trigger.start_time)),
        (
            "status".to_owned(),
            json!(if trigger.is_active {
                "active"
            } else {
                "inactive"
            }),
        ),
        ("variables".to_owned(), json!(trigger.variables)),
        ("settings".to_owned(), json!(trigger.settings)),
        ("sla".to_owned(), json!(trigger.sla)),
    ]);
    if trigger.last_enabled_at.is_some() {
        keys.insert(
            "last_enabled_at".to_owned(),
            written_moment(trigger.last_enabled_at),
        );
    }
    if let Some(description) = &trigger.description {
        keys.insert("description".to_owned(), json!(description));
    }
    keys
}

/// A moment as files have it, to the microsecond: what is read back is what was stored.
fn written_moment(at: Option<Timestamp>) -> Value {
    at.and_then(|at| DateTime::from_timestamp_micros(at.0))
        .map_or(Value::Null, |at| {
            json!(at.format("%Y-%m-%dT%H:%M:%S%.f").to_string())
        })
}

/// A token that nobody can guess: 32 hexadecimal digits, as Mage's are.
pub(crate) fn new_token() -> String {
    let mut bytes = [0_u8; 16];
    // Without randomness there is no token, and without a token no call is let in.
    if getrandom::fill(&mut bytes).is_err() {
        return String::new();
    }
    format!("{:032x}", u128::from_be_bytes(bytes))
}
