//! `/api/v1/incidents`: what went wrong, the evidence of it, and what is done about it.

use super::{
    ApiError,
    auth::{Editor, Session, Viewer},
    error::ApiResult,
    json::JsonBody,
    openapi::{Conflict, INCIDENTS, Invalid, InvalidQuery, NeedsRole, NeedsSession, NotFound},
    parameters::{PathParameter, QueryParameters},
};
use crate::{
    announcement::Change,
    state::AppState,
    store::{
        incident::{
            IncidentFields, IncidentFilter, acknowledge, add_update, change_incident, count_open,
            create_incident as insert_incident, find_incident, link_monitors,
            list_incidents as read_incidents, lock_incident, set_resolved,
        },
        incident_evidence::find_evidence,
        notice::{note_standings, note_update},
        user::find_user_id,
    },
};
use axum::{Json, extract::State, http::StatusCode, response::IntoResponse as _, response::Response};
use chrono::DateTime;
use edgewatch_client::{
    incident::{
        Incident, IncidentChanges, IncidentEvidence, IncidentRequest, IncidentStatus, IncidentSummary,
        IncidentUpdateRequest, IncidentsQuery, OpenIncidents, RegionEvidence, UpdateKind,
    },
    page::Page,
};
use edgewatch_protocol::problem::{FieldError, ProblemType};
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::PgConnection;
use std::ops::RangeInclusive;
use utoipa_axum::{router::OpenApiRouter, routes};

/// How many incidents a page may have.
const LIMIT: RangeInclusive<u16> = 1..=200;
const DEFAULT_LIMIT: u16 = 50;
/// The longest title, in characters.
const TITLE_CHARACTERS: usize = 200;
/// The longest update, in characters.
const UPDATE_CHARACTERS: usize = 4_000;
/// The longest post-mortem, in characters.
const POST_MORTEM_CHARACTERS: usize = 20_000;
/// The most monitors that are linked by hand.
const MONITORS: usize = 100;

/// The family's routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_incidents, create_incident))
        .routes(routes!(count_open_incidents))
        .routes(routes!(get_incident, update_incident))
        .routes(routes!(get_incident_outage))
        .routes(routes!(acknowledge_incident))
        .routes(routes!(resolve_incident))
        .routes(routes!(reopen_incident))
        .routes(routes!(create_incident_update))
}

/// Incidents, the latest opened first.
///
/// Those that were merged into others are left out.
#[utoipa::path(
    get, path = "/api/v1/incidents", tag = INCIDENTS, security(("cookie" = []), ("bearer" = [])),
    params(IncidentsQuery),
    responses((status = 200, body = Page<IncidentSummary>), NeedsSession, InvalidQuery)
)]
async fn list_incidents(
    _: Viewer,
    State(state): State<AppState>,
    QueryParameters(query): QueryParameters<IncidentsQuery>,
) -> ApiResult<Json<Page<IncidentSummary>>> {
    let invalid = |detail: &str| ApiError::new(ProblemType::Validation, detail);
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !LIMIT.contains(&limit) {
        return Err(invalid("`limit` is from 1 to 200"));
    }
    let cursor = |text: &str| {
        let (at, id) = text.split_once('-')?;
        Some((
            DateTime::from_timestamp_micros(at.parse().ok()?)?,
            id.parse().ok()?,
        ))
    };
    let after = match query.cursor.as_deref().map(cursor) {
        Some(None) => return Err(invalid("`cursor` is not the `next_cursor` of a page")),
        after => after.flatten(),
    };
    let filter = IncidentFilter {
        open: query.open,
        monitor: query.monitor,
        after,
        id: None,
        // One more than is shown tells whether there is a next page.
        limit: i64::from(limit) + 1,
    };
    let mut items = read_incidents(&state.pool, filter).await?;
    let more = items.len() > usize::from(limit);
    items.truncate(limit.into());
    let next_cursor = items
        .last()
        .filter(|_| more)
        .map(|last| format!("{}-{}", last.opened_at.timestamp_micros(), last.id));
    Ok(Json(Page { items, next_cursor }))
}

/// How many incidents are open.
#[utoipa::path(
    get, path = "/api/v1/incidents/open", tag = INCIDENTS, security(("cookie" = []), ("bearer" = [])),
    responses((status = 200, body = OpenIncidents), NeedsSession)
)]
async fn count_open_incidents(_: Viewer, State(state): State<AppState>) -> ApiResult<Json<OpenIncidents>> {
    let open = count_open(&state.pool).await?;
    Ok(Json(OpenIncidents { open }))
}

