//! Use cases around files that are maps of their own: global data products and forms.

use std::collections::BTreeMap;

use baton_engine::freshness::{Freshness, freshness};
use baton_model::{Map, PipelineUuid, RunId};
use baton_project::edit::{self, Edit};
use baton_project::{Project, ProjectPath, keys_of};
use serde_json::{Value, json};

use super::Host;
use super::editing::{Shape, expect, needed, of_edit, of_path, of_pipeline, revision, text, value};
use crate::actor::{Actor, Right};
use crate::failure::Failure;

/// The file of the global data products.
pub(super) const FILE: &str = "global_data_products.yaml";

/// The keys of a global data product that a request may set.
const PRODUCT_KEYS: [(&str, Shape); 6] = [
    ("object_type", Shape::Text),
    ("object_uuid", Shape::Text),
    ("outdated_after", Shape::Map),
    ("outdated_starting_at", Shape::Map),
    ("settings", Shape::Map),
    ("project", Shape::Text),
];

/// The keys of a form, and of the forms of a pipeline.
const FORM_KEYS: [&str; 6] = [
    "inputs",
    "variables",
    "layout",
    "blocks",
    "permissions",
    "description",
];

/// A file that is a map, with its keys.
#[derive(Clone, Debug)]
pub struct KeysOfFile {
    /// Its name for clients.
    pub name: String,
    /// Its keys as it has them.
    pub keys: Map,
    /// The whole text.
    pub text: String,
    /// Names the content.
    pub revision: String,
}

/// How fresh a global data product is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductFreshness {
    /// What the rule says of it.
    pub freshness: Freshness,
    /// The run that made it last.
    pub run: Option<RunId>,
}

fn load(project: &Project, name: &str, path: &str) -> Result<KeysOfFile, Failure> {
    let file = ProjectPath::resolve(project.root(), path).map_err(of_path)?;
    let text = if file.exists() {
        String::from_utf8_lossy(&file.read().map_err(of_path)?).into_owned()
    } else {
        String::new()
    };
    Ok(KeysOfFile {
        name: name.to_owned(),
        keys: keys_of(&text).unwrap_or_default(),
        revision: revision(text.as_bytes()),
        text,
    })
}

fn store(project: &Project, path: &str, text: &str) -> Result<(), Failure> {
    let file = ProjectPath::resolve(project.root(), path).map_err(of_path)?;
    file.write(text.as_bytes()).map_err(of_path)
}

/// The text with keys below `above` set.
fn with_keys<'k>(
    text: &str,
    above: &[String],
    keys: impl Iterator<Item = (&'k str, &'k Value)>,
) -> Result<String, Failure> {
    let mut text = text.to_owned();
    for (key, value) in keys {
        let mut path = above.to_vec();
        path.push(key.to_owned());
        let value = (!value.is_null()).then(|| value.clone());
        text = edit::apply(&text, &Edit::SetPipelineKey { path, value }).map_err(of_edit)?;
    }
    Ok(text)
}

impl Host {
    /// The global data products as their file has them.
    pub async fn global_data_products(&self, actor: &Actor) -> Result<KeysOfFile, Failure> {
        actor.may(Right::Read)?;
        self.reading(|project| load(project, FILE, FILE)).await
    }

    /// How fresh each global data product is, by the rule that decides it in a run, and the run that made it last. One
    /// that its file does not describe is left out.
    pub async fn freshness_of_products(
        &self,
        actor: &Actor,
    ) -> Result<BTreeMap<String, ProductFreshness>, Failure> {
        actor.may(Right::Read)?;
        let declared = self.reading(|project| Ok(project.global_data_products()));
        let mut found = BTreeMap::new();
        for product in declared.await?.products {
            let newest = self
                .store()
                .runs_of_product(&product.pipeline, &product.uuid, 1);
            let newest = newest.await?.into_iter().next();
            let date = newest.map(|(_, date)| date);
            let state = ProductFreshness {
                freshness: freshness(&product, date, self.service().now()),
                run: newest.map(|(run, _)| run),
            };
            found.insert(product.uuid, state);
        }
        Ok(found)
    }

