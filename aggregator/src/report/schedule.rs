//! Reports that are made regularly, each of a period that is over.

use super::{at, title};
use crate::{
    announcement::Change,
    state::AppState,
    store::{
        report::{NewReport, create_report},
        report_schedule::{DueSchedule, advance_schedule, insert_mails, list_due_schedules},
        sla::list_slas,
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use edgewatch_client::report_schedule::ReportRhythm;
use edgewatch_domain::{
    calendar::{Unit, period_at},
    span::Span,
};
use sqlx::{PgConnection, Postgres, Transaction};

/// How long after a period's end its report is made: most of what probes bring late has come by then.
pub const AFTER: TimeDelta = TimeDelta::hours(3);

/// The unit of a rhythm.
fn unit(rhythm: ReportRhythm) -> Unit {
    match rhythm {
        ReportRhythm::Daily => Unit::Day,
        ReportRhythm::Weekly => Unit::Week,
        ReportRhythm::Monthly => Unit::Month,
        ReportRhythm::Quarterly => Unit::Quarter,
    }
}

/// When the report is made of the period that goes on, or has ended so lately that its report is not made yet.
pub fn next_at(rhythm: ReportRhythm, zone: Tz, now: DateTime<Utc>) -> DateTime<Utc> {
    let going_on = period_at(zone, unit(rhythm), (now - AFTER).timestamp_millis());
    at(going_on.to_ms) + AFTER
}

/// The period that is reported at a moment: the last one that had been over for [`AFTER`].
pub fn reported_at(rhythm: ReportRhythm, zone: Tz, now: DateTime<Utc>) -> Span {
    let going_on = period_at(zone, unit(rhythm), (now - AFTER).timestamp_millis());
    period_at(zone, unit(rhythm), going_on.from_ms - 1)
}

/// Asks for the reports that are due, and notes whom they are to be mailed to. After a time without an aggregator only the
/// last of the periods that passed is reported.
pub async fn ask_for_reports(
    state: &AppState,
    db: &mut Transaction<'static, Postgres>,
) -> sqlx::Result<Vec<Change>> {
    let now = state.clock.now();
    for due in list_due_schedules(&mut **db, now).await? {
        ask(db, &due, now).await?;
    }
    Ok(Vec::new())
}

async fn ask(db: &mut PgConnection, due: &DueSchedule, now: DateTime<Utc>) -> sqlx::Result<()> {
    let Some(sla) = list_slas(&mut *db, Some(due.sla)).await?.pop() else {
        return Ok(());
    };
    let zone = sla
        .newest()
        .map(|version| version.policy.zone())
        .unwrap_or_default();
    let span = reported_at(due.rhythm, zone, now);
    if let Some(version) = sla.version_at_end(span.to_ms) {
        let new = NewReport {
            sla: (sla.id, version.version),
            title: &title(&sla.name, span, zone),
            from: at(span.from_ms),
            to: at(span.to_ms),
            author: &due.author,
            now,
        };
        let report = create_report(&mut *db, new).await?;
        insert_mails(&mut *db, due.id, report, &due.recipients, now).await?;
        tracing::info!(schedule = due.id, report, "a scheduled report was asked for");
    }
    advance_schedule(&mut *db, due.id, next_at(due.rhythm, zone, now)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_is_reported_some_hours_after_its_end_in_the_agreements_zone() {
        let zone = Tz::Europe__Berlin;
        let monthly = ReportRhythm::Monthly;
        let due = moment("2026-11-01T02:00:00Z");
        assert_eq!(next_at(monthly, zone, moment("2026-10-15T00:00:00Z")), due);
        // Not skipped by who writes the schedule in the hours between.
        assert_eq!(next_at(monthly, zone, moment("2026-11-01T01:59:59Z")), due);
        let october = reported_at(monthly, zone, due);
        assert_eq!(at(october.from_ms), moment("2026-09-30T22:00:00Z"));
        assert_eq!(at(october.to_ms), moment("2026-10-31T23:00:00Z"));
        assert_eq!(next_at(monthly, zone, due), moment("2026-12-01T02:00:00Z"));
        // A job that is late reports the same.
        assert_eq!(
            reported_at(monthly, zone, moment("2026-11-20T00:00:00Z")),
            october
        );
    }

    #[test]
    fn each_rhythm_has_its_periods() {
        let now = moment("2026-11-22T12:00:00Z");
        let of = |rhythm| {
            let span = reported_at(rhythm, Tz::UTC, now);
            (
                at(span.from_ms).date_naive().to_string(),
                at(span.to_ms).date_naive().to_string(),
            )
        };
        let days = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        assert_eq!(of(ReportRhythm::Daily), days("2026-11-21", "2026-11-22"));
        assert_eq!(of(ReportRhythm::Weekly), days("2026-11-09", "2026-11-16"));
        assert_eq!(of(ReportRhythm::Monthly), days("2026-10-01", "2026-11-01"));
        assert_eq!(of(ReportRhythm::Quarterly), days("2026-07-01", "2026-10-01"));
    }
}
