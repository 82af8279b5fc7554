//! The query of a request, as Mage's clients write it: `status[]=failed&status[]=running&_limit=20`.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use percent_encoding::percent_decode_str;

use crate::error::ApiError;

/// Most rows of one page.
pub(crate) const MOST_ROWS: u32 = 5_000;

/// The pairs of a query, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    fn parse(query: &str) -> Self {
        let decode = |text: &str| {
            let text = text.replace('+', " ");
            percent_decode_str(&text).decode_utf8_lossy().into_owned()
        };
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decode(name), decode(value))
                })
                .collect(),
        )
    }

    /// The last value of a name.
    pub(crate) fn get<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).last()
    }

    /// All values of a name, with or without brackets behind it.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(given, _)| given.strip_suffix("[]").unwrap_or(given) == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// A number, if one is given.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, ApiError> {
        self.get(name)
            .map(|text| {
                text.parse()
                    .map_err(|_| ApiError::invalid(format!("`{name}` is not a number")))
            })
            .transpose()
    }

    /// `_limit`, at most [`MOST_ROWS`].
    pub(crate) fn limit(&self, default: u32) -> Result<u32, ApiError> {
        let given = self.number("_limit")?;
        Ok(given.map_or(default, |limit| {
            u32::try_from(limit).unwrap_or(0).min(MOST_ROWS)
        }))
    }

    /// `_offset`.
    pub(crate) fn offset(&self) -> Result<u32, ApiError> {
        let given = self.number("_offset")?;
        Ok(given.map_or(0, |offset| u32::try_from(offset).unwrap_or(0)))
    }
}

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read() {
        let params =
            Params::parse("status[]=failed&status%5B%5D=running&_limit=20&name=a%20b+c&empty=");
        assert_eq!(
            params.all("status").collect::<Vec<_>>(),
            ["failed", "running"]
        );
        assert_eq!(params.limit(5).unwrap(), 20);
        assert_eq!(params.get("name"), Some("a b c"));
        assert_eq!(params.get("empty"), None);
        assert!(Params::parse("_limit=x").limit(1).is_err());
        assert_eq!(Params::parse("_limit=1000000").limit(1).unwrap(), MOST_ROWS);
    }
}
