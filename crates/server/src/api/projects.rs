//! `projects`, `tags`, `checks`, `search_results`, `custom_templates` and `audits`: what concerns the whole project.

use axum::extract::{Path, State};
use baton_app::{Found, PipelineTemplate};
use baton_model::{Map, PipelineUuid};
use baton_project::{Problem, Severity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::By;
use super::blocks::TemplateView;
use super::products::with_revision;
use crate::answer::{Many, Named, One};
use crate::body::{IfMatch, Payload, Sent};
use crate::error::ApiError;
use crate::params::{Paging, Query};
use crate::{Shared, words};

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

/// Something wrong, and where.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(crate) struct ProblemView {
    #[schemars(with = "words::Severity")]
    severity: Severity,
    /// Which rule it breaks: a word that `docs/reference/checks.md` explains.
    code: &'static str,
    /// The file, relative to the project.
    file: String,
    /// Line, from 1; left out when the problem is the file itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    /// Column, from 1, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<String>,
    /// What is wrong, in one sentence.
    message: String,
    /// What a person can do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl From<&Problem> for ProblemView {
    fn from(problem: &Problem) -> Self {
        Self {
            severity: problem.severity,
            code: problem.code,
            file: problem.file.clone(),
            line: problem.line,
            column: problem.column,
            pipeline: problem.pipeline.as_ref().map(ToString::to_string),
            block: problem.block.as_ref().map(ToString::to_string),
            message: problem.message.clone(),
            hint: problem.hint.clone(),
        }
    }
}

/// What a check has found.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Check")]
pub(crate) struct CheckView {
    problems: Vec<ProblemView>,
    errors: usize,
    warnings: usize,
    /// Whether there are no errors.
    ok: bool,
}

impl Named for CheckView {
    const ONE: &'static str = "check";
}

fn checked(problems: &[Problem]) -> One<CheckView> {
    let errors = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .count();
    One(CheckView {
        problems: problems.iter().map(ProblemView::from).collect(),
        errors,
        warnings: problems.len() - errors,
        ok: errors == 0,
    })
}

/// What is checked.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct CheckQuery {
    /// Only what the check says of this pipeline.
    pipeline_uuid: Option<String>,
}

/// The check of the project, or of the pipeline `pipeline_uuid`.
pub(crate) async fn checks(
    State(shared): State<Shared>,
    By(actor): By,
    Query(query): Query<CheckQuery>,
) -> Result<One<CheckView>, ApiError> {
    let pipeline = query.pipeline_uuid.map(PipelineUuid::new);
    Ok(checked(&shared.host.check(&actor, pipeline).await?))
}

/// The check of one pipeline.
pub(crate) async fn checks_of_pipeline(
    State(shared): State<Shared>,
    By(actor): By,
    Path(pipeline): Path<String>,
) -> Result<One<CheckView>, ApiError> {
    let pipeline = PipelineUuid::new(pipeline);
    Ok(checked(&shared.host.check(&actor, Some(pipeline)).await?))
}

/// A text to be checked as if it stood in a file: `{"check": {"path", "content"}}`, or the two without `check`.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct TextCheck {
    check: Option<TextToCheck>,
    /// Where it would stand, relative to the project.
    path: Option<String>,
    content: Option<String>,
}

/// A text, and where it would stand.
#[derive(Deserialize, JsonSchema)]
struct TextToCheck {
    /// Where it would stand, relative to the project.
    path: Option<String>,
    content: Option<String>,
}

/// The check of a text as somebody types it.
pub(crate) async fn check_text(
    State(shared): State<Shared>,
    By(actor): By,
    Sent(wanted): Sent<TextCheck>,
) -> Result<One<CheckView>, ApiError> {
    let TextCheck {
        check,
        path,
        content,
    } = wanted;
    let wanted = check.unwrap_or(TextToCheck { path, content });
    let missing = |key| ApiError::invalid(format!("`{key}` is missing"));
    let path = wanted.path.ok_or_else(|| missing("path"))?;
    let content = wanted.content.ok_or_else(|| missing("content"))?;
    let found = shared.host.check_text(&actor, path, content);
    Ok(checked(&found.await?))
}

