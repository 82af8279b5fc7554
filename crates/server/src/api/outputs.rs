//! `outputs`: what blocks produced, as Mage shows it, and page by page.

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use baton_app::Outputs;
use baton_model::{BlockUuid, Column, PipelineUuid, Product, ProductKind, RunId};
use baton_products::{ColumnView, Export, Format, View, page_as_json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::By;
use super::output_pages::FrameQuery;
use crate::answer::{ManyWith, Named, One};
use crate::contract::{Operation, Output};
use crate::error::ApiError;
use crate::params::{Path, Query};
use crate::stream::Pipe;
use crate::{Shared, words};

/// Rows of a sample, as in Mage.
const SAMPLE: usize = 10;

/// Text or JSON up to so many bytes is in an answer; more is cut.
const MOST_TEXT: usize = 100_000;

/// Something that a block produced.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Output")]
pub(crate) struct OutputView {
    variable_uuid: String,
    #[schemars(with = "words::ProductKind")]
    kind: ProductKind,
    /// What wrote it and reads it back: `pandas`, `polars`, `json`, …
    codec: String,
    bytes: u64,
    /// How Mage's clients show it: `table`, `image` or `text`.
    #[serde(rename = "type")]
    shown_as: &'static str,
    #[serde(flatten)]
    table: Option<TableView>,
    #[serde(flatten)]
    text: Option<TextView>,
}

/// What is told of a frame.
#[derive(Serialize, JsonSchema)]
struct TableView {
    /// Its first rows.
    sample_data: SampleView,
    /// Rows and columns.
    shape: [u64; 2],
    row_count: u64,
    columns: Vec<ColumnInfo>,
}

/// Rows of a frame, each a list in the order of the columns.
#[derive(Serialize, JsonSchema)]
struct SampleView {
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
}

/// A column of a frame.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Column")]
pub(crate) struct ColumnInfo {
    name: String,
    /// Arrow's name of its type.
    #[serde(rename = "type")]
    data_type: String,
    /// Whether it may hold nulls.
    nullable: bool,
}

/// What is told of text or JSON.
#[derive(Serialize, JsonSchema)]
struct TextView {
    text_data: String,
    /// Whether it is longer than what is told.
    is_cut: bool,
}

/// Which run they are of.
#[derive(Serialize, JsonSchema)]
pub(crate) struct OutputMetadata {
    count: usize,
    pipeline_run_id: Option<i64>,
}

impl Named for OutputView {
    const ONE: &'static str = "output";
    const MANY: &'static str = "outputs";
}

impl ColumnInfo {
    pub(super) fn new(name: &str, data_type: &impl ToString, nullable: bool) -> Self {
        Self {
            name: name.to_owned(),
            data_type: data_type.to_string(),
            nullable,
        }
    }
}

impl From<&Column> for ColumnInfo {
    fn from(column: &Column) -> Self {
        Self {
            name: column.name.clone(),
            data_type: column.data_type.clone(),
            nullable: column.nullable,
        }
    }
}

/// A product as Mage's clients know it.
async fn view(shared: &Shared, by: &By, product: &Product) -> Result<OutputView, ApiError> {
    let mut view = OutputView {
        variable_uuid: product.name.clone(),
        kind: product.kind,
        codec: product.codec.clone(),
        bytes: product.bytes,
        shown_as: match product.kind {
            ProductKind::Frame => "table",
            ProductKind::Image => "image",
            ProductKind::Json | ProductKind::Text | ProductKind::Opaque => "text",
        },
        table: None,
        text: None,
    };
    match product.kind {
        ProductKind::Frame => {
            let wanted = View {
                limit: SAMPLE,
                ..View::default()
            };
            let page = shared.host.page(&by.0, product, wanted).await?;
            let rows = page_as_json(&page.rows).map_err(unreadable)?.into_iter();
            let rows = rows.map(|row| row.into_iter().map(|(_, value)| value).collect());
            let columns = &product.columns;
            view.table = Some(TableView {
                sample_data: SampleView {
                    columns: columns.iter().map(|column| column.name.clone()).collect(),
                    rows: rows.collect(),
                },
                shape: [page.total, columns.len() as u64],
                row_count: page.total,
                columns: columns.iter().map(ColumnInfo::from).collect(),
            });
        }
        ProductKind::Json | ProductKind::Text => {
            let bytes = shared.host.product_bytes(&by.0, product).await?;
            let text = String::from_utf8_lossy(bytes.get(..MOST_TEXT).unwrap_or(&bytes));
            view.text = Some(TextView {
                text_data: text.into_owned(),
                is_cut: bytes.len() > MOST_TEXT,
            });
        }
        ProductKind::Image | ProductKind::Opaque => {}
    }
    Ok(view)
}

/// All products of a block run.
pub(super) async fn views(
    shared: &Shared,
    by: &By,
    found: &Outputs,
) -> Result<Vec<OutputView>, ApiError> {
    let mut views = Vec::new();
    for product in &found.products {
        views.push(view(shared, by, product).await?);
    }
    Ok(views)
}

pub(super) fn unreadable(error: impl std::fmt::Display) -> ApiError {
    ApiError::invalid(format!("the rows cannot be shown: {error}"))
}

type Answer = Result<ManyWith<OutputView, OutputMetadata>, ApiError>;

async fn answer(shared: &Shared, by: &By, found: Option<Outputs>) -> Answer {
    let views = match &found {
        Some(found) => views(shared, by, found).await?,
        None => Vec::new(),
    };
    let metadata = OutputMetadata {
        count: views.len(),
        pipeline_run_id: found.map(|found| found.run.0),
    };
    Ok(ManyWith(views, metadata))
}

/// What a block run produced.
pub(crate) async fn list_of_block_run(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
) -> Answer {
    let found = shared.host.outputs_of_block_run(&by.0, id).await?;
    answer(&shared, &by, Some(found)).await
}

/// Which run is meant.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct OutputQuery {
    /// The run; without it, the newest in which the block completed.
    pipeline_run_id: Option<i64>,
}

