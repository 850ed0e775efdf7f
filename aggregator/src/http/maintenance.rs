//! `/api/v1/maintenance`: when monitors are worked at, so that what is measured meanwhile is no outage.
//!
//! What has passed stays: a change acts on the window that is open, as if it had been so all along, and on those to come.
//! Every version is kept, with who wrote it.

mod validation;

use super::{
    ApiError, JsonBody,
    auth::{Editor, Viewer},
    error::ApiResult,
    located,
    openapi::{Conflict, Invalid, InvalidQuery, MAINTENANCE, NeedsRole, NeedsSession, NotFound},
    parameters::{PathParameter, QueryParameters},
};
use crate::{
    announcement::Change,
    state::AppState,
    store::{
        evaluation_queue::void_evaluation,
        maintenance::{
            NewVersion, StoredMaintenance, add_version, create_maintenance as create,
            delete_maintenance as delete, list_maintenance as list, lock_maintenance,
        },
    },
};
use axum::{Json, extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::maintenance::{
    Maintenance, MaintenanceChange, MaintenanceChangeKind, MaintenanceQuery, MaintenanceScope,
    MaintenanceSettings, MaintenanceStatus, MaintenanceWindow,
};
use edgewatch_domain::{
    maintenance::{DURATION_MIN, MAX_RANGE_MS, Schedule, Scope, occurrences},
    span::Span,
};
use edgewatch_protocol::problem::ProblemType;
use sqlx::PgConnection;
use utoipa_axum::{router::OpenApiRouter, routes};
use validation::{schedule_errors, validate};

/// The longest range of the list.
const MAX_RANGE: TimeDelta = TimeDelta::days(400);
const DEFAULT_RANGE: TimeDelta = TimeDelta::days(31);

/// How long before its maintenance was written a window may have begun.
const LONGEST_WINDOW: TimeDelta = TimeDelta::minutes(*DURATION_MIN.end() as i64);

/// Windows of a preview.
const PREVIEWED: usize = 10;

/// The family's routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_maintenance, create_maintenance))
        .routes(routes!(preview_maintenance))
        .routes(routes!(get_maintenance, update_maintenance, delete_maintenance))
        .routes(routes!(end_maintenance))
}

/// Maintenance that is open or to come, or has windows within a range of time; what begins next first.
#[utoipa::path(
    get, path = "/api/v1/maintenance", tag = MAINTENANCE, security(("cookie" = []), ("bearer" = [])),
    params(MaintenanceQuery), responses((status = 200, body = Vec<Maintenance>), NeedsSession, InvalidQuery)
)]
async fn list_maintenance(
    _: Viewer,
    State(state): State<AppState>,
    QueryParameters(query): QueryParameters<MaintenanceQuery>,
) -> ApiResult<Json<Vec<Maintenance>>> {
    let now = state.clock.now();
    let range = range_of(query, now)?;
    let mut db = state.pool.acquire().await?;
    let stored = list(&mut db, None).await?;
    let mut shown: Vec<_> = stored
        .iter()
        .filter_map(|stored| show(stored, range, now))
        .filter(|shown| shown.status != MaintenanceStatus::Over || !shown.windows.is_empty())
        .collect();
    shown.sort_by_key(|shown| {
        let begins = shown.next.map(|next| next.from);
        (begins.is_none(), begins, shown.id)
    });
    Ok(Json(shown))
}

/// One maintenance, with how it was changed.
#[utoipa::path(
    get, path = "/api/v1/maintenance/{id}", tag = MAINTENANCE, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The maintenance's number"), MaintenanceQuery),
    responses((status = 200, body = Maintenance), NeedsSession, NotFound, InvalidQuery)
)]
async fn get_maintenance(
    _: Viewer,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
    QueryParameters(query): QueryParameters<MaintenanceQuery>,
) -> ApiResult<Json<Maintenance>> {
    let now = state.clock.now();
    let range = range_of(query, now)?;
    let mut db = state.pool.acquire().await?;
    let stored = find(&mut db, id).await?;
    answer(&stored, range, now).map(Json)
}