/// Something that a search has found.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SearchResult")]
pub(crate) struct FoundView {
    /// `pipeline`, `block` or `file`.
    #[serde(rename = "type")]
    kind: &'static str,
    uuid: String,
    title: String,
    /// The pipeline of a block.
    pipeline_uuid: Option<String>,
    /// The path of a file.
    path: Option<String>,
}

impl Named for FoundView {
    const ONE: &'static str = "search_result";
    const MANY: &'static str = "search_results";
}

impl From<&Found> for FoundView {
    fn from(one: &Found) -> Self {
        Self {
            kind: one.kind,
            uuid: one.name.clone(),
            title: one.name.clone(),
            pipeline_uuid: one.pipeline.as_ref().map(ToString::to_string),
            path: one.path.clone(),
        }
    }
}

/// What is searched for.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct SearchQuery {
    /// A part of a name.
    search: Option<String>,
    /// The same.
    query: Option<String>,
}

/// What has a text in its name: `search` or `query`.
pub(crate) async fn search(
    State(shared): State<Shared>,
    By(actor): By,
    Query(query): Query<SearchQuery>,
) -> Result<Many<FoundView>, ApiError> {
    let text = query.search.or(query.query).unwrap_or_default();
    let results = shared.host.search(&actor, &text).await?;
    Ok(Many::whole(results.iter().map(FoundView::from).collect()))
}

/// What is searched for.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct SearchWish {
    /// A part of a name.
    query: String,
}

/// What a search has found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SearchAnswer {
    /// What was searched for.
    uuid: String,
    results: Vec<FoundView>,
}

impl Named for SearchWish {
    const ONE: &'static str = "search_result";
}

impl Named for SearchAnswer {
    const ONE: &'static str = "search_result";
}

/// The same as Mage's clients ask: `{"search_result": {"query": ...}}`.
pub(crate) async fn search_for(
    State(shared): State<Shared>,
    By(actor): By,
    payload: Payload<SearchWish>,
) -> Result<One<SearchAnswer>, ApiError> {
    let text = payload.wanted.query;
    let results = shared.host.search(&actor, &text).await?;
    Ok(One(SearchAnswer {
        uuid: text,
        results: results.iter().map(FoundView::from).collect(),
    }))
}

/// A template of the project.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CustomTemplate")]
#[serde(untagged)]
pub(crate) enum CustomTemplate {
    Block(CustomBlockTemplate),
    Pipeline(CustomPipelineTemplate),
}

/// A template of a block.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CustomBlockTemplate {
    #[serde(flatten)]
    template: TemplateView,
    template_uuid: String,
    uuid: String,
    /// `blocks`.
    object_type: &'static str,
}

/// A template of a pipeline.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CustomPipelineTemplate {
    template_uuid: String,
    uuid: String,
    /// `pipelines`.
    object_type: &'static str,
    name: Value,
    description: Value,
    tags: Value,
    /// The pipeline's file; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline: Option<Value>,
}

/// A template that is to be made.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct NewTemplate {
    /// `blocks` (as without it) or `pipelines`.
    object_type: Option<String>,
    #[expect(dead_code, reason = "the use case reads what was sent")]
    template_uuid: Option<String>,
    #[expect(dead_code, reason = "the use case reads what was sent")]
    name: Option<String>,
    #[expect(dead_code, reason = "the use case reads what was sent")]
    description: Option<String>,
    #[expect(dead_code, reason = "the use case reads what was sent")]
    color: Option<String>,
    #[expect(dead_code, reason = "the use case reads what was sent")]
    #[schemars(with = "Option<words::BlockKind>")]
    block_type: Option<String>,
    #[expect(dead_code, reason = "the use case reads what was sent")]
    #[schemars(with = "Option<words::Language>")]
    language: Option<String>,
    #[expect(dead_code, reason = "the use case reads what was sent")]
    tags: Option<Vec<String>>,
    #[expect(dead_code, reason = "the use case reads what was sent")]
    configuration: Option<Map>,
    /// The text of a block.
    #[expect(dead_code, reason = "the use case reads what was sent")]
    content: Option<String>,
    /// The pipeline that a template of one is made of.
    #[expect(dead_code, reason = "the use case reads what was sent")]
    pipeline_uuid: Option<String>,
    /// Whether one of this name is replaced.
    #[expect(dead_code, reason = "the use case reads what was sent")]
    overwrite: Option<bool>,
}

impl Named for CustomTemplate {
    const ONE: &'static str = "custom_template";
    const MANY: &'static str = "custom_templates";
}

