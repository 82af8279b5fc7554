//! `files`, `file_contents`, `folders` and `browser_items`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use baton_app::{FileBody, FileNode, FileTree, Writing, flat};
use serde_json::{Value, json};

use super::By;
use crate::Shared;
use crate::body::{Content, IfMatch, Payload};
use crate::error::ApiError;
use crate::params::Params;
use crate::times;

fn node(one: &FileNode) -> Value {
    let mut view = json!({
        "name": one.name,
        "path": one.path,
        "size": one.size,
        "modified_timestamp": one.modified.0 / 1_000_000,
        "updated_at": times::text(one.modified),
    });
    if let Some(children) = &one.children {
        view["children"] = children.iter().map(node).collect();
    }
    view
}

fn body(file: &FileBody, with_content: bool) -> Value {
    let text = std::str::from_utf8(&file.bytes).ok();
    let name = file.path.rsplit('/').next().unwrap_or(&file.path);
    let mut view = json!({
        "name": name,
        "path": file.path,
        "size": file.bytes.len(),
        "modified_timestamp": file.modified.0 / 1_000_000,
        "updated_at": times::text(file.modified),
        "revision": file.revision,
        "is_text": text.is_some(),
    });
    if with_content {
        view["content"] = json!(text);
    }
    view
}

fn is_on(params: &Params, name: &str) -> bool {
    matches!(params.get(name), Some("1" | "true" | "True"))
}

fn tree(shared: &Shared, tree: &FileTree) -> Json<Value> {
    let name = shared.host.root().file_name().unwrap_or_default();
    let children: Vec<Value> = tree.children.iter().map(node).collect();
    let root = json!({"name": name.to_string_lossy(), "path": "", "children": children});
    Json(json!({"files": [root], "metadata": {"is_cut": tree.is_cut}}))
}

/// The tree of the project, or of the folder `path`.
pub(crate) async fn list(
    State(shared): State<Shared>,
    By(actor): By,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let below = params.get("path").map(str::to_owned);
    let found = shared.host.file_tree(&actor, below).await?;
    Ok(tree(&shared, &found))
}

/// The same, without its shape: every file and folder in one list.
pub(crate) async fn browse(
    State(shared): State<Shared>,
    By(actor): By,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let below = params.get("directory").map(str::to_owned);
    let found = shared.host.file_tree(&actor, below).await?;
    let mut items = Vec::new();
    flat(&found.children, &mut |one| {
        items.push(json!({
            "name": one.name,
            "path": one.path,
            "size": one.size,
            "modified_timestamp": one.modified.0 / 1_000_000,
            "type": if one.children.is_some() { "directory" } else { "file" },
        }));
    });
    Ok(Json(json!({
        "browser_items": items,
        "metadata": {"count": items.len(), "is_cut": found.is_cut},
    })))
}

/// What is known of a file.
pub(crate) async fn show(
    State(shared): State<Shared>,
    By(actor): By,
    Path(path): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let file = shared.host.file(&actor, path).await?;
    Ok(Json(json!({"file": body(&file, false)})))
}

/// Makes a file.
pub(crate) async fn create(
    State(shared): State<Shared>,
    By(actor): By,
    payload: Payload,
) -> Result<Json<Value>, ApiError> {
    let wanted = payload.inside("file")?;
    let file = shared.host.create_file(&actor, &wanted).await?;
    Ok(Json(json!({"file": body(&file, true)})))
}

/// Gives a file another name or folder.
pub(crate) async fn rename(
    State(shared): State<Shared>,
    By(actor): By,
    Path(path): Path<String>,
    payload: Payload,
) -> Result<Json<Value>, ApiError> {
    let wanted = payload.inside("file")?;
    let moved = shared.host.move_file(&actor, path, &wanted).await?;
    let name = moved.rsplit('/').next().unwrap_or(&moved);
    Ok(Json(json!({"file": {"name": name, "path": moved}})))
}

