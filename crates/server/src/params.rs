//! What the address of a request says: the places of its path, and its query as Mage's clients write it:
//! `status[]=failed&status[]=running&_limit=20`.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::http::request::Parts;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::answer::{Many, Metadata};
use crate::contract::{Input, Operation};
use crate::error::ApiError;

/// Most rows of one page.
pub(crate) const MOST_ROWS: u32 = 5_000;

/// What stands in the places of the path.
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let found = axum::extract::Path::from_request_parts(parts, state).await;
        match found {
            Ok(axum::extract::Path(found)) => Ok(Self(found)),
            Err(PathRejection::FailedToDeserializePathParams(failed)) => {
                Err(match failed.into_kind() {
                    // Nothing but numbers is read from a text.
                    ErrorKind::ParseError { value, .. }
                    | ErrorKind::ParseErrorAtIndex { value, .. }
                    | ErrorKind::ParseErrorAtKey { value, .. } => {
                        ApiError::invalid(format!("`{value}` in the address is no whole number"))
                    }
                    ErrorKind::InvalidUtf8InPathParam { .. } => {
                        ApiError::invalid("the address is no UTF-8")
                    }
                    other => ApiError::bug(other.to_string()),
                })
            }
            Err(other) => Err(ApiError::bug(other.to_string())),
        }
    }
}

/// What the query says: the fields of `T`, whatever else it says. Lists come as `name[]=a&name[]=b` or without brackets.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> Query<T> {
    fn parse(query: &str) -> Result<Self, ApiError> {
        let pairs = form_urlencoded::parse(query.as_bytes());
        // A name without a value says nothing.
        let pairs = pairs.filter(|(_, value)| !value.is_empty());
        let pairs = pairs.map(|(name, value)| {
            let plain = name.strip_suffix("[]").map(str::to_owned);
            (plain.unwrap_or_else(|| name.into_owned()), value)
        });
        let mut text = form_urlencoded::Serializer::new(String::new());
        let text = text.extend_pairs(pairs).finish();
        let fields = form_urlencoded::parse(text.as_bytes());
        let fields = serde_html_form::Deserializer::new(fields);
        match serde_path_to_error::deserialize(fields) {
            Ok(found) => Ok(Self(found)),
            Err(error) => {
                let text = error.inner().to_string();
                if let Some(name) = text.strip_prefix("missing field ") {
                    return Err(ApiError::invalid(format!("{name} is missing")));
                }
                let text = match text.as_str() {
                    // Several values where one is wanted.
                    "unsupported value" => "give it once",
                    other => other,
                };
                let name = error.path().iter().next().map(ToString::to_string);
                let name = name.unwrap_or_default();
                Err(ApiError::invalid(format!(
                    "`{name}` cannot have this value: {text}"
                )))
            }
        }
    }
}

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

impl<T: JsonSchema> Input for Query<T> {
    fn describe(operation: &mut Operation<'_>) {
        operation.query::<T>();
    }
}

/// Yes or no, in the words that Mage's clients use.
pub(crate) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    let word = String::deserialize(from)?;
    match word.as_str() {
        "1" | "true" | "True" => Ok(Some(true)),
        "0" | "false" | "False" => Ok(Some(false)),
        _ => Err(serde::de::Error::custom("write 1 or 0")),
    }
}

/// How much of a list is wanted.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Limit {
    /// So many rows at most; 5000 is the most there can be.
    #[serde(rename = "_limit")]
    limit: Option<u64>,
}

impl Limit {
    /// `_limit`, at most [`MOST_ROWS`].
    pub(crate) fn limit(&self, default: u32) -> u32 {
        self.limit
            .map_or(default, |limit| limit.min(MOST_ROWS.into()) as u32)
    }
}

/// Which part of a list is wanted.
pub(crate) struct Window {
    limit: Limit,
    offset: Offset,
}

#[derive(Deserialize, JsonSchema)]
struct Offset {
    /// So many rows are left out first.
    #[serde(rename = "_offset")]
    offset: Option<u64>,
}

impl Window {
    fn parse(query: &str) -> Result<Self, ApiError> {
        let (Query(limit), Query(offset)) = (Query::parse(query)?, Query::parse(query)?);
        Ok(Self { limit, offset })
    }

    /// `_limit`, at most [`MOST_ROWS`].
    pub(crate) fn limit(&self, default: u32) -> u32 {
        self.limit.limit(default)
    }

    /// `_offset`.
    pub(crate) fn offset(&self) -> u32 {
        let offset = self.offset.offset.unwrap_or(0);
        offset.min(u32::MAX.into()) as u32
    }
}

impl<S: Sync> FromRequestParts<S> for Window {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

impl Input for Window {
    fn describe(operation: &mut Operation<'_>) {
        operation.query::<Limit>();
        operation.query::<Offset>();
    }
}

/// Which page of a list is wanted, where its rows have keys that go on.
pub(crate) struct Paging {
    window: Window,
    cursor: Cursor,
}

#[derive(Deserialize, JsonSchema)]
struct Cursor {
    /// What the page before this one gave as `next_cursor`.
    cursor: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Paging {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

impl Input for Paging {
    fn describe(operation: &mut Operation<'_>) {
        Window::describe(operation);
        operation.query::<Cursor>();
    }
}

/// How the keys of a list go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Up,
    Down,
}

impl Paging {
    fn parse(query: &str) -> Result<Self, ApiError> {
        let (window, Query(cursor)) = (Window::parse(query)?, Query::parse(query)?);
        Ok(Self { window, cursor })
    }

