//! Whether a response is what was asked for: pure, each failure told with the value that was found.

use crate::{
    attempt::excerpt::{Secrets, clip, mask},
    json_path::Path,
    pattern::Pattern,
};
use edgewatch_protocol::{
    assertion::{Assertion, Subject, TextCondition},
    observation::{CertificateFacts, FailedAssertion},
};
use http::HeaderMap;
use serde_json::Value;
use std::borrow::Cow;

/// The most of a value, found or wanted, that is shown, in bytes.
const MAX_SHOWN_BYTES: usize = 160;

const MS_PER_DAY: i64 = 86_400_000;

/// What assertions are judged on: as much of it as the check's type shows.
#[derive(Clone, Copy, Default)]
pub struct Evidence<'a> {
    /// When the check ended, Unix milliseconds.
    pub now_ms: i64,
    /// How long the check took, in microseconds; of echo requests the mean round trip.
    pub latency_us: u32,
    /// The final response's status.
    pub status: Option<u16>,
    /// The final response's fields.
    pub headers: Option<&'a HeaderMap>,
    /// The final response's body: the whole of it if an assertion looks at it.
    pub body: &'a [u8],
    /// The body's length.
    pub body_bytes: u64,
    /// The peer's certificate, of the last connection.
    pub certificate: Option<&'a CertificateFacts>,
    /// Whether the platform looked in a way that hides the certificate: then nothing is said of its days.
    pub certificate_hidden: bool,
    /// What the peer said.
    pub reply: Option<&'a str>,
    /// The smallest time to live of the records found, seconds.
    pub ttl_s: Option<u32>,
    /// Echo requests sent, and answered.
    pub packets: Option<(u8, u8)>,
    /// The mean difference of consecutive round trips, microseconds.
    pub jitter_us: Option<u32>,
    /// What must not be shown, found or wanted.
    pub secrets: Option<&'a Secrets>,
}

impl Evidence<'_> {
    /// Of a check that ended at this time and took so long, with nothing else to show.
    pub fn at(now_ms: i64, latency_us: u32) -> Self {
        Self {
            now_ms,
            latency_us,
            ..Self::default()
        }
    }

    fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.secrets {
            Some(secrets) => secrets.mask(text),
            None => Cow::Borrowed(text),
        }
    }

    /// A value as it was found.
    fn shown(&self, found: Option<&str>) -> String {
        let Some(text) = found else {
            return "absent".to_owned();
        };
        let hidden = self.hide(text);
        let masked: Cow<'_, str> = mask(clip(&hidden, 4 * MAX_SHOWN_BYTES));
        shortened(&masked.replace(char::is_control, " "))
    }

    /// What was wanted, if a text is not that.
    fn judge_text(&self, condition: &TextCondition, found: Option<&str>) -> Option<String> {
        let Judged { holds, remark } = judged(condition, found);
        (!holds).then(|| shortened(&self.hide(&wanted(condition))) + &remark)
    }
}

/// The assertions that do not hold, in their order.
pub fn evaluate<'a>(
    assertions: impl IntoIterator<Item = &'a Assertion>,
    evidence: &Evidence<'_>,
) -> Vec<FailedAssertion> {
    assertions
        .into_iter()
        .filter_map(|assertion| {
            failure(&assertion.subject, evidence).map(|text| FailedAssertion {
                text: evidence.hide(&text).into_owned(),
                severity: assertion.severity,
            })
        })
        .collect()
}

/// What is wrong, with the value that was found; `None` when the assertion holds.
fn failure(subject: &Subject, evidence: &Evidence<'_>) -> Option<String> {
    match subject {
        Subject::Status { allowed } => {
            let status = evidence.status;
            let found = status.map_or("none".to_owned(), |status| status.to_string());
            (!status.is_some_and(|status| allowed.contains(status)))
                .then(|| format!("status ({found}) in {allowed}"))
        }
        Subject::Header { name, condition } => {
            let fields: Vec<_> = evidence
                .headers
                .into_iter()
                .flat_map(|headers| headers.get_all(name.as_str()))
                .map(|value| String::from_utf8_lossy(value.as_bytes()))
                .collect();
            let found = (!fields.is_empty()).then(|| fields.join(", "));
            let shown = evidence.shown(found.as_deref());
            evidence
                .judge_text(condition, found.as_deref())
                .map(|wanted| format!("header {} ({shown}) {wanted}", name.to_ascii_lowercase()))
        }
        Subject::Body { condition } => {
            let text = String::from_utf8_lossy(evidence.body);
            let is_presence = matches!(condition, TextCondition::Present | TextCondition::Absent);
            let found = (!is_presence || !text.is_empty()).then_some(&*text);
            evidence
                .judge_text(condition, found)
                .map(|wanted| format!("body ({} bytes) {wanted}", evidence.body_bytes))
        }
        Subject::JsonPath { path, condition } => json_path(path, condition, evidence),
        Subject::Latency { max_ms } => {
            // Compared in whole microseconds, shown rounded up, so that the shown values never contradict the verdict.
            let late = u64::from(evidence.latency_us) > u64::from(*max_ms) * 1000;
            late.then(|| {
                format!(
                    "latency ({} ms) <= {max_ms} ms",
                    evidence.latency_us.div_ceil(1000)
                )
            })
        }
        Subject::CertificateDays { min_days } => match evidence.certificate {
            Some(certificate) => {
                let days = (certificate.not_after_ms - evidence.now_ms).div_euclid(MS_PER_DAY);
                (days < i64::from(*min_days)).then(|| format!("certificate days ({days}) >= {min_days}"))
            }
            None if evidence.certificate_hidden => None,
            None => Some(format!("certificate days (no certificate) >= {min_days}")),
        },
        Subject::Reply { condition } => evidence
            .judge_text(condition, evidence.reply)
            .map(|wanted| format!("reply ({}) {wanted}", evidence.shown(evidence.reply))),
        Subject::Ttl { min_s, max_s } => {
            let found = evidence.ttl_s?;
            let range = match (*min_s, *max_s) {
                (0, max_s) => format!("<= {max_s} s"),
                (min_s, u32::MAX) => format!(">= {min_s} s"),
                (min_s, max_s) => format!("in {min_s}-{max_s} s"),
            };
            (!(*min_s..=*max_s).contains(&found)).then(|| format!("ttl ({found} s) {range}"))
        }
        Subject::PacketLoss { max_percent } => {
            let (sent, received) = evidence.packets?;
            let lost = u32::from(sent.saturating_sub(received));
            // Compared without rounding, shown rounded up, so that the shown values never contradict the verdict.
            (lost * 100 > u32::from(*max_percent) * u32::from(sent)).then(|| {
                format!(
                    "packet loss ({lost} of {sent}, {} %) <= {max_percent} %",
                    (lost * 100).div_ceil(u32::from(sent.max(1)))
                )
            })
        }
        Subject::Jitter { max_ms } => {
            let found = evidence.jitter_us?;
            (u64::from(found) > u64::from(*max_ms) * 1000)
                .then(|| format!("jitter ({} ms) <= {max_ms} ms", found.div_ceil(1000)))
        }
        Subject::Unknown => Some("an assertion that this probe does not know".to_owned()),
    }
}

