//! `outputs`: a product page by page, or as its bytes.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use baton_model::ProductKind;
use baton_products::{Comparison, Condition, View, page_as_arrow, page_as_json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::By;
use super::outputs::{ColumnInfo, unreadable};
use crate::Shared;
use crate::answer::{Named, With};
use crate::contract::{Operation, Output};
use crate::error::ApiError;
use crate::params::{Path, Query, Window};

/// Rows of a page when no number is asked for.
const ROWS: u32 = 100;

/// What is wanted of a frame.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct FrameQuery {
    /// Only these columns, in this order.
    #[serde(default)]
    columns: Vec<String>,
    /// Columns to sort by, `-name` for the largest first.
    #[serde(default)]
    sort: Vec<String>,
    /// Only rows that meet all of these: column:comparison:value, the comparison one of eq, ne, lt, le, gt, ge,
    /// contains, null, not_null.
    #[serde(default)]
    filter: Vec<String>,
    /// Only rows with this text in a column.
    search: Option<String>,
}

impl FrameQuery {
    pub(super) fn view(self) -> Result<View, ApiError> {
        let conditions = self.filter.iter().map(|text| {
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
        let conditions = conditions.collect::<Result<_, _>>()?;
        let order = self.sort.into_iter();
        let order = order.map(|name| match name.strip_prefix('-') {
            Some(name) => (name.to_owned(), true),
            None => (name, false),
        });
        Ok(View {
            columns: self.columns,
            conditions,
            search: self.search,
            order: order.collect(),
            offset: 0,
            limit: ROWS as usize,
        })
    }
}

/// A page of a frame.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OutputPage")]
pub(crate) struct PageView {
    columns: Vec<ColumnInfo>,
    /// Each a map from the names of the columns; a name that appears twice has a number behind it.
    rows: Vec<Map<String, Value>>,
    /// The number of the first row among those that meet the conditions.
    offset: u64,
}

/// What is known of a page of a frame.
#[derive(Serialize, JsonSchema)]
pub(crate) struct PageMetadata {
    /// How many rows meet the conditions.
    count: u64,
}

impl Named for PageView {
    const ONE: &'static str = "page";
}

/// Something that a block produced, in the form that was asked for.
pub(crate) enum OutputPage {
    Rows(With<PageView, PageMetadata>),
    Arrow(Vec<u8>, u64),
    Bytes(&'static str, Bytes),
}

const ARROW_STREAM: &str = "application/vnd.apache.arrow.stream";

impl IntoResponse for OutputPage {
    fn into_response(self) -> Response {
        match self {
            Self::Rows(rows) => rows.into_response(),
            Self::Arrow(bytes, total) => {
                let count = header::HeaderName::from_static("x-total-count");
                let headers = [
                    (header::CONTENT_TYPE, ARROW_STREAM.to_owned()),
                    (count, total.to_string()),
                ];
                (headers, bytes).into_response()
            }
            Self::Bytes(kind, bytes) => ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
        }
    }
}

impl Output for OutputPage {
    fn describe(operation: &mut Operation<'_>) {
        With::<PageView, PageMetadata>::describe(operation);
        for kind in [
            ARROW_STREAM,
            "text/plain; charset=utf-8",
            "image/*",
            "application/octet-stream",
        ] {
            operation.gives_bytes(kind);
        }
    }
}

/// In which form.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct FormQuery {
    /// `arrow` gives the rows of a frame as an Arrow stream.
    #[serde(default)]
    format: Form,
}

#[derive(Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Form {
    #[default]
    Json,
    Arrow,
}

/// A page of a frame, as JSON or with `format=arrow` as an Arrow stream; other products as their bytes.
pub(crate) async fn page(
    State(shared): State<Shared>,
    by: By,
    Path((id, name)): Path<(i64, String)>,
    Query(query): Query<FrameQuery>,
    Query(form): Query<FormQuery>,
    window: Window,
) -> Result<OutputPage, ApiError> {
    let product = shared.host.product(&by.0, id, Some(&name)).await?;
    if product.kind != ProductKind::Frame {
        let bytes = shared.host.product_bytes(&by.0, &product).await?;
        let kind = match product.kind {
            ProductKind::Json => "application/json",
            ProductKind::Text => "text/plain; charset=utf-8",
            ProductKind::Image => picture(&bytes),
            ProductKind::Opaque | ProductKind::Frame => "application/octet-stream",
        };
        return Ok(OutputPage::Bytes(kind, Bytes::from_owner(bytes)));
    }
    let offset = window.offset().into();
    let view = View {
        offset,
        limit: window.limit(ROWS) as usize,
        ..query.view()?
    };
    let page = shared.host.page(&by.0, &product, view).await?;
    if form.format == Form::Arrow {
        let bytes = page_as_arrow(&page.rows).map_err(unreadable)?;
        return Ok(OutputPage::Arrow(bytes, page.total));
    }
    let schema = page.rows.schema();
    let columns = schema.fields().iter();
    let columns =
        columns.map(|field| ColumnInfo::new(field.name(), field.data_type(), field.is_nullable()));
    let view = PageView {
        columns: columns.collect(),
        rows: page_as_json(&page.rows).map_err(unreadable)?,
        offset,
    };
    let metadata = PageMetadata { count: page.total };
    Ok(OutputPage::Rows(With(view, metadata)))
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
