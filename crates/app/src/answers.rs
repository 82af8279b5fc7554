//! Answers what running blocks ask: secrets, variables, stored outputs, pipelines and runs of their own project.
//!
//! Blocks reach none of this by themselves. What a block may read here, its pipeline's owner may read anyway: there is
//! one project, and its secrets are for all of its blocks.

mod facts;
mod started;
mod stored;

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use baton_base::files::{self, FileError};
use baton_base::{Diagnose, ProjectHome, chain, now};
use baton_model::{PipelineUuid, RunId, Timestamp};
use baton_products::Products;
use baton_project::edit::{self, Edit};
use baton_project::{PipelineError, Project};
use baton_runner::{
    Answer, Answering, Answers, Asker, Question, Refusal, RefusalKind, Scope, Wanted,
};
use baton_store::{RunQuery, SecretError, SecretScope, Secrets, Store};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::nested::StartRuns;
use crate::secrets::{self, Known};

/// Most runs that one answer lists.
const MOST_RUNS: u32 = 1000;

/// Runs that an answer lists when no number is asked for.
const SOME_RUNS: u32 = 100;

/// A global variable that a block has set or removed; the metadata has it already.
#[derive(Clone, Debug, PartialEq)]
pub struct VariableChange {
    /// The run whose block did it.
    pub run: RunId,
    /// The pipeline whose variable it is.
    pub pipeline: PipelineUuid,
    /// Its name.
    pub key: String,
    /// Its new value; none when it was removed.
    pub value: Option<Value>,
}

/// Is told of changed variables before the block that made the change goes on.
pub type OnVariable = Arc<dyn Fn(&VariableChange) + Send + Sync>;

/// Answers for one project.
pub struct ProjectAnswers {
    root: PathBuf,
    home: ProjectHome,
    store: Store,
    products: Products,
    secrets: Secrets,
    on_variable: Option<OnVariable>,
    children: Arc<dyn StartRuns>,
}

impl ProjectAnswers {
    /// Answers from the project at `root` and its state; runs that are asked for become `children`.
    pub fn new(
        root: PathBuf,
        home: ProjectHome,
        store: Store,
        products: Products,
        children: Arc<dyn StartRuns>,
    ) -> Self {
        let secrets = Secrets::new(store.clone(), home.secrets_key());
        Self {
            root,
            home,
            store,
            products,
            secrets,
            on_variable: None,
            children,
        }
    }

    /// The same answers; `hook` is told of every variable that a block changes.
    #[must_use]
    pub fn telling(mut self, hook: OnVariable) -> Self {
        self.on_variable = Some(hook);
        self
    }

    async fn of(&self, asker: &Asker, question: Question) -> Result<Answer, Refusal> {
        match question {
            Question::Secret { name, scope } => self.secret(&name, scope).await,
            Question::SecretCreate { name, value, scope } => {
                let (scope, at) = (scope_of(scope)?, Timestamp(now()));
                let made = self.secrets.create(&scope, &name, &value, at).await;
                made.map_err(|error| refused_secret(&error))?;
                Ok(Answer::open(Value::Null))
            }
            Question::SecretDelete { name, scope } => {
                let removed = self.secrets.remove(&scope_of(scope)?, &name).await;
                let removed = removed.map_err(|error| refused_secret(&error))?;
                Ok(Answer::open(json!(removed)))
            }
            Question::Variables { pipeline } => {
                self.project(move |project| {
                    let pipeline = project.pipeline(&pipeline).map_err(no_pipeline)?;
                    Ok(Value::Object(pipeline.variables))
                })
                .await
            }
            Question::VariableSet {
                pipeline,
                key,
                value,
            } => self.change(asker, pipeline, key, Some(value)).await,
            Question::VariableDelete { pipeline, key } => {
                self.change(asker, pipeline, key, None).await
            }
            Question::Product { stored, output } => {
                self.stored(asker, &stored, Some(&output)).await
            }
            Question::Outputs { stored } => self.stored(asker, &stored, None).await,
            Question::Pipeline { uuid } => {
                self.project(move |project| {
                    let pipeline = project.pipeline(&uuid).map_err(no_pipeline)?;
                    Ok(facts::pipeline(project, &pipeline))
                })
                .await
            }
            Question::Pipelines {} => {
                self.project(|project| Ok(json!(project.pipeline_uuids())))
                    .await
            }
            Question::Triggers { pipeline } => {
                self.project(move |project| Ok(facts::triggers(project, &pipeline)))
                    .await
            }
            Question::Trigger {
                pipeline,
                variables,
                schedule_name,
                remote_blocks,
            } => {
                self.trigger(asker, pipeline, schedule_name, variables, remote_blocks)
                    .await
            }
            Question::ProductRenew {
                settings,
                variables,
                remote_blocks,
            } => {
                self.renew_product(asker, settings, variables, remote_blocks)
                    .await
            }
            Question::ProductOutputs { settings } => self.product_outputs(asker, settings).await,
            Question::Runs { wanted } => self.runs(wanted).await,
            Question::Run { id } => {
                let runs = self.described(&[id]).await?;
                Ok(Answer::open(runs.into_iter().next().unwrap_or_default()))
            }
        }
    }

    async fn secret(&self, name: &str, scope: Scope) -> Result<Answer, Refusal> {
        let found = self.secrets.get(&scope_of(scope)?, name).await;
        let found = found.map_err(|error| refused_secret(&error))?;
        Ok(Answer {
            conceal: found.iter().cloned().collect(),
            value: json!(found),
        })
    }

