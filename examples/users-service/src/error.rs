//! Errors of requests: a code and a sentence for the client, and the cause for the log.

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::model::InvalidField;
use crate::password::PasswordError;
use crate::store::StoreError;

/// A request that is refused or failed.
#[derive(Debug)]
pub enum ApiError {
    InvalidField(InvalidField),
    /// The body or the query does not have the expected form.
    Malformed(StatusCode),
    NotSignedIn,
    /// The address is unknown or the password is wrong: the client does not learn which.
    WrongLogin,
    EmailTaken,
    NotFound,
    MethodNotAllowed,
    Unavailable,
    Internal,
}

impl ApiError {
    fn parts(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::InvalidField(invalid) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "invalid_field", invalid.problem)
            }
            Self::Malformed(status) => (*status, "malformed_request", "the request is malformed"),
            Self::NotSignedIn => (StatusCode::UNAUTHORIZED, "not_signed_in", "sign in first"),
            Self::WrongLogin => (
                StatusCode::UNAUTHORIZED,
                "wrong_login",
                "the e-mail address or the password is wrong",
            ),
            Self::EmailTaken => {
                (StatusCode::CONFLICT, "email_taken", "another user has this e-mail address")
            }
            Self::NotFound => {
                (StatusCode::NOT_FOUND, "not_found", "there is nothing at this address")
            }
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "this method is not allowed here",
            ),
            Self::Unavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "try again in a moment")
            }
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "the request failed"),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code, message) = self.parts();
        let field = match self {
            Self::InvalidField(invalid) => Some(invalid.field),
            Self::EmailTaken => Some("email"),
            _ => None,
        };
        let error = json!({ "code": code, "message": message, "field": field });
        (status, Json(json!({ "error": error }))).into_response()
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::EmailTaken => Self::EmailTaken,
            StoreError::NotFound => Self::NotFound,
            StoreError::Pool(_) => {
                tracing::error!(%error, "no connection");
                Self::Unavailable
            }
            error => {
                tracing::error!(%error, "query failed");
                Self::Internal
            }
        }
    }
}

impl From<PasswordError> for ApiError {
    fn from(error: PasswordError) -> Self {
        tracing::error!(%error, "request failed");
        Self::Internal
    }
}

impl From<InvalidField> for ApiError {
    fn from(invalid: InvalidField) -> Self {
        Self::InvalidField(invalid)
    }
}

/// The texts of these errors quote the request, so only their status is kept.
impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        Self::Malformed(rejection.status())
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        Self::Malformed(rejection.status())
    }
}
