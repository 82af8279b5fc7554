//! Use cases around variables of pipelines and around secrets.

use baton_base::now;
use baton_model::{BlockUuid, Map, PipelineUuid, Product, RunId, Timestamp};
use baton_project::edit::Edit;
use baton_store::{SecretError, SecretName, SecretScope};
use serde_json::{Value, json};

use super::Host;
use super::block_edits::{Change, document};
use super::editing::{expect, needed, text};
use crate::actor::{Actor, Right};
use crate::failure::Failure;

/// Most blocks whose outputs are listed at once.
const MOST_BLOCKS: usize = 500;

/// The connections that a project names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IoProfiles {
    /// In the order of the file.
    pub profiles: Vec<IoProfile>,
    /// What is wrong with the file first of all.
    pub problem: Option<String>,
}

/// A profile of `io_config.yaml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IoProfile {
    /// Its name.
    pub name: String,
    /// The names of its settings; what they are set to stays in the file.
    pub keys: Vec<String>,
    /// Line of its name, from 1.
    pub line: u32,
}

impl Host {
    /// The newest outputs of the blocks of a pipeline that have any.
    pub async fn newest_outputs(
        &self,
        actor: &Actor,
        uuid: &PipelineUuid,
    ) -> Result<Vec<(BlockUuid, RunId, Vec<Product>)>, Failure> {
        let (facts, _) = self.pipeline(actor, uuid).await?;
        let mut found = Vec::new();
        for block in facts.pipeline.blocks.iter().take(MOST_BLOCKS) {
            let name = block.uuid.as_str();
            if let Some((run, key)) = self.store().newest_output(uuid, name, None).await? {
                let products = self.store().products(run, &key).await?;
                found.push((block.uuid.clone(), run, products));
            }
        }
        Ok(found)
    }

    /// Sets a global variable of a pipeline, or removes it.
    pub async fn set_variable(
        &self,
        actor: &Actor,
        uuid: &PipelineUuid,
        name: &str,
        value: Option<Value>,
        revision: Option<String>,
    ) -> Result<(), Failure> {
        actor.may(Right::Edit)?;
        if name.trim().is_empty() {
            return Err(Failure::usage("`name` is missing", "name the variable"));
        }
        let (of, key, is_set) = (uuid.clone(), name.to_owned(), value.is_some());
        self.editing(move |project| {
            let document = document(project, &of)?;
            expect(revision.as_deref(), &document.bytes, "the pipeline")?;
            if value.is_none() && !document.file.pipeline.variables.contains_key(&key) {
                return Err(Failure::missing(format!(
                    "pipeline `{of}` has no variable `{key}`"
                )));
            }
            let edits = vec![Edit::SetVariable { name: key, value }];
            let files = Vec::new();
            Change { edits, files }.carry_out(project, &of)
        })
        .await?;
        let action = if is_set {
            "variable.set"
        } else {
            "variable.delete"
        };
        self.audit(actor, action, &format!("{uuid}/{name}"), Value::Null)
            .await;
        Ok(())
    }

    /// The profiles of connections in `io_config.yaml`, without the values of their keys; and what is wrong with the file.
    pub async fn io_profiles(&self, actor: &Actor) -> Result<IoProfiles, Failure> {
        actor.may(Right::Read)?;
        self.reading(|project| {
            let found = project.profiles();
            let profiles = found.profiles.into_iter().map(|profile| IoProfile {
                name: profile.name,
                keys: profile.values.keys().cloned().collect(),
                line: profile.line,
            });
            let mut problems = found.problems.into_iter();
            Ok(IoProfiles {
                profiles: profiles.collect(),
                problem: problems.next().map(|problem| problem.message),
            })
        })
        .await
    }

    /// The secrets, without their values.
    pub async fn secrets(&self, actor: &Actor) -> Result<Vec<SecretName>, Failure> {
        actor.may(Right::Read)?;
        Ok(self.state().secrets().list().await?)
    }

    /// Makes a secret, or gives one another value.
    pub async fn put_secret(
        &self,
        actor: &Actor,
        wanted: &Map,
        is_new: bool,
    ) -> Result<SecretName, Failure> {
        actor.may(Right::Secrets)?;
        let (name, value) = (needed(wanted, "name")?, text(wanted, "value")?);
        let value = value.ok_or_else(|| Failure::usage("`value` is missing", "send it"))?;
        let scope = scope(wanted)?;
        let secrets = self.state().secrets();
        let at = Timestamp(now());
        if is_new {
            match secrets.create(&scope, name, value, at).await {
                Err(error @ SecretError::Exists { .. }) => {
                    return Err(Failure {
                        class: baton_base::Class::Conflict,
                        ..Failure::from(error)
                    });
                }
                made => made?,
            }
        } else {
            self.known_secret(&scope, name).await?;
            secrets.set(&scope, name, value, at).await?;
        }
        // What templates of the project's files say may be different now.
        self.desk.forget(true).await;
        let action = if is_new {
            "secret.create"
        } else {
            "secret.update"
        };
        self.audit(actor, action, name, json!({"scope": scope_name(&scope)}))
            .await;
        Ok(SecretName {
            scope,
            name: name.to_owned(),
            updated_at: at,
        })
    }

    /// Removes a secret.
    pub async fn delete_secret(&self, actor: &Actor, wanted: &Map) -> Result<(), Failure> {
        actor.may(Right::Secrets)?;
        let (name, scope) = (needed(wanted, "name")?, scope(wanted)?);
        self.known_secret(&scope, name).await?;
        self.state().secrets().remove(&scope, name).await?;
        self.desk.forget(true).await;
        let details = json!({"scope": scope_name(&scope)});
        self.audit(actor, "secret.delete", name, details).await;
        Ok(())
    }

    async fn known_secret(&self, scope: &SecretScope, name: &str) -> Result<(), Failure> {
        let known = self.state().secrets().list().await?;
        let is_known = known
            .iter()
            .any(|secret| &secret.scope == scope && secret.name == name);
        if is_known {
            Ok(())
        } else {
            Err(Failure::missing(format!("there is no secret `{name}`")))
        }
    }
}

/// The word for a scope.
pub fn scope_name(scope: &SecretScope) -> &'static str {
    match scope {
        SecretScope::Global => "global",
        SecretScope::Project => "project",
        SecretScope::Pipeline(_) => "pipeline",
    }
}

fn scope(wanted: &Map) -> Result<SecretScope, Failure> {
    let pipeline = text(wanted, "pipeline_uuid")?;
    match (text(wanted, "scope")?, pipeline) {
        (None | Some("pipeline"), Some(uuid)) => Ok(SecretScope::Pipeline(uuid.into())),
        (None | Some("global"), _) => Ok(SecretScope::Global),
        (Some("project"), _) => Ok(SecretScope::Project),
        (Some("pipeline"), None) => Err(Failure::usage(
            "`pipeline_uuid` is missing",
            "name the pipeline of the secret",
        )),
        (Some(_), _) => Err(Failure::usage(
            "`scope` must be global, project or pipeline",
            "correct the request",
        )),
    }
}
