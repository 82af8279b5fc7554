//! Use cases that change pipelines.

use baton_base::now;
use baton_model::{Map, PipelineUuid, RunId, RunStatus};
use baton_project::edit::{self, BlockList, Edit};
use baton_project::{
    NewPipeline, Project, ProjectPath, clean_name, keys_of, new_pipeline, pipeline_from,
};
use baton_store::RunPage;
use serde_json::{Value, json};

use super::Host;
use super::block_edits::{self, Change};
use super::editing::{
    Shape, expect, of_edit, of_new, of_path, of_pipeline, says_nothing, text, texts, value,
};
use crate::actor::{Actor, Right};
use crate::failure::Failure;

/// The keys of a pipeline that a request may set.
const KEYS: [(&str, Shape); 17] = [
    ("description", Shape::Text),
    ("type", Shape::Text),
    ("tags", Shape::Texts),
    ("variables", Shape::Map),
    ("executor_type", Shape::Text),
    ("executor_config", Shape::Map),
    ("executor_count", Shape::Number),
    ("retry_config", Shape::Map),
    ("concurrency_config", Shape::Map),
    ("notification_config", Shape::Map),
    ("settings", Shape::Map),
    ("spark_config", Shape::Map),
    ("data_integration", Shape::Map),
    ("cache_block_output_in_memory", Shape::Flag),
    ("run_pipeline_in_one_process", Shape::Flag),
    ("remote_variables_dir", Shape::Text),
    ("variables_dir", Shape::Text),
];

/// The types that a pipeline may be given.
const KINDS: [&str; 6] = [
    "python",
    "integration",
    "streaming",
    "pyspark",
    "databricks",
    "execution_framework",
];

/// Most runs that one request stops or retries.
const MOST_RUNS: u32 = 1000;

/// What a request says besides the keys.
#[derive(Clone, Debug, Default)]
pub struct ChangeOptions {
    /// The revision that the change was made to.
    pub revision: Option<String>,
    /// Whether the contents of blocks are stored, too.
    pub update_content: bool,
}

/// What goes with a pipeline, or with a change of it.
#[derive(Clone, Debug, Default)]
pub struct Consequences {
    /// Names of the triggers that go.
    pub triggers: Vec<String>,
    /// Runs that stay in the history.
    pub runs: u64,
    /// Runs under way, which stand in the way.
    pub open_runs: u64,
    /// Global data products that have it as their pipeline.
    pub products: Vec<String>,
}

impl Host {
    /// Makes a pipeline: a blank one, a copy of another, or one of a template.
    pub async fn create_pipeline(
        &self,
        actor: &Actor,
        wanted: Map,
    ) -> Result<PipelineUuid, Failure> {
        actor.may(Right::Edit)?;
        let made = self
            .editing(move |project| create(project, &wanted))
            .await?;
        self.audit(actor, "pipeline.create", made.as_str(), Value::Null)
            .await;
        Ok(made)
    }

    /// Changes a pipeline; what is not named stays. Gives its name, which may be new.
    pub async fn update_pipeline(
        &self,
        actor: &Actor,
        uuid: &PipelineUuid,
        wanted: Map,
        options: ChangeOptions,
    ) -> Result<PipelineUuid, Failure> {
        actor.may(Right::Edit)?;
        if wanted.contains_key("add_upstream_for_block_uuid") {
            return Err(Failure::usage(
                "`add_upstream_for_block_uuid` is not supported: it adds the models that a dbt model refers to",
                "set `upstream_blocks` of the block",
            ));
        }
        let status = text(&wanted, "status")?.map(str::to_owned);
        let renamed = new_name(&wanted, &self.pipeline(actor, uuid).await?.0)?;
        if let Some((to, _)) = &renamed
            && to != uuid
        {
            self.refuse_open_runs(uuid).await?;
        }
        let keys: Vec<String> = wanted.keys().cloned().collect();
        let (from, to) = (uuid.clone(), renamed.clone());
        let request = wanted.clone();
        self.editing(move |project| change(project, &from, &request, to, &options))
            .await?;
        let uuid = match renamed {
            Some((to, _)) if &to != uuid => {
                self.store().rename_pipeline(uuid, &to).await?;
                for trigger in self.store().triggers().await? {
                    if trigger.pipeline == to {
                        self.service().trigger_changed(trigger.id);
                    }
                }
                to
            }
            _ => uuid.clone(),
        };
        if let Some(status) = status {
            self.apply_status(actor, &uuid, &status, &wanted).await?;
        }
        let details = json!({"keys": keys});
        self.audit(actor, "pipeline.update", uuid.as_str(), details)
            .await;
        Ok(uuid)
    }

