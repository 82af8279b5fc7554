//! `pipeline_schedules`: triggers, in Mage's word.

use axum::Json;
use axum::extract::{Path, State};
use baton_app::moment;
use baton_model::{PipelineUuid, RunStatus, Timestamp, Trigger, TriggerId, TriggerKind};
use baton_store::RunPage;
use serde_json::{Map, Value, json};

use super::{By, inside};
use crate::Shared;
use crate::error::ApiError;
use crate::params::Params;
use crate::times;

/// A trigger as clients see it.
async fn view(shared: &Shared, by: &By, trigger: &Trigger) -> Result<Value, ApiError> {
    let page = |statuses: Vec<RunStatus>, limit| RunPage {
        triggers: vec![trigger.id],
        statuses,
        limit,
        ..RunPage::default()
    };
    let newest = shared.host.runs(&by.0, &page(Vec::new(), 1)).await?;
    let open = vec![RunStatus::Initial, RunStatus::Running];
    let open = shared.host.runs(&by.0, &page(open, 1)).await?.total;
    let next = shared.host.next_dates(trigger, 1).into_iter().next();
    Ok(json!({
        "id": trigger.id,
        "name": trigger.name,
        "pipeline_uuid": trigger.pipeline,
        "schedule_type": trigger.kind.name(),
        "schedule_interval": trigger.interval,
        "start_time": times::some(trigger.start_time),
        "status": if trigger.is_active { "active" } else { "inactive" },
        "last_enabled_at": times::some(trigger.last_enabled_at),
        "variables": trigger.variables,
        "sla": trigger.sla,
        "settings": trigger.settings,
        "token": trigger.token,
        "description": trigger.description,
        "event_matchers": trigger.matchers,
        "tags": trigger.tags,
        "global_data_product_uuid": trigger.product,
        "repo_path": shared.host.root().to_string_lossy(),
        "created_at": times::text(trigger.created_at),
        "updated_at": times::text(trigger.updated_at),
        "last_pipeline_run_status": newest.rows.first().map(|run| run.status.name()),
        "pipeline_runs_count": newest.total,
        "pipeline_in_progress_runs_count": open,
        "next_pipeline_run_date": times::some(next),
    }))
}

async fn answer(
    shared: &Shared,
    by: &By,
    pipeline: Option<&PipelineUuid>,
    params: &Params,
) -> Result<Json<Value>, ApiError> {
    let triggers = shared.host.triggers(&by.0, pipeline).await?;
    let total = triggers.len();
    let (skip, limit) = (params.offset()? as usize, params.limit(200)? as usize);
    let mut views = Vec::new();
    for trigger in triggers.iter().skip(skip).take(limit) {
        views.push(view(shared, by, trigger).await?);
    }
    Ok(Json(
        json!({"pipeline_schedules": views, "metadata": {"count": total}}),
    ))
}

/// All triggers.
pub(crate) async fn list(
    State(shared): State<Shared>,
    by: By,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    answer(&shared, &by, None, &params).await
}

/// The triggers of a pipeline.
pub(crate) async fn list_of_pipeline(
    State(shared): State<Shared>,
    by: By,
    Path(pipeline): Path<String>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    answer(&shared, &by, Some(&PipelineUuid::new(pipeline)), &params).await
}

/// One trigger.
pub(crate) async fn show(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
) -> Result<Json<Value>, ApiError> {
    let trigger = shared.host.trigger(&by.0, TriggerId(id)).await?;
    Ok(Json(
        json!({"pipeline_schedule": view(&shared, &by, &trigger).await?}),
    ))
}

