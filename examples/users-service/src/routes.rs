//! The routes of the service.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Json, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::middleware;
use axum::response::Response;
use axum::routing::{get, post};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::de::DeserializeOwned;

use crate::error::ApiError;
use crate::keys::Keys;
use crate::page;
use crate::password::Passwords;
use crate::sessions::Sessions;
use crate::store::Store;
use crate::telemetry;
use crate::user_id::UserId;

mod account;
mod members;
mod status;

/// The parts that the handlers share.
pub struct Service {
    pub store: Store,
    pub keys: Arc<Keys>,
    pub metrics: PrometheusHandle,
    pub passwords: Passwords,
    pub sessions: Sessions,
}

type App = Arc<Service>;

/// Returns the router of the service.
pub fn router(service: Service) -> Router {
    Router::new()
        .route("/", get(page::html))
        .route("/page.js", get(page::script))
        .route("/page.css", get(page::style))
        .route("/health", get(status::health))
        .route("/metrics", get(status::metrics))
        .route("/api/sign-up", post(account::sign_up))
        .route("/api/session", post(account::log_in).delete(account::log_out))
        .route("/api/me", get(account::show).put(account::update).delete(account::delete))
        .route("/api/me/stored", get(account::stored))
        .route("/api/members", get(members::list))
        .route("/api/members/search", post(members::search))
        .fallback(async || ApiError::NotFound)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .layer(DefaultBodyLimit::max(16 * 1024))
        .layer(middleware::map_response(private))
        .layer(middleware::from_fn(telemetry::observe))
        .with_state(Arc::new(service))
}

/// No cache keeps an answer, and no browser guesses its type.
async fn private(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The user of the session, or [`ApiError::NotSignedIn`].
struct SignedIn(UserId);

impl FromRequestParts<App> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        app.sessions.user(&parts.headers).map(Self).ok_or(ApiError::NotSignedIn)
    }
}

/// A JSON body, refused without a quotation from it.
struct Body<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let Json(body) = Json::from_request(request, state).await?;
        Ok(Self(body))
    }
}
