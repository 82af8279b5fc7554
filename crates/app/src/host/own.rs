//! Use cases around the project itself: its settings, its checks, its templates, and finding things in it.

use baton_model::{Map, PipelineUuid};
use baton_project::edit::{self, Edit};
use baton_project::{
    Problem, ProjectPath, check, check_text, clean_name, custom_block_templates, keys_of,
};
use serde_json::{Value, json};

use super::Host;
use super::block_edits::document;
use super::editing::{
    Shape, expect, flag, needed, of_edit, of_path, of_pipeline, revision, text, texts, value,
};
use super::pipelines::PipelineQuery;
use super::project_files::FileNode;
use crate::actor::{Actor, Right};
use crate::failure::Failure;
use crate::retention::period;

/// The keys of a project that a request may set.
const KEYS: [(&str, Shape); 7] = [
    ("features", Shape::Map),
    ("help_improve_mage", Shape::Flag),
    ("notification_config", Shape::Map),
    ("pipelines", Shape::Map),
    ("remote_variables_dir", Shape::Text),
    ("retry_config", Shape::Map),
    ("variables_retention_period", Shape::Text),
];

/// The largest text that is checked while somebody types it.
const LARGEST_TEXT: usize = 4 << 20;

/// Most things that one search finds.
const MOST_FOUND: usize = 100;

/// What the project says about itself.
#[derive(Clone, Debug)]
pub struct ProjectFacts {
    /// The folder's name.
    pub name: String,
    /// Its keys as they are written, templates not filled in.
    pub keys: Map,
    /// Its pipelines.
    pub pipelines: Vec<PipelineUuid>,
    /// Names the content of its file.
    pub revision: String,
}

/// Something that a search has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// `pipeline`, `block` or `file`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// The pipeline of a block.
    pub pipeline: Option<PipelineUuid>,
    /// The path of a file.
    pub path: Option<String>,
}

/// A template of a pipeline, or the wish for one.
#[derive(Clone, Debug)]
pub struct PipelineTemplate {
    /// Its name.
    pub id: String,
    /// Its keys as its file has them.
    pub keys: Map,
}

impl Host {
    /// What the project says about itself.
    pub async fn project_facts(&self, actor: &Actor) -> Result<ProjectFacts, Failure> {
        actor.may(Right::Read)?;
        self.reading(|project| {
            let bytes = project.read("metadata.yaml").unwrap_or_default();
            Ok(ProjectFacts {
                name: project.name().to_owned(),
                keys: project.own_keys()?,
                pipelines: project.pipeline_uuids(),
                revision: revision(&bytes),
            })
        })
        .await
    }

    /// Changes what the project says about itself; features are set one by one.
    pub async fn update_project(&self, actor: &Actor, wanted: Map) -> Result<(), Failure> {
        actor.may(Right::Edit)?;
        let keys: Vec<String> = wanted.keys().cloned().collect();
        self.editing(move |project| {
            let file = ProjectPath::resolve(project.root(), "metadata.yaml").map_err(of_path)?;
            let before = file.read().map_err(of_path)?;
            expect(text(&wanted, "revision")?, &before, "the project's file")?;
            let mut after = String::from_utf8_lossy(&before).into_owned();
            for (key, shape) in KEYS {
                let Some(given) = value(&wanted, key, shape)? else {
                    continue;
                };
                if key == "variables_retention_period" {
                    period(Some(given), key)?;
                }
                let single = [(key.to_owned(), given.clone())];
                let entries = match (key, given.as_object()) {
                    ("features", Some(map)) => map.clone(),
                    _ => Map::from_iter(single),
                };
                for (name, value) in entries {
                    let path = match key {
                        "features" => vec![key.to_owned(), name],
                        _ => vec![name],
                    };
                    let value = (!value.is_null()).then_some(value);
                    let edit = Edit::SetPipelineKey { path, value };
                    after = edit::apply(&after, &edit).map_err(of_edit)?;
                }
            }
            if after.as_bytes() != before {
                file.write(after.as_bytes()).map_err(of_path)?;
            }
            Ok(())
        })
        .await?;
        self.audit(actor, "project.update", "project", json!({"keys": keys}))
            .await;
        Ok(())
    }

