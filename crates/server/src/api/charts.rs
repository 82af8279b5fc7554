//! `widgets`: the charts of a pipeline, and what charts show, computed over all rows.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use baton_app::{ChartWish, Picture, Shown};
use baton_model::{BlockKind, BlockUuid, PipelineUuid, RunId};
use baton_products::{Drawn, page_as_json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::By;
use super::blocks::{self, BlockChange, BlockDetail, BlockView};
use super::output_pages::FrameQuery;
use super::outputs::{ColumnInfo, unreadable};
use crate::answer::{Many, Named, One, With};
use crate::body::{IfMatch, Payload};
use crate::contract::{Operation, Output};
use crate::error::ApiError;
use crate::params::{Path, Query};
use crate::{Shared, words};

/// A chart of a pipeline: a block whose `configuration` says what it shows of the block above it.
#[derive(Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(rename = "Widget")]
pub(crate) struct WidgetView(BlockView);

/// A chart of a pipeline, with what a change of it needs.
#[derive(Serialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct WidgetDetail(BlockDetail);

/// What a chart of a pipeline is to be; what is not named stays.
#[derive(Deserialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct WidgetChange(
    #[expect(dead_code, reason = "the use case reads what was sent")] BlockChange,
);

impl Named for WidgetView {
    const ONE: &'static str = "widget";
    const MANY: &'static str = "widgets";
}

impl Named for WidgetDetail {
    const ONE: &'static str = "widget";
}

impl Named for WidgetChange {
    const ONE: &'static str = "widget";
}

/// The charts of a pipeline.
pub(crate) async fn list(
    State(shared): State<Shared>,
    by: By,
    Path(pipeline): Path<String>,
) -> Result<Many<WidgetView>, ApiError> {
    let uuid = PipelineUuid::new(pipeline);
    let (facts, _) = shared.host.pipeline(&by.0, &uuid).await?;
    let texts = shared.host.block_texts(&by.0, &uuid, None).await?;
    let widgets = facts.pipeline.widgets.iter();
    let views = widgets.map(|block| blocks::view(&facts, block, texts.get(&block.uuid)));
    Ok(Many::whole(views.map(WidgetView).collect()))
}

async fn answer(
    shared: &Shared,
    by: &By,
    pipeline: &PipelineUuid,
    uuid: &BlockUuid,
) -> Result<One<WidgetDetail>, ApiError> {
    shared.host.widget(&by.0, pipeline, uuid).await?;
    let One(block) = blocks::answer(shared, by, pipeline, uuid).await?;
    Ok(One(WidgetDetail(block)))
}

/// One chart.
pub(crate) async fn show(
    State(shared): State<Shared>,
    by: By,
    Path((pipeline, block)): Path<(String, String)>,
) -> Result<One<WidgetDetail>, ApiError> {
    let (pipeline, block) = (PipelineUuid::new(pipeline), BlockUuid::new(block));
    answer(&shared, &by, &pipeline, &block).await
}

/// Makes a chart, with its file.
pub(crate) async fn create(
    State(shared): State<Shared>,
    by: By,
    Path(pipeline): Path<String>,
    payload: Payload<WidgetChange>,
) -> Result<One<WidgetDetail>, ApiError> {
    let pipeline = PipelineUuid::new(pipeline);
    let mut wanted = payload.map;
    wanted.insert("type".to_owned(), json!(BlockKind::Chart.name()));
    let uuid = shared.host.create_block(&by.0, &pipeline, wanted).await?;
    answer(&shared, &by, &pipeline, &uuid).await
}

/// Changes a chart; what is not named stays.
pub(crate) async fn update(
    State(shared): State<Shared>,
    by: By,
    Path((pipeline, block)): Path<(String, String)>,
    if_match: IfMatch,
    payload: Payload<WidgetChange>,
) -> Result<One<WidgetDetail>, ApiError> {
    let (pipeline, block) = (PipelineUuid::new(pipeline), BlockUuid::new(block));
    shared.host.widget(&by.0, &pipeline, &block).await?;
    let wanted = blocks::with_revision(payload.map, if_match);
    let changed = shared
        .host
        .update_block(&by.0, &pipeline, &block, wanted)
        .await?;
    answer(&shared, &by, &pipeline, &changed).await
}

