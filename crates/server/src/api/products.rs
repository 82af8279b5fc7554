//! `global_data_products`, `interactions` and `pipeline_interactions`.

use axum::extract::State;
use baton_app::{KeysOfFile, ProductFreshness};
use baton_model::{Map, PipelineUuid};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::By;
use super::variables::Reference;
use crate::answer::{Many, Named, One};
use crate::body::{IfMatch, Payload};
use crate::error::ApiError;
use crate::params::Path;
use crate::{Shared, times};

/// A global data product.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "GlobalDataProduct")]
pub(crate) struct ProductView {
    uuid: String,
    /// `pipeline`.
    object_type: Value,
    /// The pipeline that makes it.
    object_uuid: Value,
    /// How long it stays fresh, such as `{"days": 1}`; also in years, months, weeks, hours, minutes and seconds.
    outdated_after: Value,
    /// At which moments it is out of date, such as `{"day_of_week": 0}`.
    outdated_starting_at: Value,
    project: Value,
    /// Whose outputs it is.
    settings: Value,
    /// The logical date of the newest completed run that was started for it: from then on it ages. Null when there is none.
    made_at: Option<String>,
    /// That run.
    run_id: Option<i64>,
    /// When it comes to the end of its age; null when it never does, or nothing has been made.
    outdated_at: Option<String>,
    /// Whether the next block that reads it has it made anew, unless that block says otherwise; null where the file does not
    /// say what makes it.
    is_outdated: Option<bool>,
    /// Why, in words: `made 2 days ago, fresh for 1 day`.
    reason: String,
    /// Names the content of the file that it stands in.
    revision: String,
}

/// What a global data product is to be; what is not named stays.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ProductChange {
    uuid: Option<String>,
    #[expect(dead_code, reason = "the use case reads what was sent")]
    object_type: Option<String>,
    #[expect(dead_code, reason = "the use case reads what was sent")]
    object_uuid: Option<String>,
    #[expect(dead_code, reason = "the use case reads what was sent")]
    outdated_after: Option<Map>,
    #[expect(dead_code, reason = "the use case reads what was sent")]
    outdated_starting_at: Option<Map>,
    #[expect(dead_code, reason = "the use case reads what was sent")]
    project: Option<String>,
    #[expect(dead_code, reason = "the use case reads what was sent")]
    settings: Option<Map>,
    /// The revision that the change was made to.
    revision: Option<String>,
}

impl Named for ProductView {
    const ONE: &'static str = "global_data_product";
    const MANY: &'static str = "global_data_products";
}

impl Named for ProductChange {
    const ONE: &'static str = "global_data_product";
}

fn product(
    uuid: &str,
    keys: &Value,
    state: Option<&ProductFreshness>,
    revision: &str,
) -> ProductView {
    let key = |key: &str| keys.get(key).cloned().unwrap_or_default();
    let found = state.map(|state| &state.freshness);
    ProductView {
        uuid: uuid.to_owned(),
        object_type: key("object_type"),
        object_uuid: key("object_uuid"),
        outdated_after: key("outdated_after"),
        outdated_starting_at: key("outdated_starting_at"),
        project: key("project"),
        settings: key("settings"),
        made_at: found.and_then(|found| found.made_at).map(times::text),
        run_id: state.and_then(|state| state.run).map(|run| run.0),
        outdated_at: found.and_then(|found| found.outdated_at).map(times::text),
        is_outdated: found.map(|found| found.is_outdated),
        reason: found.map_or_else(
            || "its file does not say which pipeline makes it".to_owned(),
            |found| found.reason.clone(),
        ),
        revision: revision.to_owned(),
    }
}

/// The global data products.
pub(crate) async fn list(
    State(shared): State<Shared>,
    By(actor): By,
) -> Result<Many<ProductView>, ApiError> {
    let file = shared.host.global_data_products(&actor).await?;
    let states = shared.host.freshness_of_products(&actor).await?;
    let views = file.keys.iter();
    let views = views.map(|(uuid, keys)| product(uuid, keys, states.get(uuid), &file.revision));
    Ok(Many::whole(views.collect()))
}

