//! `pipeline_runs`: runs, started, stopped, retried.

use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use baton_app::{Actor, BesideRuns, Call, Called};
use baton_model::{BackfillId, Cause, PipelineUuid, RunId, RunStatus, TriggerId};
use baton_store::{RunOrder, RunPage, RunRow};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::By;
use super::block_runs::{self, BlockRunView};
use super::usage::{UsageView, UsualView};
use crate::answer::{Many, Metadata, Named, One};
use crate::body::{IdempotencyKey, Payload, Sent};
use crate::error::ApiError;
use crate::guard::bearer;
use crate::params::{Paging, Path, Query, flag};
use crate::{Shared, times, words};

/// Rows of a page when no number is asked for.
const ROWS: u32 = 60;

/// A run.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PipelineRun")]
pub(crate) struct RunView {
    id: i64,
    pipeline_uuid: String,
    /// None when the pipeline is gone.
    #[schemars(with = "Option<words::PipelineKind>")]
    pipeline_type: Option<String>,
    pipeline_tags: Vec<String>,
    repo_path: String,
    #[schemars(with = "words::RunStatus")]
    status: RunStatus,
    /// Its logical date.
    execution_date: String,
    /// Its trigger, while that exists.
    pipeline_schedule_id: Option<i64>,
    pipeline_schedule_name: Option<String>,
    #[schemars(with = "Option<words::TriggerKind>")]
    pipeline_schedule_type: Option<String>,
    /// Whoever knows it may call the trigger.
    pipeline_schedule_token: Option<String>,
    backfill_id: Option<i64>,
    /// Why it exists.
    #[schemars(with = "words::Cause")]
    cause: Cause,
    /// Why it waits, was skipped, or was stopped.
    reason: Option<String>,
    /// Whether it took longer than its trigger allows.
    passed_sla: bool,
    executor_type: &'static str,
    block_runs_count: u32,
    completed_block_runs_count: u32,
    failed_block_runs_count: u32,
    /// The run whose block started it.
    parent_run_id: Option<i64>,
    /// The run that it repeats.
    retried_run_id: Option<i64>,
    metrics: Option<Value>,
    /// What its blocks have used together.
    usage: Option<UsageView>,
    /// What is usual for the pipeline.
    usual: Option<UsualView>,
    created_at: String,
    started_at: Option<String>,
    completed_at: Option<String>,
    updated_at: String,
}

/// A run with its variables.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PipelineRunDetail")]
pub(crate) struct RunDetail {
    #[serde(flatten)]
    run: RunView,
    /// The variables that it was given, or that its blocks have set.
    variables: Map<String, Value>,
    /// What the event said that started it.
    event_variables: Map<String, Value>,
}

/// A run with its variables and its blocks.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PipelineRunWhole")]
pub(crate) struct RunWhole {
    #[serde(flatten)]
    run: RunDetail,
    /// None where they are not wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    block_runs: Option<Vec<BlockRunView>>,
}

impl Named for RunView {
    const ONE: &'static str = "pipeline_run";
    const MANY: &'static str = "pipeline_runs";
}

impl Named for RunDetail {
    const ONE: &'static str = "pipeline_run";
}

impl Named for RunWhole {
    const ONE: &'static str = "pipeline_run";
}

