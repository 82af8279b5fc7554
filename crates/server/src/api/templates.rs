//! `custom_templates`: the project's own templates of blocks and pipelines.

use axum::extract::State;
use baton_app::PipelineTemplate;
use baton_model::Map;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::By;
use super::blocks::TemplateView;
use crate::answer::{Many, Named, One};
use crate::body::Payload;
use crate::error::ApiError;
use crate::params::{Path, Query};
use crate::{Shared, words};

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
pub(crate) async fn list(
    State(shared): State<Shared>,
    by: By,
    Query(query): Query<TemplateQuery>,
) -> Result<Many<CustomTemplate>, ApiError> {
    let views = templates_of(&shared, &by, query.kind(), false).await?;
    Ok(Many::whole(views))
}

async fn one(
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
pub(crate) async fn show(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<String>,
    Query(query): Query<TemplateQuery>,
) -> Result<One<CustomTemplate>, ApiError> {
    one(&shared, &by, query.kind(), &id).await
}

/// Makes a template.
pub(crate) async fn create(
    State(shared): State<Shared>,
    by: By,
    payload: Payload<NewTemplate>,
) -> Result<One<CustomTemplate>, ApiError> {
    let kind = payload.wanted.object_type;
    let id = shared.host.create_template(&by.0, payload.map).await?;
    one(&shared, &by, kind.as_deref().unwrap_or("blocks"), &id).await
}

/// Deletes a template.
pub(crate) async fn remove(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<String>,
    Query(query): Query<TemplateQuery>,
) -> Result<One<CustomTemplate>, ApiError> {
    let kind = query.kind();
    let view = one(&shared, &by, kind, &id).await?;
    let is_pipeline = kind == "pipelines";
    shared.host.delete_template(&by.0, &id, is_pipeline).await?;
    Ok(view)
}