async fn answer(shared: &Shared, by: &By, uuid: &str) -> Result<One<ProductView>, ApiError> {
    let file = shared.host.global_data_products(&by.0).await?;
    let Some(keys) = file.keys.get(uuid) else {
        return Err(ApiError::not_found(format!(
            "there is no global data product `{uuid}`"
        )));
    };
    let states = shared.host.freshness_of_products(&by.0).await?;
    Ok(One(product(uuid, keys, states.get(uuid), &file.revision)))
}

/// One of them.
pub(crate) async fn show(
    State(shared): State<Shared>,
    by: By,
    Path(uuid): Path<String>,
) -> Result<One<ProductView>, ApiError> {
    answer(&shared, &by, &uuid).await
}

/// Makes one.
pub(crate) async fn create(
    State(shared): State<Shared>,
    by: By,
    payload: Payload<ProductChange>,
) -> Result<One<ProductView>, ApiError> {
    let uuid = payload.wanted.uuid;
    let Some(uuid) = uuid.filter(|uuid| !uuid.trim().is_empty()) else {
        return Err(ApiError::invalid("`uuid` is missing"));
    };
    shared
        .host
        .put_global_data_product(&by.0, &uuid, payload.map, true)
        .await?;
    answer(&shared, &by, &uuid).await
}

/// A request with the revision that it names in its body or its header.
pub(crate) fn with_revision(mut wanted: Map, given: Option<&str>, if_match: IfMatch) -> Map {
    if let Some(revision) = if_match.or(given) {
        wanted.insert("revision".to_owned(), json!(revision));
    }
    wanted
}

/// Changes one.
pub(crate) async fn update(
    State(shared): State<Shared>,
    by: By,
    Path(uuid): Path<String>,
    if_match: IfMatch,
    payload: Payload<ProductChange>,
) -> Result<One<ProductView>, ApiError> {
    let given = payload.wanted.revision.as_deref();
    let wanted = with_revision(payload.map, given, if_match);
    shared
        .host
        .put_global_data_product(&by.0, &uuid, wanted, false)
        .await?;
    answer(&shared, &by, &uuid).await
}

/// Deletes one.
pub(crate) async fn remove(
    State(shared): State<Shared>,
    by: By,
    Path(uuid): Path<String>,
) -> Result<One<ProductView>, ApiError> {
    let before = answer(&shared, &by, &uuid).await?;
    shared.host.delete_global_data_product(&by.0, &uuid).await?;
    Ok(before)
}

/// A form.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Interaction")]
pub(crate) struct FormView {
    uuid: String,
    /// Its fields by their names.
    inputs: Value,
    /// The variables that its fields set.
    variables: Value,
    /// Which fields stand beside which.
    layout: Value,
    /// Its file as it is.
    content: String,
    /// Names the content of its file.
    revision: String,
}

/// What a form is to be; what is not named stays.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct FormChange {
    uuid: Option<String>,
    name: Option<String>,
    #[expect(dead_code, reason = "the use case reads what was sent")]
    inputs: Option<Map>,
    #[expect(dead_code, reason = "the use case reads what was sent")]
    variables: Option<Map>,
    #[expect(dead_code, reason = "the use case reads what was sent")]
    layout: Option<Value>,
    /// The whole file instead.
    #[expect(dead_code, reason = "the use case reads what was sent")]
    content: Option<String>,
    /// The revision that the change was made to.
    revision: Option<String>,
}

impl Named for FormView {
    const ONE: &'static str = "interaction";
    const MANY: &'static str = "interactions";
}

impl Named for FormChange {
    const ONE: &'static str = "interaction";
}

fn form(file: &KeysOfFile) -> FormView {
    let key = |key: &str| file.keys.get(key).cloned().unwrap_or_default();
    FormView {
        uuid: file.name.clone(),
        inputs: key("inputs"),
        variables: key("variables"),
        layout: key("layout"),
        content: file.text.clone(),
        revision: file.revision.clone(),
    }
}

/// The forms of the project.
pub(crate) async fn forms(
    State(shared): State<Shared>,
    By(actor): By,
) -> Result<Many<FormView>, ApiError> {
    let forms = shared.host.interactions(&actor).await?;
    Ok(Many::whole(forms.iter().map(form).collect()))
}

