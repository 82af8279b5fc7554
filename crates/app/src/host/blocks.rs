//! Use cases around the blocks of a pipeline.

use baton_model::{BlockKind, BlockUuid, Language, Map, PipelineUuid};
use baton_project::edit::Edit;
use baton_project::{
    BlockRequest, BlockTemplate, Origin, Project, ProjectPath, block_templates, clean_name,
    custom_block_templates, new_block,
};
use serde_json::{Value, json};

use super::Host;
use super::block_edits::{self, Change, document, refuse_circle};
use super::editing::{Shape, expect, flag, of_new, of_path, text, texts, value};
use crate::actor::{Actor, Right};
use crate::failure::Failure;

impl Host {
    /// Makes a block, with its file, in a pipeline.
    pub async fn create_block(
        &self,
        actor: &Actor,
        pipeline: &PipelineUuid,
        wanted: Map,
    ) -> Result<BlockUuid, Failure> {
        actor.may(Right::Edit)?;
        let of = pipeline.clone();
        let made = self
            .editing(move |project| create(project, &of, &wanted))
            .await?;
        let object = format!("{pipeline}/{made}");
        self.audit(actor, "block.create", &object, Value::Null)
            .await;
        Ok(made)
    }

    /// Changes a block; what is not named stays. Gives its name, which may be new.
    pub async fn update_block(
        &self,
        actor: &Actor,
        pipeline: &PipelineUuid,
        uuid: &BlockUuid,
        wanted: Map,
    ) -> Result<BlockUuid, Failure> {
        actor.may(Right::Edit)?;
        let keys: Vec<String> = wanted.keys().cloned().collect();
        let (of, block, cache) = (pipeline.clone(), uuid.clone(), self.pipelines.clone());
        let uuid = self
            .editing(move |project| {
                let document = document(project, &of)?;
                expect(
                    text(&wanted, "pipeline_revision")?,
                    &document.bytes,
                    "the pipeline",
                )?;
                block_edits::of(project, &document, &block, &wanted)?.carry_out(project, &of)?;
                let name = text(&wanted, "name")?.filter(|name| !name.trim().is_empty());
                let others = || {
                    let uuids = project.pipeline_uuids().into_iter();
                    let others = uuids.filter(|uuid| *uuid != of);
                    others.filter_map(|uuid| cache.get(project, &uuid).ok())
                };
                match name {
                    Some(name) => rename(project, &of, &block, name, others()),
                    None => Ok(block),
                }
            })
            .await?;
        let object = format!("{pipeline}/{uuid}");
        self.audit(actor, "block.update", &object, json!({"keys": keys}))
            .await;
        Ok(uuid)
    }

    /// Takes a block out of a pipeline. Its file stays, since other pipelines may use it. One that others need goes
    /// only when it is forced to.
    pub async fn delete_block(
        &self,
        actor: &Actor,
        pipeline: &PipelineUuid,
        uuid: &BlockUuid,
        kind: Option<String>,
        is_forced: bool,
    ) -> Result<(), Failure> {
        actor.may(Right::Edit)?;
        let (of, block) = (pipeline.clone(), uuid.clone());
        self.editing(move |project| {
            let document = document(project, &of)?;
            let entry = block_edits::entry(&document.keys, &block);
            let is_kind = entry.is_some_and(|entry| {
                let own = entry.get("type").and_then(Value::as_str);
                kind.is_none() || kind.as_deref() == own
            });
            if !is_kind {
                return Err(Failure::missing(format!(
                    "pipeline `{of}` has no such block `{block}`"
                )));
            }
            let blocks = document.file.pipeline.blocks.iter();
            let below: Vec<&str> = blocks
                .filter(|other| {
                    other.upstream.contains(&block) || other.replicated.as_ref() == Some(&block)
                })
                .map(|other| other.uuid.as_str())
                .collect();
            if !below.is_empty() && !is_forced {
                return Err(Failure {
                    details: Some(Box::new(json!({"downstream_blocks": below}))),
                    ..Failure::conflict(
                        format!("block `{block}` is needed by {}", below.join(", ")),
                        "disconnect them first, or repeat it with force=1",
                    )
                });
            }
            let edits = vec![Edit::DeleteBlock { uuid: block }];
            let files = Vec::new();
            Change { edits, files }.carry_out(project, &of)
        })
        .await?;
        let object = format!("{pipeline}/{uuid}");
        self.audit(actor, "block.delete", &object, Value::Null)
            .await;
        Ok(())
    }