async fn of_block(
    shared: &Shared,
    by: &By,
    pipeline: String,
    block: &str,
    query: &OutputQuery,
) -> Result<Option<Outputs>, ApiError> {
    let pipeline = PipelineUuid::new(pipeline);
    let run = query.pipeline_run_id.map(RunId);
    let found = shared.host.outputs_of_block(&by.0, &pipeline, block, run);
    let found = found.await?;
    if found.is_none() {
        let block = BlockUuid::from(block);
        shared.host.expect_block(&by.0, &pipeline, &block).await?;
    }
    Ok(found)
}

/// What a block produced: in a run, or when it last completed.
pub(crate) async fn list_of_block(
    State(shared): State<Shared>,
    by: By,
    Path((pipeline, block)): Path<(String, String)>,
    Query(query): Query<OutputQuery>,
) -> Answer {
    let found = of_block(&shared, &by, pipeline, &block, &query).await?;
    answer(&shared, &by, found).await
}

/// What is downloaded.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct DownloadQuery {
    /// Which output; without it, the first frame.
    name: Option<String>,
    /// The same.
    variable_uuid: Option<String>,
    /// `csv` (as without it), `json`, `parquet` or `arrow`.
    format: Option<String>,
}

/// A file to be saved, made while it is sent.
pub(crate) struct Download {
    kind: &'static str,
    name: String,
    body: Body,
}

impl IntoResponse for Download {
    fn into_response(self) -> Response {
        let disposition = format!("attachment; filename=\"{}\"", self.name);
        let headers = [
            (header::CONTENT_TYPE, self.kind.to_owned()),
            (header::CONTENT_DISPOSITION, disposition),
        ];
        (headers, self.body).into_response()
    }
}

const CSV: &str = "text/csv; charset=utf-8";
const PARQUET: &str = "application/vnd.apache.parquet";
const ARROW: &str = "application/vnd.apache.arrow.file";

impl Output for Download {
    fn describe(operation: &mut Operation<'_>) {
        for kind in [CSV, "application/json", PARQUET, ARROW] {
            operation.gives_bytes(kind);
        }
    }
}