    /// Checks the project, or tells what the check of it says of one pipeline.
    pub async fn check(
        &self,
        actor: &Actor,
        pipeline: Option<PipelineUuid>,
    ) -> Result<Vec<Problem>, Failure> {
        actor.may(Right::Read)?;
        self.reading(move |project| {
            if let Some(uuid) = &pipeline {
                project.pipeline_file(uuid).map_err(of_pipeline)?;
            }
            let mut problems = check(project);
            problems.retain(|problem| pipeline.is_none() || problem.pipeline == pipeline);
            Ok(problems)
        })
        .await
    }

    /// Checks a text as if it stood in a file of the project.
    pub async fn check_text(
        &self,
        actor: &Actor,
        path: String,
        content: String,
    ) -> Result<Vec<Problem>, Failure> {
        actor.may(Right::Read)?;
        if content.len() > LARGEST_TEXT {
            return Err(Failure::usage(
                format!("the text is larger than {} MB", LARGEST_TEXT >> 20),
                "check the project instead",
            ));
        }
        self.reading(move |project| {
            let path = ProjectPath::resolve(project.root(), &path).map_err(of_path)?;
            Ok(check_text(project, path.as_str(), &content))
        })
        .await
    }

    /// Pipelines, blocks and files with a text in their names.
    pub async fn search(&self, actor: &Actor, text: &str) -> Result<Vec<Found>, Failure> {
        actor.may(Right::Read)?;
        let wanted = text.trim().to_lowercase();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let has = |text: &str| text.to_lowercase().contains(&wanted);
        let query = PipelineQuery {
            limit: usize::MAX,
            ..PipelineQuery::default()
        };
        let mut pipelines = Vec::new();
        let mut blocks = Vec::new();
        for (facts, _) in self.pipelines(actor, query).await?.rows {
            let uuid = &facts.pipeline.uuid;
            if has(uuid.as_str()) || has(&facts.pipeline.name) {
                pipelines.push(Found {
                    kind: "pipeline",
                    name: facts.pipeline.name.clone(),
                    pipeline: Some(uuid.clone()),
                    path: None,
                });
            }
            for block in facts.all_blocks() {
                if has(block.uuid.as_str()) || has(&block.name) {
                    blocks.push(Found {
                        kind: "block",
                        name: block.uuid.as_str().to_owned(),
                        pipeline: Some(uuid.clone()),
                        path: None,
                    });
                }
            }
        }
        let tree = self.file_tree(actor, None).await?;
        let mut files = Vec::new();
        flat(&tree.children, &mut |node| {
            if node.children.is_none() && has(&node.path) {
                files.push(Found {
                    kind: "file",
                    name: node.name.clone(),
                    pipeline: None,
                    path: Some(node.path.clone()),
                });
            }
        });
        let found = pipelines.into_iter().chain(blocks).chain(files);
        Ok(found.take(MOST_FOUND).collect())
    }

    /// The project's own templates of pipelines.
    pub async fn pipeline_templates(
        &self,
        actor: &Actor,
    ) -> Result<Vec<PipelineTemplate>, Failure> {
        actor.may(Right::Read)?;
        self.reading(|project| {
            let folder = ProjectPath::resolve(project.root(), "custom_templates/pipelines");
            let Ok(entries) = folder.and_then(|folder| folder.entries()) else {
                return Ok(Vec::new());
            };
            let mut templates = Vec::new();
            for entry in entries.into_iter().filter(|entry| entry.is_folder) {
                let path = format!("custom_templates/pipelines/{}/metadata.yaml", entry.name);
                let file = ProjectPath::resolve(project.root(), &path);
                let Ok(bytes) = file.and_then(|file| file.read()) else {
                    continue;
                };
                let keys = keys_of(&String::from_utf8_lossy(&bytes)).unwrap_or_default();
                templates.push(PipelineTemplate {
                    id: entry.name,
                    keys,
                });
            }
            Ok(templates)
        })
        .await
    }