/// Takes a chart out of its pipeline.
pub(crate) async fn remove(
    State(shared): State<Shared>,
    by: By,
    Path((pipeline, block)): Path<(String, String)>,
) -> Result<One<WidgetDetail>, ApiError> {
    let (pipeline, block) = (PipelineUuid::new(pipeline), BlockUuid::new(block));
    let before = answer(&shared, &by, &pipeline, &block).await?;
    shared
        .host
        .delete_block(&by.0, &pipeline, &block, None, false)
        .await?;
    Ok(before)
}

/// What a chart shows.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ChartQuery {
    #[schemars(with = "words::ChartType")]
    chart_type: String,
    /// The columns whose values make the groups: of a histogram, a line and a time series just one.
    #[serde(default)]
    group_by: Vec<String>,
    /// What is measured of each group, as aggregation:column, the aggregation one of average, count, count_distinct,
    /// max, median, min, mode, sum; without any, how many rows it has.
    #[serde(default)]
    metrics: Vec<String>,
    /// The parts of a time series; without it, the finest that fit. Coarser ones are taken where they are too many.
    #[schemars(with = "Option<words::TimeInterval>")]
    time_interval: Option<String>,
    /// The parts of a histogram, 40 without it, at most 500.
    buckets: Option<u64>,
    /// Most marks, at most 5000.
    #[serde(rename = "_limit")]
    limit: Option<u64>,
}

/// A chart, computed.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Chart")]
pub(crate) struct ChartView {
    #[schemars(with = "words::ChartType")]
    chart_type: String,
    /// The columns of its marks.
    columns: Vec<ColumnInfo>,
    /// The columns that say where a mark is: of a histogram `from` and `to`.
    places: Vec<String>,
    /// The columns that say how large it is.
    measures: Vec<String>,
    /// A map for each mark.
    rows: Vec<Map<String, Value>>,
    /// Whether there are more marks than are shown.
    is_cut: bool,
    /// What each measure is of all marks that are not shown; known of counts and sums.
    rest: Vec<Option<f64>>,
    /// The parts of a time series.
    #[schemars(with = "Option<words::TimeInterval>")]
    time_interval: Option<&'static str>,
    /// The zone whose clocks these parts follow, where the column has one.
    time_zone: Option<String>,
    /// How wide a mark is, where values were put together; of times in seconds.
    width: Option<f64>,
    /// What the code of a custom chart has rendered, instead of marks.
    picture: Option<PictureView>,
}

/// What the code of a custom chart has rendered. It is the work of whoever wrote the code: a page belongs into a frame that
/// can do nothing else.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ChartPicture")]
struct PictureView {
    /// `html`, `svg`, `png`, `jpeg`, or another word that the code has used.
    #[serde(rename = "type")]
    kind: String,
    /// Text, or of a picture its bytes in base64.
    data: String,
    /// Of a page, the address from which a frame can load it. It is kept until some newer ones have been drawn.
    address: Option<String>,
}

/// What is known of a chart.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ChartMetadata {
    /// How many rows meet the conditions.
    count: u64,
    /// How many of them are not in the chart, since a value is missing.
    left_out: u64,
    /// How many marks there are without a limit.
    groups: u64,
}

impl Named for ChartView {
    const ONE: &'static str = "chart";
}

fn shown(chart_type: String, drawn: &Drawn) -> Result<With<ChartView, ChartMetadata>, ApiError> {
    let rows = page_as_json(&drawn.marks).map_err(unreadable)?;
    let mut places = drawn.names();
    let schema = drawn.marks.schema();
    let columns = schema.fields().iter().zip(&places);
    let columns = columns
        .map(|(field, name)| ColumnInfo::new(name, field.data_type(), field.is_nullable()))
        .collect();
    let measures = places.split_off(drawn.places.min(places.len()));
    let view = ChartView {
        chart_type,
        columns,
        places,
        measures,
        is_cut: (rows.len() as u64) < drawn.groups,
        rows,
        rest: drawn.rest.clone(),
        time_interval: drawn.interval.map(baton_products::Interval::name),
        time_zone: drawn.time_zone.clone(),
        width: drawn.width,
        picture: None,
    };
    let metadata = ChartMetadata {
        count: drawn.rows,
        left_out: drawn.left_out,
        groups: drawn.groups,
    };
    Ok(With(view, metadata))
}

