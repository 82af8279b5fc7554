//! What Git knows of the project's files: commits, what a file held in one, and what has changed.

use axum::extract::State;
use baton_app::{Commit, CommitPage, Commits};
use baton_model::PipelineUuid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::By;
use crate::Shared;
use crate::answer::{ManyWith, Named, One};
use crate::error::ApiError;
use crate::params::{Path, Query, Window};

/// Commits of a page when no number is asked for.
const COMMITS: u32 = 50;

/// A commit.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Commit")]
pub(crate) struct CommitView {
    /// Its hash.
    commit: String,
    author: String,
    /// When it was written, with the offset of its author's clock.
    authored_at: String,
    /// The first line of its message.
    subject: String,
    /// The files that it changed, among those that were asked for, by the names they had then.
    paths: Vec<String>,
}

/// What is known of a page of commits.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CommitMetadata {
    /// Whether Git keeps the project at all.
    is_repository: bool,
    /// Whether there are older commits; `_offset` leads to them.
    next: bool,
}

impl Named for CommitView {
    const ONE: &'static str = "commit";
    const MANY: &'static str = "commits";
}

impl From<Commit> for CommitView {
    fn from(commit: Commit) -> Self {
        Self {
            commit: commit.hash,
            author: commit.author,
            authored_at: commit.at,
            subject: commit.subject,
            paths: commit.paths,
        }
    }
}

type Answer = ManyWith<CommitView, CommitMetadata>;

fn answer(found: Commits) -> Answer {
    let views = found.commits.into_iter().map(CommitView::from);
    let metadata = CommitMetadata {
        is_repository: found.is_repository,
        next: found.has_more,
    };
    ManyWith(views.collect(), metadata)
}

fn page(window: &Window) -> CommitPage {
    CommitPage {
        offset: window.offset() as usize,
        limit: window.limit(COMMITS) as usize,
    }
}

/// The commits that changed a file, also under names that it had before.
pub(crate) async fn of_file(
    State(shared): State<Shared>,
    By(actor): By,
    Path(path): Path<String>,
    window: Window,
) -> Result<Answer, ApiError> {
    let found = shared.host.commits_of_file(&actor, path, page(&window));
    Ok(answer(found.await?))
}

/// The commits that changed a pipeline or a file of its blocks.
pub(crate) async fn of_pipeline(
    State(shared): State<Shared>,
    By(actor): By,
    Path(pipeline): Path<String>,
    window: Window,
) -> Result<Answer, ApiError> {
    let uuid = PipelineUuid::new(pipeline);
    let found = shared
        .host
        .commits_of_pipeline(&actor, &uuid, page(&window));
    Ok(answer(found.await?))
}

/// What a file held in a commit.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FileVersion {
    path: String,
    commit: String,
    /// What it held; none when that is no text.
    content: Option<String>,
    size: u64,
}

impl Named for FileVersion {
    const ONE: &'static str = "file_version";
}

/// What a file held in a commit.
pub(crate) async fn content(
    State(shared): State<Shared>,
    By(actor): By,
    Path((path, commit)): Path<(String, String)>,
) -> Result<One<FileVersion>, ApiError> {
    let bytes = shared.host.file_at(&actor, path.clone(), &commit).await?;
    Ok(One(FileVersion {
        path,
        commit,
        size: bytes.len() as u64,
        content: String::from_utf8(bytes).ok(),
    }))
}

/// Between which commits.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct DifferenceQuery {
    /// The older one.
    from: String,
    /// The newer one; without it, the file as it is now.
    to: Option<String>,
}

/// What has changed in a file.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FileDifference {
    path: String,
    from: String,
    to: Option<String>,
    /// The lines that differ, as `git diff` shows them; empty when there are none.
    text: String,
}

impl Named for FileDifference {
    const ONE: &'static str = "difference";
}

/// What has changed in a file between two commits, or since one.
pub(crate) async fn difference(
    State(shared): State<Shared>,
    By(actor): By,
    Path(path): Path<String>,
    Query(query): Query<DifferenceQuery>,
) -> Result<One<FileDifference>, ApiError> {
    let to = query.to.as_deref();
    let text = shared
        .host
        .file_difference(&actor, path.clone(), &query.from, to);
    Ok(One(FileDifference {
        text: text.await?,
        path,
        from: query.from,
        to: query.to,
    }))
}
