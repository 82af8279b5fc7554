//! Triggers in files and in the database (spec 7.1): what a file declares is taken over; what is changed elsewhere goes
//! back into the file where the trigger lives in one; what is taken out of a file is switched off.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Weak};
use std::time::Duration;

use baton_base::files;
use baton_base::now;
use baton_model::{Map, PipelineUuid, Timestamp, Trigger, TriggerId};
use baton_project::edit::{self, Edit, EditError};
use baton_project::{Project, Trigger as Declared};
use chrono::DateTime;
use serde_json::{Value, json};

use super::Host;
use crate::failure::Failure;
use crate::occasion::moment;
use crate::settings;

/// An entry is taken for gone when it is still gone so long after it was first missed: editors and Git take a file away
/// for a moment, or empty it, before they write it anew.
const LOOK_AGAIN: Duration = Duration::from_millis(400);

/// What the file of a pipeline declares.
struct Declaring {
    pipeline: PipelineUuid,
    triggers: Vec<Declared>,
    /// Why it cannot be told what the file holds; then it says nothing about what it does not hold.
    broken: Option<String>,
}

impl Declaring {
    fn read(project: &Project, pipeline: PipelineUuid) -> Self {
        let read = project.triggers(&pipeline);
        let broken = read.is_broken.then(|| {
            let worst = read.problems.iter().find(|problem| problem.is_error());
            worst.map_or_else(
                || "an entry has no name".to_owned(),
                |problem| format!("{}: {}", problem.place(), problem.message),
            )
        });
        Self {
            triggers: counting(read.triggers),
            pipeline,
            broken,
        }
    }

    /// Whether a stored trigger stood in the file and does not any more.
    fn misses(&self, stored: &Trigger) -> bool {
        self.broken.is_none()
            && stored.is_declared
            && stored.pipeline == self.pipeline
            && !self.triggers.iter().any(|one| one.name == stored.name)
    }

    /// Says in the log that the file cannot be read.
    fn tell(&self) {
        if let Some(reason) = &self.broken {
            let pipeline = &self.pipeline;
            tracing::warn!(%pipeline, reason, "triggers.yaml cannot be read; its triggers stay as they were");
        }
    }
}

impl Host {
    /// Takes over the triggers of every pipeline, however many in one transaction. Gives those whose files are to say
    /// since when they are on.
    pub(super) async fn sync_all_triggers(&self) -> Result<Vec<Trigger>, Failure> {
        let turn = self.syncing.lock().await;
        let mut stored: HashMap<PipelineUuid, Vec<Trigger>> = HashMap::new();
        // Also of pipelines that are gone.
        let mut wanted = BTreeSet::new();
        for trigger in self.store().triggers().await? {
            if trigger.is_declared {
                wanted.insert(trigger.pipeline.clone());
            }
            let of_pipeline = stored.entry(trigger.pipeline.clone());
            of_pipeline.or_default().push(trigger);
        }
        let declaring = self.declared(wanted, true).await?;
        let (mut taken, mut missed) = (Taken::default(), BTreeSet::new());
        for file in declaring {
            file.tell();
            let stored = stored.get(&file.pipeline).map_or(&[][..], Vec::as_slice);
            if stored.iter().any(|trigger| file.misses(trigger)) {
                missed.insert(file.pipeline.clone());
            }
            for declared in &file.triggers {
                let known = stored.iter().find(|known| known.name == declared.name);
                taken.look(known, &file.pipeline, declared);
            }
        }
        let stamped = self.store_taken(taken).await?;
        drop(turn);
        if !missed.is_empty() {
            // What was taken out while nobody looked must not fire once more.
            tokio::time::sleep(LOOK_AGAIN).await;
            self.take_out(missed).await?;
        }
        Ok(stamped)
    }