/// Opens an incident by hand.
///
/// It lasts until somebody resolves it. Outages open incidents by themselves.
#[utoipa::path(
    post, path = "/api/v1/incidents", tag = INCIDENTS, security(("cookie" = []), ("bearer" = [])),
    request_body = IncidentRequest, responses((status = 201, body = Incident), NeedsRole, Invalid)
)]
async fn create_incident(
    Editor(session): Editor,
    State(state): State<AppState>,
    JsonBody(mut request): JsonBody<IncidentRequest>,
) -> ApiResult<Response> {
    request.title = request.title.trim().to_owned();
    let mut errors = Vec::new();
    check_length("/title", &request.title, 1..=TITLE_CHARACTERS, &mut errors);
    check_monitors(&mut request.monitors, &mut errors);
    refuse(errors)?;
    let now = state.clock.now();
    let mut tx = state.pool.begin().await?;
    let id = insert_incident(&mut tx, &request, now).await?;
    link(&mut tx, id, &request.monitors).await?;
    let user = session.user.user_id;
    add_update(&mut tx, id, user, UpdateKind::Event, "Opened by hand", now).await?;
    note_standings(&mut tx, &[id], now).await?;
    let made = find(&mut tx, id).await?;
    tx.commit().await?;
    state.announce(Change::Incidents(vec![id])).await;
    tracing::info!(incident = id, user, "incident opened by hand");
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

/// One incident.
#[utoipa::path(
    get, path = "/api/v1/incidents/{id}", tag = INCIDENTS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The incident's number")),
    responses((status = 200, body = Incident), NeedsSession, NotFound)
)]
async fn get_incident(
    _: Viewer,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
) -> ApiResult<Json<Incident>> {
    let mut db = state.pool.acquire().await?;
    find(&mut db, id).await.map(Json)
}

/// The evidence of an outage, as it was frozen.
///
/// A copy: it stays when the retention of the batches is over, and whatever is judged later.
#[utoipa::path(
    get, path = "/api/v1/incidents/{id}/outages/{outage}", tag = INCIDENTS, security(("cookie" = []), ("bearer" = [])),
    params(
        ("id" = i32, Path, description = "The incident's number"),
        ("outage" = i64, Path, description = "The outage's `id`")
    ),
    responses((status = 200, body = IncidentEvidence), NeedsSession, NotFound)
)]
async fn get_incident_outage(
    _: Viewer,
    State(state): State<AppState>,
    PathParameter((id, outage)): PathParameter<(i32, i64)>,
) -> ApiResult<Json<IncidentEvidence<Value>>> {
    let mut db = state.pool.acquire().await?;
    let evidence = find_evidence(&mut db, id, outage)
        .await?
        .ok_or_else(|| ApiError::not_found("outage of an incident"))?;
    let regions = evidence.into_iter().map(|(region, (seen, last_good))| {
        Ok(RegionEvidence {
            region,
            seen: decode(seen)?,
            last_good: last_good.map(decode).transpose()?,
        })
    });
    Ok(Json(IncidentEvidence {
        regions: regions.collect::<ApiResult<_>>()?,
    }))
}