impl RunView {
    fn new(shared: &Shared, run: &RunRow, beside: &BesideRuns) -> Self {
        let usual = beside.usual.get(&run.pipeline);
        let pipeline = beside.pipelines.get(&run.pipeline);
        let pipeline = pipeline.map(|facts| &facts.pipeline);
        let trigger = run.trigger_id.and_then(|id| beside.triggers.get(&id));
        Self {
            id: run.id.0,
            pipeline_uuid: run.pipeline.to_string(),
            pipeline_type: pipeline.map(|pipeline| pipeline.kind.name().to_owned()),
            pipeline_tags: pipeline.map_or_else(Vec::new, |pipeline| pipeline.tags.clone()),
            repo_path: shared.host.root().to_string_lossy().into_owned(),
            status: run.status,
            execution_date: times::text(run.execution_date),
            pipeline_schedule_id: run.trigger_id.map(|trigger| trigger.0),
            pipeline_schedule_name: run.trigger_name.clone(),
            pipeline_schedule_type: trigger.map(|trigger| trigger.kind.name().to_owned()),
            pipeline_schedule_token: trigger.and_then(|trigger| trigger.token.clone()),
            backfill_id: run.backfill_id.map(|backfill| backfill.0),
            cause: run.cause,
            reason: run.note.clone(),
            passed_sla: run.passed_sla,
            executor_type: "local_python",
            block_runs_count: run.blocks,
            completed_block_runs_count: run.completed,
            failed_block_runs_count: run.failed,
            parent_run_id: run.parent_id.map(|parent| parent.0),
            retried_run_id: run.repeats.map(|run| run.0),
            metrics: None,
            usage: run.usage.as_ref().map(UsageView::from),
            usual: usual.map(UsualView::from),
            created_at: times::text(run.created_at),
            started_at: times::some(run.started_at),
            completed_at: times::some(run.ended_at),
            updated_at: times::text(run.ended_at.or(run.started_at).unwrap_or(run.created_at)),
        }
    }
}

async fn detail(shared: &Shared, by: &By, id: RunId) -> Result<One<RunDetail>, ApiError> {
    let row = shared.host.run_row(&by.0, id).await?;
    Ok(One(detail_of(shared, by, &row).await?))
}

async fn detail_of(shared: &Shared, by: &By, row: &RunRow) -> Result<RunDetail, ApiError> {
    let run = shared.host.run(&by.0, row.id).await?;
    let beside = shared.host.beside_runs(&by.0, std::slice::from_ref(row));
    let mut view = RunView::new(shared, row, &beside.await?);
    // What it is, not what its pipeline has become.
    view.pipeline_type = Some(run.plan.kind.name().to_owned());
    view.reason = view.reason.or_else(|| run.reason.clone());
    let mut variables = run.plan.given.clone();
    variables.extend(run.variables.clone());
    Ok(RunDetail {
        run: view,
        variables,
        event_variables: run.plan.occasion.event.clone(),
    })
}

/// Which runs are wanted; every condition that is given must hold.
#[derive(Default, Deserialize, JsonSchema)]
pub(crate) struct RunQuery {
    /// With one of these statuses.
    #[serde(default)]
    #[schemars(with = "Vec<words::RunStatus>")]
    status: Vec<RunStatus>,
    /// Of one of these pipelines.
    #[serde(default)]
    pipeline_uuid: Vec<String>,
    /// Of one of these triggers.
    #[serde(default)]
    pipeline_schedule_id: Vec<i64>,
    /// Of this backfill.
    backfill_id: Option<i64>,
    /// With one of these causes.
    #[serde(default)]
    #[schemars(with = "Vec<words::Cause>")]
    cause: Vec<Cause>,
    /// With a logical date from this one on.
    from: Option<String>,
    /// With a logical date up to this one.
    to: Option<String>,
    /// With this text in the name of the pipeline or of the trigger or in the reason, or with this number.
    search: Option<String>,
    /// `id` or `created_at`, `execution_date`, each with `-` before it for the largest first. Without it the newest come
    /// first.
    #[serde(rename = "_order_by")]
    order_by: Option<String>,
}

impl RunQuery {
    fn page(self, paging: &Paging) -> Result<RunPage, ApiError> {
        Ok(RunPage {
            pipelines: self
                .pipeline_uuid
                .into_iter()
                .map(PipelineUuid::new)
                .collect(),
            triggers: self
                .pipeline_schedule_id
                .into_iter()
                .map(TriggerId)
                .collect(),
            backfill: self.backfill_id.map(BackfillId),
            statuses: self.status,
            causes: self.cause,
            from: times::read("from", self.from.as_deref())?,
            to: times::read("to", self.to.as_deref())?,
            text: self.search,
            order: match self.order_by.as_deref() {
                None | Some("-id" | "-created_at") => RunOrder::Newest,
                Some("id" | "created_at") => RunOrder::Oldest,
                Some("execution_date") => RunOrder::ByDateUp,
                Some("-execution_date") => RunOrder::ByDate,
                Some(_) => {
                    return Err(ApiError::invalid(
                        "`_order_by` cannot have this value: runs are ordered by `id`, `created_at` or `execution_date`, or \
                         by one of them with `-` before it",
                    ));
                }
            },
            after: paging.after()?.map(RunId),
            offset: paging.offset(),
            limit: paging.limit(ROWS),
        })
    }
}

