//! `files`, `file_contents`, `folders` and `browser_items`.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use baton_app::{FileBody, FileNode, FileTree, Writing, flat};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::By;
use crate::answer::{ManyWith, Named, One, With};
use crate::body::{Content, IfMatch, Payload};
use crate::contract::{Operation, Output};
use crate::error::ApiError;
use crate::params::{Path, Query, flag};
use crate::{Shared, times};

/// A file or folder of a tree.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FileTreeNode {
    name: String,
    path: String,
    /// Left out of the root.
    #[serde(flatten)]
    facts: Option<FileFacts>,
    /// How many pipelines use it for a block; left out of a file that none uses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_count: Option<usize>,
    /// What a folder holds; left out of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    children: Option<Vec<FileTreeNode>>,
}

/// How large something is, and when it was changed.
#[derive(Serialize, JsonSchema)]
struct FileFacts {
    size: u64,
    /// Seconds since 1970 (UTC).
    modified_timestamp: i64,
    updated_at: String,
}

impl Named for FileTreeNode {
    const ONE: &'static str = "file";
    const MANY: &'static str = "files";
}

impl FileTreeNode {
    fn all(nodes: &[FileNode], uses: &HashMap<String, usize>) -> Vec<Self> {
        nodes.iter().map(|node| Self::new(node, uses)).collect()
    }

    fn new(one: &FileNode, uses: &HashMap<String, usize>) -> Self {
        let children = one.children.as_ref();
        Self {
            name: one.name.clone(),
            path: one.path.clone(),
            facts: Some(FileFacts {
                size: one.size,
                modified_timestamp: one.modified.0 / 1_000_000,
                updated_at: times::text(one.modified),
            }),
            pipeline_count: uses.get(&one.path).copied(),
            children: children.map(|children| Self::all(children, uses)),
        }
    }
}

/// What is known of a list of files.
#[derive(Serialize, JsonSchema)]
pub(crate) struct TreeMetadata {
    /// Whether there are more files than are told.
    is_cut: bool,
}

/// A file.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "File")]
pub(crate) struct FileView {
    name: String,
    path: String,
    #[serde(flatten)]
    facts: FileFacts,
    /// Names the content: send it with a change.
    revision: String,
    /// Whether it is text.
    is_text: bool,
    #[serde(flatten)]
    text: Option<FileText>,
}

/// What a file holds, where that is asked for.
#[derive(Serialize, JsonSchema)]
struct FileText {
    /// Null when it is no text.
    content: Option<String>,
}

/// A file with what it holds.
#[derive(Serialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct FileContent(FileView);

impl Named for FileView {
    const ONE: &'static str = "file";
}

impl Named for FileContent {
    const ONE: &'static str = "file_content";
}

fn view(file: &FileBody, with_content: bool) -> FileView {
    let text = std::str::from_utf8(&file.bytes).ok();
    FileView {
        name: last(&file.path).to_owned(),
        path: file.path.clone(),
        facts: FileFacts {
            size: file.bytes.len() as u64,
            modified_timestamp: file.modified.0 / 1_000_000,
            updated_at: times::text(file.modified),
        },
        revision: file.revision.clone(),
        is_text: text.is_some(),
        text: with_content.then(|| FileText {
            content: text.map(str::to_owned),
        }),
    }
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Which files are wanted.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct TreeQuery {
    /// Only those below this folder.
    path: Option<String>,
}

/// The tree of the project, or of the folder `path`.
pub(crate) async fn list(
    State(shared): State<Shared>,
    By(actor): By,
    Query(query): Query<TreeQuery>,
) -> Result<ManyWith<FileTreeNode, TreeMetadata>, ApiError> {
    let found = shared.host.file_tree(&actor, query.path).await?;
    let uses = shared.host.uses_of_files(&actor).await?;
    let name = shared.host.root().file_name().unwrap_or_default();
    let root = FileTreeNode {
        name: name.to_string_lossy().into_owned(),
        path: String::new(),
        facts: None,
        pipeline_count: None,
        children: Some(FileTreeNode::all(&found.children, &uses)),
    };
    let is_cut = found.is_cut;
    Ok(ManyWith(vec![root], TreeMetadata { is_cut }))
}

/// A file or folder of the project.
#[derive(Serialize, JsonSchema)]
pub(crate) struct BrowserItem {
    name: String,
    path: String,
    size: u64,
    /// Seconds since 1970 (UTC).
    modified_timestamp: i64,
    /// `file` or `directory`.
    #[serde(rename = "type")]
    kind: &'static str,
}

/// What is known of a flat list of files.
#[derive(Serialize, JsonSchema)]
pub(crate) struct BrowserMetadata {
    count: usize,
    /// Whether there are more files than are told.
    is_cut: bool,
}

impl Named for BrowserItem {
    const ONE: &'static str = "browser_item";
    const MANY: &'static str = "browser_items";
}

/// Which files are wanted.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct BrowseQuery {
    /// Only those below this folder.
    directory: Option<String>,
}

