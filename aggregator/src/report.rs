//! Reports: from what is asked for to the document that all formats are made of.

pub mod content;
pub mod files;
pub mod fonts;
pub mod mails;
pub mod make;
pub mod schedule;
pub mod share;

use crate::store::sla::{StoredSla, StoredVersion};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use edgewatch_domain::{
    calendar::{Unit, local_ms, period_at},
    span::Span,
};
use edgewatch_protocol::problem::FieldError;
use edgewatch_report::words;

/// The longest period.
const MAX_PERIOD: TimeDelta = TimeDelta::days(400);

/// A period as it is asked for: dates, to the end of the last one, or moments (RFC 3339).
///
/// # Errors
/// What is wrong, at `/from` and `/to`.
pub fn period(from: &str, to: &str, zone: Tz) -> Result<Span, Vec<FieldError>> {
    let read = |name: &str, text: &str| {
        let moment = DateTime::parse_from_rfc3339(text).map(|moment| {
            let ms = moment.timestamp_millis();
            Span::new(ms, ms)
        });
        let date = || {
            let date = text.parse::<NaiveDate>().ok()?;
            Some(period_at(
                zone,
                Unit::Day,
                local_ms(zone, date.and_hms_opt(12, 0, 0)?),
            ))
        };
        moment.ok().or_else(date).ok_or_else(|| FieldError {
            pointer: format!("/{name}"),
            detail: format!("`{text}` is neither a date, such as 2026-11-01, nor a moment"),
        })
    };
    let (from, to) = match (read("from", from), read("to", to)) {
        (Ok(from), Ok(to)) => (from, to),
        (from, to) => return Err([from.err(), to.err()].into_iter().flatten().collect()),
    };
    let span = Span::new(from.from_ms, to.to_ms);
    let fault = |detail: String| {
        Err(vec![FieldError {
            pointer: "/to".to_owned(),
            detail,
        }])
    };
    if span.is_empty() {
        return fault("is not after the beginning".to_owned());
    }
    if span.length_ms() > MAX_PERIOD.num_milliseconds() {
        return fault(format!(
            "is more than {} days after the beginning",
            MAX_PERIOD.num_days()
        ));
    }
    Ok(span)
}

/// The version that a report is made under: the one that is asked for, or the last one that was written before its end.
///
/// # Errors
/// There is no such version.
pub fn version(sla: &StoredSla, asked: Option<i32>, span: Span) -> Result<&StoredVersion, Vec<FieldError>> {
    let found = match asked {
        Some(version) => sla.version(version),
        None => sla.version_at_end(span.to_ms),
    };
    found.ok_or_else(|| {
        vec![FieldError {
            pointer: "/version".to_owned(),
            detail: "the agreement has no such version".to_owned(),
        }]
    })
}

/// The title of a report that was given none: the agreement, and the period in the words of its calendar.
pub fn title(name: &str, span: Span, zone: Tz) -> String {
    format!("{name}, {}", words::days(zone, span))
}

/// The moment of milliseconds since the Unix epoch.
pub fn at(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: &str, to: &str) -> Result<(String, String), Vec<String>> {
        let span = period(from, to, Tz::Europe__Berlin);
        span.map(|span| (at(span.from_ms).to_rfc3339(), at(span.to_ms).to_rfc3339()))
            .map_err(|faults| faults.into_iter().map(|fault| fault.pointer).collect())
    }

    #[test]
    fn dates_are_whole_days_of_the_zone_and_moments_are_themselves() {
        let october = (
            "2026-09-30T22:00:00+00:00".to_owned(),
            "2026-10-31T23:00:00+00:00".to_owned(),
        );
        assert_eq!(span("2026-10-01", "2026-10-31"), Ok(october));
        let hour = (
            "2026-10-01T00:00:00+00:00".to_owned(),
            "2026-10-01T01:00:00+00:00".to_owned(),
        );
        assert_eq!(
            span("2026-10-01T00:00:00Z", "2026-10-01T03:00:00+02:00"),
            Ok(hour)
        );
        assert_eq!(
            span("10/2026", "soon"),
            Err(vec!["/from".to_owned(), "/to".to_owned()])
        );
        assert_eq!(span("2026-10-02", "2026-10-01"), Err(vec!["/to".to_owned()]));
        assert_eq!(span("2024-10-02", "2026-10-01"), Err(vec!["/to".to_owned()]));
    }

    #[test]
    fn a_title_names_the_period_in_the_words_of_its_calendar() {
        let title_of = |from: &str, to: &str| {
            let zone = Tz::Europe__Berlin;
            title("shop", period(from, to, zone).unwrap(), zone)
        };
        assert_eq!(title_of("2026-10-01", "2026-10-31"), "shop, October 2026");
        assert_eq!(title_of("2026-10-01", "2026-12-31"), "shop, Q4 2026");
        assert_eq!(title_of("2026-01-01", "2026-12-31"), "shop, 2026");
        assert_eq!(title_of("2026-10-05", "2026-10-05"), "shop, 5 October 2026");
        assert_eq!(
            title_of("2026-10-05", "2026-11-04"),
            "shop, 5 October 2026 to 4 November 2026"
        );
    }
}
