//! `pipeline_schedules`: triggers, in Mage's word.

use axum::extract::State;
use baton_model::{PipelineUuid, RunStatus, Timestamp, Trigger, TriggerId, TriggerKind};
use baton_store::RunPage;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::By;
use crate::answer::{Many, Named, One};
use crate::body::{Field, Payload};
use crate::error::ApiError;
use crate::params::{Order, Paging, Path};
use crate::{Shared, times, words};

/// Rows of a page when no number is asked for.
const ROWS: u32 = 200;

/// A trigger.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PipelineSchedule")]
pub(crate) struct TriggerView {
    id: i64,
    name: String,
    pipeline_uuid: String,
    #[schemars(with = "words::TriggerKind")]
    schedule_type: String,
    /// `@once`, `@hourly`, … or a cron expression.
    schedule_interval: Option<String>,
    start_time: Option<String>,
    #[schemars(with = "words::TriggerStatus")]
    status: &'static str,
    last_enabled_at: Option<String>,
    variables: Map<String, Value>,
    /// Seconds that a run may take before somebody is told.
    sla: Option<u32>,
    settings: Map<String, Value>,
    /// Whoever knows it may call the trigger.
    token: Option<String>,
    description: Option<String>,
    /// Events that it answers.
    event_matchers: Vec<Map<String, Value>>,
    tags: Vec<String>,
    /// The global data product that it keeps fresh.
    global_data_product_uuid: Option<String>,
    repo_path: String,
    created_at: String,
    updated_at: String,
    #[schemars(with = "Option<words::RunStatus>")]
    last_pipeline_run_status: Option<RunStatus>,
    pipeline_runs_count: u64,
    pipeline_in_progress_runs_count: u64,
    /// The next date of its schedule.
    next_pipeline_run_date: Option<String>,
}

/// What a trigger is to be; what is not named stays. What the server itself says of a trigger may come back with it.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct TriggerChange {
    name: Option<String>,
    #[schemars(with = "Option<words::TriggerKind>")]
    schedule_type: Option<String>,
    /// `@once`, `@hourly`, … or a cron expression.
    #[serde(default)]
    schedule_interval: Field<String>,
    #[serde(default)]
    start_time: Field<String>,
    #[schemars(with = "Option<words::TriggerStatus>")]
    status: Option<String>,
    #[serde(default)]
    last_enabled_at: Field<String>,
    #[serde(default)]
    variables: Field<Map<String, Value>>,
    /// Seconds that a run may take before somebody is told.
    #[serde(default)]
    sla: Field<u32>,
    #[serde(default)]
    settings: Field<Map<String, Value>>,
    #[serde(default)]
    description: Field<String>,
    /// Events that it answers; each a map, or `{"pattern": {...}}`.
    event_matchers: Option<Vec<Map<String, Value>>>,
    tags: Option<Vec<String>>,
    /// True gives it another token.
    rotate_token: Option<bool>,
}

impl Named for TriggerView {
    const ONE: &'static str = "pipeline_schedule";
    const MANY: &'static str = "pipeline_schedules";
}

impl Named for TriggerChange {
    const ONE: &'static str = "pipeline_schedule";
}

/// How the status of a trigger is called.
pub(crate) fn status(trigger: &Trigger) -> &'static str {
    if trigger.is_active {
        "active"
    } else {
        "inactive"
    }
}

async fn view(shared: &Shared, by: &By, trigger: &Trigger) -> Result<TriggerView, ApiError> {
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
    Ok(TriggerView {
        id: trigger.id.0,
        name: trigger.name.clone(),
        pipeline_uuid: trigger.pipeline.to_string(),
        schedule_type: trigger.kind.name().to_owned(),
        schedule_interval: trigger.interval.clone(),
        start_time: times::some(trigger.start_time),
        status: status(trigger),
        last_enabled_at: times::some(trigger.last_enabled_at),
        variables: trigger.variables.clone(),
        sla: trigger.sla,
        settings: trigger.settings.clone(),
        token: trigger.token.clone(),
        description: trigger.description.clone(),
        event_matchers: trigger.matchers.clone(),
        tags: trigger.tags.clone(),
        global_data_product_uuid: trigger.product.clone(),
        repo_path: shared.host.root().to_string_lossy().into_owned(),
        created_at: times::text(trigger.created_at),
        updated_at: times::text(trigger.updated_at),
        last_pipeline_run_status: newest.rows.first().map(|run| run.status),
        pipeline_runs_count: newest.total,
        pipeline_in_progress_runs_count: open,
        next_pipeline_run_date: times::some(next),
    })
}

