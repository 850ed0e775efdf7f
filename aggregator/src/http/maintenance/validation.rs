//! What is wrong with maintenance as it was written, field by field.

use super::to_come;
use crate::{
    http::{ApiError, error::ApiResult},
    store::{
        maintenance::StoredMaintenance, monitor::list_monitor_ids, status_page::list_page_ids,
        status_page_component::list_component_ids,
    },
    validation::{NAME_CHARACTERS, TAG_CHARACTERS},
};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::maintenance::{MaintenanceSchedule, MaintenanceScope, MaintenanceSettings};
use edgewatch_domain::maintenance::{Schedule, Windows};
use edgewatch_protocol::problem::FieldError;
use sqlx::PgConnection;

/// How long ago a window may begin that is written now: as long as late results rewrite the record too.
const BEGINS_AGO: TimeDelta = TimeDelta::hours(24);

const NOTE_CHARACTERS: usize = 1_000;
const TAGS: usize = 50;
const MONITORS: usize = 10_000;

/// The schedule, if all is right.
pub async fn validate(
    db: &mut PgConnection,
    settings: &MaintenanceSettings,
    kept: Option<&StoredMaintenance>,
    now: DateTime<Utc>,
) -> ApiResult<Schedule> {
    let mut errors = Vec::new();
    let name = settings.name.as_str();
    if name.trim() != name || name.is_empty() || name.chars().count() > NAME_CHARACTERS {
        let detail = format!("must have 1 to {NAME_CHARACTERS} characters, and no space at its ends");
        errors.push(error("/name", detail));
    }
    if settings.note.chars().count() > NOTE_CHARACTERS {
        errors.push(error(
            "/note",
            format!("has more than {NOTE_CHARACTERS} characters"),
        ));
    }
    errors.extend(schedule_errors(&settings.schedule, kept, now));
    errors.extend(scope_errors(db, &settings.scope).await?);
    if errors.is_empty() {
        Ok(Schedule::from(&settings.schedule))
    } else {
        Err(ApiError::validation(errors))
    }
}

/// What is wrong with a schedule that is written now; `kept` is what it changes.
pub fn schedule_errors(
    schedule: &MaintenanceSchedule,
    kept: Option<&StoredMaintenance>,
    now: DateTime<Utc>,
) -> Vec<FieldError> {
    let windows: Windows = match Schedule::from(schedule).parse() {
        Ok(windows) => windows,
        Err(errors) => {
            let named = errors.into_iter().map(|fault| {
                let field = fault.field.trim_end_matches("_ms");
                error(&format!("/schedule/{field}"), fault.message)
            });
            return named.collect();
        }
    };
    let mut errors = Vec::new();
    match schedule {
        MaintenanceSchedule::Once { from, to } => {
            if *to <= now {
                errors.push(error(
                    "/schedule/to",
                    "has passed: what has passed stays as it was",
                ));
            }
            let written = kept.and_then(|kept| kept.texts.last()?.schedule.as_ref());
            let is_kept = written.is_some_and(
                |schedule| matches!(schedule, Schedule::Once { from_ms, .. } if *from_ms == from.timestamp_millis()),
            );
            if *from < now - BEGINS_AGO && !is_kept {
                errors.push(error("/schedule/from", "must not be more than a day ago"));
            }
        }
        MaintenanceSchedule::Recurring { .. } => {
            if windows.occurrences(to_come(now)).is_empty() {
                errors.push(error("/schedule/rule", "has no window to come"));
            }
        }
    }
    errors
}

async fn scope_errors(db: &mut PgConnection, scope: &MaintenanceScope) -> sqlx::Result<Vec<FieldError>> {
    let mut errors = Vec::new();
    let numbers = [&scope.monitors, &scope.groups, &scope.pages];
    if !scope.everything && scope.tags.is_empty() && numbers.iter().all(|numbers| numbers.is_empty()) {
        let detail = "names nothing: all monitors, some, tags, or what status pages show";
        errors.push(error("/scope", detail));
    }
    for (field, what, numbers) in [
        ("monitors", "monitor", &scope.monitors),
        ("groups", "component or group", &scope.groups),
        ("pages", "status page", &scope.pages),
    ] {
        if numbers.len() > MONITORS {
            errors.push(error(
                &format!("/scope/{field}"),
                format!("names more than {MONITORS}"),
            ));
            continue;
        }
        let known = match field {
            _ if numbers.is_empty() => continue,
            "monitors" => list_monitor_ids(&mut *db, numbers).await?,
            "groups" => list_component_ids(&mut *db, numbers).await?,
            _ => list_page_ids(&mut *db, numbers).await?,
        };
        for (index, id) in numbers.iter().enumerate() {
            if !known.contains(id) {
                errors.push(error(
                    &format!("/scope/{field}/{index}"),
                    format!("there is no {what} {id}"),
                ));
            }
        }
    }
    if scope.tags.len() > TAGS {
        errors.push(error("/scope/tags", format!("has more than {TAGS} tags")));
    }
    for (index, tag) in scope.tags.iter().enumerate() {
        if tag.trim() != tag || tag.is_empty() || tag.chars().count() > TAG_CHARACTERS {
            let detail = format!("must have 1 to {TAG_CHARACTERS} characters, and no space at its ends");
            errors.push(error(&format!("/scope/tags/{index}"), detail));
        }
    }
    Ok(errors)
}

fn error(pointer: &str, detail: impl Into<String>) -> FieldError {
    FieldError {
        pointer: pointer.to_owned(),
        detail: detail.into(),
    }
}