    /// Makes or changes a global data product.
    pub async fn put_global_data_product(
        &self,
        actor: &Actor,
        uuid: &str,
        wanted: Map,
        is_new: bool,
    ) -> Result<(), Failure> {
        actor.may(Right::Edit)?;
        let name = uuid.to_owned();
        self.editing(move |project| {
            let file = load(project, FILE, FILE)?;
            expect(text(&wanted, "revision")?, file.text.as_bytes(), "the file")?;
            let is_known = file.keys.contains_key(&name);
            if is_known && is_new {
                return Err(Failure::conflict(
                    format!("there is a global data product `{name}` already"),
                    "choose another name",
                ));
            }
            if !is_known && !is_new {
                return Err(no_product(&name));
            }
            let mut keys = Map::new();
            for (key, shape) in PRODUCT_KEYS {
                let given = value(&wanted, key, shape)?;
                keys.extend(given.map(|given| (key.to_owned(), given.clone())));
            }
            if is_new {
                needed(&wanted, "object_uuid")?;
                keys.entry("object_type").or_insert(json!("pipeline"));
            }
            if let Some(pipeline) = keys.get("object_uuid").and_then(Value::as_str)
                && !keys.contains_key("project")
            {
                let uuid = PipelineUuid::from(pipeline);
                project.pipeline_file(&uuid).map_err(of_pipeline)?;
            }
            let keys = keys.iter().map(|(key, value)| (key.as_str(), value));
            store(project, FILE, &with_keys(&file.text, &[name], keys)?)
        })
        .await?;
        let action = if is_new {
            "global_data_product.create"
        } else {
            "global_data_product.update"
        };
        self.audit(actor, action, uuid, Value::Null).await;
        Ok(())
    }

    /// Deletes a global data product; its pipeline and runs stay.
    pub async fn delete_global_data_product(
        &self,
        actor: &Actor,
        uuid: &str,
    ) -> Result<(), Failure> {
        actor.may(Right::Edit)?;
        let name = uuid.to_owned();
        self.editing(move |project| {
            let file = load(project, FILE, FILE)?;
            if !file.keys.contains_key(&name) {
                return Err(no_product(&name));
            }
            let none = [(name.as_str(), &Value::Null)].into_iter();
            store(project, FILE, &with_keys(&file.text, &[], none)?)
        })
        .await?;
        self.audit(actor, "global_data_product.delete", uuid, Value::Null)
            .await;
        Ok(())
    }

    /// The forms of the project.
    pub async fn interactions(&self, actor: &Actor) -> Result<Vec<KeysOfFile>, Failure> {
        actor.may(Right::Read)?;
        self.reading(|project| {
            let names = project.interaction_names().into_iter();
            names
                .map(|name| load(project, &name, &form_path(&name)))
                .collect()
        })
        .await
    }

    /// One form.
    pub async fn interaction(&self, actor: &Actor, name: &str) -> Result<KeysOfFile, Failure> {
        actor.may(Right::Read)?;
        let name = name.to_owned();
        self.reading(move |project| known_form(project, &name))
            .await
    }

    /// Makes or changes a form: its whole text as `content`, or single keys.
    pub async fn put_interaction(
        &self,
        actor: &Actor,
        name: &str,
        wanted: Map,
        is_new: bool,
    ) -> Result<(), Failure> {
        actor.may(Right::Edit)?;
        let mut name = name.to_owned();
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        if !matches!(extension, Some("yaml" | "yml")) {
            name.push_str(".yaml");
        }
        let object = name.clone();
        self.editing(move |project| {
            let path = form_path(&name);
            let file = if is_new {
                let resolved = ProjectPath::resolve(project.root(), &path).map_err(of_path)?;
                if resolved.exists() {
                    return Err(Failure::conflict(
                        format!("there is a form `{name}` already"),
                        "choose another name",
                    ));
                }
                load(project, &name, &path)?
            } else {
                known_form(project, &name)?
            };
            store(project, &path, &form_text(&file, &wanted)?)
        })
        .await?;
        let action = if is_new {
            "interaction.create"
        } else {
            "interaction.update"
        };
        self.audit(actor, action, &object, Value::Null).await;
        Ok(())
    }

