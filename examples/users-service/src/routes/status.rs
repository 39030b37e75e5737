//! Health and metrics, for operators. Do not publish them: the proxy serves `/`, `/page.*` and
//! `/api` alone.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::json;

use super::App;

pub async fn health(State(app): State<App>) -> impl IntoResponse {
    let ping = app.store.ping().await;
    if let Err(error) = &ping {
        tracing::error!(%error, "the database does not answer");
    }
    let (status, database) = match ping {
        Ok(()) => (StatusCode::OK, "ok"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    (status, Json(json!({ "database": database, "keys": app.keys.ids() })))
}

pub async fn metrics(State(app): State<App>) -> String {
    app.metrics.run_upkeep();
    app.metrics.render()
}
