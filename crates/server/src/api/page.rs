//! The web pages: files of `web/` that travel inside the binary, as they are.
//!
//! Which page stands at which address is decided in the browser, so every address that names no file gets the same
//! start. Nothing here says anything about the project.

use axum::http::HeaderMap;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, VARY,
};
use axum::response::{Html, IntoResponse, Response};

use crate::contract::{Operation, Output};
use crate::error::ApiError;
use crate::params::Path;

include!(concat!(env!("OUT_DIR"), "/page_files.rs"));

/// The page that finds out which page is meant.
const START: &str = "index.html";

/// What stands at `/` when the pages were not there as the binary was built.
const WITHOUT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Baton</title><body>\
    <h1>Baton</h1><p>The server runs, but this binary was built without web pages. \
    Build them with <code>scripts/web.sh</code>, then build Baton again. The API is at <code>/api</code>.</p></body></html>";

fn find(name: &str) -> Option<&'static [u8]> {
    let at = FILES.binary_search_by(|(one, _)| (*one).cmp(name)).ok()?;
    FILES.get(at).map(|(_, bytes)| *bytes)
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}

/// Whether a browser takes this encoding.
fn takes(headers: &HeaderMap, encoding: &str) -> bool {
    let given = headers.get_all(ACCEPT_ENCODING).iter();
    given
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|one| {
            let (name, weight) = one.split_once(';').unwrap_or((one, ""));
            name.trim() == encoding && weight.trim() != "q=0"
        })
}

/// A file, as small as the browser takes it.
fn file(name: &str, headers: &HeaderMap) -> Option<Response> {
    let plain = find(name)?;
    let smaller = [("br", ".br"), ("gzip", ".gz")].into_iter().find_map(
        |(encoding, ending)| -> Option<(&str, &'static [u8])> {
            let bytes = find(&format!("{name}{ending}"))?;
            takes(headers, encoding).then_some((encoding, bytes))
        },
    );
    // The name of a file in `assets` changes with its content.
    let keep = if name.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let mut about: Vec<(HeaderName, &str)> = vec![
        (CONTENT_TYPE, kind(name)),
        (CACHE_CONTROL, keep),
        (VARY, "accept-encoding"),
    ];
    let mut body = plain;
    if let Some((encoding, bytes)) = smaller {
        about.push((CONTENT_ENCODING, encoding));
        body = bytes;
    }
    let mut response = body.into_response();
    for (name, value) in about {
        response
            .headers_mut()
            .insert(name, axum::http::HeaderValue::from_str(value).ok()?);
    }
    Some(response)
}

/// A page, or a file of one.
pub(crate) struct Page(Response);

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        self.0
    }
}

impl Output for Page {
    fn describe(operation: &mut Operation<'_>) {
        operation.gives_bytes("text/html");
    }
}

/// The start of the pages.
pub(crate) async fn show(headers: HeaderMap) -> Page {
    Page(file(START, &headers).unwrap_or_else(|| Html(WITHOUT).into_response()))
}

/// A file of the pages, or their start. Addresses of the API are not pages, and files are either there or not.
pub(crate) async fn show_at(
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Result<Page, ApiError> {
    if let Some(found) = file(&path, &headers) {
        return Ok(Page(found));
    }
    if path == "api" || path.starts_with("api/") || path.starts_with("assets/") {
        return Err(ApiError::not_found("there is nothing at this address"));
    }
    Ok(show(headers).await)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn files_are_found_by_name() {
        assert!(FILES.is_sorted_by_key(|(name, _)| *name));
        for (name, bytes) in FILES {
            assert_eq!(find(name), Some(*bytes), "{name}");
        }
        assert_eq!(find("no/such"), None);
    }

    #[test]
    fn browsers_say_what_they_take() {
        let of = |value| HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]);
        assert!(takes(&of("gzip, deflate, br"), "br"));
        assert!(takes(&of("gzip;q=0.5"), "gzip"));
        assert!(!takes(&of("gzip;q=0"), "gzip"));
        assert!(!takes(&of("gzip"), "br"));
        assert!(!takes(&HeaderMap::new(), "gzip"));
    }
}
