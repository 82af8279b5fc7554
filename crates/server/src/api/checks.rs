//! `checks`: what is wrong with the project, a pipeline, or a text that somebody types.

use axum::extract::State;
use baton_model::PipelineUuid;
use baton_project::{Problem, Severity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::By;
use crate::answer::{Named, One};
use crate::body::Sent;
use crate::error::ApiError;
use crate::params::{Path, Query};
use crate::{Shared, words};

/// Something wrong, and where.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(crate) struct ProblemView {
    #[schemars(with = "words::Severity")]
    severity: Severity,
    /// Which rule it breaks: a word that `docs/reference/checks.md` explains.
    code: &'static str,
    /// The file, relative to the project.
    file: String,
    /// Line, from 1; left out when the problem is the file itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    /// Column, from 1, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<String>,
    /// What is wrong, in one sentence.
    message: String,
    /// What a person can do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl From<&Problem> for ProblemView {
    fn from(problem: &Problem) -> Self {
        Self {
            severity: problem.severity,
            code: problem.code,
            file: problem.file.clone(),
            line: problem.line,
            column: problem.column,
            pipeline: problem.pipeline.as_ref().map(ToString::to_string),
            block: problem.block.as_ref().map(ToString::to_string),
            message: problem.message.clone(),
            hint: problem.hint.clone(),
        }
    }
}

/// What a check has found.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Check")]
pub(crate) struct CheckView {
    problems: Vec<ProblemView>,
    errors: usize,
    warnings: usize,
    /// Whether there are no errors.
    ok: bool,
}

impl Named for CheckView {
    const ONE: &'static str = "check";
}

fn checked(problems: &[Problem]) -> One<CheckView> {
    let errors = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .count();
    One(CheckView {
        problems: problems.iter().map(ProblemView::from).collect(),
        errors,
        warnings: problems.len() - errors,
        ok: errors == 0,
    })
}

/// What is checked.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct CheckQuery {
    /// Only what the check says of this pipeline.
    pipeline_uuid: Option<String>,
}

/// The check of the project, or of the pipeline `pipeline_uuid`.
pub(crate) async fn of_project(
    State(shared): State<Shared>,
    By(actor): By,
    Query(query): Query<CheckQuery>,
) -> Result<One<CheckView>, ApiError> {
    let pipeline = query.pipeline_uuid.map(PipelineUuid::new);
    Ok(checked(&shared.host.check(&actor, pipeline).await?))
}

/// The check of one pipeline.
pub(crate) async fn of_pipeline(
    State(shared): State<Shared>,
    By(actor): By,
    Path(pipeline): Path<String>,
) -> Result<One<CheckView>, ApiError> {
    let pipeline = PipelineUuid::new(pipeline);
    Ok(checked(&shared.host.check(&actor, Some(pipeline)).await?))
}

/// A text to be checked as if it stood in a file: `{"check": {"path", "content"}}`, or the two without `check`.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct TextCheck {
    check: Option<TextToCheck>,
    /// Where it would stand, relative to the project.
    path: Option<String>,
    content: Option<String>,
}

/// A text, and where it would stand.
#[derive(Deserialize, JsonSchema)]
struct TextToCheck {
    /// Where it would stand, relative to the project.
    path: Option<String>,
    content: Option<String>,
}

/// The check of a text as somebody types it.
pub(crate) async fn of_text(
    State(shared): State<Shared>,
    By(actor): By,
    Sent(wanted): Sent<TextCheck>,
) -> Result<One<CheckView>, ApiError> {
    let TextCheck {
        check,
        path,
        content,
    } = wanted;
    let wanted = check.unwrap_or(TextToCheck { path, content });
    let missing = |key| ApiError::invalid(format!("`{key}` is missing"));
    let path = wanted.path.ok_or_else(|| missing("path"))?;
    let content = wanted.content.ok_or_else(|| missing("content"))?;
    let found = shared.host.check_text(&actor, path, content);
    Ok(checked(&found.await?))
}