/// The same, without its shape: every file and folder in one list.
pub(crate) async fn browse(
    State(shared): State<Shared>,
    By(actor): By,
    Query(query): Query<BrowseQuery>,
) -> Result<ManyWith<BrowserItem, BrowserMetadata>, ApiError> {
    let found = shared.host.file_tree(&actor, query.directory).await?;
    let mut items = Vec::new();
    flat(&found.children, &mut |one| {
        items.push(BrowserItem {
            name: one.name.clone(),
            path: one.path.clone(),
            size: one.size,
            modified_timestamp: one.modified.0 / 1_000_000,
            kind: match one.children {
                Some(_) => "directory",
                None => "file",
            },
        });
    });
    let metadata = BrowserMetadata {
        count: items.len(),
        is_cut: found.is_cut,
    };
    Ok(ManyWith(items, metadata))
}

/// What is known of a file.
pub(crate) async fn show(
    State(shared): State<Shared>,
    By(actor): By,
    Path(path): Path<String>,
) -> Result<One<FileView>, ApiError> {
    let file = shared.host.file(&actor, path).await?;
    Ok(One(view(&file, false)))
}

/// A file that is to be made or moved.
#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "the use case reads what was sent")]
pub(crate) struct FileChange {
    name: Option<String>,
    /// Its folder.
    dir_path: Option<String>,
    content: Option<String>,
    /// Whether one of this name is replaced.
    overwrite: Option<bool>,
}

impl Named for FileChange {
    const ONE: &'static str = "file";
}

/// Makes a file.
pub(crate) async fn create(
    State(shared): State<Shared>,
    By(actor): By,
    payload: Payload<FileChange>,
) -> Result<One<FileView>, ApiError> {
    let file = shared.host.create_file(&actor, &payload.map).await?;
    Ok(One(view(&file, true)))
}

/// Where a file is now.
#[derive(Serialize, JsonSchema)]
pub(crate) struct MovedFile {
    name: String,
    path: String,
}

/// Where a file was.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RemovedFile {
    path: String,
}

impl Named for MovedFile {
    const ONE: &'static str = "file";
}

impl Named for RemovedFile {
    const ONE: &'static str = "file";
}

/// Gives a file another name or folder.
pub(crate) async fn rename(
    State(shared): State<Shared>,
    By(actor): By,
    Path(path): Path<String>,
    payload: Payload<FileChange>,
) -> Result<One<MovedFile>, ApiError> {
    let path = shared.host.move_file(&actor, path, &payload.map).await?;
    Ok(One(MovedFile {
        name: last(&path).to_owned(),
        path,
    }))
}

/// Deletes a file.
pub(crate) async fn remove(
    State(shared): State<Shared>,
    By(actor): By,
    Path(path): Path<String>,
    if_match: IfMatch,
) -> Result<One<RemovedFile>, ApiError> {
    let gone = path.clone();
    shared.host.delete_file(&actor, path, if_match.0).await?;
    Ok(One(RemovedFile { path: gone }))
}

/// What a file holds, as it was asked for.
pub(crate) enum Contents {
    Json(One<FileContent>),
    Bytes(FileBody),
}

