//! RFC 3339 times.

use super::{FromJson, Json, Unreadable};
use chrono::{DateTime, NaiveDate, Utc};

impl FromJson for DateTime<Utc> {
    fn from_json(json: &Json<'_>) -> Result<Self, Unreadable> {
        parse_time(json.text()?).ok_or(Unreadable::Mismatch)
    }
}

/// Reads a time in UTC as the API writes it: `2026-05-01T12:00:00.25Z`.
fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.strip_suffix('Z')?;
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let [year, month, day, hour, minute, second] = fields(seconds.as_bytes())?;
    if fraction.len() > 9 {
        return None;
    }
    let mut nanoseconds = number(fraction.as_bytes())?;
    for _ in fraction.len()..9 {
        nanoseconds *= 10;
    }
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    Some(
        date.and_hms_nano_opt(hour, minute, second, nanoseconds)?
            .and_utc(),
    )
}

/// The numbers of `2026-05-01T12:00:00`.
fn fields(text: &[u8]) -> Option<[u32; 6]> {
    let mut fields = [0; 6];
    let mut rest = text;
    for (field, (length, separator)) in
        fields
            .iter_mut()
            .zip([(4, b'-'), (2, b'-'), (2, b'T'), (2, b':'), (2, b':'), (2, b'Z')])
    {
        let (digits, behind) = rest.split_at_checked(length)?;
        *field = number(digits)?;
        rest = match behind.split_first() {
            Some((next, behind)) if *next == separator => behind,
            None => behind,
            Some(_) => return None,
        };
    }
    (text.len() == 19).then_some(fields)
}

fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0, |number, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + u32::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::parse_time;

    #[test]
    fn times_are_read_as_they_are_written() {
        for text in [
            "2026-05-01T12:34:56Z",
            "2024-02-29T00:00:00.5Z",
            "1970-01-01T00:00:00.000001Z",
            "2026-12-31T23:59:59.999999999Z",
        ] {
            assert_eq!(parse_time(text), text.parse().ok(), "{text}");
        }
        for bad in [
            "",
            "Z",
            "2026-05-01",
            "2026-05-01T12:34Z",
            "2026-05-01T12:34:56",
            "2026-05-01T12:34:5aZ",
            "2026-02-30T00:00:00Z",
            "2026-05-01T12:34:56.Z",
            "2026-05-01T12:34:56.0000000001Z",
            "2026-05-01T12:34:567Z",
            "ä026-05-01T12:34:56Z",
        ] {
            assert_eq!(parse_time(bad), None, "{bad}");
        }
    }
}
