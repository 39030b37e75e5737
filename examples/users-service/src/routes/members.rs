//! The list of members, for signed-in users: names and plans, and searches by telephone number and by the
//! beginning of a name.

use axum::Json;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};
use time::PrimitiveDateTime;
use zeroize::Zeroizing;

use super::{App, Body, SignedIn};
use crate::error::ApiError;
use crate::model::{self, InvalidField, Member};
use crate::plan::Plan;
use crate::user_id::UserId;

const PAGE_MAX: u8 = 100;

/// The query of a page: the members after an id.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    after: Option<UserId>,
    #[serde(default = "default_limit")]
    limit: u8,
}

fn default_limit() -> u8 {
    20
}

impl FromRequestParts<App> for PageQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Query(query): Query<Self> = Query::from_request_parts(parts, app).await?;
        if !(1..=PAGE_MAX).contains(&query.limit) {
            return Err(InvalidField { field: "limit", problem: "must be 1 to 100" }.into());
        }
        Ok(query)
    }
}

/// A page, and the `after` of the next one.
#[derive(Serialize)]
pub struct Page {
    members: Vec<Entry>,
    next: Option<UserId>,
}

/// A member, or the error of a row that cannot be read.
#[derive(Serialize)]
pub struct Entry {
    id: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<Plan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    #[serde(serialize_with = "model::rfc3339")]
    created_at: PrimitiveDateTime,
}

impl From<Member> for Entry {
    fn from(member: Member) -> Self {
        let Member { id, name, plan, created_at, .. } = member;
        let (name, plan) = (name.into_inner(), plan.into_inner());
        let cause = name.as_ref().err().or(plan.as_ref().err());
        if let Some(error) = cause {
            tracing::error!(user = %id, %error, "a row cannot be read");
        }
        let error = cause.map(|_| "unreadable");
        Self { id, name: name.ok(), plan: plan.ok(), error, created_at }
    }
}

pub async fn list(
    State(app): State<App>,
    SignedIn(_): SignedIn,
    query: PageQuery,
) -> Result<Json<Page>, ApiError> {
    let limit = usize::from(query.limit);
    // One row more tells whether another page follows.
    let mut members = app.store.list(query.after, i64::from(query.limit) + 1).await?;
    let is_last = members.len() <= limit;
    members.truncate(limit);
    let next = members.last().map(|member| member.id).filter(|_| !is_last);
    Ok(Json(Page { members: members.into_iter().map(Entry::from).collect(), next }))
}

/// The number or the name is in the body: addresses end up in logs.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Search {
    Phone(Zeroizing<String>),
    /// The beginning of a name, as somebody types it.
    Name(Zeroizing<String>),
}

pub async fn search(
    State(app): State<App>,
    SignedIn(_): SignedIn,
    Body(search): Body<Search>,
) -> Result<Json<Page>, ApiError> {
    let refuse = |field, problem| Err(InvalidField { field, problem }.into());
    let members = match search {
        Search::Phone(phone) if !model::is_phone(&phone) => {
            return refuse("phone", "must be a telephone number");
        }
        Search::Name(name) if !model::is_beginning(&name) => {
            return refuse("name", "must end with three letters or more");
        }
        Search::Phone(phone) => app.store.find_by_phone(&phone, i64::from(PAGE_MAX)).await?,
        Search::Name(name) => app.store.find_by_name(&name, usize::from(PAGE_MAX)).await?,
    };
    Ok(Json(Page { members: members.into_iter().map(Entry::from).collect(), next: None }))
}