    /// Takes over the triggers of a pipeline whose file has changed.
    pub(super) async fn sync_triggers(
        self: &Arc<Self>,
        pipeline: &PipelineUuid,
    ) -> Result<(), Failure> {
        let _turn = self.syncing.lock().await;
        let wanted = BTreeSet::from([pipeline.clone()]);
        let mut stored = self.store().triggers().await?;
        stored.retain(|trigger| &trigger.pipeline == pipeline);
        let mut taken = Taken::default();
        for file in self.declared(wanted.clone(), false).await? {
            file.tell();
            if stored.iter().any(|trigger| file.misses(trigger)) {
                tokio::spawn(Self::look_again(Arc::downgrade(self), wanted.clone()));
            }
            for declared in &file.triggers {
                let known = stored.iter().find(|known| known.name == declared.name);
                taken.look(known, pipeline, declared);
            }
        }
        let stamped = self.store_taken(taken).await?;
        tokio::spawn(Self::write_stamps(Arc::downgrade(self), stamped));
        Ok(())
    }

    /// Looks once more at files that have lost entries.
    async fn look_again(host: Weak<Self>, pipelines: BTreeSet<PipelineUuid>) {
        tokio::time::sleep(LOOK_AGAIN).await;
        let Some(host) = host.upgrade() else { return };
        if let Err(failure) = host.take_out(pipelines).await {
            tracing::warn!(
                reason = failure.message,
                "triggers that were taken out of their file are still on"
            );
        }
    }

    /// Switches off the triggers of these pipelines that stood in their file and do not any more. Mage keeps them, and
    /// they fire on (spec 7.1); here they are kept with their runs, and are off.
    async fn take_out(&self, pipelines: BTreeSet<PipelineUuid>) -> Result<(), Failure> {
        let _turn = self.syncing.lock().await;
        let declaring = self.declared(pipelines, false).await?;
        let at = Timestamp(now());
        let mut gone = self.store().triggers().await?;
        gone.retain(|trigger| declaring.iter().any(|file| file.misses(trigger)));
        for trigger in &mut gone {
            trigger.is_active = false;
            trigger.is_declared = false;
            trigger.taken_out_at = Some(at);
            trigger.updated_at = at;
        }
        if gone.is_empty() {
            return Ok(());
        }
        for trigger in self.store().put_triggers(gone).await? {
            let (pipeline, name) = (&trigger.pipeline, &trigger.name);
            tracing::info!(%pipeline, name, "a trigger that was taken out of triggers.yaml is switched off");
            self.service().trigger_changed(trigger.id);
        }
        Ok(())
    }