impl IntoResponse for Contents {
    fn into_response(self) -> Response {
        match self {
            Self::Json(one) => one.into_response(),
            Self::Bytes(file) => {
                let facts = [
                    (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
                    (header::CONTENT_DISPOSITION, "attachment".to_owned()),
                    (header::ETAG, format!("\"{}\"", file.revision)),
                ];
                (facts, file.bytes).into_response()
            }
        }
    }
}

impl Output for Contents {
    fn describe(operation: &mut Operation<'_>) {
        One::<FileContent>::describe(operation);
        operation.gives_bytes("application/octet-stream");
    }
}

/// What a file holds: as text in JSON, or its bytes to whoever accepts nothing else.
pub(crate) async fn content(
    State(shared): State<Shared>,
    By(actor): By,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Result<Contents, ApiError> {
    let file = shared.host.file(&actor, path).await?;
    let accepted = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    if accepted == Some("application/octet-stream") {
        return Ok(Contents::Bytes(file));
    }
    Ok(Contents::Json(One(FileContent(view(&file, true)))))
}

/// What a file is to hold.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ContentChange {
    content: String,
    /// The revision that the change was made to.
    revision: Option<String>,
}

impl Named for ContentChange {
    const ONE: &'static str = "file_content";
}

/// How a file is written.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct WriteQuery {
    /// Whether it may be a new one.
    #[serde(default, deserialize_with = "flag")]
    create: Option<bool>,
}

/// Writes a file: the text `content` of JSON, or the bytes of the body. A file that is not there yet is made from bytes,
/// or with `create=1`.
pub(crate) async fn write(
    State(shared): State<Shared>,
    By(actor): By,
    Path(path): Path<String>,
    Query(query): Query<WriteQuery>,
    if_match: IfMatch,
    headers: HeaderMap,
    content: Content<ContentChange>,
) -> Result<One<FileContent>, ApiError> {
    let is_new = headers.contains_key(header::IF_NONE_MATCH);
    let (bytes, revision, may_make) = match content {
        Content::Bytes(bytes) => (bytes, if_match.0, true),
        Content::Map(payload) => {
            let wanted = payload.wanted;
            let revision = if_match.or(wanted.revision.as_deref());
            (
                wanted.content.into_bytes(),
                revision,
                query.create == Some(true),
            )
        }
    };
    let writing = Writing {
        revision,
        is_new,
        is_known: !may_make && !is_new,
    };
    let file = shared.host.write_file(&actor, path, bytes, writing).await?;
    Ok(One(FileContent(view(&file, true))))
}

/// A folder that is to be made or moved.
#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "the use case reads what was sent")]
pub(crate) struct FolderChange {
    name: Option<String>,
    /// For a new one, the folder above it.
    path: Option<String>,
    /// For one that is moved, the folder above it.
    dir_path: Option<String>,
    /// Whether a new one may be there already.
    overwrite: Option<bool>,
}

/// A folder.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FolderView {
    path: String,
}

/// A folder with what it holds.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FolderTree {
    path: String,
    children: Vec<FileTreeNode>,
}

impl Named for FolderChange {
    const ONE: &'static str = "folder";
}

impl Named for FolderView {
    const ONE: &'static str = "folder";
}

impl Named for FolderTree {
    const ONE: &'static str = "folder";
}

/// Makes a folder.
pub(crate) async fn create_folder(
    State(shared): State<Shared>,
    By(actor): By,
    payload: Payload<FolderChange>,
) -> Result<One<FolderView>, ApiError> {
    let path = shared.host.create_folder(&actor, &payload.map).await?;
    Ok(One(FolderView { path }))
}

/// What a folder holds.
pub(crate) async fn show_folder(
    State(shared): State<Shared>,
    By(actor): By,
    Path(path): Path<String>,
) -> Result<With<FolderTree, TreeMetadata>, ApiError> {
    let FileTree { children, is_cut } = shared.host.file_tree(&actor, Some(path.clone())).await?;
    let children = FileTreeNode::all(&children, &shared.host.uses_of_files(&actor).await?);
    Ok(With(FolderTree { path, children }, TreeMetadata { is_cut }))
}

/// Gives a folder another name or place.
pub(crate) async fn rename_folder(
    State(shared): State<Shared>,
    By(actor): By,
    Path(path): Path<String>,
    payload: Payload<FolderChange>,
) -> Result<One<FolderView>, ApiError> {
    let path = shared.host.move_file(&actor, path, &payload.map).await?;
    Ok(One(FolderView { path }))
}

/// How a folder is deleted.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct FolderQuery {
    /// Even when it is not empty.
    #[serde(default, deserialize_with = "flag")]
    force: Option<bool>,
}

/// Deletes a folder.
pub(crate) async fn remove_folder(
    State(shared): State<Shared>,
    By(actor): By,
    Path(path): Path<String>,
    Query(query): Query<FolderQuery>,
) -> Result<One<FolderView>, ApiError> {
    let gone = path.clone();
    let is_forced = query.force == Some(true);
    shared.host.delete_folder(&actor, path, is_forced).await?;
    Ok(One(FolderView { path: gone }))
}
