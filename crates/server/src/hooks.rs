//! Global hooks around routes: a request that hooks follow is told to them before and after, and they may change its
//! query, its body and its answer.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{MatchedPath, RawPathParams, Request, State};
use axum::http::{Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use baton_app::{LARGEST_FILE, Operation};
use baton_model::Map;
use baton_project::{HookCondition, HookOperation, HookStage};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};

use crate::Shared;
use crate::body::read;
use crate::error::ApiError;

/// The resource of a route and what is done with it, in the words of hooks.
struct Target {
    /// `pipeline_runs`
    plural: String,
    /// `pipeline_run`
    singular: String,
    /// `PipelineRun`
    resource: String,
    kind: HookOperation,
}

fn target(method: &Method, pattern: &str) -> Option<Target> {
    let path = pattern.strip_prefix("/api/")?;
    let plural = path.split('/').rfind(|part| !part.starts_with('{'))?;
    // What this route makes is a run.
    let plural = if plural == "api_trigger" {
        "pipeline_runs"
    } else {
        plural
    };
    let is_one = path.ends_with('}');
    let kind = match *method {
        Method::GET if is_one => HookOperation::Detail,
        Method::GET => HookOperation::List,
        Method::POST => HookOperation::Create,
        Method::PUT => HookOperation::Update,
        Method::DELETE => HookOperation::Delete,
        _ => return None,
    };
    let singular = plural.strip_suffix('s').unwrap_or(plural);
    let words = singular.split('_').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    Some(Target {
        plural: plural.to_owned(),
        singular: singular.to_owned(),
        resource: words.collect(),
        kind,
    })
}

/// Every resource that a route is about, in the words of hooks.
#[cfg(test)]
fn resources() -> std::collections::BTreeSet<String> {
    let routes = crate::access::ROUTES.iter();
    let targets = routes.filter_map(|route| target(&route.method.parse().ok()?, route.path));
    targets.map(|target| target.resource).collect()
}

/// Lets a request through, with the hooks that follow it.
pub(crate) async fn around(
    State(shared): State<Shared>,
    ids: RawPathParams,
    request: Request,
    next: Next,
) -> Response {
    let pattern = request.extensions().get::<MatchedPath>();
    let target = pattern.and_then(|pattern| target(request.method(), pattern.as_str()));
    let Some(target) = target else {
        return next.run(request).await;
    };
    match shared.host.hooks_on(&target.resource, target.kind).await {
        Ok(None) => next.run(request).await,
        Ok(Some(hooks)) => {
            let ids = ids
                .iter()
                .map(|(name, value)| {
                    let name = if name == target.singular {
                        "uuid"
                    } else {
                        name
                    };
                    (name.to_owned(), json!(value))
                })
                .collect();
            let operation = Operation {
                resource: target.resource.clone(),
                kind: target.kind,
                ids,
                parts: Map::new(),
            };
            let done = with_hooks(&shared, &hooks, &target, operation, request, next).await;
            done.unwrap_or_else(IntoResponse::into_response)
        }
        Err(failure) => ApiError::from(failure).into_response(),
    }
}