    /// Makes a template of a pipeline or of a block.
    pub async fn create_template(&self, actor: &Actor, wanted: Map) -> Result<String, Failure> {
        actor.may(Right::Edit)?;
        let id = match text(&wanted, "template_uuid")? {
            Some(id) => clean_name(id, true),
            None => clean_name(needed(&wanted, "name")?, true),
        };
        let is_pipeline = is_pipeline(&wanted)?;
        let made = id.clone();
        self.editing(move |project| {
            let folder = folder_of(is_pipeline, &id);
            let path = |name: &str| {
                ProjectPath::resolve(project.root(), &format!("{folder}/{name}")).map_err(of_path)
            };
            if path("metadata.yaml")?.exists() && !flag(&wanted, "overwrite")? {
                return Err(Failure::conflict(
                    format!("there is a template `{id}` already"),
                    "choose another name",
                ));
            }
            let mut keys = Map::new();
            for key in ["name", "description", "color", "block_type", "language"] {
                keys.extend(text(&wanted, key)?.map(|text| (key.to_owned(), json!(text))));
            }
            keys.entry("name").or_insert(json!(id));
            if let Some(tags) = texts(&wanted, "tags")? {
                keys.insert("tags".to_owned(), json!(tags));
            }
            if let Some(map) = value(&wanted, "configuration", Shape::Map)? {
                keys.insert("configuration".to_owned(), map.clone());
            }
            if is_pipeline {
                let uuid = PipelineUuid::from(needed(&wanted, "pipeline_uuid")?);
                let pipeline = document(project, &uuid)?.keys;
                keys.insert("pipeline".to_owned(), Value::Object(pipeline));
            } else {
                needed(&wanted, "block_type")?;
                let language = text(&wanted, "language")?.unwrap_or("python");
                let language = baton_model::Language::parse(language);
                let extension = language.extension().ok_or_else(|| {
                    Failure::usage("`language` is not known", "use python, sql, r, yaml")
                })?;
                let last = id.rsplit('/').next().unwrap_or(&id);
                let content = text(&wanted, "content")?.unwrap_or_default();
                let code = path(&format!("{last}.{extension}"))?;
                code.write(content.as_bytes()).map_err(of_path)?;
            }
            let source = edit::write(&keys).map_err(of_edit)?;
            path("metadata.yaml")?
                .write(source.as_bytes())
                .map_err(of_path)
        })
        .await?;
        self.audit(actor, "custom_template.create", &made, Value::Null)
            .await;
        Ok(made)
    }

    /// Deletes a template of the project.
    pub async fn delete_template(
        &self,
        actor: &Actor,
        id: &str,
        is_pipeline: bool,
    ) -> Result<(), Failure> {
        actor.may(Right::Edit)?;
        let wanted = id.to_owned();
        self.editing(move |project| {
            let missing = || Failure::missing(format!("there is no template `{wanted}`"));
            let folder = folder_of(is_pipeline, &wanted);
            let file = format!("{folder}/metadata.yaml");
            let file = ProjectPath::resolve(project.root(), &file).map_err(of_path)?;
            let is_block = custom_block_templates(project)
                .0
                .iter()
                .any(|template| template.id == wanted);
            if !file.exists() || !is_pipeline && !is_block {
                return Err(missing());
            }
            let folder = ProjectPath::resolve(project.root(), &folder).map_err(of_path)?;
            folder.remove_folder().map_err(of_path)
        })
        .await?;
        self.audit(actor, "custom_template.delete", id, Value::Null)
            .await;
        Ok(())
    }
}

/// Whether a request means a template of a pipeline.
fn is_pipeline(wanted: &Map) -> Result<bool, Failure> {
    match text(wanted, "object_type")? {
        None | Some("blocks") => Ok(false),
        Some("pipelines") => Ok(true),
        Some(_) => Err(Failure::usage(
            "`object_type` must be blocks or pipelines",
            "correct the request",
        )),
    }
}

fn folder_of(is_pipeline: bool, id: &str) -> String {
    let kind = if is_pipeline { "pipelines" } else { "blocks" };
    format!("custom_templates/{kind}/{id}")
}

/// Visits every file and folder of a tree.
pub fn flat<'n>(nodes: &'n [FileNode], visit: &mut dyn FnMut(&'n FileNode)) {
    for node in nodes {
        visit(node);
        if let Some(children) = &node.children {
            flat(children, visit);
        }
    }
}
