//! `outputs`: what blocks produced, as Mage shows it, and page by page.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use baton_app::Outputs;
use baton_model::{PipelineUuid, Product, ProductKind, RunId};
use baton_products::{Comparison, Condition, Export, Format, View, page_as_arrow, page_as_json};
use serde_json::{Value, json};

use super::By;
use crate::Shared;
use crate::error::ApiError;
use crate::params::Params;
use crate::stream::Pipe;

/// Rows of a sample, as in Mage.
const SAMPLE: usize = 10;

/// Rows of a page when no number is asked for.
const ROWS: u32 = 100;

/// Text or JSON up to so many bytes is in an answer; more is cut.
const MOST_TEXT: usize = 100_000;

/// A product as Mage's clients know it.
async fn view(shared: &Shared, by: &By, product: &Product) -> Result<Value, ApiError> {
    let mut view = json!({
        "variable_uuid": product.name,
        "kind": product.kind.name(),
        "codec": product.codec,
        "bytes": product.bytes,
        "type": match product.kind {
            ProductKind::Frame => "table",
            ProductKind::Image => "image",
            ProductKind::Json | ProductKind::Text | ProductKind::Opaque => "text",
        },
    });
    match product.kind {
        ProductKind::Frame => {
            let wanted = View {
                limit: SAMPLE,
                ..View::default()
            };
            let page = shared.host.page(&by.0, product, wanted).await?;
            let columns: Vec<&str> = product
                .columns
                .iter()
                .map(|column| column.name.as_str())
                .collect();
            let rows = page_as_json(&page.rows).map_err(unreadable)?;
            let rows: Vec<Vec<Value>> = rows
                .into_iter()
                .map(|row| row.into_iter().map(|(_, value)| value).collect())
                .collect();
            view["sample_data"] = json!({"columns": columns, "rows": rows});
            view["shape"] = json!([page.total, columns.len()]);
            view["row_count"] = json!(page.total);
            view["columns"] = json!(product.columns);
        }
        ProductKind::Json | ProductKind::Text => {
            let bytes = shared.host.product_bytes(&by.0, product).await?;
            let text = String::from_utf8_lossy(bytes.get(..MOST_TEXT).unwrap_or(&bytes));
            view["text_data"] = json!(text);
            view["is_cut"] = json!(bytes.len() > MOST_TEXT);
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
) -> Result<Vec<Value>, ApiError> {
    let mut views = Vec::new();
    for product in &found.products {
        views.push(view(shared, by, product).await?);
    }
    Ok(views)
}

fn unreadable(error: impl std::fmt::Display) -> ApiError {
    ApiError::invalid(format!("the rows cannot be shown: {error}"))
}

async fn answer(shared: &Shared, by: &By, found: Option<Outputs>) -> Result<Json<Value>, ApiError> {
    let run = found.as_ref().map(|found| found.run);
    let views = match &found {
        Some(found) => views(shared, by, found).await?,
        None => Vec::new(),
    };
    Ok(Json(json!({
        "outputs": views,
        "metadata": {"count": views.len(), "pipeline_run_id": run},
    })))
}

/// What a block run produced.
pub(crate) async fn list_of_block_run(
    State(shared): State<Shared>,
    by: By,
    Path(id): Path<i64>,
) -> Result<Json<Value>, ApiError> {
    let found = shared.host.outputs_of_block_run(&by.0, id).await?;
    answer(&shared, &by, Some(found)).await
}

async fn of_block(
    shared: &Shared,
    by: &By,
    pipeline: String,
    block: &str,
    params: &Params,
) -> Result<Option<Outputs>, ApiError> {
    let pipeline = PipelineUuid::new(pipeline);
    let run = params.number("pipeline_run_id")?.map(RunId);
    let found = shared.host.outputs_of_block(&by.0, &pipeline, block, run);
    Ok(found.await?)
}

/// What a block produced: in a run, or when it last completed.
pub(crate) async fn list_of_block(
    State(shared): State<Shared>,
    by: By,
    Path((pipeline, block)): Path<(String, String)>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let found = of_block(&shared, &by, pipeline, &block, &params).await?;
    answer(&shared, &by, found).await
}

/// The first frame of a block as CSV, or in another format, however large it is.
pub(crate) async fn download(
    State(shared): State<Shared>,
    by: By,
    Path((pipeline, block)): Path<(String, String)>,
    params: Params,
) -> Result<Response, ApiError> {
    let found = of_block(&shared, &by, pipeline, &block, &params).await?;
    let missing = || ApiError::not_found(format!("block `{block}` has no such output"));
    let name = params.get("name").or(params.get("variable_uuid"));
    let found = found.ok_or_else(missing)?;
    let mut products = found.products.into_iter();
    let product = products.find(|product| match name {
        Some(name) => product.name == name,
        None => product.kind == ProductKind::Frame,
    });
    let product = product.ok_or_else(missing)?;
    let (format, kind) = match params.get("format").unwrap_or("csv") {
        "csv" => (Format::Csv, "text/csv; charset=utf-8"),
        "json" => (Format::Json, "application/json"),
        "parquet" => (Format::Parquet, "application/vnd.apache.parquet"),
        "arrow" => (Format::Arrow, "application/vnd.apache.arrow.file"),
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
    let file: String = file
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
    Ok((
        [
            (header::CONTENT_TYPE, kind.to_owned()),
            (
                header::CONTENT_DISPOSITION,
                format!("attachment; filename=\"{file}\""),
            ),
        ],
        Body::from_stream(body),
    )
        .into_response())
}

/// What a request wants to see of a frame: `columns[]=a&sort[]=-b&filter[]=a:ge:10&search=x&_offset=0&_limit=100`.
fn view_of(params: &Params) -> Result<View, ApiError> {
    let conditions = params.all("filter").map(|text| {
        let mut parts = text.splitn(3, ':');
        let (column, name) = (parts.next(), parts.next());
        let comparison = name.and_then(Comparison::parse);
        match (column, comparison) {
            (Some(column), Some(comparison)) => Ok(Condition {
                column: column.to_owned(),
                comparison,
                value: parts.next().unwrap_or_default().to_owned(),
            }),
            _ => Err(ApiError::invalid(format!(
                "`{text}` is no filter; write column:comparison:value, the comparison one of eq, ne, lt, le, gt, ge, \
                 contains, null, not_null"
            ))),
        }
    });
    Ok(View {
        columns: params.all("columns").map(str::to_owned).collect(),
        conditions: conditions.collect::<Result<_, _>>()?,
        search: params.get("search").map(str::to_owned),
        order: params
            .all("sort")
            .map(|name| match name.strip_prefix('-') {
                Some(name) => (name.to_owned(), true),
                None => (name.to_owned(), false),
            })
            .collect(),
        offset: u64::from(params.offset()?),
        limit: params.limit(ROWS)? as usize,
    })
}

/// A page of a frame, as JSON or with `format=arrow` as an Arrow stream; other products as their bytes.
pub(crate) async fn page(
    State(shared): State<Shared>,
    by: By,
    Path((id, name)): Path<(i64, String)>,
    params: Params,
) -> Result<Response, ApiError> {
    let product = shared.host.product(&by.0, id, Some(&name)).await?;
    if product.kind != ProductKind::Frame {
        let bytes = shared.host.product_bytes(&by.0, &product).await?;
        let kind = match product.kind {
            ProductKind::Json => "application/json",
            ProductKind::Text => "text/plain; charset=utf-8",
            ProductKind::Image => picture(&bytes),
            ProductKind::Opaque | ProductKind::Frame => "application/octet-stream",
        };
        let body = Bytes::from_owner(bytes);
        return Ok(([(header::CONTENT_TYPE, kind)], body).into_response());
    }
    let view = view_of(&params)?;
    let offset = view.offset;
    let page = shared.host.page(&by.0, &product, view).await?;
    if params.get("format") == Some("arrow") {
        let bytes = page_as_arrow(&page.rows).map_err(unreadable)?;
        let total = page.total.to_string();
        return Ok((
            [
                (
                    header::CONTENT_TYPE,
                    "application/vnd.apache.arrow.stream".to_owned(),
                ),
                (header::HeaderName::from_static("x-total-count"), total),
            ],
            bytes,
        )
            .into_response());
    }
    let rows = page_as_json(&page.rows).map_err(unreadable)?;
    let schema = page.rows.schema();
    let columns: Vec<Value> = schema
        .fields()
        .iter()
        .map(|field| json!({"name": field.name(), "type": field.data_type().to_string(), "nullable": field.is_nullable()}))
        .collect();
    Ok(Json(json!({
        "page": {"columns": columns, "rows": rows, "offset": offset},
        "metadata": {"count": page.total},
    }))
    .into_response())
}

/// The type of a picture, by how it begins. What may carry scripts is not shown as a picture.
fn picture(bytes: &[u8]) -> &'static str {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        _ => "application/octet-stream",
    }
}

/// What is known of the columns, over the rows that meet the conditions.
pub(crate) async fn statistics(
    State(shared): State<Shared>,
    by: By,
    Path((id, name)): Path<(i64, String)>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let product = shared.host.product(&by.0, id, Some(&name)).await?;
    let view = view_of(&params)?;
    let found = shared.host.column_statistics(&by.0, &product, view);
    let (rows, columns) = found.await?;
    let columns: Vec<Value> = columns
        .iter()
        .map(|column| {
            json!({
                "name": column.name, "type": column.data_type, "nulls": column.nulls, "min": column.min,
                "max": column.max, "mean": column.mean, "distinct": column.distinct,
                "histogram": column.histogram.as_ref().map(|bars| json!({"counts": bars.counts, "values": bars.values})),
            })
        })
        .collect();
    Ok(Json(
        json!({"statistics": {"rows": rows, "columns": columns}}),
    ))
}