    /// `_limit`, at most [`MOST_ROWS`].
    pub(crate) fn limit(&self, default: u32) -> u32 {
        self.window.limit(default)
    }

    /// `_offset`.
    pub(crate) fn offset(&self) -> u32 {
        self.window.offset()
    }

    /// The key of the last row that the client has seen.
    pub(crate) fn after<K: FromStr>(&self) -> Result<Option<K>, ApiError> {
        let parsed = self.cursor.cursor.as_ref().map(|text| text.parse());
        let parsed = parsed.transpose();
        parsed.map_err(|_| ApiError::invalid("`cursor` is none that this list gave"))
    }

    /// The page of a list that is wholly at hand, in the order of its keys.
    pub(crate) fn cut<T, K: Ord + Display + FromStr>(
        &self,
        rows: Vec<T>,
        default: u32,
        order: Order,
        key: impl Fn(&T) -> K,
    ) -> Result<Many<T>, ApiError> {
        let count = rows.len() as u64;
        let after = self.after::<K>()?;
        let is_seen = |row: &T| {
            after.as_ref().is_some_and(|after| match order {
                Order::Up => key(row) <= *after,
                Order::Down => key(row) >= *after,
            })
        };
        let limit = self.limit(default) as usize;
        let left = rows.into_iter().skip_while(is_seen);
        let mut rows: Vec<T> = left
            .skip(self.offset() as usize)
            .take(limit.saturating_add(1))
            .collect();
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        Ok(Many {
            metadata: Metadata::of(&rows, count, has_more, key),
            rows,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Wanted {
        #[serde(default)]
        status: Vec<String>,
        name: Option<String>,
        empty: Option<String>,
        number: Option<i64>,
        #[serde(default, deserialize_with = "flag")]
        is_on: Option<bool>,
    }

    #[test]
    fn queries_are_read() {
        let text = "status[]=failed&status%5B%5D=running&_limit=20&name=a%20b+c%26d&empty=&number=-3&is_on=True";
        let Query(wanted) = Query::<Wanted>::parse(text).unwrap();
        assert_eq!(wanted.status, ["failed", "running"]);
        assert_eq!(wanted.name.as_deref(), Some("a b c&d"));
        assert_eq!(wanted.empty, None);
        assert_eq!(wanted.number, Some(-3));
        assert_eq!(wanted.is_on, Some(true));
        let Query(wanted) = Query::<Wanted>::parse("status=one").unwrap();
        assert_eq!(wanted.status, ["one"]);
        for (wrong, name) in [
            ("number=x", "`number` cannot"),
            ("is_on=maybe", "`is_on` cannot"),
            (
                "name=a&name[]=b",
                "`name` cannot have this value: give it once",
            ),
        ] {
            let error = Query::<Wanted>::parse(wrong).err().unwrap();
            assert!(error.message.contains(name), "{}", error.message);
        }
    }

    #[test]
    fn pages_follow_one_another_though_rows_come_and_go() {
        let page = |text: &str, rows: Vec<i64>, order| {
            let paging = Paging::parse(text).unwrap();
            let page = paging.cut(rows, 2, order, |row| *row).unwrap();
            (page.rows, page.metadata)
        };
        let (rows, told) = page("", vec![1, 2, 3, 5], Order::Up);
        assert_eq!((rows, told.next), (vec![1, 2], true));
        let cursor = format!("cursor={}", told.next_cursor.unwrap());
        // The last row that was seen is gone, and one has come before it.
        let (rows, told) = page(&cursor, vec![0, 1, 3, 5], Order::Up);
        assert_eq!((rows, told.next), (vec![3, 5], false));
        let (rows, told) = page("_limit=1", vec![5, 3, 1], Order::Down);
        assert_eq!((rows, told.count), (vec![5], 3));
        let cursor = format!("cursor={}", told.next_cursor.unwrap());
        let (rows, _) = page(&cursor, vec![9, 5, 3, 1], Order::Down);
        assert_eq!(rows, [3, 1]);
        let (rows, _) = page("_offset=1&_limit=1000000", vec![1, 2, 3], Order::Up);
        assert_eq!(rows, [2, 3]);
        let paging = Paging::parse("cursor=x").unwrap();
        assert!(paging.after::<i64>().is_err());
        assert_eq!(Paging::parse("").unwrap().limit(7), 7);
        let paging = Paging::parse("_limit=9999999999&_offset=5000000000").unwrap();
        assert_eq!((paging.limit(7), paging.offset()), (MOST_ROWS, u32::MAX));
        for negative in ["_limit=-1", "_offset=-5"] {
            assert!(Paging::parse(negative).is_err());
        }
    }
}
