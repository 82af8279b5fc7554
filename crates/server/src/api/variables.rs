//! `variables` of pipelines, and `secrets`.

use axum::Json;
use axum::extract::State;
use baton_app::scope_name;
use baton_model::{PipelineUuid, ProductKind};
use baton_store::{SecretName, SecretScope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::By;
use crate::answer::{Many, Named, One};
use crate::body::{Field, IfMatch, Payload};
use crate::error::ApiError;
use crate::params::{Path, Query, flag};
use crate::{Shared, times, words};

/// Something that is named by its id alone.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Reference {
    uuid: String,
}

impl Reference {
    pub(crate) fn to(uuid: &(impl ToString + ?Sized)) -> Self {
        Self {
            uuid: uuid.to_string(),
        }
    }
}

/// The variables of a block, or of the pipeline (block `global`).
#[derive(Serialize, JsonSchema)]
pub(crate) struct BlockVariables {
    block: Reference,
    pipeline: Reference,
    variables: Vec<VariableView>,
    /// The run that produced them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_run_id: Option<i64>,
    /// Names the content of the pipeline's file, for global variables.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<String>,
}

/// A variable: a global one with its value, or something that a block has produced.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Variable")]
#[serde(untagged)]
enum VariableView {
    Global(GlobalVariable),
    Output(OutputVariable),
}

/// A global variable.
#[derive(Serialize, JsonSchema)]
struct GlobalVariable {
    uuid: String,
    /// Its type in Python.
    #[serde(rename = "type")]
    kind: &'static str,
    value: Value,
}

/// Something that a block has produced.
#[derive(Serialize, JsonSchema)]
struct OutputVariable {
    uuid: String,
    #[serde(rename = "type")]
    #[schemars(with = "words::ProductKind")]
    kind: ProductKind,
    /// Rows, for a frame.
    rows: Option<u64>,
    bytes: u64,
}

impl Named for BlockVariables {
    const ONE: &'static str = "variable";
    const MANY: &'static str = "variables";
}

/// A global variable that was set.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SetVariable {
    block: Reference,
    pipeline: Reference,
    name: String,
    uuid: String,
    value: Value,
}

/// A global variable that is gone.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RemovedVariable {
    name: String,
    pipeline: Reference,
}

/// What a global variable is to be.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct VariableChange {
    /// Its name; in the address where that has it.
    name: Option<String>,
    #[serde(default)]
    value: Field<Value>,
    /// The revision of the pipeline that the change was made to.
    revision: Option<String>,
}

impl Named for SetVariable {
    const ONE: &'static str = "variable";
}

impl Named for RemovedVariable {
    const ONE: &'static str = "variable";
}

impl Named for VariableChange {
    const ONE: &'static str = "variable";
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

/// Which variables are wanted.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct VariableQuery {
    /// Only the global ones.
    #[serde(default, deserialize_with = "flag")]
    global_only: Option<bool>,
}

/// The variables of a pipeline: the global ones first, then what its blocks have produced.
pub(crate) async fn list(
    State(shared): State<Shared>,
    By(actor): By,
    Path(pipeline): Path<String>,
    Query(query): Query<VariableQuery>,
) -> Result<Many<BlockVariables>, ApiError> {
    let uuid = PipelineUuid::new(pipeline);
    let (facts, _) = shared.host.pipeline(&actor, &uuid).await?;
    let globals = facts.pipeline.variables.iter();
    let globals = globals.map(|(name, value)| {
        VariableView::Global(GlobalVariable {
            uuid: name.clone(),
            kind: kind(value),
            value: value.clone(),
        })
    });
    let mut views = vec![BlockVariables {
        block: Reference::to("global"),
        pipeline: Reference::to(&uuid),
        variables: globals.collect(),
        pipeline_run_id: None,
        revision: Some(facts.revision.clone()),
    }];
    if query.global_only != Some(true) {
        for (block, run, products) in shared.host.newest_outputs(&actor, &uuid).await? {
            let outputs = products.iter().map(|product| {
                VariableView::Output(OutputVariable {
                    uuid: product.name.clone(),
                    kind: product.kind,
                    rows: product.rows,
                    bytes: product.bytes,
                })
            });
            views.push(BlockVariables {
                block: Reference::to(&block),
                pipeline: Reference::to(&uuid),
                variables: outputs.collect(),
                pipeline_run_id: Some(run.0),
                revision: None,
            });
        }
    }
    Ok(Many::whole(views))
}

async fn set(
    shared: &Shared,
    by: &By,
    pipeline: String,
    name: String,
    wanted: VariableChange,
    if_match: IfMatch,
) -> Result<One<SetVariable>, ApiError> {
    let Field::Given(value) = wanted.value else {
        return Err(ApiError::invalid("`value` is missing"));
    };
    let value = value.unwrap_or_default();
    let uuid = PipelineUuid::new(pipeline);
    let revision = if_match.or(wanted.revision.as_deref());
    shared
        .host
        .set_variable(&by.0, &uuid, &name, Some(value.clone()), revision)
        .await?;
    Ok(One(SetVariable {
        block: Reference::to("global"),
        pipeline: Reference::to(&uuid),
        uuid: name.clone(),
        name,
        value,
    }))
}

/// Sets a global variable.
pub(crate) async fn create(
    State(shared): State<Shared>,
    by: By,
    Path(pipeline): Path<String>,
    if_match: IfMatch,
    payload: Payload<VariableChange>,
) -> Result<One<SetVariable>, ApiError> {
    let Some(name) = payload.wanted.name.clone() else {
        return Err(ApiError::invalid("`name` is missing"));
    };
    set(&shared, &by, pipeline, name, payload.wanted, if_match).await
}