    /// The templates of blocks: those that every project has, then its own.
    pub async fn block_templates(&self, actor: &Actor) -> Result<Vec<BlockTemplate>, Failure> {
        actor.may(Right::Read)?;
        self.reading(|project| {
            let mut templates = block_templates();
            templates.extend(custom_block_templates(project).0);
            Ok(templates)
        })
        .await
    }
}

fn create(project: &Project, pipeline: &PipelineUuid, wanted: &Map) -> Result<BlockUuid, Failure> {
    let before = document(project, pipeline)?;
    let config = value(wanted, "config", Shape::Map)?.and_then(Value::as_object);
    let named = |key: &str| -> Result<Option<&str>, Failure> {
        match config {
            Some(config) => text(config, key),
            None => Ok(None),
        }
    };
    // A template may be named by its id or, as in Mage, by its path.
    let template = named("custom_template_uuid")?.or(named("template_path")?.map(|path| {
        let last = path.rsplit('/').next().unwrap_or(path);
        last.split('.').next().unwrap_or(last)
    }));
    let kind = text(wanted, "type")?.map(BlockKind::parse);
    let name = text(wanted, "name")?.filter(|name| !name.trim().is_empty());
    let name = name.map_or_else(
        || free_name(&before.keys, kind.as_ref().map_or("block", BlockKind::name)),
        str::to_owned,
    );
    let ids = |key: &str| -> Result<Vec<BlockUuid>, Failure> {
        let uuids = texts(wanted, key)?.unwrap_or_default();
        Ok(uuids.into_iter().map(BlockUuid::new).collect())
    };
    let content = text(wanted, "content")?;
    let configuration = value(wanted, "configuration", Shape::Map)?.cloned();
    let position = value(wanted, "priority", Shape::Number)?.and_then(Value::as_u64);
    let request = BlockRequest {
        kind,
        language: text(wanted, "language")?.map(Language::parse),
        template: template.map(str::to_owned),
        upstream: ids("upstream_blocks")?,
        downstream: ids("downstream_blocks")?,
        replicate: text(wanted, "replicated_block")?.map(BlockUuid::from),
        dynamic: flag(wanted, "dynamic")?,
        color: text(wanted, "color")?.map(str::to_owned),
        name,
        ..BlockRequest::default()
    };
    let uuid = BlockUuid::new(clean_name(&request.name, true));
    for below in &request.downstream {
        refuse_circle(&before.file.pipeline, below, &request.upstream)?;
    }
    if let (Some(content), Some(kind)) = (content, &request.kind) {
        refuse_other_content(project, kind, request.language.as_ref(), &uuid, content)?;
    }
    let made = new_block(project, pipeline, &request).map_err(of_new)?;
    let mut change = Change::default();
    if let Some(configuration) = configuration {
        change.edits.push(Edit::SetBlockKey {
            uuid: made.uuid.clone(),
            path: vec!["configuration".to_owned()],
            value: Some(configuration),
        });
    }
    let last = before.file.pipeline.blocks.len();
    if let Some(index) = position.and_then(|index| usize::try_from(index).ok())
        && index < last
    {
        change.edits.push(Edit::MoveBlock {
            uuid: made.uuid.clone(),
            to_index: index,
        });
    }
    if let (Some(content), Some(file)) = (content, &made.file) {
        let path = ProjectPath::resolve(project.root(), file).map_err(of_path)?;
        change.files.push((path, content.to_owned()));
    }
    change.carry_out(project, pipeline)?;
    Ok(made.uuid)
}