    /// Reads something of the project, whose templates may show secrets.
    async fn project(
        &self,
        read: impl FnOnce(&Project) -> Result<Value, Refusal> + Send + 'static,
    ) -> Result<Answer, Refusal> {
        let known = Known::load(&self.secrets).await;
        let root = self.root.clone();
        blocking(move || {
            let project = Project::open_with(&root, secrets::lookup(&known)).map_err(failed)?;
            let value = read(&project)?;
            Ok(Answer {
                value,
                conceal: known.used(),
            })
        })
        .await
    }

    /// Sets or removes a variable in the metadata of a pipeline, then tells of it.
    async fn change(
        &self,
        asker: &Asker,
        pipeline: PipelineUuid,
        key: String,
        value: Option<Value>,
    ) -> Result<Answer, Refusal> {
        let change = VariableChange {
            run: asker.run,
            pipeline,
            key,
            value,
        };
        let (root, lock) = (self.root.clone(), self.home.path().join("locks/edit"));
        let change = blocking(move || {
            let project = Project::open(&root).map_err(failed)?;
            // Also says that there is no such pipeline, before its name becomes a path.
            project
                .pipeline_file(&change.pipeline)
                .map_err(no_pipeline)?;
            let path = root.join(project.pipeline_path(&change.pipeline));
            let _held = lock_file(&lock).map_err(failed)?;
            let edit = Edit::SetVariable {
                name: change.key.clone(),
                value: change.value.clone(),
            };
            files::rewrite(&path, |text| -> Result<String, Failure> {
                Ok(edit::apply(text, &edit)?)
            })
            .map_err(told)?;
            Ok(change)
        })
        .await?;
        if let Some(hook) = &self.on_variable {
            hook(&change);
        }
        Ok(Answer::open(Value::Null))
    }

    async fn runs(&self, wanted: Wanted) -> Result<Answer, Refusal> {
        let query = RunQuery {
            pipeline: wanted.pipeline,
            from: wanted.from,
            to: wanted.to,
            statuses: wanted.status,
            limit: wanted.limit.unwrap_or(SOME_RUNS).min(MOST_RUNS),
        };
        let ids = self.store.find_runs(&query).await.map_err(failed)?;
        Ok(Answer::open(json!(self.described(&ids).await?)))
    }

    /// The runs that exist among these, described.
    async fn described(&self, ids: &[RunId]) -> Result<Vec<Value>, Refusal> {
        let mut runs = Vec::with_capacity(ids.len());
        for id in ids {
            runs.extend(self.store.load_run(*id).await.map_err(failed)?);
        }
        let root = self.root.clone();
        blocking(move || {
            let project = Project::open(&root).map_err(failed)?;
            let mut declared = facts::Declared::new(&project);
            Ok(runs
                .iter()
                .map(|run| facts::run(run, &mut declared))
                .collect())
        })
        .await
    }
}

impl Answers for ProjectAnswers {
    fn answer<'a>(&'a self, asker: &'a Asker, question: Question) -> Answering<'a> {
        Box::pin(self.of(asker, question))
    }
}

/// Does work that waits for the disk beside everything else.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| {
            Err(Refusal::new(
                RefusalKind::Failed,
                format!("the host could not answer: {error}"),
            ))
        })
}

/// Holds back other writers of the project's files, of this process and of others, until it is dropped.
pub(crate) fn lock_file(path: &std::path::Path) -> Result<File, FileError> {
    let file = files::open_lock(path)?;
    file.lock()
        .map_err(|source| FileError::new("lock", path, source))?;
    Ok(file)
}

fn scope_of(scope: Scope) -> Result<SecretScope, Refusal> {
    match (scope.entity.as_deref(), scope.pipeline_uuid) {
        (None | Some("global"), _) => Ok(SecretScope::Global),
        (Some("project"), _) => Ok(SecretScope::Project),
        (Some("pipeline"), Some(uuid)) => Ok(SecretScope::Pipeline(uuid)),
        (Some("pipeline"), None) => Err(Refusal::new(
            RefusalKind::Invalid,
            "a secret of a pipeline needs `pipeline_uuid`",
        )),
        (Some(other), _) => Err(Refusal::new(
            RefusalKind::Invalid,
            format!("`{other}` is no scope of secrets: use `global`, `project` or `pipeline`"),
        )),
    }
}

fn refused_secret(error: &SecretError) -> Refusal {
    let kind = match error {
        SecretError::Exists { .. } | SecretError::BadName { .. } => RefusalKind::Invalid,
        SecretError::OpenKey { .. } => RefusalKind::Denied,
        _ => RefusalKind::Failed,
    };
    Refusal::new(kind, sentence(error))
}

fn no_pipeline(error: PipelineError) -> Refusal {
    match error {
        PipelineError::Unknown { uuid, similar, .. } => {
            let hint = similar.map_or(String::new(), |name| format!(": did you mean `{name}`?"));
            let text = format!("the project has no pipeline `{uuid}`{hint}");
            Refusal::new(RefusalKind::NotFound, text)
        }
        error @ PipelineError::Broken { .. } => failed(error),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: impl Diagnose + 'static) -> Refusal {
    Refusal::new(RefusalKind::Failed, sentence(&error))
}

fn told(failure: Failure) -> Refusal {
    let Failure { message, hint, .. } = failure;
    let text = match hint {
        Some(hint) => format!("{message} ({hint})"),
        None => message,
    };
    Refusal::new(RefusalKind::Failed, text)
}

/// What failed, and what can be done.
fn sentence(error: &(impl Diagnose + 'static)) -> String {
    let text = format!("failed to {}", chain(error));
    match error.hint() {
        Some(hint) => format!("{text} ({hint})"),
        None => text,
    }
}