/// Sets the global variable that the address names.
pub(crate) async fn update(
    State(shared): State<Shared>,
    by: By,
    Path((pipeline, name)): Path<(String, String)>,
    if_match: IfMatch,
    payload: Payload<VariableChange>,
) -> Result<One<SetVariable>, ApiError> {
    set(&shared, &by, pipeline, name, payload.wanted, if_match).await
}

/// Removes a global variable.
pub(crate) async fn remove(
    State(shared): State<Shared>,
    By(actor): By,
    Path((pipeline, name)): Path<(String, String)>,
    if_match: IfMatch,
) -> Result<One<RemovedVariable>, ApiError> {
    let uuid = PipelineUuid::new(pipeline);
    shared
        .host
        .set_variable(&actor, &uuid, &name, None, if_match.0)
        .await?;
    Ok(One(RemovedVariable {
        name,
        pipeline: Reference::to(&uuid),
    }))
}

/// A profile of `io_config.yaml`; never the values of its keys.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "IoProfile")]
pub(crate) struct IoProfileView {
    name: String,
    keys: Vec<String>,
    /// Line of its name in the file, from 1.
    line: u32,
}

/// The profiles of `io_config.yaml`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct IoProfileList {
    io_profiles: Vec<IoProfileView>,
    /// What is wrong with the file.
    problem: Option<String>,
}

/// The profiles of connections that blocks can name.
pub(crate) async fn io_profiles(
    State(shared): State<Shared>,
    By(actor): By,
) -> Result<Json<IoProfileList>, ApiError> {
    let found = shared.host.io_profiles(&actor).await?;
    let views = found.profiles.into_iter().map(|profile| IoProfileView {
        name: profile.name,
        keys: profile.keys,
        line: profile.line,
    });
    Ok(Json(IoProfileList {
        io_profiles: views.collect(),
        problem: found.problem,
    }))
}

/// A secret; never its value.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Secret")]
pub(crate) struct SecretView {
    /// Tells it from others; it follows from its scope and name.
    id: u64,
    name: String,
    scope: String,
    /// The pipeline whose secret it is.
    pipeline_uuid: Option<String>,
    updated_at: String,
}

/// What a secret is to be.
#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "the use case reads what was sent")]
pub(crate) struct SecretChange {
    name: Option<String>,
    value: Option<String>,
    scope: Option<String>,
    /// Makes it a secret of this pipeline.
    pipeline_uuid: Option<String>,
}

/// A secret that is gone.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RemovedSecret {
    name: String,
}

impl Named for SecretView {
    const ONE: &'static str = "secret";
    const MANY: &'static str = "secrets";
}

impl Named for SecretChange {
    const ONE: &'static str = "secret";
}

impl Named for RemovedSecret {
    const ONE: &'static str = "secret";
}

impl From<&SecretName> for SecretView {
    fn from(secret: &SecretName) -> Self {
        let scope = scope_name(&secret.scope);
        let pipeline = match &secret.scope {
            SecretScope::Pipeline(uuid) => Some(uuid.as_str()),
            _ => None,
        };
        Self {
            id: number(scope, pipeline, &secret.name),
            name: secret.name.clone(),
            scope: scope.to_owned(),
            pipeline_uuid: pipeline.map(str::to_owned),
            updated_at: times::text(secret.updated_at),
        }
    }
}

/// The number of a secret. Mage's clients want one; the database has none, since scope and name are enough. It has 53 bits,
/// as many as JavaScript can tell apart.
fn number(scope: &str, pipeline: Option<&str>, name: &str) -> u64 {
    let text = format!("{scope}\n{}\n{name}", pipeline.unwrap_or_default());
    let hash = blake3::hash(text.as_bytes());
    let first = hash.as_bytes().first_chunk().copied();
    u64::from_be_bytes(first.unwrap_or_default()) >> 11
}

/// The secrets by name; never a value.
pub(crate) async fn secrets(
    State(shared): State<Shared>,
    By(actor): By,
) -> Result<Many<SecretView>, ApiError> {
    let secrets = shared.host.secrets(&actor).await?;
    Ok(Many::whole(secrets.iter().map(SecretView::from).collect()))
}

/// Makes a secret.
pub(crate) async fn create_secret(
    State(shared): State<Shared>,
    By(actor): By,
    payload: Payload<SecretChange>,
) -> Result<One<SecretView>, ApiError> {
    let made = shared.host.put_secret(&actor, &payload.map, true).await?;
    Ok(One(SecretView::from(&made)))
}

/// Gives a secret another value.
pub(crate) async fn update_secret(
    State(shared): State<Shared>,
    By(actor): By,
    Path(name): Path<String>,
    payload: Payload<SecretChange>,
) -> Result<One<SecretView>, ApiError> {
    let mut wanted = payload.map;
    wanted.insert("name".to_owned(), json!(name));
    let changed = shared.host.put_secret(&actor, &wanted, false).await?;
    Ok(One(SecretView::from(&changed)))
}

/// Which secret of a name is meant.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct SecretQuery {
    scope: Option<String>,
    /// The one of this pipeline.
    pipeline_uuid: Option<String>,
}

/// Removes a secret.
pub(crate) async fn remove_secret(
    State(shared): State<Shared>,
    By(actor): By,
    Path(name): Path<String>,
    Query(query): Query<SecretQuery>,
) -> Result<One<RemovedSecret>, ApiError> {
    let mut wanted = Map::from_iter([("name".to_owned(), json!(name))]);
    for (key, text) in [
        ("scope", query.scope),
        ("pipeline_uuid", query.pipeline_uuid),
    ] {
        wanted.extend(text.map(|text| (key.to_owned(), json!(text))));
    }
    shared.host.delete_secret(&actor, &wanted).await?;
    Ok(One(RemovedSecret { name }))
}
