//! Changing files of the project: one writer at a time, away from the threads that answer requests, and only what the
//! caller has seen.

use std::io::ErrorKind;

use baton_base::Class;
use baton_model::Map;
use baton_project::edit::EditError;
use baton_project::{NewError, PathError, PipelineError, Project};
use serde_json::{Value, json};

use super::Host;
use crate::failure::Failure;

impl Host {
    /// Reads files of the project.
    pub(super) async fn reading<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Project) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let project = self.project().await?;
        let done = tokio::task::spawn_blocking(move || work(&project)).await;
        done.unwrap_or_else(|error| Err(Failure::bug(format!("reading files ended: {error}"))))
    }

    /// Changes files of the project, one writer at a time.
    pub(super) async fn editing<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Project) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let lock = self.state().home.path().join("locks/edit");
        let done = self.reading(move |project| {
            let _held = crate::answers::lock_file(&lock)?;
            work(project)
        });
        let done = done.await;
        // What was planned of the files is not what they say now, also where only a part of the work was done.
        self.desk.forget(false).await;
        done
    }
}

/// Names the content of a file: another content has another revision.
pub(super) fn revision(bytes: &[u8]) -> String {
    let hash = blake3::hash(bytes).to_hex();
    hash.as_str().chars().take(32).collect()
}

/// Refuses a change that was made to another content than there is.
pub(super) fn expect(given: Option<&str>, now: &[u8], what: &str) -> Result<(), Failure> {
    let Some(given) = given else { return Ok(()) };
    let current = revision(now);
    if given == current {
        return Ok(());
    }
    Err(Failure {
        details: Some(Box::new(
            json!({"revision": {"given": given, "current": current}}),
        )),
        ..Failure::conflict(
            format!(
                "{what} has changed meanwhile: the change is for revision {given}, now it is {current}"
            ),
            "load it again and repeat the change",
        )
    })
}

pub(super) fn of_pipeline(error: PipelineError) -> Failure {
    let is_missing = matches!(error, PipelineError::Unknown { .. });
    Failure {
        is_missing,
        ..Failure::from(error)
    }
}

pub(super) fn of_path(error: PathError) -> Failure {
    let kind = match &error {
        PathError::File(error) => Some(error.kind()),
        _ => None,
    };
    let failure = Failure::from(error);
    match kind {
        Some(ErrorKind::NotFound | ErrorKind::NotADirectory) => Failure {
            is_missing: true,
            ..failure
        },
        Some(ErrorKind::AlreadyExists | ErrorKind::DirectoryNotEmpty) => Failure {
            class: Class::Conflict,
            ..failure
        },
        _ => failure,
    }
}

pub(super) fn of_edit(error: EditError) -> Failure {
    let is_missing = matches!(error, EditError::NoSuchBlock { .. });
    Failure {
        is_missing,
        ..Failure::from(error)
    }
}

pub(super) fn of_new(error: NewError) -> Failure {
    match error {
        NewError::Pipeline(error) => of_pipeline(error),
        other => Failure::from(other),
    }
}

/// What a value of a request must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Text,
    Texts,
    Flag,
    Number,
    Map,
}

impl Shape {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Texts => value
                .as_array()
                .is_some_and(|items| items.iter().all(Value::is_string)),
            Self::Flag => value.is_boolean(),
            Self::Number => value.is_number(),
            Self::Map => value.is_object(),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Texts => "a list of texts",
            Self::Flag => "true or false",
            Self::Number => "a number",
            Self::Map => "a map",
        }
    }
}

/// The value of a key; none when it is missing or null, refused when it is of another shape.
pub(super) fn value<'m>(
    map: &'m Map,
    key: &str,
    shape: Shape,
) -> Result<Option<&'m Value>, Failure> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) if shape.fits(value) => Ok(Some(value)),
        Some(_) => Err(Failure::usage(
            format!("`{key}` must be {}", shape.word()),
            "correct the request",
        )),
    }
}

/// The text of a key.
pub(super) fn text<'m>(map: &'m Map, key: &str) -> Result<Option<&'m str>, Failure> {
    Ok(value(map, key, Shape::Text)?.and_then(Value::as_str))
}

/// The text of a key that a request must have.
pub(super) fn needed<'m>(map: &'m Map, key: &str) -> Result<&'m str, Failure> {
    let found = text(map, key)?.filter(|text| !text.trim().is_empty());
    found.ok_or_else(|| Failure::usage(format!("`{key}` is missing"), "send it"))
}

/// The texts of a key.
pub(super) fn texts(map: &Map, key: &str) -> Result<Option<Vec<String>>, Failure> {
    let found = value(map, key, Shape::Texts)?.and_then(Value::as_array);
    Ok(found.map(|items| {
        let texts = items.iter().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    }))
}

/// Whether a key is true.
pub(super) fn flag(map: &Map, key: &str) -> Result<bool, Failure> {
    Ok(value(map, key, Shape::Flag)? == Some(&Value::Bool(true)))
}

/// Whether a value of a key says nothing: a client that sends everything it knows must not fill the file with it.
pub(super) fn says_nothing(key: &str, value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => match key {
            "executor_type" => text == "local_python",
            "type" => text == "python",
            _ => text.is_empty(),
        },
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Number(number) => match key {
            "executor_count" => number.as_u64() == Some(1),
            "priority" => number.as_u64() == Some(0),
            _ => false,
        },
        Value::Bool(true) => false,
    }
}