    /// What the files of these pipelines declare, and with `all` those of all others that the project has.
    async fn declared(
        &self,
        mut pipelines: BTreeSet<PipelineUuid>,
        all: bool,
    ) -> Result<Vec<Declaring>, Failure> {
        let project = self.project().await?;
        let reading = move || {
            if all {
                pipelines.extend(project.pipeline_uuids());
            }
            let read = |pipeline| Declaring::read(&project, pipeline);
            pipelines.into_iter().map(read).collect::<Vec<_>>()
        };
        tokio::task::spawn_blocking(reading)
            .await
            .map_err(|error| Failure::bug(format!("the triggers could not be read: {error}")))
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
            let _turn = host.syncing.lock().await;
            // It may have been switched, renamed or taken out meanwhile; who did it has seen to its entry.
            let known = |one: &Trigger| (one.name.clone(), one.last_enabled_at, one.is_declared);
            let newest = host.store().trigger(trigger.id).await.ok().flatten();
            if newest.as_ref().map(known) != Some(known(&trigger)) {
                continue;
            }
            if let Err(failure) = host.write_stamp(&trigger).await {
                let pipeline = &trigger.pipeline;
                tracing::warn!(%pipeline, reason = failure.message, "since when a trigger is on was not written");
            }
        }
    }

    /// Stores a trigger that a person or the service has changed, and writes its file where it lives in one, or where
    /// its pipeline wants triggers in code. The file comes first: where it cannot be written nothing is changed.
    pub async fn save_trigger(&self, mut trigger: Trigger) -> Result<Trigger, Failure> {
        let project = self.project().await?;
        let _turn = self.syncing.lock().await;
        let before = self.store().trigger(trigger.id).await?;
        let named = self.store().trigger_named(&trigger.pipeline, &trigger.name);
        if named.await?.is_some_and(|other| other.id != trigger.id) {
            return Err(Failure::conflict(
                format!(
                    "pipeline `{}` has a trigger `{}` already",
                    trigger.pipeline, trigger.name
                ),
                "give it another name",
            ));
        }
        if trigger.is_active {
            // Whoever switches it on wants it without its entry.
            trigger.taken_out_at = None;
        }
        let wants_code = trigger.taken_out_at.is_none()
            && project
                .pipeline(&trigger.pipeline)
                .is_ok_and(|pipeline| pipeline.saves_triggers);
        // Not what the caller has read: its entry may have been taken out since.
        let before = before.filter(|before| before.is_declared);
        trigger.is_declared = before.is_some() || wants_code;
        if trigger.is_declared {
            self.write_back(&trigger, before, wants_code).await?;
        }
        let kept = self.store().put_trigger(trigger).await?;
        self.service().trigger_changed(kept.id);
        Ok(kept)
    }

    /// Deletes a trigger; its runs stay. Its file is changed if it has the trigger.
    pub async fn delete_trigger(&self, id: TriggerId) -> Result<bool, Failure> {
        let _turn = self.syncing.lock().await;
        let Some(trigger) = self.store().trigger(id).await? else {
            return Ok(false);
        };
        if trigger.is_declared {
            let removal = Edit::RemoveTrigger {
                name: trigger.name.clone(),
            };
            let change = move |text: &str| match edit::apply(text, &removal) {
                Err(EditError::NoSuchTrigger { .. }) => Ok(text.to_owned()),
                changed => changed,
            };
            self.edit_triggers(&trigger.pipeline, change).await?;
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
        let change = move |text: &str| edit::apply(text, &edit);
        self.edit_triggers(&trigger.pipeline, change).await
    }

    /// Writes a trigger into its file. In its entry, if it was declared `before`, only what has changed: somebody may have
    /// edited the rest since the file was read. Where the file has none it gets one only if it `wants_code`: somebody has
    /// just taken it out, and that counts.
    async fn write_back(
        &self,
        trigger: &Trigger,
        before: Option<Trigger>,
        wants_code: bool,
    ) -> Result<(), Failure> {
        let name = trigger.name.clone();
        let put = |keys| Edit::PutTrigger {
            name: name.clone(),
            keys,
        };
        let add = put(written(trigger));
        let adapt = before.as_ref().map(|before| {
            let (mut keys, known) = (written(trigger), written(before));
            keys.retain(|key, value| known.get(key) != Some(value));
            put(keys)
        });
        let rename = Edit::RenameTrigger {
            name: before.map_or_else(|| name.clone(), |before| before.name),
            to: name.clone(),
        };
        let change = move |text: &str| match (edit::apply(text, &rename), &adapt) {
            (Ok(renamed), Some(adapt)) => edit::apply(&renamed, adapt),
            // The entry is another one's: of another environment, or not read yet.
            (Ok(_), None) => Err(EditError::TriggerExists { name: name.clone() }),
            (Err(EditError::NoSuchTrigger { .. }), _) if wants_code => edit::apply(text, &add),
            (Err(EditError::NoSuchTrigger { .. }), _) => Ok(text.to_owned()),
            (Err(error), _) => Err(error),
        };
        self.edit_triggers(&trigger.pipeline, change).await
    }

    /// Changes `triggers.yaml` of a pipeline, one writer at a time.
    async fn edit_triggers(
        &self,
        pipeline: &PipelineUuid,
        change: impl Fn(&str) -> Result<String, EditError> + Send + 'static,
    ) -> Result<(), Failure> {
        let path = self
            .root()
            .join("pipelines")
            .join(pipeline.as_str())
            .join("triggers.yaml");
        let lock = self.state().home.path().join("locks/edit");
        let work = move || {
            let _held = crate::answers::lock_file(&lock)?;
            files::rewrite(&path, |text| -> Result<String, Failure> {
                Ok(change(text)?)
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
        taken_out_at: None,
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
    let status = if trigger.is_active {
        "active"
    } else {
        "inactive"
    };
    let keys = [
        ("schedule_type", json!(trigger.kind.name())),
        ("schedule_interval", json!(trigger.interval)),
        ("start_time", written_moment(trigger.start_time)),
        ("status", json!(status)),
        ("last_enabled_at", written_moment(trigger.last_enabled_at)),
        ("variables", json!(trigger.variables)),
        ("settings", json!(trigger.settings)),
        ("sla", json!(trigger.sla)),
        ("description", json!(trigger.description)),
    ];
    let keys = keys.into_iter().map(|(key, value)| (key.to_owned(), value));
    keys.collect()
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