/// Plans maintenance.
///
/// A window may have begun already, by a day at most: what was measured in it is recorded anew.
#[utoipa::path(
    post, path = "/api/v1/maintenance", tag = MAINTENANCE, security(("cookie" = []), ("bearer" = [])),
    request_body = MaintenanceSettings, responses((status = 201, body = Maintenance), NeedsRole, Invalid)
)]
async fn create_maintenance(
    Editor(session): Editor,
    State(state): State<AppState>,
    JsonBody(settings): JsonBody<MaintenanceSettings>,
) -> ApiResult<Response> {
    let now = state.clock.now();
    let mut tx = state.pool.begin().await?;
    let schedule = validate(&mut tx, &settings, None, now).await?;
    void_evaluation(&mut tx).await?;
    let id = create(&mut tx, now).await?;
    write(
        &mut tx,
        id,
        &settings,
        Some(&schedule),
        (session.user.user_id, now),
        i64::MIN,
    )
    .await?;
    let made = answer(&find(&mut tx, id).await?, default_range(now), now)?;
    tx.commit().await?;
    tell(&state).await;
    tracing::info!(
        maintenance = id,
        user = session.user.user_id,
        "maintenance planned"
    );
    located(StatusCode::CREATED, format!("/api/v1/maintenance/{id}"), made)
}

/// Changes maintenance that is open or to come.
///
/// The window that is open becomes what it would have been, had this been written from the beginning; those that have
/// ended stay.
#[utoipa::path(
    put, path = "/api/v1/maintenance/{id}", tag = MAINTENANCE, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The maintenance's number")), request_body = MaintenanceSettings,
    responses((status = 200, body = Maintenance), NeedsRole, NotFound, Invalid, Conflict)
)]
async fn update_maintenance(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
    JsonBody(settings): JsonBody<MaintenanceSettings>,
) -> ApiResult<Json<Maintenance>> {
    let now = state.clock.now();
    let mut tx = state.pool.begin().await?;
    let kept = find_unfinished(&mut tx, id, now).await?;
    let schedule = validate(&mut tx, &settings, Some(&kept), now).await?;
    let not_before_ms = kept.versions.last().map_or(i64::MIN, |last| last.not_before_ms);
    write(
        &mut tx,
        id,
        &settings,
        Some(&schedule),
        (session.user.user_id, now),
        not_before_ms,
    )
    .await?;
    let changed = answer(&find(&mut tx, id).await?, default_range(now), now)?;
    tx.commit().await?;
    tell(&state).await;
    tracing::info!(
        maintenance = id,
        user = session.user.user_id,
        "maintenance changed"
    );
    Ok(Json(changed))
}

/// Removes maintenance that is open or to come.
///
/// A window that is open ends now, and those that have ended stay.
#[utoipa::path(
    delete, path = "/api/v1/maintenance/{id}", tag = MAINTENANCE, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The maintenance's number")),
    responses((status = 204, description = "Removed"), NeedsRole, NotFound, Conflict)
)]
async fn delete_maintenance(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
) -> ApiResult<StatusCode> {
    let now = state.clock.now();
    let mut tx = state.pool.begin().await?;
    let kept = find_unfinished(&mut tx, id, now).await?;
    let began = Span::new(
        (kept.created_at - LONGEST_WINDOW).timestamp_millis(),
        now.timestamp_millis(),
    );
    let has_taken_place = !occurrences(&kept.versions, began).is_empty();
    match kept_settings(&kept).filter(|_| has_taken_place) {
        Some(settings) => {
            let author = (session.user.user_id, now);
            write(&mut tx, id, &settings, None, author, now.timestamp_millis()).await?;
        }
        None => delete(&mut tx, id).await?,
    }
    tx.commit().await?;
    tell(&state).await;
    tracing::info!(
        maintenance = id,
        user = session.user.user_id,
        "maintenance removed"
    );
    Ok(StatusCode::NO_CONTENT)
}

