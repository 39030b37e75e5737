//! Sign-up, login, and the signed-in user's own profile.

use axum::Json;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{App, Body, SignedIn};
use crate::error::ApiError;
use crate::model::{InvalidField, NewUser, Profile, StoredUser, User};
use crate::store::StoreError;
use crate::user_id::UserId;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignUp {
    password: Zeroizing<String>,
    profile: Profile,
}

pub async fn sign_up(
    State(app): State<App>,
    headers: HeaderMap,
    Body(SignUp { password, profile }): Body<SignUp>,
) -> Result<impl IntoResponse, ApiError> {
    profile.check()?;
    if !(10..=200).contains(&password.len()) {
        let problem = "must have 10 to 200 bytes";
        return Err(InvalidField { field: "password", problem }.into());
    }
    let user = NewUser::new(profile, app.passwords.hash(password).await?);
    app.store.insert(&user).await?;
    tracing::info!(user = %user.id, "signed up");
    app.sessions.end(&headers);
    let cookie = app.sessions.begin(user.id);
    Ok((StatusCode::CREATED, [(SET_COOKIE, cookie)], Json(app.store.get(user.id).await?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    email: Zeroizing<String>,
    password: Zeroizing<String>,
}

pub async fn log_in(
    State(app): State<App>,
    headers: HeaderMap,
    Body(login): Body<Login>,
) -> Result<impl IntoResponse, ApiError> {
    let (id, hash) = match app.store.find_by_email(&login.email).await? {
        Some(user) => (Some(user.id), Some(user.password_hash)),
        None => (None, None),
    };
    // An unknown address costs the same work and gets the same answer as a wrong password.
    let verified = app.passwords.verify(login.password, hash).await?;
    let id = id.filter(|_| verified).ok_or(ApiError::WrongLogin)?;
    app.sessions.end(&headers);
    let cookie = app.sessions.begin(id);
    Ok(([(SET_COOKIE, cookie)], Json(app.store.get(id).await?)))
}

pub async fn log_out(State(app): State<App>, headers: HeaderMap) -> impl IntoResponse {
    (StatusCode::NO_CONTENT, [(SET_COOKIE, app.sessions.end(&headers))])
}

pub async fn show(State(app): State<App>, SignedIn(id): SignedIn) -> Result<Json<User>, ApiError> {
    match app.store.get(id).await {
        // Another process deleted the user.
        Err(StoreError::NotFound) => Err(ApiError::NotSignedIn),
        result => Ok(Json(result?)),
    }
}

pub async fn update(
    State(app): State<App>,
    SignedIn(id): SignedIn,
    Body(profile): Body<Profile>,
) -> Result<Json<User>, ApiError> {
    profile.check()?;
    Ok(Json(app.store.update(id, &profile).await?))
}

pub async fn delete(
    State(app): State<App>,
    SignedIn(id): SignedIn,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ApiError> {
    app.store.delete(id).await?;
    app.sessions.end_all(id);
    tracing::info!(user = %id, "deleted");
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, app.sessions.end(&headers))]))
}

/// A row with its bytes as PostgreSQL writes them: `\xa101…`.
#[derive(Serialize)]
pub struct StoredRow {
    id: UserId,
    name: String,
    email: String,
    email_index: String,
    phone: Option<String>,
    phone_index: Option<String>,
    birth_date: Option<String>,
    plan: String,
}

impl From<StoredUser> for StoredRow {
    fn from(row: StoredUser) -> Self {
        Self {
            id: row.id,
            name: hex(row.name),
            email: hex(row.email),
            email_index: hex(row.email_index),
            phone: row.phone.map(hex),
            phone_index: row.phone_index.map(hex),
            birth_date: row.birth_date.map(hex),
            plan: hex(row.plan),
        }
    }
}

fn hex(bytes: Vec<u8>) -> String {
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    std::iter::once(r"\x".to_owned()).chain(digits).collect()
}

pub async fn stored(
    State(app): State<App>,
    SignedIn(id): SignedIn,
) -> Result<Json<StoredRow>, ApiError> {
    Ok(Json(app.store.get_stored(id).await?.into()))
}
