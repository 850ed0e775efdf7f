//! Hours, days, weeks, months, quarters and years in a time zone, as spans of time.
//!
//! They are as long as they are: a day has 23 or 25 hours, October in Europe/Berlin 745 and March 743, where clocks are
//! changed. A local time that a change of clocks skips is taken with the offset from before the change, one that comes
//! twice is the first of the two (RFC 5545, section 3.3.5).

use crate::span::Span;
use chrono::{DateTime, Datelike as _, Days, MappedLocalTime, Months, NaiveDate, NaiveDateTime, NaiveTime};
use chrono::{Offset as _, TimeDelta, TimeZone as _};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// A unit of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// From full hour to full hour.
    Hour,
    /// From midnight to midnight.
    Day,
    /// From Monday to Monday.
    Week,
    /// Calendar month.
    Month,
    /// Three months from January, April, July or October.
    Quarter,
    /// Calendar year.
    Year,
}

/// The zone of an IANA name such as `Europe/Berlin`.
pub fn zone(name: &str) -> Option<Tz> {
    name.parse().ok()
}

/// The moment of a local time, in milliseconds since the Unix epoch.
pub fn local_ms(zone: Tz, local: NaiveDateTime) -> i64 {
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(moment) | MappedLocalTime::Ambiguous(moment, _) => moment.timestamp_millis(),
        MappedLocalTime::None => {
            // Hours are skipped by a change of clocks, and once in history a day by a change of the date line.
            let before = (1..=26).find_map(|hours| {
                let earlier = local.checked_sub_signed(TimeDelta::hours(hours))?;
                zone.from_local_datetime(&earlier).latest()
            });
            let offset_s = before.map_or(0, |before| before.offset().fix().local_minus_utc());
            local.and_utc().timestamp_millis() - i64::from(offset_s) * 1_000
        }
    }
}

/// The local date and time of a moment in milliseconds since the Unix epoch. Moments beyond what a calendar can tell are
/// taken for its first or last.
pub fn local_time(zone: Tz, at_ms: i64) -> NaiveDateTime {
    // A day within the limits, so that no offset passes them.
    let limits = [NaiveDateTime::MIN, NaiveDateTime::MAX].map(|limit| limit.and_utc().timestamp_millis());
    let day_ms = 86_400_000;
    let utc = DateTime::from_timestamp_millis(at_ms.clamp(limits[0] + day_ms, limits[1] - day_ms));
    utc.unwrap_or_default().with_timezone(&zone).naive_local()
}

/// The hour, day, week, … of a moment. A change of clocks ends an hour: where they are changed within one or by less than
/// one, hours are short.
pub fn period_at(zone: Tz, unit: Unit, at_ms: i64) -> Span {
    let local = local_time(zone, at_ms);
    let day = local.date();
    let month = |number| NaiveDate::from_ymd_opt(day.year(), number, 1).unwrap_or(day);
    let (first, months) = match unit {
        Unit::Hour => return hour_at(zone, at_ms),
        Unit::Day => (day, None),
        Unit::Week => {
            let since_monday = Days::new(day.weekday().num_days_from_monday().into());
            (day.checked_sub_days(since_monday).unwrap_or(day), None)
        }
        Unit::Month => (month(day.month()), Some(1)),
        Unit::Quarter => (month(day.month0() / 3 * 3 + 1), Some(3)),
        Unit::Year => (month(1), Some(12)),
    };
    let after = match months {
        Some(months) => first.checked_add_months(Months::new(months)),
        None => first.checked_add_days(Days::new(if unit == Unit::Week { 7 } else { 1 })),
    };
    let midnight_ms = |day: NaiveDate| local_ms(zone, day.and_time(NaiveTime::MIN));
    Span::new(midnight_ms(first), midnight_ms(after.unwrap_or(NaiveDate::MAX)))
}

/// The hour of a moment, cut where clocks are changed.
fn hour_at(zone: Tz, at_ms: i64) -> Span {
    let hour_ms = 3_600_000;
    let offset_ms = |moment_ms| local_time(zone, moment_ms).and_utc().timestamp_millis() - moment_ms;
    let offset_now_ms = offset_ms(at_ms);
    // How many of the milliseconds of an hour, counted away from the moment, have its offset.
    let with_same_offset = |moment_ms: &dyn Fn(i64) -> i64| {
        let (mut same, mut other) = (0, hour_ms);
        while other - same > 1 {
            let middle = i64::midpoint(same, other);
            if offset_ms(moment_ms(middle)) == offset_now_ms {
                same = middle;
            } else {
                other = middle;
            }
        }
        same
    };
    let into_hour_ms = (at_ms + offset_now_ms).rem_euclid(hour_ms);
    let before_ms = into_hour_ms.min(with_same_offset(&|ms| at_ms - ms));
    let after_ms = (hour_ms - into_hour_ms).min(with_same_offset(&|ms| at_ms + ms) + 1);
    Span::new(at_ms - before_ms, at_ms + after_ms)
}