async fn with_hooks(
    shared: &Shared,
    hooks: &baton_project::GlobalHooks,
    target: &Target,
    mut operation: Operation,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let (mut parts, body) = request.into_parts();
    let bytes = read(body, LARGEST_FILE).await?;
    let mut sent = serde_json::from_slice::<Value>(&bytes).ok();
    let payload = sent.as_ref().map(|sent| {
        let inside = sent.get(&target.singular);
        inside.unwrap_or(sent).clone()
    });
    let query = query_of(parts.uri.query().unwrap_or_default());
    operation.parts.extend(
        payload
            .clone()
            .map(|payload| ("payload".to_owned(), payload)),
    );
    operation.parts.insert("query".to_owned(), query.clone());
    shared
        .host
        .run_hooks(hooks, HookStage::Before, None, &mut operation)
        .await?;
    let mut body = bytes;
    let changed = operation.parts.get("payload");
    if changed != payload.as_ref()
        && let Some(changed) = changed
    {
        match sent
            .as_mut()
            .and_then(|sent| sent.get_mut(&target.singular))
        {
            Some(inside) => *inside = changed.clone(),
            None => sent = Some(changed.clone()),
        }
        body = Bytes::from(sent.unwrap_or_default().to_string());
        parts
            .headers
            .insert(header::CONTENT_LENGTH, body.len().into());
    }
    if let Some(changed) = operation.parts.get("query").filter(|now| **now != query) {
        parts.uri = with_query(&parts.uri, changed)?;
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    after(shared, hooks, target, operation, response).await
}

/// Tells the hooks what came of the operation, and puts what they change into the answer.
async fn after(
    shared: &Shared,
    hooks: &baton_project::GlobalHooks,
    target: &Target,
    mut operation: Operation,
    response: Response,
) -> Result<Response, ApiError> {
    let is_good = response.status().is_success();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_json = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let end = Some(if is_good {
        HookCondition::Success
    } else {
        HookCondition::Failure
    });
    // Streams and files pass by: the hooks learn how they began.
    if !is_json {
        shared
            .host
            .run_hooks(hooks, HookStage::After, end, &mut operation)
            .await?;
        return Ok(response);
    }
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await;
    let bytes =
        bytes.map_err(|error| ApiError::invalid(format!("the answer broke off: {error}")))?;
    let mut answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let places = [
        ("error", "error"),
        ("meta", "meta"),
        ("metadata", "metadata"),
        ("resource", target.singular.as_str()),
        ("resources", target.plural.as_str()),
    ];
    for (part, key) in places {
        // What was there before does not stand for what came out.
        operation.parts.shift_remove(part);
        if let Some(value) = answer.get(key) {
            operation.parts.insert(part.to_owned(), value.clone());
        }
    }
    let before = operation.parts.clone();
    shared
        .host
        .run_hooks(hooks, HookStage::After, end, &mut operation)
        .await?;
    if operation.parts == before {
        return Ok(Response::from_parts(parts, Body::from(bytes)));
    }
    if let Value::Object(answer) = &mut answer {
        for (part, key) in places {
            if let Some(value) = operation.parts.shift_remove(part) {
                answer.insert(key.to_owned(), value);
            }
        }
    }
    let text = answer.to_string();
    parts
        .headers
        .insert(header::CONTENT_LENGTH, text.len().into());
    Ok(Response::from_parts(parts, Body::from(text)))
}

/// The query as hooks see it: names with lists of values.
fn query_of(query: &str) -> Value {
    let mut map = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decode = |text: &str| {
            let text = text.replace('+', " ");
            percent_decode_str(&text).decode_utf8_lossy().into_owned()
        };
        let values = map.entry(decode(name)).or_insert_with(|| json!([]));
        if let Value::Array(values) = values {
            values.push(json!(decode(value)));
        }
    }
    Value::Object(map)
}

fn with_query(uri: &Uri, query: &Value) -> Result<Uri, ApiError> {
    let mut pairs = Vec::new();
    for (name, values) in query.as_object().into_iter().flatten() {
        let values = match values {
            Value::Array(values) => values.as_slice(),
            one => std::slice::from_ref(one),
        };
        for value in values {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            pairs.push(format!("{}={}", encode(name), encode(&value)));
        }
    }
    let text = format!("{}?{}", uri.path(), pairs.join("&"));
    text.parse()
        .map_err(|_| ApiError::invalid("a hook made a query that cannot be asked"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_have_the_names_that_hooks_use() {
        for (method, pattern, resource, kind) in [
            ("GET", "/api/pipelines", "Pipeline", HookOperation::List),
            (
                "PUT",
                "/api/pipelines/{pipeline}",
                "Pipeline",
                HookOperation::Update,
            ),
            (
                "POST",
                "/api/pipelines/{pipeline}/blocks",
                "Block",
                HookOperation::Create,
            ),
            (
                "DELETE",
                "/api/pipeline_runs/{id}",
                "PipelineRun",
                HookOperation::Delete,
            ),
            (
                "POST",
                "/api/pipeline_schedules/{id}/api_trigger",
                "PipelineRun",
                HookOperation::Create,
            ),
            (
                "POST",
                "/api/pipeline_schedules/{id}/pipeline_runs/{token}",
                "PipelineRun",
                HookOperation::Create,
            ),
        ] {
            let found = target(&method.parse().unwrap(), pattern).unwrap();
            assert_eq!((found.resource.as_str(), found.kind), (resource, kind));
        }
        assert!(target(&Method::GET, "/metrics").is_none());
        // What the check accepts exists.
        let resources = resources();
        for name in baton_project::HOOKED {
            assert!(resources.contains(*name), "{name}: {resources:?}");
        }
    }

    #[test]
    fn queries_come_back_as_they_were() {
        let uri: Uri = "/api/logs?a[]=1&a[]=2&b=x%20%26y".parse().unwrap();
        let query = query_of(uri.query().unwrap());
        assert_eq!(query, json!({"a[]": ["1", "2"], "b": ["x &y"]}));
        let again = with_query(&uri, &query).unwrap();
        assert_eq!(query_of(again.query().unwrap()), query);
    }
}