impl Named for NewTemplate {
    const ONE: &'static str = "custom_template";
}

impl CustomTemplate {
    fn uuid(&self) -> &str {
        match self {
            Self::Block(template) => &template.uuid,
            Self::Pipeline(template) => &template.uuid,
        }
    }
}

fn pipeline_template(template: &PipelineTemplate, with_pipeline: bool) -> CustomTemplate {
    let key = |key: &str| template.keys.get(key).cloned().unwrap_or_default();
    CustomTemplate::Pipeline(CustomPipelineTemplate {
        template_uuid: template.id.clone(),
        uuid: template.id.clone(),
        object_type: "pipelines",
        name: key("name"),
        description: key("description"),
        tags: key("tags"),
        pipeline: with_pipeline.then(|| key("pipeline")),
    })
}

async fn templates_of(
    shared: &Shared,
    by: &By,
    kind: &str,
    with_pipeline: bool,
) -> Result<Vec<CustomTemplate>, ApiError> {
    match kind {
        "blocks" => {
            let mut templates = shared.host.block_templates(&by.0).await?;
            templates.retain(|template| template.is_custom);
            let views = templates.iter().map(|template| {
                CustomTemplate::Block(CustomBlockTemplate {
                    template: TemplateView::from(template),
                    template_uuid: template.id.clone(),
                    uuid: template.id.clone(),
                    object_type: "blocks",
                })
            });
            Ok(views.collect())
        }
        "pipelines" => {
            let templates = shared.host.pipeline_templates(&by.0).await?;
            let views = templates.iter();
            Ok(views
                .map(|template| pipeline_template(template, with_pipeline))
                .collect())
        }
        _ => Err(ApiError::invalid(
            "`object_type` must be blocks or pipelines",
        )),
    }
}

/// Which templates are meant.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct TemplateQuery {
    /// `blocks` (as without it) or `pipelines`.
    object_type: Option<String>,
}

impl TemplateQuery {
    fn kind(&self) -> &str {
        self.object_type.as_deref().unwrap_or("blocks")
    }
}

/// The project's own templates of blocks, or with `object_type=pipelines` of pipelines.
pub(crate) async fn templates(
    State(shared): State<Shared>,
    by: By,
    Query(query): Query<TemplateQuery>,
) -> Result<Many<CustomTemplate>, ApiError> {
    let views = templates_of(&shared, &by, query.kind(), false).await?;
    Ok(Many::whole(views))
}

async fn template(
    shared: &Shared,
    by: &By,
    kind: &str,
    id: &str,
) -> Result<One<CustomTemplate>, ApiError> {
    let views = templates_of(shared, by, kind, true).await?;
    let found = views.into_iter().find(|view| view.uuid() == id);
    let missing = || ApiError::not_found(format!("there is no template `{id}`"));
    found.map(One).ok_or_else(missing)
}

/// One of them.
pub(crate) async fn show_template(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<String>,
    Query(query): Query<TemplateQuery>,
) -> Result<One<CustomTemplate>, ApiError> {
    template(&shared, &by, query.kind(), &id).await
}

/// Makes a template.
pub(crate) async fn create_template(
    State(shared): State<Shared>,
    by: By,
    payload: Payload<NewTemplate>,
) -> Result<One<CustomTemplate>, ApiError> {
    let kind = payload.wanted.object_type;
    let id = shared.host.create_template(&by.0, payload.map).await?;
    template(&shared, &by, kind.as_deref().unwrap_or("blocks"), &id).await
}

/// Deletes a template.
pub(crate) async fn remove_template(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<String>,
    Query(query): Query<TemplateQuery>,
) -> Result<One<CustomTemplate>, ApiError> {
    let kind = query.kind();
    let view = template(&shared, &by, kind, &id).await?;
    let is_pipeline = kind == "pipelines";
    shared.host.delete_template(&by.0, &id, is_pipeline).await?;
    Ok(view)
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
    Query(paging): Query<Paging>,
) -> Result<Many<AuditView>, ApiError> {
    let limit = paging.limit(CHANGES) as usize;
    let changes = shared.host.audited(&actor, limit).await?;
    let views = changes.into_iter();
    let views = views.filter_map(|change| serde_json::from_value(change).ok());
    Ok(Many::whole(views.collect()))
}
