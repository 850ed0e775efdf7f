//! Figures and moments in words.

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use chrono_tz::Tz;
use edgewatch_domain::{
    calendar::{Unit, local_time, period_at},
    span::Span,
    uptime::Share,
};

/// What stands where nothing was measured.
pub const NO_DATA: &str = "no data";

/// Between a number and its unit, which belong on one line.
const NO_BREAK: char = '\u{a0}';

/// A share in percent, rounded downwards: `99.951 %`.
pub fn percent(share: Option<Share>) -> String {
    share.map_or_else(
        || NO_DATA.to_owned(),
        |share| format!("{}{NO_BREAK}%", share.percent()),
    )
}

/// Parts per million in percent, with no more decimals than it takes: `99.95 %`.
pub fn ppm(parts: i64) -> String {
    let text = format!("{}.{:04}", parts / 10_000, (parts % 10_000).abs());
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}{NO_BREAK}%")
}

/// A length of time, to the second: `4 min 12 s`, `1 d 2 h 3 min 4 s`; parts of a second where it is shorter than a
/// minute. Negative ones have a minus.
pub fn duration(ms: i64) -> String {
    let sign = if ms < 0 { "−" } else { "" };
    let ms = ms.unsigned_abs();
    let seconds = ms / 1_000;
    if seconds < 60 {
        let tenths = ms % 1_000 / 100;
        let tenths = if tenths == 0 {
            String::new()
        } else {
            format!(".{tenths}")
        };
        return format!("{sign}{seconds}{tenths}{NO_BREAK}s");
    }
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let said = parts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, unit)| format!("{n}{NO_BREAK}{unit}"));
    format!("{sign}{}", said.collect::<Vec<_>>().join(" "))
}

/// The same, or a dash for none.
pub fn duration_or_dash(ms: Option<i64>) -> String {
    ms.map_or_else(|| "–".to_owned(), duration)
}

/// Nothing as a dash, so that what is something stands out.
pub fn some_duration(ms: i64) -> String {
    if ms == 0 { "–".to_owned() } else { duration(ms) }
}

/// Microseconds as milliseconds: `128.4 ms`, from ten seconds on `12.84 s`.
pub fn micros(us: Option<i32>) -> String {
    match us {
        None => "–".to_owned(),
        Some(us) if us >= 10_000_000 => format!("{}.{:02}{NO_BREAK}s", us / 1_000_000, us / 10_000 % 100),
        Some(us) => format!("{}.{}{NO_BREAK}ms", us / 1_000, us / 100 % 10),
    }
}

/// A whole number with narrow spaces between thousands.
pub fn count(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    if n < 0 { format!("−{text}") } else { text }
}

/// `1 outage`, `2 outages`.
pub fn counted(n: i64, one: &str) -> String {
    format!("{} {one}{}", count(n), if n == 1 { "" } else { "s" })
}

/// A moment to the second, with the zone's abbreviation: `25 Oct 2026 02:30:00 CET`.
pub fn moment(zone: Tz, at_ms: i64) -> String {
    let utc = DateTime::<Utc>::from_timestamp_millis(at_ms).unwrap_or_default();
    utc.with_timezone(&zone)
        .format("%-d %b %Y %H:%M:%S %Z")
        .to_string()
}

/// The same to the minute.
pub fn minute(zone: Tz, at_ms: i64) -> String {
    let utc = DateTime::<Utc>::from_timestamp_millis(at_ms).unwrap_or_default();
    utc.with_timezone(&zone).format("%-d %b %Y %H:%M %Z").to_string()
}

/// A day: `25 October 2026`.
pub fn day(zone: Tz, at_ms: i64) -> String {
    local_time(zone, at_ms).format("%-d %B %Y").to_string()
}

/// A day in a table: `Sun 25 Oct 2026`.
pub fn short_day(zone: Tz, at_ms: i64) -> String {
    local_time(zone, at_ms).format("%a %-d %b %Y").to_string()
}