/// Changes an incident: its title, severity, assignee, linked monitors or post-mortem.
///
/// What is absent stays as it is.
#[utoipa::path(
    put, path = "/api/v1/incidents/{id}", tag = INCIDENTS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The incident's number")),
    request_body = IncidentChanges,
    responses((status = 200, body = Incident), NeedsRole, NotFound, Invalid, Conflict)
)]
async fn update_incident(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
    JsonBody(mut changes): JsonBody<IncidentChanges>,
) -> ApiResult<Json<Incident>> {
    let mut errors = Vec::new();
    if let Some(title) = &changes.title {
        check_length("/title", title.trim(), 0..=TITLE_CHARACTERS, &mut errors);
    }
    if let Some(text) = &changes.post_mortem {
        check_length("/post_mortem", text, 0..=POST_MORTEM_CHARACTERS, &mut errors);
    }
    if let Some(monitors) = &mut changes.monitors {
        check_monitors(monitors, &mut errors);
    }
    let mut tx = state.pool.begin().await?;
    let status = lock(&mut tx, id).await?;
    let before = find(&mut tx, id).await?;
    let assignee = match changes.assignee.as_deref().map(str::trim) {
        None => None,
        Some("") => Some(None),
        Some(email) => {
            let user = find_user_id(&mut *tx, email).await?;
            if user.is_none() {
                errors.push(error("/assignee", "there is no user of this address"));
            }
            Some(user)
        }
    };
    let title = changes.title.as_deref().map(str::trim);
    if title == Some("") && before.summary.by_hand {
        errors.push(error("/title", "an incident that was opened by hand needs one"));
    }
    refuse(errors)?;
    require_own(status)?;
    let fields = IncidentFields {
        title: title.map(|title| Some(title).filter(|title| !title.is_empty())),
        severity: changes.severity,
        assignee,
        post_mortem: changes.post_mortem.as_deref(),
    };
    change_incident(&mut tx, id, fields).await?;
    if let Some(monitors) = &changes.monitors {
        link(&mut tx, id, monitors).await?;
    }
    let after = find(&mut tx, id).await?;
    let (now, user) = (state.clock.now(), session.user.user_id);
    for event in events(&before, &after) {
        add_update(&mut tx, id, user, UpdateKind::Event, &event, now).await?;
    }
    if changes.monitors.is_some() {
        note_standings(&mut tx, &[id], now).await?;
    }
    let changed = find(&mut tx, id).await?;
    tx.commit().await?;
    state.announce(Change::Incidents(vec![id])).await;
    tracing::info!(incident = id, user, "incident changed");
    Ok(Json(changed))
}

/// Says that one is on it.
///
/// The first time counts; the time to acknowledge is measured to it.
#[utoipa::path(
    post, path = "/api/v1/incidents/{id}/acknowledge", tag = INCIDENTS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The incident's number")),
    responses((status = 200, body = Incident), NeedsRole, NotFound, Conflict)
)]
async fn acknowledge_incident(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
) -> ApiResult<Json<Incident>> {
    act(&state, &session, id, Action::Acknowledge).await
}

/// Resolves an incident, whatever its outages say.
///
/// Another outage that belongs to it opens it again.
#[utoipa::path(
    post, path = "/api/v1/incidents/{id}/resolve", tag = INCIDENTS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The incident's number")),
    responses((status = 200, body = Incident), NeedsRole, NotFound, Conflict)
)]
async fn resolve_incident(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
) -> ApiResult<Json<Incident>> {
    act(&state, &session, id, Action::Resolve).await
}

/// Opens an incident again; it lasts until somebody resolves it.
#[utoipa::path(
    post, path = "/api/v1/incidents/{id}/reopen", tag = INCIDENTS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The incident's number")),
    responses((status = 200, body = Incident), NeedsRole, NotFound, Conflict)
)]
async fn reopen_incident(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
) -> ApiResult<Json<Incident>> {
    act(&state, &session, id, Action::Reopen).await
}

/// Says something of an incident: a note for the team, or an update for everybody.
#[utoipa::path(
    post, path = "/api/v1/incidents/{id}/updates", tag = INCIDENTS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The incident's number")),
    request_body = IncidentUpdateRequest,
    responses((status = 201, body = Incident), NeedsRole, NotFound, Invalid, Conflict)
)]
async fn create_incident_update(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
    JsonBody(request): JsonBody<IncidentUpdateRequest>,
) -> ApiResult<Response> {
    let text = request.text.trim();
    let mut errors = Vec::new();
    check_length("/text", text, 1..=UPDATE_CHARACTERS, &mut errors);
    refuse(errors)?;
    let kind = if request.public {
        UpdateKind::Public
    } else {
        UpdateKind::Internal
    };
    let mut tx = state.pool.begin().await?;
    require_own(lock(&mut tx, id).await?)?;
    let (user, now) = (session.user.user_id, state.clock.now());
    let update = add_update(&mut tx, id, user, kind, text, now).await?;
    if request.public {
        note_update(&mut tx, update).await?;
    }
    let changed = find(&mut tx, id).await?;
    tx.commit().await?;
    state.announce(Change::Incidents(vec![id])).await;
    Ok((StatusCode::CREATED, Json(changed)).into_response())
}

/// What somebody does to an incident.
#[derive(Clone, Copy, Debug)]
enum Action {
    Acknowledge,
    Resolve,
    Reopen,
}