async fn answer(shared: &Shared, by: &By, mut page: RunPage) -> Result<Many<RunView>, ApiError> {
    // One more than is shown says whether more follow.
    let limit = page.limit as usize;
    page.limit = page.limit.saturating_add(1);
    let mut found = shared.host.runs(&by.0, &page).await?;
    let has_more = found.rows.len() > limit;
    found.rows.truncate(limit);
    let beside = shared.host.beside_runs(&by.0, &found.rows).await?;
    let view = |run: &RunRow| RunView::new(shared, run, &beside);
    Ok(Many {
        metadata: Metadata::of(&found.rows, found.total, has_more, |run| run.id),
        rows: found.rows.iter().map(view).collect(),
    })
}

/// Runs, the newest first.
pub(crate) async fn list(
    State(shared): State<Shared>,
    by: By,
    Query(query): Query<RunQuery>,
    paging: Paging,
) -> Result<Many<RunView>, ApiError> {
    answer(&shared, &by, query.page(&paging)?).await
}

/// Runs of a pipeline.
pub(crate) async fn list_of_pipeline(
    State(shared): State<Shared>,
    by: By,
    Path(pipeline): Path<String>,
    Query(query): Query<RunQuery>,
    paging: Paging,
) -> Result<Many<RunView>, ApiError> {
    let mut page = query.page(&paging)?;
    let pipeline = PipelineUuid::new(pipeline);
    page.pipelines = vec![pipeline.clone()];
    let found = answer(&shared, &by, page).await?;
    if found.rows.is_empty() {
        shared.host.expect_pipeline(&by.0, &pipeline).await?;
    }
    Ok(found)
}

/// Runs of a trigger.
pub(crate) async fn list_of_schedule(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
    Query(query): Query<RunQuery>,
    paging: Paging,
) -> Result<Many<RunView>, ApiError> {
    let mut page = query.page(&paging)?;
    page.triggers = vec![TriggerId(id)];
    let found = answer(&shared, &by, page).await?;
    if found.rows.is_empty() {
        shared.host.trigger(&by.0, TriggerId(id)).await?;
    }
    Ok(found)
}

/// Longest time that a request waits for the end of a run.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// How long an answer may wait.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct WaitQuery {
    /// Seconds to wait for the end of the run, at most 300.
    #[serde(rename = "_wait")]
    wait: Option<u64>,
}

impl WaitQuery {
    async fn wait(&self, shared: &Shared, by: &By, id: RunId) -> Result<(), ApiError> {
        if let Some(seconds) = self.wait {
            let limit = Duration::from_secs(seconds).min(LONGEST_WAIT);
            shared.host.wait_for_run(&by.0, id, limit).await?;
        }
        Ok(())
    }
}

/// What of one run is wanted, and when.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ShowQuery {
    /// Seconds to wait for the end of the run, at most 300.
    #[serde(rename = "_wait")]
    wait: Option<u64>,
    /// `0` leaves out the blocks, which there may be thousands of.
    #[serde(default, deserialize_with = "flag")]
    block_runs: Option<bool>,
}

/// One run with its blocks; with `_wait` as soon as it has ended.
pub(crate) async fn show(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
    Query(query): Query<ShowQuery>,
) -> Result<One<RunWhole>, ApiError> {
    let wait = WaitQuery { wait: query.wait };
    wait.wait(&shared, &by, RunId(id)).await?;
    let row = shared.host.run_row(&by.0, RunId(id)).await?;
    let block_runs = match query.block_runs {
        Some(false) => None,
        _ => Some(block_runs::of_run(&shared, &by.0, &row).await?),
    };
    let run = detail_of(&shared, &by, &row).await?;
    Ok(One(RunWhole { run, block_runs }))
}

/// A call of a trigger. Whatever it says besides is part of the event.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct TriggerCall {
    pipeline_run: Option<RunCall>,
    /// Ignored; Mage's clients send it.
    #[expect(dead_code, reason = "it is no part of the event")]
    api_key: Option<Value>,
    #[serde(flatten)]
    event: Map<String, Value>,
}