/// Puts what a request sets into a trigger.
fn change(trigger: &mut Trigger, wanted: &Map<String, Value>) -> Result<(), ApiError> {
    let wrong = |key: &str| ApiError::invalid(format!("`{key}` cannot have this value"));
    for (key, value) in wanted {
        let text = || match value {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.clone())),
            _ => Err(wrong(key)),
        };
        let map = || match value {
            Value::Null => Ok(Map::new()),
            Value::Object(map) => Ok(map.clone()),
            _ => Err(wrong(key)),
        };
        let at = || -> Result<Option<Timestamp>, ApiError> {
            text()?
                .filter(|text| !text.is_empty())
                .map(|text| moment(&text).ok_or_else(|| wrong(key)))
                .transpose()
        };
        match key.as_str() {
            "name" => trigger.name = text()?.ok_or_else(|| wrong(key))?,
            "schedule_type" => {
                trigger.kind = TriggerKind::parse(&text()?.ok_or_else(|| wrong(key))?);
            }
            "schedule_interval" => trigger.interval = text()?,
            "start_time" => trigger.start_time = at()?,
            "status" => trigger.is_active = text()?.as_deref() == Some("active"),
            "last_enabled_at" => trigger.last_enabled_at = at()?,
            "variables" => trigger.variables = map()?,
            "settings" => trigger.settings = map()?,
            "sla" => {
                trigger.sla = match value {
                    Value::Null => None,
                    other => Some(
                        other
                            .as_u64()
                            .and_then(|seconds| u32::try_from(seconds).ok())
                            .ok_or_else(|| wrong(key))?,
                    ),
                }
            }
            "description" => trigger.description = text()?,
            "event_matchers" => {
                let patterns = value.as_array().ok_or_else(|| wrong(key))?;
                let patterns = patterns.iter().map(|pattern| {
                    // Mage's clients send them with a name; the pattern is inside.
                    let inner = pattern.get("pattern").unwrap_or(pattern);
                    inner.as_object().cloned().ok_or_else(|| wrong(key))
                });
                trigger.matchers = patterns.collect::<Result<_, _>>()?;
            }
            "tags" => {
                let tags = value.as_array().ok_or_else(|| wrong(key))?;
                trigger.tags = tags
                    .iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect();
            }
            "rotate_token" if value == &Value::Bool(true) => trigger.token = None,
            // What the server itself says of a trigger comes back with it.
            _ => {}
        }
    }
    Ok(())
}

/// Makes a trigger.
pub(crate) async fn create(
    State(shared): State<Shared>,
    by: By,
    Path(pipeline): Path<String>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, ApiError> {
    let mut trigger = Trigger {
        id: TriggerId(0),
        pipeline: PipelineUuid::new(pipeline),
        name: String::new(),
        kind: TriggerKind::Time,
        interval: None,
        start_time: None,
        is_active: false,
        last_enabled_at: None,
        variables: Map::new(),
        sla: None,
        settings: Map::new(),
        token: None,
        description: None,
        matchers: Vec::new(),
        tags: Vec::new(),
        product: None,
        is_declared: false,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    };
    change(&mut trigger, &inside(&body, "pipeline_schedule"))?;
    let made = shared.host.create_trigger(&by.0, trigger).await?;
    Ok(Json(
        json!({"pipeline_schedule": view(&shared, &by, &made).await?}),
    ))
}

/// Changes a trigger; what is not named stays.
pub(crate) async fn update(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, ApiError> {
    let wanted = inside(&body, "pipeline_schedule");
    let mut trigger = shared.host.trigger(&by.0, TriggerId(id)).await?;
    change(&mut trigger, &wanted)?;
    let changed = shared
        .host
        .update_trigger(&by.0, TriggerId(id), move |stored| *stored = trigger)
        .await?;
    Ok(Json(
        json!({"pipeline_schedule": view(&shared, &by, &changed).await?}),
    ))
}

/// Deletes a trigger.
pub(crate) async fn remove(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
) -> Result<Json<Value>, ApiError> {
    let trigger = shared.host.trigger(&by.0, TriggerId(id)).await?;
    let view = view(&shared, &by, &trigger).await?;
    shared.host.remove_trigger(&by.0, TriggerId(id)).await?;
    Ok(Json(json!({"pipeline_schedule": view})))
}