async fn answer(
    shared: &Shared,
    by: &By,
    pipeline: Option<&PipelineUuid>,
    paging: &Paging,
) -> Result<Many<TriggerView>, ApiError> {
    let mut triggers = shared.host.triggers(&by.0, pipeline).await?;
    if let (Some(pipeline), []) = (pipeline, triggers.as_slice()) {
        shared.host.expect_pipeline(&by.0, pipeline).await?;
    }
    triggers.sort_by_key(|trigger| trigger.id.0);
    let page = paging.cut(triggers, ROWS, Order::Up, |trigger| trigger.id.0)?;
    let mut rows = Vec::new();
    for trigger in &page.rows {
        rows.push(view(shared, by, trigger).await?);
    }
    Ok(Many {
        rows,
        metadata: page.metadata,
    })
}

/// All triggers.
pub(crate) async fn list(
    State(shared): State<Shared>,
    by: By,
    paging: Paging,
) -> Result<Many<TriggerView>, ApiError> {
    answer(&shared, &by, None, &paging).await
}

/// The triggers of a pipeline.
pub(crate) async fn list_of_pipeline(
    State(shared): State<Shared>,
    by: By,
    Path(pipeline): Path<String>,
    paging: Paging,
) -> Result<Many<TriggerView>, ApiError> {
    answer(&shared, &by, Some(&PipelineUuid::new(pipeline)), &paging).await
}

/// One trigger.
pub(crate) async fn show(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
) -> Result<One<TriggerView>, ApiError> {
    let trigger = shared.host.trigger(&by.0, TriggerId(id)).await?;
    Ok(One(view(&shared, &by, &trigger).await?))
}

impl TriggerChange {
    /// Puts what a request sets into a trigger.
    pub(crate) fn apply(self, trigger: &mut Trigger) -> Result<(), ApiError> {
        if let Some(name) = self.name {
            trigger.name = name;
        }
        if let Some(kind) = self.schedule_type {
            trigger.kind = TriggerKind::parse(&kind);
        }
        if let Field::Given(interval) = self.schedule_interval {
            trigger.interval = interval;
        }
        if let Field::Given(text) = self.start_time {
            trigger.start_time = times::read("start_time", text.as_deref())?;
        }
        if let Some(status) = self.status {
            trigger.is_active = match status.as_str() {
                "active" => true,
                "inactive" => false,
                other => {
                    let message = format!("`status` must be `active` or `inactive`, not `{other}`");
                    return Err(ApiError::invalid(message));
                }
            };
        }
        if let Field::Given(text) = self.last_enabled_at {
            trigger.last_enabled_at = times::read("last_enabled_at", text.as_deref())?;
        }
        if let Field::Given(variables) = self.variables {
            trigger.variables = variables.unwrap_or_default();
        }
        if let Field::Given(sla) = self.sla {
            trigger.sla = sla;
        }
        if let Field::Given(settings) = self.settings {
            trigger.settings = settings.unwrap_or_default();
        }
        if let Field::Given(description) = self.description {
            trigger.description = description;
        }
        if let Some(patterns) = self.event_matchers {
            // Mage's clients send them with a name; the pattern is inside.
            let patterns = patterns.into_iter().map(|pattern| {
                let Some(inner) = pattern.get("pattern") else {
                    return Ok(pattern);
                };
                let wrong = || ApiError::invalid("`event_matchers` cannot have this value");
                inner.as_object().cloned().ok_or_else(wrong)
            });
            trigger.matchers = patterns.collect::<Result<_, _>>()?;
        }
        if let Some(tags) = self.tags {
            trigger.tags = tags;
        }
        if self.rotate_token == Some(true) {
            trigger.token = None;
        }
        Ok(())
    }
}

/// A trigger of a pipeline that nothing is known of yet.
pub(crate) fn empty(pipeline: String) -> Trigger {
    let (name, never) = (String::new(), Timestamp(0));
    Trigger::new(PipelineUuid::new(pipeline), name, TriggerKind::Time, never)
}

/// Makes a trigger.
pub(crate) async fn create(
    State(shared): State<Shared>,
    by: By,
    Path(pipeline): Path<String>,
    payload: Payload<TriggerChange>,
) -> Result<One<TriggerView>, ApiError> {
    let mut trigger = empty(pipeline);
    payload.wanted.apply(&mut trigger)?;
    let made = shared.host.create_trigger(&by.0, trigger).await?;
    Ok(One(view(&shared, &by, &made).await?))
}

/// Changes a trigger; what is not named stays.
pub(crate) async fn update(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
    payload: Payload<TriggerChange>,
) -> Result<One<TriggerView>, ApiError> {
    let mut trigger = shared.host.trigger(&by.0, TriggerId(id)).await?;
    payload.wanted.apply(&mut trigger)?;
    let changed = shared
        .host
        .update_trigger(&by.0, TriggerId(id), move |stored| *stored = trigger)
        .await?;
    Ok(One(view(&shared, &by, &changed).await?))
}

/// Deletes a trigger.
pub(crate) async fn remove(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
) -> Result<One<TriggerView>, ApiError> {
    let trigger = shared.host.trigger(&by.0, TriggerId(id)).await?;
    let view = view(&shared, &by, &trigger).await?;
    shared.host.remove_trigger(&by.0, TriggerId(id)).await?;
    Ok(One(view))
}