    /// What goes, and what stands in the way, when the pipeline is deleted.
    pub async fn consequences(
        &self,
        actor: &Actor,
        uuid: &PipelineUuid,
    ) -> Result<Consequences, Failure> {
        let (_, triggers) = self.pipeline(actor, uuid).await?;
        let wanted = uuid.clone();
        let products = self.reading(move |project| {
            let products = project.global_data_products().products.into_iter();
            let of_pipeline = products.filter(|product| product.pipeline == wanted);
            Ok(of_pipeline.map(|product| product.uuid).collect())
        });
        Ok(Consequences {
            triggers: triggers.into_iter().map(|trigger| trigger.name).collect(),
            runs: self.count_runs(uuid, Vec::new()).await?,
            open_runs: self.count_runs(uuid, open()).await?,
            products: products.await?,
        })
    }

    /// Deletes a pipeline with its triggers. Files of blocks stay, since other pipelines may use them; so do its runs.
    pub async fn delete_pipeline(
        &self,
        actor: &Actor,
        uuid: &PipelineUuid,
        revision: Option<String>,
    ) -> Result<Consequences, Failure> {
        actor.may(Right::Edit)?;
        let consequences = self.consequences(actor, uuid).await?;
        self.refuse_open_runs(uuid).await?;
        let triggers = self.triggers(actor, Some(uuid)).await?;
        let gone = uuid.clone();
        self.editing(move |project| {
            let document = project.pipeline_document(&gone).map_err(of_pipeline)?;
            expect(revision.as_deref(), &document.bytes, "the pipeline")?;
            let folder = ProjectPath::resolve(project.root(), &format!("pipelines/{gone}"));
            folder
                .and_then(|folder| folder.remove_folder())
                .map_err(of_path)
        })
        .await?;
        for trigger in triggers {
            self.store().delete_trigger(trigger.id).await?;
            self.service().trigger_changed(trigger.id);
        }
        let details = json!({"triggers": consequences.triggers});
        self.audit(actor, "pipeline.delete", uuid.as_str(), details)
            .await;
        Ok(consequences)
    }

    async fn count_runs(
        &self,
        uuid: &PipelineUuid,
        statuses: Vec<RunStatus>,
    ) -> Result<u64, Failure> {
        let page = RunPage {
            pipelines: vec![uuid.clone()],
            statuses,
            limit: 1,
            ..RunPage::default()
        };
        Ok(self.store().page_runs(&page).await?.total)
    }

    async fn refuse_open_runs(&self, uuid: &PipelineUuid) -> Result<(), Failure> {
        match self.count_runs(uuid, open()).await? {
            0 => Ok(()),
            count => Err(Failure {
                details: Some(Box::new(json!({"open_runs": count}))),
                ..Failure::conflict(
                    format!("pipeline `{uuid}` has {count} runs that have not ended"),
                    "cancel them first",
                )
            }),
        }
    }

    /// `active` and `inactive` are for all triggers of the pipeline; the others for its runs.
    async fn apply_status(
        &self,
        actor: &Actor,
        uuid: &PipelineUuid,
        status: &str,
        wanted: &Map,
    ) -> Result<(), Failure> {
        if matches!(status, "active" | "inactive") {
            for trigger in self.triggers(actor, Some(uuid)).await? {
                let is_active = status == "active";
                if trigger.is_active != is_active {
                    self.update_trigger(actor, trigger.id, |trigger| trigger.is_active = is_active)
                        .await?;
                }
            }
            return Ok(());
        }
        let statuses = match status {
            "cancelled" => open(),
            "retry" | "retry_incomplete_block_runs" => vec![RunStatus::Failed],
            other => {
                return Err(Failure::usage(
                    format!("a pipeline cannot be given the `status` `{other}`"),
                    "use active, inactive, cancelled, retry or retry_incomplete_block_runs",
                ));
            }
        };
        for run in self.named_runs(uuid, wanted, statuses).await? {
            match status {
                "cancelled" => self.cancel_run(actor, run, "stopped by a person").await?,
                _ => self.retry_run(actor, run, None).await?,
            }
        }
        Ok(())
    }

