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
    /// Only these columns, in this order. Here as in `sort` and `filter` a name in double quotes is JSON: so a name may be
    /// empty, begin with `-` or a quote, or have `:` in it.
    #[serde(default)]
    columns: Vec<String>,
    /// Columns to sort by, `-name` for the largest first.
    #[serde(default)]
    sort: Vec<String>,
    /// Only rows that meet all of these: column:comparison:value, the comparison one of eq, ne, lt, le, gt, ge,
    /// contains, null, not_null, and the value as it is shown. Lists and the like know no lt, le, gt and ge.
    #[serde(default)]
    filter: Vec<String>,
    /// Only rows with this text in a column.
    search: Option<String>,
}

/// The text in double quotes that `text` begins with, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut texts = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let first = texts.next()?.ok()?;
    let rest = text.get(texts.byte_offset()..)?;
    Some((first, rest))
}

/// The name of a column.
fn column(text: &str) -> String {
    match quoted(text) {
        Some((name, "")) => name,
        _ => text.to_owned(),
    }
}

impl FrameQuery {
    pub(super) fn view(self) -> Result<View, ApiError> {
        let conditions = self.filter.iter().map(|text| {
            let condition = || {
                let (column, rest) = if let Some((column, rest)) = quoted(text) {
                    (column, rest.strip_prefix(':')?)
                } else {
                    let (column, rest) = text.split_once(':')?;
                    (column.to_owned(), rest)
                };
                let (name, value) = rest.split_once(':').unwrap_or((rest, ""));
                Some(Condition {
                    column,
                    comparison: Comparison::parse(name)?,
                    value: value.to_owned(),
                })
            };
            match condition() {
                Some(condition) => Ok(condition),
                None => Err(ApiError::invalid(format!(
                    "`{text}` is no filter; write column:comparison:value, the comparison one of eq, ne, lt, le, gt, ge, \
                     contains, null, not_null"
                ))),
            }
        });
        let conditions = conditions.collect::<Result<_, _>>()?;
        let order = self.sort.into_iter();
        let order = order.map(|name| match name.strip_prefix('-') {
            Some(name) => (column(name), true),
            None => (column(&name), false),
        });
        Ok(View {
            columns: self.columns.iter().map(|name| column(name)).collect(),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn query(columns: &[&str], sort: &[&str], filter: &[&str]) -> FrameQuery {
        let all = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        FrameQuery {
            columns: all(columns),
            sort: all(sort),
            filter: all(filter),
            search: None,
        }
    }

    #[test]
    fn every_name_of_a_column_can_be_written() {
        let plain = ["a", "a b", "ü"];
        let odd = ["", "-a", "a:b", "a:eq:1", "\"", "\"a\"", ":", "-\"a\""];
        for name in plain.iter().chain(&odd) {
            let written = if plain.contains(name) {
                (*name).to_owned()
            } else {
                Value::from(*name).to_string()
            };
            let (down, condition) = (format!("-{written}"), format!("{written}:ge:x:y"));
            let wanted = query(&[&written], &[&written, &down], &[&condition]);
            let view = wanted.view().unwrap();
            assert_eq!(view.columns, [*name]);
            assert_eq!(
                view.order,
                [((*name).to_owned(), false), ((*name).to_owned(), true)]
            );
            let condition = &view.conditions[0];
            assert_eq!(
                (condition.column.as_str(), condition.value.as_str()),
                (*name, "x:y")
            );
        }
        for wrong in ["a", "a:is:1", "\"a\"eq:1", "a:b:eq:1"] {
            let refused = query(&[], &[], &[wrong]).view().unwrap_err();
            assert!(
                refused.message.contains("is no filter"),
                "{}",
                refused.message
            );
        }
    }
}
