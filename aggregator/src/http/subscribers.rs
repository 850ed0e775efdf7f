//! `/api/v1/status-pages/{id}/subscribers`: who is told of what happens on a page, for its editors.

use super::{
    ApiError,
    auth::Editor,
    error::ApiResult,
    openapi::{InvalidQuery, NeedsRole, NotFound, STATUS_PAGES},
    parameters::{PathParameter, QueryParameters},
};
use crate::{
    state::AppState,
    store::subscriber::{
        StoredSubscriber, delete_subscriber as delete, list_subscribers as list, page_exists,
    },
    subscription::{open_target, show_target},
};
use axum::{
    Json,
    extract::State,
    http::{
        StatusCode,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use chrono::SecondsFormat;
use edgewatch_client::{
    page::Page,
    subscriber::{Subscriber, SubscribersQuery},
};
use edgewatch_protocol::problem::ProblemType;
use std::{fmt::Write as _, ops::RangeInclusive};
use utoipa_axum::{router::OpenApiRouter, routes};

/// How many a page of the list may have.
const LIMIT: RangeInclusive<u16> = 1..=500;
const DEFAULT_LIMIT: u16 = 100;

/// How many are read at once for the file.
const EXPORTED_AT_ONCE: i64 = 5_000;

/// The family's routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_subscribers))
        .routes(routes!(export_subscribers))
        .routes(routes!(delete_subscriber))
}

/// The subscribers of a status page, the oldest first.
#[utoipa::path(
    get, path = "/api/v1/status-pages/{id}/subscribers", tag = STATUS_PAGES, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The page's number"), SubscribersQuery),
    responses((status = 200, body = Page<Subscriber>), NeedsRole, NotFound, InvalidQuery)
)]
async fn list_subscribers(
    _: Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
    QueryParameters(query): QueryParameters<SubscribersQuery>,
) -> ApiResult<Json<Page<Subscriber>>> {
    let invalid = |detail: &str| ApiError::new(ProblemType::Validation, detail);
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !LIMIT.contains(&limit) {
        return Err(invalid("`limit` is from 1 to 500"));
    }
    let after = match query.cursor.as_deref().map(str::parse) {
        None => 0,
        Some(Ok(after)) => after,
        Some(Err(_)) => return Err(invalid("`cursor` is not the `next_cursor` of a page")),
    };
    require_page(&state, id).await?;
    // One more than is shown tells whether there is a next page.
    let mut stored = list(&state.pool, id, after, i64::from(limit) + 1).await?;
    let more = stored.len() > usize::from(limit);
    stored.truncate(limit.into());
    let next_cursor = stored.last().filter(|_| more).map(|last| last.id.to_string());
    let items = stored.into_iter().map(|stored| show(&state, stored)).collect();
    Ok(Json(Page { items, next_cursor }))
}

/// The subscribers of a status page as a CSV file (RFC 4180).
#[utoipa::path(
    get, path = "/api/v1/status-pages/{id}/subscribers.csv", tag = STATUS_PAGES,
    security(("cookie" = []), ("bearer" = [])), params(("id" = i32, Path, description = "The page's number")),
    responses((status = 200, description = "All of them", content_type = "text/csv"), NeedsRole, NotFound)
)]
async fn export_subscribers(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
) -> ApiResult<Response> {
    require_page(&state, id).await?;
    let mut csv = "id,channel,target,components,language,confirmed_at,suspended_at\r\n".to_owned();
    let mut after = 0;
    loop {
        let stored = list(&state.pool, id, after, EXPORTED_AT_ONCE).await?;
        let Some(last) = stored.last() else { break };
        after = last.id;
        for subscriber in stored.into_iter().map(|stored| show(&state, stored)) {
            write_row(&mut csv, &subscriber);
        }
    }
    tracing::info!(page = id, user = session.user.user_id, "subscribers exported");
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"subscribers.csv\""),
    ];
    Ok((headers, csv).into_response())
}

/// Ends a subscription.
#[utoipa::path(
    delete, path = "/api/v1/status-pages/{id}/subscribers/{subscriber}", tag = STATUS_PAGES,
    security(("cookie" = []), ("bearer" = [])),
    params(
        ("id" = i32, Path, description = "The page's number"),
        ("subscriber" = i32, Path, description = "The subscription's number")
    ),
    responses((status = 204, description = "Ended"), NeedsRole, NotFound)
)]
async fn delete_subscriber(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter((id, subscriber)): PathParameter<(i32, i32)>,
) -> ApiResult<StatusCode> {
    if !delete(&state.pool, id, subscriber).await? {
        return Err(ApiError::not_found("subscription"));
    }
    tracing::info!(
        page = id,
        subscriber,
        user = session.user.user_id,
        "subscription removed"
    );
    Ok(StatusCode::NO_CONTENT)
}

async fn require_page(state: &AppState, id: i32) -> ApiResult<()> {
    if page_exists(&state.pool, id).await? {
        Ok(())
    } else {
        Err(ApiError::not_found("status page"))
    }
}

fn show(state: &AppState, stored: StoredSubscriber) -> Subscriber {
    // Sealed by another secret it cannot be told any more; it can still be removed.
    let target = open_target(&state.secrets, stored.page, &stored.target).unwrap_or_default();
    Subscriber {
        id: stored.id,
        channel: stored.channel,
        target: show_target(stored.channel, &target),
        components: stored.components,
        language: stored.language,
        confirmed_at: stored.confirmed_at,
        suspended_at: stored.suspended_at,
        failures: stored.failures,
    }
}

fn write_row(csv: &mut String, subscriber: &Subscriber) {
    let time = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let components: Vec<_> = subscriber.components.iter().map(ToString::to_string).collect();
    // A cell that a spreadsheet would take for a formula is made a text by a quote before it.
    let formula = subscriber.target.starts_with(['=', '+', '-', '@']);
    let target = subscriber.target.replace('"', "\"\"");
    let _ = write!(
        csv,
        "{},{},\"{}{target}\",{},{},{},{}\r\n",
        subscriber.id,
        subscriber.channel.as_str(),
        if formula { "'" } else { "" },
        components.join(" "),
        subscriber.language.as_str(),
        time(subscriber.confirmed_at),
        subscriber.suspended_at.map(time).unwrap_or_default()
    );
}