/// A file that is there is used as it is; it is not overwritten by a block that another pipeline knows nothing of.
fn refuse_other_content(
    project: &Project,
    kind: &BlockKind,
    language: Option<&Language>,
    uuid: &BlockUuid,
    content: &str,
) -> Result<(), Failure> {
    let extension = language.map_or(Some("py"), Language::extension);
    let (Some(folder), Some(extension)) = (kind.folder(), extension) else {
        return Ok(());
    };
    let path = format!("{folder}/{uuid}.{extension}");
    let file = ProjectPath::resolve(project.root(), &path).map_err(of_path)?;
    if file.exists() && file.read().map_err(of_path)? != content.as_bytes() {
        return Err(Failure::conflict(
            format!("the file `{path}` exists and holds something else"),
            "leave the content out to use the file as it is, or choose another name",
        ));
    }
    Ok(())
}

/// A name that no block of the pipeline has.
fn free_name(keys: &Map, base: &str) -> String {
    let is_free = |name: &String| block_edits::entry(keys, &BlockUuid::new(name.clone())).is_none();
    let mut names = (1..).map(|number| format!("{base}_{number}"));
    names.find(is_free).unwrap_or_else(|| base.to_owned())
}

/// Gives a block another name, and with it another id and file. A file that other blocks run is copied, not moved.
fn rename(
    project: &Project,
    pipeline: &PipelineUuid,
    uuid: &BlockUuid,
    name: &str,
    others: impl Iterator<Item = std::sync::Arc<super::PipelineFacts>>,
) -> Result<BlockUuid, Failure> {
    let document = document(project, pipeline)?;
    let entry = block_edits::entry(&document.keys, uuid);
    let shown = entry
        .and_then(|entry| entry.get("name"))
        .and_then(Value::as_str);
    if shown == Some(name) || name == uuid.as_str() {
        return Ok(uuid.clone());
    }
    let to = BlockUuid::new(clean_name(name, true));
    let has_word = |part: &str| part.chars().any(char::is_alphanumeric);
    if !to.as_str().split('/').all(has_word) {
        return Err(Failure::usage(
            "`name` must have letters or digits",
            "choose another name",
        ));
    }
    let facts = &document.file.pipeline;
    let lists = [
        &facts.blocks,
        &facts.callbacks,
        &facts.conditionals,
        &facts.widgets,
    ];
    let block = lists
        .into_iter()
        .flatten()
        .find(|block| &block.uuid == uuid);
    let file = block.and_then(|block| project.block_file(facts, block));
    let file = file.filter(|file| {
        let is_own = block.is_some_and(|block| block.replicated.is_none());
        file.exists && is_own && file.origin == Origin::Default && to != *uuid
    });
    let mut files = Vec::new();
    let mut moved = None;
    if let Some(file) = file
        && let Some(at) = file.path.rfind(&format!("/{uuid}."))
        && let (Some(folder), Some(rest)) = (
            file.path.get(..=at),
            file.path.get(at + 1 + uuid.as_str().len()..),
        )
    {
        let path = |path: &str| ProjectPath::resolve(project.root(), path).map_err(of_path);
        let target = path(&format!("{folder}{to}{rest}"))?;
        if target.exists() {
            return Err(Failure::conflict(
                format!("the file `{}` exists", target.as_str()),
                "choose another name",
            ));
        }
        let mut others = others;
        let is_shared = others.any(|other| {
            other.all_blocks().any(|block| {
                let used = project.block_file(&other.pipeline, block);
                used.is_some_and(|used| used.path == file.path)
            })
        });
        let source = path(&file.path)?;
        if is_shared {
            let text = String::from_utf8_lossy(&source.read().map_err(of_path)?).into_owned();
            files.push((target, text));
        } else {
            moved = Some((source, target));
        }
    }
    let edits = vec![Edit::RenameBlock {
        uuid: uuid.clone(),
        to: to.clone(),
        name: Some(name.to_owned()),
    }];
    if let Some((source, target)) = &moved {
        source.rename_to(target).map_err(of_path)?;
    }
    let renamed = Change { edits, files }.carry_out(project, pipeline);
    if let (Err(_), Some((source, target))) = (&renamed, &moved) {
        // The entry still names the old file.
        target.rename_to(source).map_err(of_path)?;
    }
    renamed.map(|()| to)
}
