//! Errors as clients get them: a real status code, and a body in the shape that Mage's clients know.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use baton_app::Failure;
use baton_base::{Class, Diagnose};
use baton_scheduler::Complaint;
use serde_json::{Value, json};

/// Why a request was not carried out.
#[derive(Debug)]
pub struct ApiError {
    /// The status code of the answer.
    pub status: StatusCode,
    /// A stable word for programs.
    pub kind: &'static str,
    /// What is wrong, for people.
    pub message: String,
    /// What can be done about it.
    pub hint: Option<String>,
    /// More for programs.
    pub details: Option<Box<Value>>,
}

impl ApiError {
    /// There is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            kind: "record_not_found",
            message: message.into(),
            hint: None,
            details: None,
        }
    }

    /// The request makes no sense.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: "record_invalid",
            message: message.into(),
            hint: None,
            details: None,
        }
    }

    /// Not for this caller.
    pub fn denied(status: StatusCode, message: impl Into<String>) -> Self {
        let kind = if status == StatusCode::UNAUTHORIZED {
            "invalid_oauth_token"
        } else {
            "unauthorized_access"
        };
        Self {
            status,
            kind,
            message: message.into(),
            hint: None,
            details: None,
        }
    }

    fn of(class: Class, message: String, hint: Option<String>) -> Self {
        let (status, kind) = match class {
            Class::User => (StatusCode::BAD_REQUEST, "record_invalid"),
            Class::Denied => (StatusCode::FORBIDDEN, "unauthorized_access"),
            Class::Conflict => (StatusCode::CONFLICT, "conflict"),
            Class::Transient => (StatusCode::SERVICE_UNAVAILABLE, "try_again"),
            Class::External => (StatusCode::BAD_GATEWAY, "api_resource_error"),
            Class::Bug => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
        };
        Self {
            status,
            kind,
            message,
            hint,
            details: None,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if self.status.is_server_error() {
            tracing::error!(status = %self.status, message = self.message, "a request failed");
        }
        let code = self.status.as_u16();
        let body = json!({
            "error": {
                "code": code, "message": self.message, "type": self.kind, "errors": self.details, "exception": null,
                "hint": self.hint,
            },
            "status": code,
        });
        (self.status, Json(body)).into_response()
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        if failure.is_full {
            return Self {
                status: StatusCode::TOO_MANY_REQUESTS,
                kind: "too_many_requests",
                message: failure.message,
                hint: failure.hint,
                details: None,
            };
        }
        if failure.is_missing {
            return Self {
                hint: failure.hint,
                ..Self::not_found(failure.message)
            };
        }
        Self {
            details: failure.details,
            ..Self::of(failure.class, failure.message, failure.hint)
        }
    }
}

impl From<Complaint> for ApiError {
    fn from(complaint: Complaint) -> Self {
        Self::of(complaint.class, complaint.message, complaint.hint)
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        Self {
            status: rejection.status(),
            ..Self::invalid(rejection.body_text())
        }
    }
}

impl<E: Diagnose + 'static> From<Box<E>> for ApiError {
    fn from(error: Box<E>) -> Self {
        Failure::from(*error).into()
    }
}
