//! Errors as clients get them: a real status code, and a body in the shape that Mage's clients know.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use baton_app::Failure;
use baton_base::{Class, Diagnose};
use baton_scheduler::Complaint;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// A stable word for programs. `docs/reference/errors.md` explains each; a test holds the two together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The request makes no sense, or asks for what cannot be.
    RecordInvalid,
    /// There is no such thing.
    RecordNotFound,
    /// No session, or a wrong token.
    InvalidOauthToken,
    /// Known, and not allowed.
    UnauthorizedAccess,
    /// There is such a thing, and this is not done with it.
    MethodNotAllowed,
    /// It is not as the caller thinks it is.
    Conflict,
    /// The body does not come.
    RequestTimeout,
    /// The body is too large.
    TooLarge,
    /// There are too many already.
    TooManyRequests,
    /// It may work later.
    TryAgain,
    /// Something outside failed.
    ApiResourceError,
    /// Baton is wrong.
    InternalError,
}

impl Code {
    /// Every code.
    pub const ALL: [Self; 12] = [
        Self::RecordInvalid,
        Self::RecordNotFound,
        Self::InvalidOauthToken,
        Self::UnauthorizedAccess,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::RequestTimeout,
        Self::TooLarge,
        Self::TooManyRequests,
        Self::TryAgain,
        Self::ApiResourceError,
        Self::InternalError,
    ];

    /// The status code of an answer with it.
    pub fn status(self) -> StatusCode {
        match self {
            Self::RecordInvalid => StatusCode::BAD_REQUEST,
            Self::RecordNotFound => StatusCode::NOT_FOUND,
            Self::InvalidOauthToken => StatusCode::UNAUTHORIZED,
            Self::UnauthorizedAccess => StatusCode::FORBIDDEN,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict => StatusCode::CONFLICT,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::TryAgain => StatusCode::SERVICE_UNAVAILABLE,
            Self::ApiResourceError => StatusCode::BAD_GATEWAY,
            Self::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// Why a request was not carried out.
#[derive(Debug)]
pub struct ApiError {
    /// A stable word for programs.
    pub code: Code,
    /// What is wrong, for people.
    pub message: String,
    /// What can be done about it.
    pub hint: Option<String>,
    /// More for programs.
    pub details: Option<Box<Value>>,
}

impl ApiError {
    fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: None,
            details: None,
        }
    }

    /// There is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::RecordNotFound, message)
    }

    /// The request makes no sense.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::RecordInvalid, message)
    }

    /// Nobody has come in.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidOauthToken, message)
    }

    /// Not for this caller.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(Code::UnauthorizedAccess, message)
    }

    /// The address is right, the method is not: these are.
    pub fn no_method(methods: &str) -> Self {
        Self {
            hint: Some(format!("this address knows {methods}")),
            details: Some(Box::new(serde_json::json!({ "methods": methods }))),
            ..Self::new(Code::MethodNotAllowed, "this method is not known here")
        }
    }

    /// The rest of the body has not come.
    pub(crate) fn body_is_late() -> Self {
        let message = "the body is not whole: the rest of it has not come in time";
        Self::new(Code::RequestTimeout, message)
    }

    /// The body is larger than this.
    pub fn too_large(limit: usize) -> Self {
        let message = format!(
            "the body is larger than {} MB, or ended too soon",
            limit >> 20
        );
        Self::new(Code::TooLarge, message)
    }

    /// Baton is wrong.
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(Code::InternalError, message)
    }

    fn of(class: Class, message: String, hint: Option<String>) -> Self {
        let code = match class {
            Class::User => Code::RecordInvalid,
            Class::Denied => Code::UnauthorizedAccess,
            Class::Conflict => Code::Conflict,
            Class::Transient => Code::TryAgain,
            Class::External => Code::ApiResourceError,
            Class::Bug => Code::InternalError,
        };
        Self {
            // A command is for whoever sits at a terminal.
            hint: hint.filter(|hint| !hint.contains("`baton ")),
            ..Self::new(code, message)
        }
    }
}

/// An answer to a request that was not carried out.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Error")]
pub(crate) struct ErrorAnswer {
    error: ErrorView,
    /// The status code.
    status: u16,
}

/// What is wrong.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ErrorDetail")]
struct ErrorView {
    /// The status code.
    code: u16,
    /// A stable word for programs.
    #[serde(rename = "type")]
    kind: Code,
    /// What is wrong, for people.
    message: String,
    /// What can be done about it.
    hint: Option<String>,
    /// More for programs, where there is more: the two revisions of a conflict.
    errors: Option<Value>,
    /// Always null; Mage's clients look for it.
    exception: Option<String>,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.code.status();
        if status.is_server_error() {
            tracing::error!(%status, message = self.message, "a request failed");
        }
        let allow = match (&self.code, &self.details) {
            (Code::MethodNotAllowed, Some(details)) => details["methods"].as_str(),
            _ => None,
        };
        let allow = allow.and_then(|methods| HeaderValue::from_str(methods).ok());
        let answer = ErrorAnswer {
            error: ErrorView {
                code: status.as_u16(),
                kind: self.code,
                message: self.message,
                hint: self.hint,
                errors: self.details.map(|details| *details),
                exception: None,
            },
            status: status.as_u16(),
        };
        let mut response = (status, Json(answer)).into_response();
        if let Some(methods) = allow {
            response.headers_mut().insert(header::ALLOW, methods);
        }
        response
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        let mut error = Self::of(failure.class, failure.message, failure.hint);
        error.details = failure.details;
        if failure.is_full {
            error.code = Code::TooManyRequests;
        } else if failure.is_missing {
            error.code = Code::RecordNotFound;
        }
        error
    }
}

impl From<Complaint> for ApiError {
    fn from(complaint: Complaint) -> Self {
        Self::of(complaint.class, complaint.message, complaint.hint)
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        Self::invalid(rejection.body_text())
    }
}

impl<E: Diagnose + 'static> From<Box<E>> for ApiError {
    fn from(error: Box<E>) -> Self {
        Failure::from(*error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained() {
        let page = include_str!("../../../docs/reference/errors.md");
        let rows: Vec<[&str; 2]> = page
            .lines()
            .filter_map(|line| {
                let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
                Some([cells.next()?.trim_end_matches('`'), cells.next()?])
            })
            .collect();
        let wanted: Vec<[String; 2]> = Code::ALL
            .iter()
            .map(|code| {
                let word = serde_json::to_value(code).unwrap();
                [
                    word.as_str().unwrap().to_owned(),
                    code.status().as_u16().to_string(),
                ]
            })
            .collect();
        assert_eq!(rows, wanted);
    }
}
