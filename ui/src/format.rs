//! How figures are written for people. Pure.

use chrono::{DateTime, Datelike as _, Timelike as _, Utc};

/// A duration of microseconds in three significant figures: `640 µs`, `4.12 ms`, `128 ms`, `1.28 s`.
pub fn micros(us: i64) -> String {
    match us {
        ..1_000 => format!("{us} µs"),
        1_000..1_000_000 => format!("{} ms", significant(us)),
        _ => format!("{} s", significant(us / 1_000)),
    }
}

/// Thousandths of a unit as the unit, rounded to three significant figures and at most two decimals. In whole numbers:
/// the machinery that formats floats would weigh more than the rest of this file.
fn significant(thousandths: i64) -> String {
    match thousandths {
        ..9_995 => {
            let hundredths = (thousandths + 5) / 10;
            format!("{}.{:02}", hundredths / 100, hundredths % 100)
        }
        9_995..99_950 => {
            let tenths = (thousandths + 50) / 100;
            format!("{}.{}", tenths / 10, tenths % 10)
        }
        _ => format!("{}", (thousandths + 500) / 1_000),
    }
}

/// A length or a share with one decimal, for drawings; nothing there is negative.
pub fn tenths(value: f64) -> String {
    let tenths = (value * 10.0 + 0.5) as i64;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// A length of time in its two largest units: `34 s`, `5 min`, `3 h 12 min`, `2 d 4 h`.
pub fn span(ms: i64) -> String {
    let s = (ms / 1_000).max(0);
    let (min, h, d) = (s / 60, s / 3_600, s / 86_400);
    let two = |large: i64, large_unit, small: i64, small_unit| {
        if small == 0 {
            format!("{large} {large_unit}")
        } else {
            format!("{large} {large_unit} {small} {small_unit}")
        }
    };
    match s {
        ..60 => format!("{s} s"),
        60..3_600 => format!("{min} min"),
        3_600..86_400 => two(h, "h", min % 60, "min"),
        _ => two(d, "d", h % 24, "h"),
    }
}

/// A length of time that is over, to the second below an hour: `34 s`, `2 min 59 s`, `3 h 12 min`.
pub fn length(ms: i64) -> String {
    let s = (ms / 1_000).max(0);
    match (s / 60, s % 60) {
        (1..60, second) if second > 0 => format!("{} min {second} s", s / 60),
        _ => span(ms),
    }
}

/// How long ago: `just now`, `34 s ago`, `5 min ago`.
pub fn ago(ms: i64) -> String {
    if ms < 5_000 {
        "just now".to_owned()
    } else {
        let whole = span(ms);
        // The largest unit is enough here.
        let largest: Vec<_> = whole.split(' ').take(2).collect();
        format!("{} ago", largest.join(" "))
    }
}

/// A size in binary units.
pub fn bytes(n: u64) -> String {
    match n {
        ..1_024 => format!("{n} B"),
        1_024..1_048_576 => format!("{} KiB", significant((n * 1_000 / 1_024) as i64)),
        _ => format!("{} MiB", significant((n / 1_024 * 1_000 / 1_024) as i64)),
    }
}

/// A whole number with thin spaces between thousands.
pub fn count(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    if n < 0 { format!("−{text}") } else { text }
}

/// `1 monitor`, `2 monitors`.
pub fn counted(n: usize, one: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {one}{plural}", count(n as i64))
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// How much of a moment is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// `21 Nov 2026`.
    Date,
    /// `21 Nov, 14:05:09`.
    Second,
    /// `21 Nov, 14:05`.
    Minute,
    /// `21 Nov`.
    Day,
    /// `14:05`.
    TimeOfDay,
    /// `14:05:09`.
    TimeOfDaySecond,
}

/// A moment as written; `wall` is the viewer's wall clock.
pub fn moment(wall: DateTime<Utc>, style: Moment) -> String {
    let month = MONTHS.get(wall.month0() as usize).copied().unwrap_or_default();
    let (day, hour, minute, second) = (wall.day(), wall.hour(), wall.minute(), wall.second());
    match style {
        Moment::Date => format!("{day} {month} {}", wall.year()),
        Moment::Day => format!("{day} {month}"),
        Moment::Minute => format!("{day} {month}, {hour:02}:{minute:02}"),
        Moment::Second => format!("{day} {month}, {hour:02}:{minute:02}:{second:02}"),
        Moment::TimeOfDay => format!("{hour:02}:{minute:02}"),
        Moment::TimeOfDaySecond => format!("{hour:02}:{minute:02}:{second:02}"),
    }
}

/// A zone's distance from UTC: `UTC`, `UTC+1`, `UTC−3:30`.
pub fn zone(offset_minutes: i64) -> String {
    let sign = if offset_minutes < 0 { '−' } else { '+' };
    let (h, min) = (offset_minutes.abs() / 60, offset_minutes.abs() % 60);
    match (h, min) {
        (0, 0) => "UTC".to_owned(),
        (_, 0) => format!("UTC{sign}{h}"),
        _ => format!("UTC{sign}{h}:{min:02}"),
    }
}

/// Fractions of a second as `datetime` wants them: RFC 3339 in UTC.
pub fn rfc3339(at: DateTime<Utc>) -> String {
    let (date, time) = (at.date_naive(), at.time());
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        date.year(),
        date.month(),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_drawings_have_one_decimal() {
        assert_eq!(tenths(0.0), "0.0");
        assert_eq!(tenths(12.349), "12.3");
        assert_eq!(tenths(999.96), "1000.0");
    }

    #[test]
    fn durations_have_three_figures() {
        let cases = [
            (0, "0 µs"),
            (640, "640 µs"),
            (4_125, "4.13 ms"),
            (9_996, "10.0 ms"),
            (41_250, "41.3 ms"),
            (128_400, "128 ms"),
            (1_284_000, "1.28 s"),
            (60_000_000, "60.0 s"),
        ];
        for (us, text) in cases {
            assert_eq!(micros(us), text);
        }
    }

    #[test]
    fn spans_have_two_units() {
        let cases = [
            (-5, "0 s"),
            (59_999, "59 s"),
            (300_000, "5 min"),
            (3_600_000, "1 h"),
            (11_520_000, "3 h 12 min"),
            (187_200_000, "2 d 4 h"),
        ];
        for (ms, text) in cases {
            assert_eq!(span(ms), text);
        }
        for (ms, text) in [
            (34_000, "34 s"),
            (179_900, "2 min 59 s"),
            (180_000, "3 min"),
            (11_520_000, "3 h 12 min"),
        ] {
            assert_eq!(length(ms), text);
        }
        assert_eq!(ago(1_000), "just now");
        assert_eq!(ago(11_520_000), "3 h ago");
    }

    #[test]
    fn moments() {
        let at = DateTime::from_timestamp(1_795_270_509, 0).unwrap();
        assert_eq!(rfc3339(at), "2026-11-21T14:15:09Z");
        assert_eq!(moment(at, Moment::Second), "21 Nov, 14:15:09");
        assert_eq!(moment(at, Moment::Date), "21 Nov 2026");
        assert_eq!(zone(0), "UTC");
        assert_eq!(zone(-210), "UTC−3:30");
        assert_eq!(zone(60), "UTC+1");
    }

    #[test]
    fn numbers() {
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(counted(1, "monitor"), "1 monitor");
        assert_eq!(counted(0, "monitor"), "0 monitors");
        assert_eq!(bytes(1_536), "1.50 KiB");
    }
}