fn json_path(path: &str, condition: &TextCondition, evidence: &Evidence<'_>) -> Option<String> {
    let wanted = || shortened(&evidence.hide(&wanted(condition)));
    let query = match Path::new(path) {
        Ok(query) => query,
        Err(problem) => return Some(format!("json_path {path} (the path {problem}) {}", wanted())),
    };
    let Ok(document) = serde_json::from_slice::<Value>(evidence.body) else {
        return Some(format!("json_path {path} (the body is not JSON) {}", wanted()));
    };
    let found = match query.first(&document) {
        Ok(found) => found,
        Err(problem) => return Some(format!("json_path {path} (the path {problem}) {}", wanted())),
    };
    let text = found.map(json_text);
    // A string is shown with its quotes, so that "3" is told from 3.
    let resolved = found.map(ToString::to_string);
    evidence.judge_text(condition, text.as_deref()).map(|wanted| {
        format!(
            "json_path {path} ({}) {wanted}",
            evidence.shown(resolved.as_deref())
        )
    })
}

/// A JSON value as text: a string without its quotes, others as JSON.
pub fn json_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether a text is what was wanted, and what else is to be said if it is not.
struct Judged {
    holds: bool,
    remark: String,
}

fn judged(condition: &TextCondition, found: Option<&str>) -> Judged {
    let (TextCondition::Matches(pattern) | TextCondition::NotMatches(pattern), Some(text)) =
        (condition, found)
    else {
        return Judged {
            holds: holds(condition, found),
            remark: String::new(),
        };
    };
    let wants_match = matches!(condition, TextCondition::Matches(_));
    match Pattern::new(pattern) {
        Ok(pattern) => Judged {
            holds: pattern.is_match(text) == wants_match,
            remark: pattern
                .cut_kib(text)
                .map(|kib| format!(" in the first {kib} KiB"))
                .unwrap_or_default(),
        },
        Err(problem) => Judged {
            holds: false,
            remark: format!(" (the pattern {problem})"),
        },
    }
}

fn holds(condition: &TextCondition, found: Option<&str>) -> bool {
    match (condition, found) {
        (TextCondition::Present, found) => found.is_some(),
        (TextCondition::Absent, found) => found.is_none(),
        // What is not there differs from everything and contains nothing.
        (TextCondition::NotEqual(_) | TextCondition::NotContains(_) | TextCondition::NotMatches(_), None) => {
            true
        }
        // Patterns in a text are judged before.
        (_, None) | (TextCondition::Matches(_) | TextCondition::NotMatches(_), Some(_)) => false,
        (TextCondition::Equal(value), Some(text)) => text == value,
        (TextCondition::NotEqual(value), Some(text)) => text != value,
        (TextCondition::Contains(value), Some(text)) => text.contains(value.as_str()),
        (TextCondition::NotContains(value), Some(text)) => !text.contains(value.as_str()),
        (TextCondition::GreaterThan(value), Some(text)) => numbers(text, value).is_some_and(|(a, b)| a > b),
        (TextCondition::LessThan(value), Some(text)) => numbers(text, value).is_some_and(|(a, b)| a < b),
    }
}

fn numbers(a: &str, b: &str) -> Option<(f64, f64)> {
    Some((a.trim().parse().ok()?, b.trim().parse().ok()?))
}

fn wanted(condition: &TextCondition) -> String {
    match condition {
        TextCondition::Present => "is present".to_owned(),
        TextCondition::Absent => "is absent".to_owned(),
        TextCondition::Equal(value) => format!("== {value}"),
        TextCondition::NotEqual(value) => format!("!= {value}"),
        TextCondition::Contains(value) => format!("contains {value}"),
        TextCondition::NotContains(value) => format!("does not contain {value}"),
        TextCondition::Matches(value) => format!("matches {value}"),
        TextCondition::NotMatches(value) => format!("does not match {value}"),
        TextCondition::GreaterThan(value) => format!("> {value}"),
        TextCondition::LessThan(value) => format!("< {value}"),
    }
}

fn shortened(text: &str) -> String {
    match clip(text, MAX_SHOWN_BYTES) {
        short if short.len() < text.len() => format!("{short}…"),
        whole => whole.to_owned(),
    }
}

#[cfg(test)]
mod tests;
