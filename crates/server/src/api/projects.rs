//! `projects`, `tags` and `audits`: what concerns the whole project.

use axum::extract::State;
use baton_model::Map;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::By;
use super::products::with_revision;
use crate::Shared;
use crate::answer::{Many, Named, One};
use crate::body::{IfMatch, Payload};
use crate::error::ApiError;
use crate::params::{Limit, Path, Query};

/// Changes that a page of the audit shows when no number is asked for.
const CHANGES: u32 = 100;

/// The project. Keys of services and the like stay in its file.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Project")]
pub(crate) struct ProjectView {
    /// The folder's name.
    name: String,
    repo_path: String,
    version: &'static str,
    latest_version: &'static str,
    pipelines_count: usize,
    /// Names the content of its file: send it with a change.
    revision: String,
    openai_api_key: Value,
    emr_config: Value,
    spark_config: Value,
    settings: Value,
    features: Value,
    help_improve_mage: Value,
    /// As it is written: templates such as those of secrets are not filled in.
    notification_config: Value,
    pipelines: Value,
    project_type: Value,
    project_uuid: Value,
    remote_variables_dir: Value,
    retry_config: Value,
    variables_dir: Value,
    variables_retention_period: Value,
}

/// What the project is to say about itself; what is not named stays.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ProjectChange {
    /// Set one by one.
    #[expect(dead_code, reason = "the use case reads what was sent")]
    features: Option<Map>,
    #[expect(dead_code, reason = "the use case reads what was sent")]
    help_improve_mage: Option<bool>,
    /// Takes the place of all that was there.
    #[expect(dead_code, reason = "the use case reads what was sent")]
    notification_config: Option<Map>,
    #[expect(dead_code, reason = "the use case reads what was sent")]
    pipelines: Option<Map>,
    #[expect(dead_code, reason = "the use case reads what was sent")]
    remote_variables_dir: Option<String>,
    #[expect(dead_code, reason = "the use case reads what was sent")]
    retry_config: Option<Map>,
    #[expect(dead_code, reason = "the use case reads what was sent")]
    variables_retention_period: Option<String>,
    /// The revision that the change was made to.
    revision: Option<String>,
}

impl Named for ProjectView {
    const ONE: &'static str = "project";
    const MANY: &'static str = "projects";
}

impl Named for ProjectChange {
    const ONE: &'static str = "project";
}

async fn project(shared: &Shared, by: &By) -> Result<ProjectView, ApiError> {
    let facts = shared.host.project_facts(&by.0).await?;
    let key = |key: &str| facts.keys.get(key).cloned().unwrap_or_default();
    Ok(ProjectView {
        repo_path: shared.host.root().to_string_lossy().into_owned(),
        version: env!("CARGO_PKG_VERSION"),
        latest_version: env!("CARGO_PKG_VERSION"),
        pipelines_count: facts.pipelines.len(),
        revision: facts.revision.clone(),
        openai_api_key: Value::Null,
        emr_config: Value::Null,
        spark_config: Value::Null,
        settings: Value::Null,
        features: key("features"),
        help_improve_mage: key("help_improve_mage"),
        notification_config: key("notification_config"),
        pipelines: key("pipelines"),
        project_type: key("project_type"),
        project_uuid: key("project_uuid"),
        remote_variables_dir: key("remote_variables_dir"),
        retry_config: key("retry_config"),
        variables_dir: key("variables_dir"),
        variables_retention_period: key("variables_retention_period"),
        name: facts.name.clone(),
    })
}

/// The one project.
pub(crate) async fn list(
    State(shared): State<Shared>,
    by: By,
) -> Result<Many<ProjectView>, ApiError> {
    Ok(Many::whole(vec![project(&shared, &by).await?]))
}

async fn named(shared: &Shared, by: &By, name: &str) -> Result<One<ProjectView>, ApiError> {
    let view = project(shared, by).await?;
    if view.name != name {
        return Err(ApiError::not_found(format!("there is no project `{name}`")));
    }
    Ok(One(view))
}

/// The project that the address names: there is one.
pub(crate) async fn show(
    State(shared): State<Shared>,
    by: By,
    Path(name): Path<String>,
) -> Result<One<ProjectView>, ApiError> {
    named(&shared, &by, &name).await
}

/// Changes what the project says about itself.
pub(crate) async fn update(
    State(shared): State<Shared>,
    by: By,
    Path(name): Path<String>,
    if_match: IfMatch,
    payload: Payload<ProjectChange>,
) -> Result<One<ProjectView>, ApiError> {
    let given = payload.wanted.revision.as_deref();
    let wanted = with_revision(payload.map, given, if_match);
    named(&shared, &by, &name).await?;
    shared.host.update_project(&by.0, wanted).await?;
    named(&shared, &by, &name).await
}

/// A tag in use.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Tag")]
pub(crate) struct TagView {
    uuid: String,
    name: String,
    pipelines_count: usize,
}

impl Named for TagView {
    const ONE: &'static str = "tag";
    const MANY: &'static str = "tags";
}

/// The tags in use.
pub(crate) async fn tags(
    State(shared): State<Shared>,
    By(actor): By,
) -> Result<Many<TagView>, ApiError> {
    let tags = shared.host.tags(&actor).await?.into_iter();
    let views = tags.map(|(tag, pipelines_count)| TagView {
        uuid: tag.clone(),
        name: tag,
        pipelines_count,
    });
    Ok(Many::whole(views.collect()))
}

/// A change that somebody made.
#[derive(Deserialize, Serialize, JsonSchema)]
#[schemars(rename = "Audit")]
pub(crate) struct AuditView {
    /// When.
    at: String,
    /// `owner`, or `token` for whoever knew the token of a trigger.
    who: String,
    /// What was done, such as `pipeline.update`.
    action: String,
    /// To what.
    object: String,
    details: Value,
}

impl Named for AuditView {
    const ONE: &'static str = "audit";
    const MANY: &'static str = "audits";
}

/// Who changed what, the newest first.
pub(crate) async fn audits(
    State(shared): State<Shared>,
    By(actor): By,
    Query(wanted): Query<Limit>,
) -> Result<Many<AuditView>, ApiError> {
    let limit = wanted.limit(CHANGES) as usize;
    let changes = shared.host.audited(&actor, limit).await?;
    let views = changes.into_iter();
    let views = views.filter_map(|change| serde_json::from_value(change).ok());
    Ok(Many::whole(views.collect()))
}