    /// The runs that a request names under `pipeline_runs`; without them, those of the pipeline with these statuses.
    async fn named_runs(
        &self,
        uuid: &PipelineUuid,
        wanted: &Map,
        statuses: Vec<RunStatus>,
    ) -> Result<Vec<RunId>, Failure> {
        if let Some(named) = wanted.get("pipeline_runs").and_then(Value::as_array) {
            let mut runs = Vec::new();
            for run in named {
                let id = run.get("id").unwrap_or(run).as_i64();
                let id = id.ok_or_else(|| {
                    Failure::usage(
                        "`pipeline_runs` must be a list of runs with `id`",
                        "name them",
                    )
                })?;
                let row = self.store().run_row(RunId(id)).await?;
                let is_its = row.is_some_and(|row| &row.pipeline == uuid);
                if !is_its {
                    return Err(Failure::missing(format!(
                        "pipeline `{uuid}` has no run {id}"
                    )));
                }
                runs.push(RunId(id));
            }
            return Ok(runs);
        }
        let page = RunPage {
            pipelines: vec![uuid.clone()],
            statuses,
            limit: MOST_RUNS,
            ..RunPage::default()
        };
        let rows = self.store().page_runs(&page).await?.rows;
        Ok(rows.into_iter().map(|row| row.id).collect())
    }
}

fn open() -> Vec<RunStatus> {
    vec![RunStatus::Initial, RunStatus::Running]
}

/// The id and the name that a request gives the pipeline; none when it keeps both.
fn new_name(
    wanted: &Map,
    facts: &super::PipelineFacts,
) -> Result<Option<(PipelineUuid, String)>, Failure> {
    let old = &facts.pipeline;
    let name = text(wanted, "name")?.filter(|name| *name != old.name);
    let uuid = text(wanted, "uuid")?.filter(|uuid| *uuid != old.uuid.as_str());
    let (id, name) = match (uuid, name) {
        (None, None) => return Ok(None),
        (Some(uuid), name) => (clean_name(uuid, false), name.unwrap_or(&old.name)),
        (None, Some(name)) => (clean_name(name, false), name),
    };
    if !id.chars().any(char::is_alphanumeric) {
        return Err(Failure::usage(
            "`name` must have letters or digits",
            "choose another name",
        ));
    }
    Ok(Some((PipelineUuid::new(id), name.to_owned())))
}

fn kind_of(wanted: &Map) -> Result<Option<&str>, Failure> {
    match text(wanted, "type")? {
        Some(kind) if !KINDS.contains(&kind) => Err(Failure::usage(
            format!("`type` cannot be `{kind}`"),
            format!("use one of {}", KINDS.join(", ")),
        )),
        kind => Ok(kind),
    }
}

fn create(project: &Project, wanted: &Map) -> Result<PipelineUuid, Failure> {
    let kind = kind_of(wanted)?;
    let description = text(wanted, "description")?;
    let tags = texts(wanted, "tags")?;
    let clone = text(wanted, "clone_pipeline_uuid")?;
    let template = text(wanted, "custom_template_uuid")?;
    let name = text(wanted, "name")?.filter(|name| !name.trim().is_empty());
    let name = name.map_or_else(
        || free_name(project, clone.or(template).unwrap_or("pipeline")),
        str::to_owned,
    );
    let mut keys = Map::new();
    for (key, value) in [
        ("type", kind.map(|kind| json!(kind))),
        ("description", description.map(|text| json!(text))),
        ("tags", tags.clone().map(|tags| json!(tags))),
    ] {
        keys.extend(value.map(|value| (key.to_owned(), value)));
    }
    let made = if let Some(from) = clone {
        let document = project
            .pipeline_document(&PipelineUuid::from(from))
            .map_err(of_pipeline)?;
        let source = String::from_utf8_lossy(&document.bytes).into_owned();
        pipeline_from(project, &source, &name, &keys, now())
    } else if let Some(template) = template {
        let path = format!("custom_templates/pipelines/{template}/metadata.yaml");
        let bytes = ProjectPath::resolve(project.root(), &path).and_then(|file| file.read());
        let source = String::from_utf8_lossy(&bytes.map_err(of_path)?).into_owned();
        let unreadable =
            || Failure::usage(format!("the template `{template}` is broken"), "repair it");
        let stored = keys_of(&source).map_err(|_| unreadable())?;
        let pipeline = stored.get("pipeline").and_then(Value::as_object);
        let source = edit::write(pipeline.ok_or_else(unreadable)?)?;
        pipeline_from(project, &source, &name, &keys, now())
    } else {
        let new = NewPipeline {
            name,
            kind: kind.unwrap_or("python").to_owned(),
            description: description.map(str::to_owned),
            tags: tags.unwrap_or_default(),
        };
        new_pipeline(project, &new, now())
    };
    made.map_err(of_new)
}

