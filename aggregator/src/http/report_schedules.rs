//! `/api/v1/report-schedules`: reports that are made and mailed regularly.

use super::{
    ApiError, JsonBody,
    auth::{Editor, Viewer},
    error::ApiResult,
    located,
    openapi::{Invalid, NeedsRole, NeedsSession, NotFound, SLAS},
    parameters::PathParameter,
};
use crate::{
    mail::is_address,
    report::schedule::next_at,
    state::AppState,
    store::{
        report_schedule::{
            count_schedules, create_schedule, delete_schedule as remove, list_schedules,
            update_schedule as change,
        },
        sla::list_slas,
    },
};
use axum::{Json, extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use edgewatch_client::report_schedule::{ReportSchedule, ReportScheduleSettings};
use edgewatch_protocol::problem::FieldError;
use sqlx::PgConnection;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Whom one schedule mails to.
const RECIPIENTS_AT_MOST: usize = 20;
/// Schedules of the installation.
const SCHEDULES_AT_MOST: i64 = 500;

/// The family's routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_report_schedules, create_report_schedule))
        .routes(routes!(
            get_report_schedule,
            update_report_schedule,
            delete_report_schedule
        ))
}

/// All schedules, by their agreements, and what became of the last report of each.
#[utoipa::path(
    get, path = "/api/v1/report-schedules", tag = SLAS, security(("cookie" = []), ("bearer" = [])),
    responses((status = 200, body = Vec<ReportSchedule>), NeedsSession)
)]
async fn list_report_schedules(
    _: Viewer,
    State(state): State<AppState>,
) -> ApiResult<Json<Vec<ReportSchedule>>> {
    Ok(Json(list_schedules(&state.pool, None).await?))
}

/// One schedule.
#[utoipa::path(
    get, path = "/api/v1/report-schedules/{id}", tag = SLAS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The schedule's number")),
    responses((status = 200, body = ReportSchedule), NeedsSession, NotFound)
)]
async fn get_report_schedule(
    _: Viewer,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
) -> ApiResult<Json<ReportSchedule>> {
    let mut db = state.pool.acquire().await?;
    find(&mut db, id).await.map(Json)
}

/// Has a report made and mailed regularly: of each day, week, month or quarter in the agreement's zone, three hours after
/// its end.
#[utoipa::path(
    post, path = "/api/v1/report-schedules", tag = SLAS, security(("cookie" = []), ("bearer" = [])),
    request_body = ReportScheduleSettings, responses((status = 201, body = ReportSchedule), NeedsRole, Invalid)
)]
async fn create_report_schedule(
    Editor(session): Editor,
    State(state): State<AppState>,
    JsonBody(settings): JsonBody<ReportScheduleSettings>,
) -> ApiResult<Response> {
    let now = state.clock.now();
    let mut tx = state.pool.begin().await?;
    if count_schedules(&mut *tx).await? >= SCHEDULES_AT_MOST {
        let detail = format!("there are {SCHEDULES_AT_MOST} schedules, which is all there can be");
        return Err(ApiError::validation(vec![field("", detail)]));
    }
    let (settings, next_at) = validated(&mut tx, settings, now).await?;
    let id = create_schedule(&mut *tx, &settings, &session.user.email, next_at, now).await?;
    let made = find(&mut tx, id).await?;
    tx.commit().await?;
    located(
        StatusCode::CREATED,
        format!("/api/v1/report-schedules/{id}"),
        made,
    )
}

/// Changes a schedule. What is still to be mailed is mailed as the schedule is then.
#[utoipa::path(
    put, path = "/api/v1/report-schedules/{id}", tag = SLAS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The schedule's number")), request_body = ReportScheduleSettings,
    responses((status = 200, body = ReportSchedule), NeedsRole, NotFound, Invalid)
)]
async fn update_report_schedule(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
    JsonBody(settings): JsonBody<ReportScheduleSettings>,
) -> ApiResult<Json<ReportSchedule>> {
    let mut tx = state.pool.begin().await?;
    find(&mut tx, id).await?;
    let (settings, next_at) = validated(&mut tx, settings, state.clock.now()).await?;
    change(&mut *tx, id, &settings, &session.user.email, next_at).await?;
    let changed = find(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(changed))
}

/// Deletes a schedule, with what it still had to mail. Its reports stay.
#[utoipa::path(
    delete, path = "/api/v1/report-schedules/{id}", tag = SLAS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The schedule's number")),
    responses((status = 204, description = "Deleted"), NeedsRole, NotFound)
)]
async fn delete_report_schedule(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
) -> ApiResult<StatusCode> {
    if !remove(&state.pool, id).await? {
        return Err(ApiError::not_found("schedule"));
    }
    tracing::info!(
        schedule = id,
        user = session.user.user_id,
        "report schedule deleted"
    );
    Ok(StatusCode::NO_CONTENT)
}

async fn find(db: &mut PgConnection, id: i32) -> ApiResult<ReportSchedule> {
    let found = list_schedules(&mut *db, Some(id)).await?.pop();
    found.ok_or_else(|| ApiError::not_found("schedule"))
}

/// Settings as they are kept, and when the first report is due.
async fn validated(
    db: &mut PgConnection,
    settings: ReportScheduleSettings,
    now: DateTime<Utc>,
) -> ApiResult<(ReportScheduleSettings, DateTime<Utc>)> {
    let mut faults = Vec::new();
    let mut recipients = Vec::<String>::new();
    for (index, recipient) in settings.recipients.iter().enumerate() {
        let recipient = recipient.trim();
        let pointer = format!("/recipients/{index}");
        if !is_address(recipient) {
            faults.push(field(&pointer, format!("`{recipient}` is no e-mail address")));
        } else if recipients
            .iter()
            .any(|other| other.eq_ignore_ascii_case(recipient))
        {
            faults.push(field(&pointer, format!("names {recipient} a second time")));
        } else {
            recipients.push(recipient.to_owned());
        }
    }
    let count = settings.recipients.len();
    if !(1..=RECIPIENTS_AT_MOST).contains(&count) {
        faults.push(field(
            "/recipients",
            format!("has {count}, use 1 to {RECIPIENTS_AT_MOST}"),
        ));
    }
    let sla = list_slas(&mut *db, Some(settings.sla)).await?.pop();
    if sla.is_none() {
        faults.push(field("/sla", format!("there is no agreement {}", settings.sla)));
    }
    match sla {
        Some(sla) if faults.is_empty() => {
            let zone = sla
                .newest()
                .map(|version| version.policy.zone())
                .unwrap_or_default();
            let next_at = next_at(settings.rhythm, zone, now);
            Ok((
                ReportScheduleSettings {
                    recipients,
                    ..settings
                },
                next_at,
            ))
        }
        _ => Err(ApiError::validation(faults)),
    }
}

fn field(pointer: &str, detail: String) -> FieldError {
    FieldError {
        pointer: pointer.to_owned(),
        detail,
    }
}

#[cfg(test)]
mod tests;