async fn act(state: &AppState, session: &Session, id: i32, action: Action) -> ApiResult<Json<Incident>> {
    use IncidentStatus::{Acknowledged, Open, Resolved};
    let (user, now) = (session.user.user_id, state.clock.now());
    let mut tx = state.pool.begin().await?;
    let status = lock(&mut tx, id).await?;
    require_own(status)?;
    let event = match (action, status) {
        (Action::Acknowledge, Open | Resolved) => {
            acknowledge(&mut tx, id, user, now).await?;
            Some("Acknowledged")
        }
        (Action::Resolve, Open | Acknowledged) => {
            set_resolved(&mut tx, id, Some(now)).await?;
            Some("Resolved")
        }
        (Action::Reopen, Resolved) => {
            set_resolved(&mut tx, id, None).await?;
            Some("Opened again")
        }
        // It is so already.
        _ => None,
    };
    if let Some(event) = event {
        add_update(&mut tx, id, user, UpdateKind::Event, event, now).await?;
        note_standings(&mut tx, &[id], now).await?;
    }
    let changed = find(&mut tx, id).await?;
    tx.commit().await?;
    if event.is_some() {
        state.announce(Change::Incidents(vec![id])).await;
        tracing::info!(incident = id, user, ?action, "incident acted upon");
    }
    Ok(Json(changed))
}

async fn find(db: &mut PgConnection, id: i32) -> ApiResult<Incident> {
    find_incident(db, id)
        .await?
        .ok_or_else(|| ApiError::not_found("incident"))
}

async fn lock(db: &mut PgConnection, id: i32) -> ApiResult<IncidentStatus> {
    lock_incident(db, id)
        .await?
        .ok_or_else(|| ApiError::not_found("incident"))
}

/// What is part of another incident, or was none, is left as it is.
fn require_own(status: IncidentStatus) -> ApiResult<()> {
    let detail = match status {
        IncidentStatus::Merged => "this incident was merged into another one: go on there",
        IncidentStatus::Withdrawn => "this incident was withdrawn: none of its outages has been one",
        _ => return Ok(()),
    };
    Err(ApiError::new(ProblemType::Conflict, detail))
}

async fn link(db: &mut PgConnection, id: i32, monitors: &[i32]) -> ApiResult<()> {
    if link_monitors(db, id, monitors).await? {
        return Ok(());
    }
    Err(ApiError::validation(vec![error(
        "/monitors",
        "names a monitor that there is not",
    )]))
}

/// What is told of changes.
fn events(before: &Incident, after: &Incident) -> Vec<String> {
    let (was, is) = (&before.summary, &after.summary);
    let mut events = Vec::new();
    if was.title != is.title {
        events.push(format!("Named “{}”", is.title));
    }
    if was.severity != is.severity {
        events.push(format!("Severity set to {}", is.severity.as_str()));
    }
    if was.assignee != is.assignee {
        events.push(match &is.assignee {
            Some(email) => format!("Assigned to {email}"),
            None => "Assigned to nobody".to_owned(),
        });
    }
    let linked = |incident: &Incident| -> Vec<i32> {
        let by_hand = incident.outages.iter().filter(|outage| outage.from.is_none());
        by_hand.map(|outage| outage.monitor).collect()
    };
    if linked(before) != linked(after) {
        events.push("Linked monitors changed".to_owned());
    }
    if before.post_mortem != after.post_mortem {
        events.push("Post-mortem written".to_owned());
    }
    events
}

fn check_length(pointer: &str, text: &str, characters: RangeInclusive<usize>, errors: &mut Vec<FieldError>) {
    if text.contains('\0') {
        errors.push(error(pointer, "must not contain NUL"));
    } else if !characters.contains(&text.chars().count()) {
        let (least, most) = (characters.start(), characters.end());
        errors.push(error(pointer, &format!("takes {least} to {most} characters")));
    }
}

fn check_monitors(monitors: &mut Vec<i32>, errors: &mut Vec<FieldError>) {
    monitors.sort_unstable();
    monitors.dedup();
    if monitors.len() > MONITORS {
        errors.push(error("/monitors", "takes 100 monitors at most"));
    }
}

fn error(pointer: &str, detail: &str) -> FieldError {
    FieldError {
        pointer: pointer.to_owned(),
        detail: detail.to_owned(),
    }
}

fn refuse(errors: Vec<FieldError>) -> ApiResult<()> {
    if errors.is_empty() {
        Ok(())
    } else {
        Err(ApiError::validation(errors))
    }
}

/// What was stored as it is answered.
fn decode<T: DeserializeOwned>(stored: Value) -> ApiResult<T> {
    serde_json::from_value(stored).map_err(ApiError::internal)
}

#[cfg(test)]
mod tests;