/// The periods that have time in common with the window, whole ones, in order.
pub fn periods(zone: Tz, unit: Unit, window: Span) -> impl Iterator<Item = Span> {
    let first = (!window.is_empty()).then(|| period_at(zone, unit, window.from_ms));
    let next = move |last: &Span| {
        let next = period_at(zone, unit, last.to_ms);
        // At the end of what a calendar can tell there is no next.
        (next.to_ms > last.to_ms).then_some(next)
    };
    std::iter::successors(first, next).take_while(move |period| period.from_ms < window.to_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::HOUR;
    use proptest::prelude::*;

    fn at(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()
    }

    fn berlin() -> Tz {
        zone("Europe/Berlin").unwrap()
    }

    /// Golden case 9: clocks go back on 26 October 2025 and forth on 30 March 2025.
    #[test]
    fn october_has_745_hours_and_march_743_in_berlin() {
        let hours = |moment| period_at(berlin(), Unit::Month, at(moment)).length_ms() / HOUR;
        assert_eq!(hours("2025-10-15T12:00:00Z"), 745);
        assert_eq!(hours("2025-03-01T00:00:00+01:00"), 743);
        assert_eq!(hours("2025-03-31T23:59:59+02:00"), 743);
        assert_eq!(hours("2025-01-31T23:30:00Z"), 28 * 24);
    }

    #[test]
    fn periods_begin_at_local_midnight() {
        let month = period_at(berlin(), Unit::Month, at("2025-10-31T23:30:00Z"));
        assert_eq!(month.from_ms, at("2025-11-01T00:00:00+01:00"));
        let week = period_at(berlin(), Unit::Week, at("2025-10-26T12:00:00Z"));
        assert_eq!(
            (week.from_ms, week.length_ms()),
            (at("2025-10-20T00:00:00+02:00"), 169 * HOUR)
        );
        let quarter = period_at(berlin(), Unit::Quarter, at("2025-12-31T12:00:00Z"));
        assert_eq!(quarter.from_ms, at("2025-10-01T00:00:00+02:00"));
        let year = period_at(berlin(), Unit::Year, at("2024-06-01T00:00:00Z"));
        assert_eq!(year.length_ms(), 366 * 24 * HOUR);
        let kolkata = zone("Asia/Kolkata").unwrap();
        let hour = period_at(kolkata, Unit::Hour, at("2025-06-01T10:45:00Z"));
        assert_eq!(hour.from_ms, at("2025-06-01T10:30:00Z"));
    }

    #[test]
    fn a_day_whose_midnight_is_skipped_begins_when_it_begins() {
        // Clocks went from 00:00 to 01:00 on 8 September 2019 in Santiago.
        let day = period_at(
            zone("America/Santiago").unwrap(),
            Unit::Day,
            at("2019-09-08T12:00:00Z"),
        );
        assert_eq!(
            (day.from_ms, day.length_ms()),
            (at("2019-09-08T04:00:00Z"), 23 * HOUR)
        );
    }

    /// Clocks went from 00:00 to 00:15 on 1 January 1986 in Kathmandu, and go back from 02:00 to 01:30 on Lord Howe Island.
    #[test]
    fn hours_are_short_where_clocks_are_changed_by_less() {
        let kathmandu = zone("Asia/Kathmandu").unwrap();
        let change = at("1985-12-31T18:30:00Z");
        let minutes = |span: Span| (span.length_ms() / 60_000, (span.from_ms - change) / 60_000);
        assert_eq!(minutes(period_at(kathmandu, Unit::Hour, change - 1)), (60, -60));
        assert_eq!(minutes(period_at(kathmandu, Unit::Hour, change)), (45, 0));
        assert_eq!(minutes(period_at(kathmandu, Unit::Hour, change + HOUR)), (60, 45));
        let lord_howe = zone("Australia/Lord_Howe").unwrap();
        let change = at("2025-04-05T15:00:00Z");
        let minutes = |span: Span| (span.length_ms() / 60_000, (span.from_ms - change) / 60_000);
        assert_eq!(minutes(period_at(lord_howe, Unit::Hour, change - 1)), (60, -60));
        assert_eq!(minutes(period_at(lord_howe, Unit::Hour, change + 1)), (30, 0));
    }

    proptest! {
        #[test]
        fn periods_follow_each_other_without_a_hole(
            from_ms in 0i64..2_000_000_000_000, hours in 1i64..20_000, zone in 0usize..6, unit in 0usize..6
        ) {
            let zones = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "Australia/Lord_Howe"];
            let zone = super::zone(zones[zone]).unwrap();
            let units = [Unit::Hour, Unit::Day, Unit::Week, Unit::Month, Unit::Quarter, Unit::Year];
            let unit = units[unit];
            let hours = if unit == Unit::Hour { hours.min(200) } else { hours };
            let window = Span::new(from_ms, from_ms + hours * HOUR);
            let periods: Vec<_> = periods(zone, unit, window).collect();
            prop_assert!(periods[0].contains(window.from_ms));
            prop_assert!(periods[periods.len() - 1].to_ms >= window.to_ms);
            prop_assert!(periods.windows(2).all(|two| two[0].to_ms == two[1].from_ms));
            for period in &periods {
                prop_assert_eq!(period_at(zone, unit, period.from_ms), *period);
                prop_assert_eq!(period_at(zone, unit, period.to_ms - 1), *period);
            }
        }
    }
}
