//! Pipelines out of a project and into it, as archives: the pipeline's own files and those of its blocks.

use baton_model::PipelineUuid;
use baton_project::edit::{self, Edit};
use baton_project::{Project, ProjectPath, Triggers};
use serde_json::json;

use super::Host;
use super::editing::{of_edit, of_path, of_pipeline};
use super::project_files::visible;
use crate::actor::{Actor, Right};
use crate::archive::{self, Files};
use crate::failure::Failure;

/// The files of a pipeline that stand in its folder.
const METADATA: &str = "metadata.yaml";
const TRIGGERS: &str = "triggers.yaml";
const OWN: [&str; 3] = [METADATA, TRIGGERS, "interactions.yaml"];

/// What becomes of a file of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// There is none of its name.
    New,
    /// The project has the same.
    Same,
    /// The project has another one, which would be lost.
    Overwritten,
}

/// A file of an archive.
#[derive(Clone, Debug)]
pub struct ArchivedFile {
    /// Its path in the project.
    pub path: String,
    /// Its bytes.
    pub bytes: u64,
    /// What becomes of it.
    pub fate: Fate,
    /// Other pipelines that use the file that would be lost.
    pub used_by: Vec<PipelineUuid>,
}

/// What an import does.
#[derive(Clone, Debug)]
pub struct Import {
    /// The pipeline.
    pub pipeline: PipelineUuid,
    /// Its files.
    pub files: Vec<ArchivedFile>,
    /// Triggers that it brings, all switched off.
    pub triggers: Vec<String>,
}

/// An archive whose files have found their places.
struct Arrived {
    pipeline: PipelineUuid,
    files: Vec<(ProjectPath, Vec<u8>)>,
    triggers: Vec<String>,
}

impl Host {
    /// The files of a pipeline as a zip archive. Tokens of triggers are left out: an import makes new ones.
    pub async fn export_pipeline(
        &self,
        actor: &Actor,
        uuid: &PipelineUuid,
    ) -> Result<Vec<u8>, Failure> {
        actor.may(Right::Read)?;
        let of = uuid.clone();
        let packed = self.reading(move |project| archive::pack(&gathered(project, &of)?));
        let packed = packed.await?;
        self.audit(
            actor,
            "pipeline.export",
            uuid.as_str(),
            json!({"bytes": packed.len()}),
        )
        .await;
        Ok(packed)
    }

    /// What an import of this archive would do.
    pub async fn preview_import(&self, actor: &Actor, bytes: Vec<u8>) -> Result<Import, Failure> {
        actor.may(Right::Edit)?;
        let cache = self.pipelines.clone();
        self.reading(move |project| {
            let arrived = arrived(project, archive::unpack(&bytes)?)?;
            fates(project, &arrived, &cache)
        })
        .await
    }

    /// Writes the files of an archive. Files that would be lost are overwritten only when that is wanted. Triggers come
    /// switched off.
    pub async fn import_pipeline(
        &self,
        actor: &Actor,
        bytes: Vec<u8>,
        overwrite: bool,
    ) -> Result<Import, Failure> {
        actor.may(Right::Edit)?;
        let cache = self.pipelines.clone();
        let imported = self.editing(move |project| {
            let arrived = arrived(project, archive::unpack(&bytes)?)?;
            let import = fates(project, &arrived, &cache)?;
            let lost = import.files.iter();
            let lost = lost.filter(|file| file.fate == Fate::Overwritten);
            let lost: Vec<&str> = lost.map(|file| file.path.as_str()).collect();
            if !overwrite && !lost.is_empty() {
                return Err(Failure {
                    details: Some(Box::new(json!({"files": lost}))),
                    ..Failure::conflict(
                        format!(
                            "the project has other files of these names: {}",
                            lost.join(", ")
                        ),
                        "look at the preview, and repeat it with overwrite=1",
                    )
                });
            }
            // The pipeline's own files come last: they never name a file that is not there.
            let (own, others): (Vec<_>, Vec<_>) = arrived
                .files
                .into_iter()
                .partition(|(path, _)| path.as_str().starts_with("pipelines/"));
            for (path, content) in others.iter().chain(&own) {
                path.write(content).map_err(of_path)?;
            }
            Ok(import)
        });
        let imported = imported.await?;
        let facts = json!({"files": imported.files.len(), "overwrite": overwrite});
        self.audit(actor, "pipeline.import", imported.pipeline.as_str(), facts)
            .await;
        Ok(imported)
    }
}

/// The files of a pipeline and of its blocks.
fn gathered(project: &Project, uuid: &PipelineUuid) -> Result<Files, Failure> {
    let found = project.pipeline_file(uuid).map_err(of_pipeline)?;
    let mut files = Files::new();
    let folder = project.pipeline_path(uuid);
    let folder = folder.strip_suffix(METADATA).unwrap_or(&folder);
    for name in OWN {
        let path = visible(project, &format!("{folder}{name}"))?;
        if !path.exists() {
            continue;
        }
        let content = path.read().map_err(of_path)?;
        let content = match name {
            TRIGGERS => without_tokens(project, uuid, content)?,
            _ => content,
        };
        files.insert(path.as_str().to_owned(), content);
    }
    let pipeline = &found.pipeline;
    let lists = [
        &pipeline.blocks,
        &pipeline.callbacks,
        &pipeline.conditionals,
        &pipeline.widgets,
        &pipeline.extensions,
    ];
    for block in lists.into_iter().flatten() {
        let Some(file) = project
            .block_file(pipeline, block)
            .filter(|file| file.exists)
        else {
            continue;
        };
        // What lies outside of the project, or is hidden, is not handed out.
        let Ok(path) = visible(project, &file.path) else {
            continue;
        };
        files.insert(path.as_str().to_owned(), path.read().map_err(of_path)?);
    }
    Ok(files)
}