/// The first frame of a block as CSV, or in another format, however large it is.
pub(crate) async fn download(
    State(shared): State<Shared>,
    by: By,
    Path((pipeline, block)): Path<(String, String)>,
    Query(query): Query<OutputQuery>,
    Query(wanted): Query<DownloadQuery>,
) -> Result<Download, ApiError> {
    let found = of_block(&shared, &by, pipeline, &block, &query).await?;
    let missing = || ApiError::not_found(format!("block `{block}` has no such output"));
    let name = wanted.name.or(wanted.variable_uuid);
    let found = found.ok_or_else(missing)?;
    let mut products = found.products.into_iter();
    let product = products.find(|product| match &name {
        Some(name) => product.name == *name,
        None => product.kind == ProductKind::Frame,
    });
    let product = product.ok_or_else(missing)?;
    let (format, kind) = match wanted.format.as_deref().unwrap_or("csv") {
        "csv" => (Format::Csv, CSV),
        "json" => (Format::Json, "application/json"),
        "parquet" => (Format::Parquet, PARQUET),
        "arrow" => (Format::Arrow, ARROW),
        other => return Err(ApiError::invalid(format!("there is no format `{other}`"))),
    };
    if product.kind != ProductKind::Frame {
        return Err(ApiError::invalid(format!(
            "`{}` is no frame, its kind is {}",
            product.name,
            product.kind.name()
        )));
    }
    let products = shared.host.products().clone();
    let file = format!("{}-{}.{}", block, product.name, format.name());
    let name = file
        .chars()
        .map(|letter| match letter {
            letter if letter.is_ascii_alphanumeric() || "-_.".contains(letter) => letter,
            _ => '_',
        })
        .collect();
    let body = Pipe::fill(move |out| {
        products
            .write(&product, &Export::new(format), out)
            .map_err(std::io::Error::other)
    });
    Ok(Download {
        kind,
        name,
        body: Body::from_stream(body),
    })
}

/// What is known of the columns of a frame.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Statistics")]
pub(crate) struct StatisticsView {
    /// How many rows meet the conditions.
    rows: u64,
    columns: Vec<ColumnStatisticsView>,
}

/// What is known of a column, over the rows that meet the conditions.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ColumnStatistics")]
struct ColumnStatisticsView {
    name: String,
    /// Arrow's name of its type.
    #[serde(rename = "type")]
    data_type: String,
    nulls: u64,
    /// The smallest value, as text.
    min: Option<String>,
    /// The largest value, as text.
    max: Option<String>,
    /// Mean of numbers.
    mean: Option<f64>,
    /// How many different values there are; null when there are too many to count.
    distinct: Option<u64>,
    /// How the values are spread; null where nothing can be counted.
    histogram: Option<HistogramView>,
}

/// How the values of a column are spread.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Histogram")]
struct HistogramView {
    /// How many values each bar stands for: equal parts of the range, or one value each where `values` names them.
    counts: Vec<u64>,
    /// The value of each bar, where each stands for one value.
    values: Option<Vec<String>>,
}

impl Named for StatisticsView {
    const ONE: &'static str = "statistics";
}

impl From<ColumnView> for ColumnStatisticsView {
    fn from(column: ColumnView) -> Self {
        Self {
            name: column.name,
            data_type: column.data_type,
            nulls: column.nulls,
            min: column.min,
            max: column.max,
            mean: column.mean,
            distinct: column.distinct,
            histogram: column.histogram.map(|bars| HistogramView {
                counts: bars.counts,
                values: bars.values,
            }),
        }
    }
}

/// What is known of the columns, over the rows that meet the conditions.
pub(crate) async fn statistics(
    State(shared): State<Shared>,
    by: By,
    Path((id, name)): Path<(i64, String)>,
    Query(query): Query<FrameQuery>,
) -> Result<One<StatisticsView>, ApiError> {
    let product = shared.host.product(&by.0, id, Some(&name)).await?;
    let view = query.view()?;
    let found = shared.host.column_statistics(&by.0, &product, view);
    let (rows, columns) = found.await?;
    let columns = columns.into_iter().map(ColumnStatisticsView::from);
    Ok(One(StatisticsView {
        rows,
        columns: columns.collect(),
    }))
}