/// A day's date.
pub fn date(zone: Tz, at_ms: i64) -> NaiveDate {
    local_time(zone, at_ms).date()
}

/// A period: in [`days`], or from when to when where it does not begin and end with a day.
pub fn period(zone: Tz, span: Span) -> String {
    let at_midnight = |at_ms| period_at(zone, Unit::Day, at_ms).from_ms == at_ms;
    if at_midnight(span.from_ms) && at_midnight(span.to_ms) {
        return days(zone, span);
    }
    format!("{} to {}", minute(zone, span.from_ms), minute(zone, span.to_ms))
}

/// The days of a period, those that it has a part of too: `October 2026`, `Q4 2026`, `2026`, a day, or from which to which.
pub fn days(zone: Tz, span: Span) -> String {
    let is_whole = |unit| period_at(zone, unit, span.from_ms) == span;
    let begins = local_time(zone, span.from_ms);
    if is_whole(Unit::Month) {
        return begins.format("%B %Y").to_string();
    }
    if is_whole(Unit::Quarter) {
        return format!("Q{} {}", begins.month0() / 3 + 1, begins.year());
    }
    if is_whole(Unit::Year) {
        return begins.year().to_string();
    }
    let (first, last) = (day(zone, span.from_ms), day(zone, span.to_ms - 1));
    if first == last {
        first
    } else {
        format!("{first} to {last}")
    }
}

/// `a`, `a and b`, `a, b and c`.
pub fn list(names: &[String]) -> String {
    match names.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgewatch_domain::calendar::{local_ms, zone};

    #[test]
    fn durations_are_told_to_the_second() {
        let of = |ms| duration(ms).replace(NO_BREAK, "_");
        assert_eq!(of(0), "0_s");
        assert_eq!(of(12_340), "12.3_s");
        assert_eq!(of(252_999), "4_min 12_s");
        assert_eq!(of(-93_784_000), "−1_d 2_h 3_min 4_s");
        assert_eq!(of(3_600_000), "1_h");
    }

    #[test]
    fn figures_are_written_with_what_they_need() {
        assert_eq!(ppm(999_500), "99.95\u{a0}%");
        assert_eq!(ppm(990_000), "99\u{a0}%");
        assert_eq!(ppm(999_999), "99.9999\u{a0}%");
        assert_eq!(percent(Share::new(999_999, 1_000_000)), "99.999\u{a0}%");
        assert_eq!(percent(None), "no data");
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(micros(Some(128_449)), "128.4\u{a0}ms");
        assert_eq!(micros(Some(12_849_000)), "12.84\u{a0}s");
    }

    #[test]
    fn periods_have_names() {
        let berlin = zone("Europe/Berlin").unwrap();
        let at = |year, month, day| {
            let day = NaiveDate::from_ymd_opt(year, month, day).unwrap();
            local_ms(berlin, day.and_hms_opt(0, 0, 0).unwrap())
        };
        let named = |from, to| period(berlin, Span::new(from, to));
        assert_eq!(named(at(2026, 10, 1), at(2026, 11, 1)), "October 2026");
        assert_eq!(named(at(2026, 10, 1), at(2027, 1, 1)), "Q4 2026");
        assert_eq!(named(at(2026, 1, 1), at(2027, 1, 1)), "2026");
        assert_eq!(named(at(2026, 10, 25), at(2026, 10, 26)), "25 October 2026");
        assert_eq!(
            named(at(2026, 10, 5), at(2026, 10, 12)),
            "5 October 2026 to 11 October 2026"
        );
        assert_eq!(
            named(at(2026, 10, 1) + 60_000, at(2026, 10, 2)),
            "1 Oct 2026 00:01 CEST to 2 Oct 2026 00:00 CEST"
        );
        let in_part = Span::new(at(2026, 10, 1) + 60_000, at(2026, 10, 2) + 60_000);
        assert_eq!(days(berlin, in_part), "1 October 2026 to 2 October 2026");
        assert_eq!(moment(berlin, at(2026, 10, 26)), "26 Oct 2026 00:00:00 CET");
    }
}