/// Ends the window that is open.
///
/// Those to come take place.
#[utoipa::path(
    post, path = "/api/v1/maintenance/{id}/end", tag = MAINTENANCE, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The maintenance's number")),
    responses((status = 200, body = Maintenance), NeedsRole, NotFound, Conflict)
)]
async fn end_maintenance(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
) -> ApiResult<Json<Maintenance>> {
    let now = state.clock.now();
    let mut tx = state.pool.begin().await?;
    let kept = find_unfinished(&mut tx, id, now).await?;
    let is_open = next_window(&kept, now).is_some_and(|next| next.from <= now);
    let settings = kept_settings(&kept).filter(|_| is_open).ok_or_else(|| {
        let detail = "no window of this maintenance is open now";
        ApiError::new(ProblemType::Conflict, detail)
    })?;
    let schedule = Schedule::from(&settings.schedule);
    let author = (session.user.user_id, now);
    write(
        &mut tx,
        id,
        &settings,
        Some(&schedule),
        author,
        now.timestamp_millis(),
    )
    .await?;
    let changed = answer(&find(&mut tx, id).await?, default_range(now), now)?;
    tx.commit().await?;
    tell(&state).await;
    tracing::info!(maintenance = id, user = session.user.user_id, "maintenance ended");
    Ok(Json(changed))
}

/// The next windows of maintenance, before it is planned.
#[utoipa::path(
    post, path = "/api/v1/maintenance/preview", tag = MAINTENANCE, security(("cookie" = []), ("bearer" = [])),
    request_body = MaintenanceSettings, responses((status = 200, body = Vec<MaintenanceWindow>), NeedsRole, Invalid)
)]
async fn preview_maintenance(
    _: Editor,
    State(state): State<AppState>,
    JsonBody(settings): JsonBody<MaintenanceSettings>,
) -> ApiResult<Json<Vec<MaintenanceWindow>>> {
    let now = state.clock.now();
    let errors = schedule_errors(&settings.schedule, None, now);
    if !errors.is_empty() {
        return Err(ApiError::validation(errors));
    }
    let windows = Schedule::from(&settings.schedule).parse();
    let spans = windows
        .map(|windows| windows.occurrences(to_come(now)))
        .unwrap_or_default();
    Ok(Json(spans.into_iter().take(PREVIEWED).map(window).collect()))
}

async fn find(db: &mut PgConnection, id: i32) -> ApiResult<StoredMaintenance> {
    let found = list(db, Some(id)).await?;
    found
        .into_iter()
        .next()
        .ok_or_else(|| ApiError::not_found("maintenance"))
}

/// One that can still be changed, locked. Nothing is judged meanwhile: that would write the same rows, from what they were
/// before.
async fn find_unfinished(db: &mut PgConnection, id: i32, now: DateTime<Utc>) -> ApiResult<StoredMaintenance> {
    void_evaluation(&mut *db).await?;
    if !lock_maintenance(&mut *db, id).await? {
        return Err(ApiError::not_found("maintenance"));
    }
    let found = find(db, id).await?;
    if next_window(&found, now).is_none() {
        let detail = "this maintenance is over: what has passed stays as it was";
        return Err(ApiError::new(ProblemType::Conflict, detail));
    }
    Ok(found)
}

async fn write(
    db: &mut PgConnection,
    id: i32,
    settings: &MaintenanceSettings,
    schedule: Option<&Schedule>,
    (user_id, from): (i32, DateTime<Utc>),
    not_before_ms: i64,
) -> sqlx::Result<()> {
    let MaintenanceScope {
        everything,
        monitors,
        tags,
        groups,
        pages,
    } = settings.scope.clone();
    let scope = Scope {
        everything,
        monitors: monitors.into_iter().collect(),
        tags: tags.into_iter().collect(),
        groups: groups.into_iter().collect(),
        pages: pages.into_iter().collect(),
    };
    let version = NewVersion {
        from,
        user_id,
        name: &settings.name,
        note: &settings.note,
        schedule,
        scope: &scope,
        not_before_ms,
    };
    add_version(db, id, version).await
}

/// Those that judge, and those that look on.
async fn tell(state: &AppState) {
    state.evaluation.wake();
    state.announce(Change::Monitors).await;
}