/// A chart of a frame, computed over all rows that meet the conditions. `sort` may name metrics, too.
pub(crate) async fn of_output(
    State(shared): State<Shared>,
    by: By,
    Path((id, name)): Path<(i64, String)>,
    Query(wanted): Query<ChartQuery>,
    Query(query): Query<FrameQuery>,
) -> Result<With<ChartView, ChartMetadata>, ApiError> {
    let product = shared.host.product(&by.0, id, Some(&name)).await?;
    let mut view = query.view()?;
    let metrics = wanted.metrics.iter();
    let metrics = metrics.map(|metric| match metric.split_once(':') {
        Some((aggregation, column)) => (aggregation.to_owned(), Some(column.to_owned())),
        None => (metric.clone(), None),
    });
    let wish = ChartWish {
        chart_type: wanted.chart_type.clone(),
        group_by: wanted.group_by,
        metrics: metrics.collect(),
        time_interval: wanted.time_interval,
        buckets: wanted.buckets,
        order: std::mem::take(&mut view.order),
        limit: wanted.limit,
    };
    let drawn = shared.host.chart(&by.0, &product, wish, view).await?;
    shown(wanted.chart_type, &drawn)
}

/// Over which data.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct DataQuery {
    /// The run whose output is shown; without it, the newest in which the block completed.
    pipeline_run_id: Option<i64>,
}

/// What a chart shows, computed over all of the newest output of the block above it, or over that of a run.
pub(crate) async fn of_widget(
    State(shared): State<Shared>,
    by: By,
    Path((pipeline, block)): Path<(String, String)>,
    Query(data): Query<DataQuery>,
    Query(query): Query<FrameQuery>,
) -> Result<With<ChartView, ChartMetadata>, ApiError> {
    let (pipeline, block) = (PipelineUuid::new(pipeline), BlockUuid::new(block));
    let view = query.view()?;
    let run = data.pipeline_run_id.map(RunId);
    let found = shared
        .host
        .chart_of_widget(&by.0, &pipeline, &block, run, view);
    let found = found.await?;
    match found.shown {
        Shown::Marks(drawn) => shown(found.chart_type, &drawn),
        Shown::Picture(picture) => Ok(rendered(found.chart_type, picture)),
    }
}

fn rendered(chart_type: String, picture: Picture) -> With<ChartView, ChartMetadata> {
    let view = ChartView {
        chart_type,
        columns: Vec::new(),
        places: Vec::new(),
        measures: Vec::new(),
        rows: Vec::new(),
        is_cut: false,
        rest: Vec::new(),
        time_interval: None,
        time_zone: None,
        width: None,
        picture: Some(PictureView {
            kind: picture.kind,
            data: picture.data,
            address: picture.page.map(|page| format!("/api/chart_pages/{page}")),
        }),
    };
    let metadata = ChartMetadata {
        count: 0,
        left_out: 0,
        groups: 0,
    };
    With(view, metadata)
}

const HTML: &str = "text/html; charset=utf-8";

/// What the page of a chart may do: run what it brings along, and show it to our own pages. It is of no origin, so it
/// has neither session nor storage, and there is nothing that it could load or send.
const CONFINED: &str = "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; \
                        img-src data: blob:; font-src data:; frame-ancestors 'self'";

/// What a frame shows where its page was.
const GONE: &str = "<!doctype html><title>No page</title><p style=\"font: 13px sans-serif\">This page is not kept any more: draw the chart \
                    again.</p>";

/// A page for a frame.
pub(crate) struct ChartPage(Option<Arc<str>>);

impl IntoResponse for ChartPage {
    fn into_response(self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, HTML),
            (header::CONTENT_SECURITY_POLICY, CONFINED),
        ];
        match self.0 {
            Some(page) => (headers, page.to_string()).into_response(),
            None => (StatusCode::NOT_FOUND, headers, GONE).into_response(),
        }
    }
}

impl Output for ChartPage {
    fn describe(operation: &mut Operation<'_>) {
        operation.gives_bytes(HTML);
    }
}

/// The page that the code of a chart has rendered, for a frame; where it is gone, a page that says so.
pub(crate) async fn page(
    State(shared): State<Shared>,
    By(actor): By,
    Path(name): Path<String>,
) -> Result<ChartPage, ApiError> {
    Ok(ChartPage(shared.host.chart_page(&actor, &name)?))
}