/// Deletes a file.
pub(crate) async fn remove(
    State(shared): State<Shared>,
    By(actor): By,
    Path(path): Path<String>,
    if_match: IfMatch,
) -> Result<Json<Value>, ApiError> {
    let gone = path.clone();
    shared.host.delete_file(&actor, path, if_match.0).await?;
    Ok(Json(json!({"file": {"path": gone}})))
}

/// What a file holds: as text in JSON, or its bytes to whoever accepts nothing else.
pub(crate) async fn content(
    State(shared): State<Shared>,
    By(actor): By,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let file = shared.host.file(&actor, path).await?;
    let accepted = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    if accepted == Some("application/octet-stream") {
        let etag = format!("\"{}\"", file.revision);
        let facts = [
            (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
            (header::CONTENT_DISPOSITION, "attachment".to_owned()),
            (header::ETAG, etag),
        ];
        return Ok((facts, file.bytes).into_response());
    }
    Ok(Json(json!({"file_content": body(&file, true)})).into_response())
}

/// Writes a file: the text `content` of JSON, or the bytes of the body. A file that is not there yet is made from bytes,
/// or with `create=1`.
pub(crate) async fn write(
    State(shared): State<Shared>,
    By(actor): By,
    Path(path): Path<String>,
    params: Params,
    if_match: IfMatch,
    headers: HeaderMap,
    content: Content,
) -> Result<Json<Value>, ApiError> {
    let is_new = headers.contains_key(header::IF_NONE_MATCH);
    let (bytes, revision, may_make) = match content {
        Content::Bytes(bytes) => (bytes, if_match.0, true),
        Content::Map(payload) => {
            let wanted = payload.inside("file_content")?;
            let revision = if_match.or(&wanted)?;
            let text = match wanted.get("content") {
                Some(Value::String(text)) => text.clone(),
                Some(_) => return Err(ApiError::invalid("`content` must be a text")),
                None => return Err(ApiError::invalid("`content` is missing")),
            };
            (text.into_bytes(), revision, is_on(&params, "create"))
        }
    };
    let writing = Writing {
        revision,
        is_new,
        is_known: !may_make && !is_new,
    };
    let file = shared.host.write_file(&actor, path, bytes, writing).await?;
    Ok(Json(json!({"file_content": body(&file, true)})))
}

/// Makes a folder.
pub(crate) async fn create_folder(
    State(shared): State<Shared>,
    By(actor): By,
    payload: Payload,
) -> Result<Json<Value>, ApiError> {
    let wanted = payload.inside("folder")?;
    let path = shared.host.create_folder(&actor, &wanted).await?;
    Ok(Json(json!({"folder": {"path": path}})))
}

/// What a folder holds.
pub(crate) async fn show_folder(
    State(shared): State<Shared>,
    By(actor): By,
    Path(path): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let found = shared.host.file_tree(&actor, Some(path.clone())).await?;
    let children: Vec<Value> = found.children.iter().map(node).collect();
    Ok(Json(
        json!({"folder": {"path": path, "children": children}, "metadata": {"is_cut": found.is_cut}}),
    ))
}

/// Gives a folder another name or place.
pub(crate) async fn rename_folder(
    State(shared): State<Shared>,
    By(actor): By,
    Path(path): Path<String>,
    payload: Payload,
) -> Result<Json<Value>, ApiError> {
    let wanted = payload.inside("folder")?;
    let moved = shared.host.move_file(&actor, path, &wanted).await?;
    Ok(Json(json!({"folder": {"path": moved}})))
}

/// Deletes a folder.
pub(crate) async fn remove_folder(
    State(shared): State<Shared>,
    By(actor): By,
    Path(path): Path<String>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let gone = path.clone();
    let is_forced = is_on(&params, "force");
    shared.host.delete_folder(&actor, path, is_forced).await?;
    Ok(Json(json!({"folder": {"path": gone}})))
}