fn range_of(query: MaintenanceQuery, now: DateTime<Utc>) -> ApiResult<Span> {
    let from = query.from.unwrap_or(now);
    let to = query.to.unwrap_or_else(|| from + DEFAULT_RANGE);
    if from < to && to - from <= MAX_RANGE {
        return Ok(Span::new(from.timestamp_millis(), to.timestamp_millis()));
    }
    let detail = "`from` is before `to`, by at most 400 days";
    Err(ApiError::new(ProblemType::Validation, detail))
}

fn default_range(now: DateTime<Utc>) -> Span {
    Span::new(now.timestamp_millis(), (now + DEFAULT_RANGE).timestamp_millis())
}

fn to_come(now: DateTime<Utc>) -> Span {
    let now_ms = now.timestamp_millis();
    Span::new(now_ms, now_ms.saturating_add(MAX_RANGE_MS))
}

fn window(span: Span) -> MaintenanceWindow {
    let at = |ms| DateTime::from_timestamp_millis(ms).unwrap_or_default();
    MaintenanceWindow {
        from: at(span.from_ms),
        to: at(span.to_ms),
    }
}

/// The window that is open, or else the next one.
fn next_window(stored: &StoredMaintenance, now: DateTime<Utc>) -> Option<MaintenanceWindow> {
    let found = occurrences(&stored.versions, to_come(now));
    found.first().map(|found| window(found.span))
}

/// The settings as they were written last. `None` only of what was never written.
fn kept_settings(stored: &StoredMaintenance) -> Option<MaintenanceSettings> {
    settings_at(stored, stored.texts.len().checked_sub(1)?)
}

/// The settings of a version; of one that removes, those that held until then.
fn settings_at(stored: &StoredMaintenance, index: usize) -> Option<MaintenanceSettings> {
    let (text, version) = (stored.texts.get(index)?, stored.versions.get(index)?);
    let mut schedules = stored.texts[..=index].iter().rev();
    let schedule = schedules.find_map(|text| text.schedule.as_ref())?;
    Some(MaintenanceSettings {
        name: text.name.clone(),
        note: text.note.clone(),
        schedule: schedule.into(),
        scope: MaintenanceScope {
            everything: version.scope.everything,
            monitors: version.scope.monitors.iter().copied().collect(),
            tags: version.scope.tags.iter().cloned().collect(),
            groups: version.scope.groups.iter().copied().collect(),
            pages: version.scope.pages.iter().copied().collect(),
        },
    })
}

fn show(stored: &StoredMaintenance, range: Span, now: DateTime<Utc>) -> Option<Maintenance> {
    let next = next_window(stored, now);
    let windows = occurrences(&stored.versions, range).into_iter();
    Some(Maintenance {
        id: stored.id,
        revision: i32::try_from(stored.versions.len()).unwrap_or(i32::MAX),
        settings: kept_settings(stored)?,
        status: match next {
            Some(next) if next.from <= now => MaintenanceStatus::Open,
            Some(_) => MaintenanceStatus::Planned,
            None => MaintenanceStatus::Over,
        },
        next,
        windows: windows.map(|found| window(found.span)).collect(),
        created_at: stored.created_at,
        history: Vec::new(),
    })
}

/// With the history.
fn answer(stored: &StoredMaintenance, range: Span, now: DateTime<Utc>) -> ApiResult<Maintenance> {
    let shown = show(stored, range, now).ok_or_else(|| ApiError::not_found("maintenance"))?;
    let changes = stored.texts.iter().zip(&stored.versions).enumerate();
    let history = changes.filter_map(|(index, (text, version))| {
        let kind = match &text.schedule {
            None => MaintenanceChangeKind::Removed,
            Some(_) if index == 0 => MaintenanceChangeKind::Created,
            Some(_) if version.not_before_ms == version.from_ms => MaintenanceChangeKind::Ended,
            Some(_) => MaintenanceChangeKind::Changed,
        };
        Some(MaintenanceChange {
            at: DateTime::from_timestamp_millis(version.from_ms)?,
            by: text.author.clone(),
            kind,
            settings: settings_at(stored, index)?,
        })
    });
    Ok(Maintenance {
        history: history.collect(),
        ..shown
    })
}

#[cfg(test)]
mod tests;