fn yaml(content: Vec<u8>, path: &str) -> Result<String, Failure> {
    String::from_utf8(content)
        .map_err(|_| Failure::usage(format!("`{path}` is not UTF-8"), "save it as UTF-8"))
}

fn without_tokens(
    project: &Project,
    uuid: &PipelineUuid,
    content: Vec<u8>,
) -> Result<Vec<u8>, Failure> {
    let mut text = yaml(content, TRIGGERS)?;
    for trigger in project.triggers(uuid).triggers {
        if trigger.token.is_some() {
            let edit = Edit::SetTriggerKey {
                name: trigger.name,
                path: vec!["token".to_owned()],
                value: None,
            };
            text = edit::apply(&text, &edit).map_err(of_edit)?;
        }
    }
    Ok(text.into_bytes())
}

/// The files of an archive at their places: there is one pipeline among them, and nothing that configures the project.
fn arrived(project: &Project, files: Files) -> Result<Arrived, Failure> {
    let refused = |what: String| Failure::usage(what, "export one pipeline, and import that");
    let mut found = files.keys().filter_map(|path| {
        let (before, rest) = match path.strip_prefix("pipelines/") {
            Some(rest) => ("", rest),
            None => path.split_once("/pipelines/")?,
        };
        let uuid = rest.strip_suffix("/metadata.yaml")?;
        Some((before.to_owned(), uuid.to_owned()))
    });
    let Some((before, uuid)) = found.next() else {
        return Err(refused(
            "the archive has no `pipelines/<pipeline>/metadata.yaml`".to_owned(),
        ));
    };
    if found.next().is_some() {
        return Err(refused("the archive holds several pipelines".to_owned()));
    }
    drop(found);
    if uuid.is_empty() || uuid.starts_with('.') || uuid.contains('/') {
        return Err(refused(format!("`{uuid}` is no name of a pipeline")));
    }
    let own = format!("pipelines/{uuid}/");
    let mut arrived = Arrived {
        pipeline: PipelineUuid::new(uuid),
        files: Vec::new(),
        triggers: Vec::new(),
    };
    for (path, mut content) in files {
        // An archive of a whole folder has the folder's name before every path.
        let inside = match before.as_str() {
            "" => Some(path.as_str()),
            before => path
                .strip_prefix(before)
                .and_then(|rest| rest.strip_prefix('/')),
        };
        let place = inside.ok_or_else(|| {
            refused(format!(
                "`{}` lies outside of the pipeline's project",
                path.escape_debug()
            ))
        })?;
        let file = visible(project, place)?;
        let place = file.as_str();
        if !place.contains('/') || (place.starts_with("pipelines/") && !place.starts_with(&own)) {
            return Err(refused(format!("`{place}` is no file of the pipeline")));
        }
        if place.strip_prefix(&own) == Some(TRIGGERS) {
            let text;
            (arrived.triggers, text) = switched_off(&arrived.pipeline, yaml(content, TRIGGERS)?)?;
            content = text.into_bytes();
        }
        arrived.files.push((file, content));
    }
    Ok(arrived)
}

/// The names of the triggers, and the text in which all of them are off and without a token.
fn switched_off(uuid: &PipelineUuid, mut text: String) -> Result<(Vec<String>, String), Failure> {
    let mut names = Vec::new();
    for trigger in Triggers::of_text(uuid, &text).triggers {
        for (key, value) in [("status", Some(json!("inactive"))), ("token", None)] {
            if key == "token" && trigger.token.is_none() {
                continue;
            }
            let edit = Edit::SetTriggerKey {
                name: trigger.name.clone(),
                path: vec![key.to_owned()],
                value,
            };
            text = edit::apply(&text, &edit).map_err(of_edit)?;
        }
        names.push(trigger.name);
    }
    // Two of one name, and the edit has reached one of them.
    let after = Triggers::of_text(uuid, &text).triggers;
    if after.iter().any(|one| one.is_active || one.token.is_some()) {
        return Err(Failure::usage(
            "two triggers of the archive have one name",
            "give one of them another name",
        ));
    }
    Ok((names, text))
}

/// What becomes of each file.
fn fates(
    project: &Project,
    arrived: &Arrived,
    cache: &super::PipelineCache,
) -> Result<Import, Failure> {
    let mut files = Vec::new();
    for (path, content) in &arrived.files {
        let fate = if path.is_folder() {
            return Err(Failure::conflict(
                format!("`{}` is a folder of the project", path.as_str()),
                "rename one of them",
            ));
        } else if !path.exists() {
            Fate::New
        } else if path.read().map_err(of_path)? == *content {
            Fate::Same
        } else {
            Fate::Overwritten
        };
        let mut used_by = Vec::new();
        if fate == Fate::Overwritten {
            let uuids = project.pipeline_uuids().into_iter();
            for other in uuids.filter(|uuid| *uuid != arrived.pipeline) {
                let Ok(facts) = cache.get(project, &other) else {
                    continue;
                };
                let uses = facts.all_blocks().any(|block| {
                    let file = project.block_file(&facts.pipeline, block);
                    file.is_some_and(|file| file.path == path.as_str())
                });
                if uses {
                    used_by.push(other);
                }
            }
        }
        files.push(ArchivedFile {
            path: path.as_str().to_owned(),
            bytes: content.len() as u64,
            fate,
            used_by,
        });
    }
    Ok(Import {
        pipeline: arrived.pipeline.clone(),
        files,
        triggers: arrived.triggers.clone(),
    })
}