    /// The forms that the blocks of a pipeline use.
    pub async fn pipeline_interactions(
        &self,
        actor: &Actor,
        uuid: &PipelineUuid,
    ) -> Result<KeysOfFile, Failure> {
        actor.may(Right::Read)?;
        let uuid = uuid.clone();
        self.reading(move |project| {
            project.pipeline_file(&uuid).map_err(of_pipeline)?;
            load(project, uuid.as_str(), &pipeline_form_path(&uuid))
        })
        .await
    }

    /// Changes the forms that the blocks of a pipeline use.
    pub async fn put_pipeline_interactions(
        &self,
        actor: &Actor,
        uuid: &PipelineUuid,
        wanted: Map,
    ) -> Result<(), Failure> {
        actor.may(Right::Edit)?;
        let of = uuid.clone();
        self.editing(move |project| {
            project.pipeline_file(&of).map_err(of_pipeline)?;
            let path = pipeline_form_path(&of);
            let file = load(project, of.as_str(), &path)?;
            store(project, &path, &form_text(&file, &wanted)?)
        })
        .await?;
        self.audit(
            actor,
            "pipeline_interaction.update",
            uuid.as_str(),
            Value::Null,
        )
        .await;
        Ok(())
    }
}

fn no_product(name: &str) -> Failure {
    Failure::missing(format!("there is no global data product `{name}`"))
}

fn form_path(name: &str) -> String {
    format!("interactions/{name}")
}

fn pipeline_form_path(uuid: &PipelineUuid) -> String {
    format!("pipelines/{uuid}/interactions.yaml")
}

fn known_form(project: &Project, name: &str) -> Result<KeysOfFile, Failure> {
    let known = project.interaction_names();
    let found = known.iter().find(|known| {
        *known == name || known.rsplit_once('.').is_some_and(|(stem, _)| stem == name)
    });
    match found {
        Some(name) => load(project, name, &form_path(name)),
        None => Err(Failure::missing(format!("there is no form `{name}`"))),
    }
}

/// The text of a form after a request.
fn form_text(file: &KeysOfFile, wanted: &Map) -> Result<String, Failure> {
    expect(text(wanted, "revision")?, file.text.as_bytes(), "the form")?;
    if let Some(content) = text(wanted, "content")? {
        if let Err(error) = keys_of(content) {
            return Err(Failure::usage(
                format!("`content` is not YAML: {error}"),
                "correct the text",
            ));
        }
        return Ok(content.to_owned());
    }
    for key in FORM_KEYS {
        let shape = match key {
            "layout" | "permissions" => continue,
            "description" => Shape::Text,
            _ => Shape::Map,
        };
        value(wanted, key, shape)?;
    }
    let mut text = file.text.clone();
    for key in FORM_KEYS {
        let Some(given) = wanted.get(key) else {
            continue;
        };
        match (key, given.as_object()) {
            // The list of blocks of a pipeline has edits of its own; this map is set block by block.
            ("blocks", Some(blocks)) => {
                let above = ["blocks".to_owned()];
                let blocks = blocks.iter().map(|(key, value)| (key.as_str(), value));
                text = with_keys(&text, &above, blocks)?;
            }
            ("blocks", None) => {}
            _ => text = with_keys(&text, &[], [(key, given)].into_iter())?,
        }
    }
    Ok(text)
}