/// A name that no pipeline has.
fn free_name(project: &Project, base: &str) -> String {
    let known = project.pipeline_uuids();
    let is_free = |name: &String| {
        let id = clean_name(name, false);
        !known.iter().any(|uuid| uuid.as_str() == id)
    };
    let mut names = (1..).map(|number| format!("{base}_{number}"));
    names.find(is_free).unwrap_or_else(|| base.to_owned())
}

fn change(
    project: &Project,
    uuid: &PipelineUuid,
    wanted: &Map,
    renamed: Option<(PipelineUuid, String)>,
    options: &ChangeOptions,
) -> Result<(), Failure> {
    let document = project.pipeline_document(uuid).map_err(of_pipeline)?;
    expect(options.revision.as_deref(), &document.bytes, "the pipeline")?;
    kind_of(wanted)?;
    let mut edits = Vec::new();
    for (key, shape) in KEYS {
        let Some(given) = wanted.get(key) else {
            continue;
        };
        let given = value(wanted, key, shape)?.unwrap_or(given);
        let is_new = !document.keys.contains_key(key);
        // What the file does not say and the request does not either stays unsaid.
        if document.keys.get(key) == Some(given) || is_new && says_nothing(key, given) {
            continue;
        }
        edits.push(Edit::SetPipelineKey {
            path: vec![key.to_owned()],
            value: Some(given.clone()),
        });
    }
    let mut files = Vec::new();
    for list in BlockList::ALL {
        let Some(blocks) = wanted.get(list.key()) else {
            continue;
        };
        let wrong = || {
            let message = format!("`{}` must be a list of blocks with `uuid`", list.key());
            Failure::usage(message, "correct the request")
        };
        for block in blocks.as_array().ok_or_else(wrong)? {
            let mut block = block.as_object().ok_or_else(wrong)?.clone();
            let id = text(&block, "uuid")?.ok_or_else(wrong)?.to_owned();
            // Names come along with everything else; a block is renamed by itself.
            block.retain(|key, _| key != "name" && (options.update_content || key != "content"));
            let change = block_edits::of(project, &document, &id.as_str().into(), &block)?;
            edits.extend(change.edits);
            files.extend(change.files);
        }
    }
    if let Some((to, name)) = &renamed {
        for (key, value) in [("name", json!(name)), ("uuid", json!(to))] {
            edits.push(Edit::SetPipelineKey {
                path: vec![key.to_owned()],
                value: Some(value),
            });
        }
    }
    let path = |uuid: &PipelineUuid| {
        ProjectPath::resolve(project.root(), &format!("pipelines/{uuid}")).map_err(of_path)
    };
    let target = renamed.map(|(to, _)| to).filter(|to| to != uuid);
    if let Some(to) = &target
        && path(to)?.exists()
    {
        return Err(Failure::conflict(
            format!("there is a pipeline `{to}` already"),
            "choose another name",
        ));
    }
    Change { edits, files }.carry_out(project, uuid)?;
    if let Some(to) = &target {
        path(uuid)?.rename_to(&path(to)?).map_err(of_path)?;
        follow_products(project, uuid, to)?;
    }
    Ok(())
}

/// Global data products follow the pipeline that they name.
fn follow_products(
    project: &Project,
    from: &PipelineUuid,
    to: &PipelineUuid,
) -> Result<(), Failure> {
    let file = ProjectPath::resolve(project.root(), super::products::FILE).map_err(of_path)?;
    if !file.exists() {
        return Ok(());
    }
    let mut source = String::from_utf8_lossy(&file.read().map_err(of_path)?).into_owned();
    let before = source.clone();
    for product in project.global_data_products().products {
        if &product.pipeline == from {
            let edit = Edit::SetPipelineKey {
                path: vec![product.uuid, "object_uuid".to_owned()],
                value: Some(json!(to)),
            };
            source = edit::apply(&source, &edit).map_err(of_edit)?;
        }
    }
    if source != before {
        file.write(source.as_bytes()).map_err(of_path)?;
    }
    Ok(())
}