/// What the run of a call is to be.
#[derive(Default, Deserialize, JsonSchema)]
pub(crate) struct RunCall {
    /// Variables of the run.
    variables: Option<Map<String, Value>>,
}

impl TriggerCall {
    fn with(self, key: IdempotencyKey) -> Call {
        Call {
            variables: self
                .pipeline_run
                .and_then(|run| run.variables)
                .unwrap_or_default(),
            event: self.event,
            key: key.0,
        }
    }
}

async fn called(
    shared: &Shared,
    by: &By,
    id: i64,
    token: Option<&str>,
    call: Call,
    query: &WaitQuery,
) -> Result<One<RunDetail>, ApiError> {
    let Called { run, .. } = shared
        .host
        .call_trigger(&by.0, TriggerId(id), token, call)
        .await?;
    // Whoever may start it may see what they have started.
    let owner = By(Actor::Owner);
    query.wait(shared, &owner, run).await?;
    detail(shared, &owner, run).await
}

/// Starts a run of a trigger, by a session.
pub(crate) async fn create(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
    Query(query): Query<WaitQuery>,
    key: IdempotencyKey,
    Sent(call): Sent<TriggerCall>,
) -> Result<One<RunDetail>, ApiError> {
    called(&shared, &by, id, None, call.with(key), &query).await
}

/// Starts a run of a trigger, by its token in the address.
pub(crate) async fn create_by_token(
    State(shared): State<Shared>,
    by: By,
    Path((id, token)): Path<(i64, String)>,
    Query(query): Query<WaitQuery>,
    key: IdempotencyKey,
    Sent(call): Sent<TriggerCall>,
) -> Result<One<RunDetail>, ApiError> {
    called(&shared, &by, id, Some(&token), call.with(key), &query).await
}

/// Starts a run of a trigger, by its token as bearer.
pub(crate) async fn create_by_bearer(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
    Query(query): Query<WaitQuery>,
    headers: HeaderMap,
    key: IdempotencyKey,
    Sent(call): Sent<TriggerCall>,
) -> Result<One<RunDetail>, ApiError> {
    // A session is as good as the trigger's own token.
    let token = bearer(&headers).filter(|_| by.0 == Actor::Nobody);
    called(&shared, &by, id, token, call.with(key), &query).await
}

/// What is to become of a run.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct RunChange {
    /// `cancelled` stops it.
    status: Option<String>,
    /// `retry_blocks` runs blocks of it again.
    pipeline_run_action: Option<String>,
    /// The block to begin with; without one, all that have not completed.
    from_block_uuid: Option<String>,
}

impl Named for RunChange {
    const ONE: &'static str = "pipeline_run";
}

/// Stops or retries a run: `{"pipeline_run": {"status": "cancelled"}}`, or
/// `{"pipeline_run": {"pipeline_run_action": "retry_blocks", "from_block_uuid": ...}}`.
pub(crate) async fn update(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
    payload: Payload<RunChange>,
) -> Result<One<RunDetail>, ApiError> {
    let wanted = payload.wanted;
    let id = RunId(id);
    match (
        wanted.pipeline_run_action.as_deref(),
        wanted.status.as_deref(),
    ) {
        (Some("retry_blocks"), _) => {
            let from = wanted.from_block_uuid.as_deref().map(Into::into);
            shared.host.retry_run(&by.0, id, from).await?;
        }
        (None, Some("cancelled")) => {
            let reason = "stopped by a person";
            shared.host.cancel_run(&by.0, id, reason).await?;
        }
        _ => {
            return Err(ApiError::invalid(
                "a run can be given `status: cancelled` or `pipeline_run_action: retry_blocks`",
            ));
        }
    }
    detail(&shared, &by, id).await
}

/// Deletes a run that has ended.
pub(crate) async fn remove(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
) -> Result<One<RunDetail>, ApiError> {
    let id = RunId(id);
    let view = detail(&shared, &by, id).await?;
    shared.host.delete_run(&by.0, id).await?;
    Ok(view)
}