/// One form.
pub(crate) async fn show_form(
    State(shared): State<Shared>,
    By(actor): By,
    Path(name): Path<String>,
) -> Result<One<FormView>, ApiError> {
    let file = shared.host.interaction(&actor, &name).await?;
    Ok(One(form(&file)))
}

/// Makes a form.
pub(crate) async fn create_form(
    State(shared): State<Shared>,
    by: By,
    payload: Payload<FormChange>,
) -> Result<One<FormView>, ApiError> {
    let Some(name) = payload.wanted.uuid.or(payload.wanted.name) else {
        return Err(ApiError::invalid("`uuid` is missing"));
    };
    shared
        .host
        .put_interaction(&by.0, &name, payload.map, true)
        .await?;
    show_form(State(shared), by, Path(name)).await
}

/// Changes a form.
pub(crate) async fn update_form(
    State(shared): State<Shared>,
    by: By,
    Path(name): Path<String>,
    if_match: IfMatch,
    payload: Payload<FormChange>,
) -> Result<One<FormView>, ApiError> {
    let given = payload.wanted.revision.as_deref();
    let wanted = with_revision(payload.map, given, if_match);
    let known = shared.host.interaction(&by.0, &name).await?.name;
    shared
        .host
        .put_interaction(&by.0, &known, wanted, false)
        .await?;
    show_form(State(shared), by, Path(name)).await
}

/// The forms that the blocks of a pipeline use.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PipelineInteraction")]
pub(crate) struct PipelineFormsView {
    uuid: String,
    pipeline: Reference,
    /// The forms of each block.
    blocks: Value,
    layout: Value,
    /// Who may use them.
    permissions: Value,
    /// Their file as it is.
    content: String,
    /// Names the content of the file.
    revision: String,
}

/// What the forms of a pipeline are to be; what is not named stays.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct PipelineFormsChange {
    #[expect(dead_code, reason = "the use case reads what was sent")]
    blocks: Option<Map>,
    #[expect(dead_code, reason = "the use case reads what was sent")]
    layout: Option<Value>,
    #[expect(dead_code, reason = "the use case reads what was sent")]
    permissions: Option<Value>,
    /// The whole file instead.
    #[expect(dead_code, reason = "the use case reads what was sent")]
    content: Option<String>,
    /// The revision that the change was made to.
    revision: Option<String>,
}

impl Named for PipelineFormsView {
    const ONE: &'static str = "pipeline_interaction";
}

impl Named for PipelineFormsChange {
    const ONE: &'static str = "pipeline_interaction";
}

/// The forms that the blocks of a pipeline use.
pub(crate) async fn show_of_pipeline(
    State(shared): State<Shared>,
    By(actor): By,
    Path(pipeline): Path<String>,
) -> Result<One<PipelineFormsView>, ApiError> {
    let uuid = PipelineUuid::new(pipeline);
    let file = shared.host.pipeline_interactions(&actor, &uuid).await?;
    let key = |key: &str| file.keys.get(key).cloned().unwrap_or_default();
    Ok(One(PipelineFormsView {
        uuid: uuid.to_string(),
        pipeline: Reference::to(&uuid),
        blocks: key("blocks"),
        layout: key("layout"),
        permissions: key("permissions"),
        content: file.text.clone(),
        revision: file.revision.clone(),
    }))
}

/// Changes them.
pub(crate) async fn update_of_pipeline(
    State(shared): State<Shared>,
    by: By,
    Path(pipeline): Path<String>,
    if_match: IfMatch,
    payload: Payload<PipelineFormsChange>,
) -> Result<One<PipelineFormsView>, ApiError> {
    let given = payload.wanted.revision.as_deref();
    let wanted = with_revision(payload.map, given, if_match);
    let uuid = PipelineUuid::new(pipeline.clone());
    shared
        .host
        .put_pipeline_interactions(&by.0, &uuid, wanted)
        .await?;
    show_of_pipeline(State(shared), by, Path(pipeline)).await
}
