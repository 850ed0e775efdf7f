//! What must hold of a response, as data. How they are judged is `edgewatch-core`'s.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, str::FromStr};

/// One condition and what its failure means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Assertion {
    /// What is looked at, and what must hold of it.
    #[serde(flatten)]
    pub subject: Subject,
    /// What a failure makes of the outcome.
    #[serde(default, skip_serializing_if = "Severity::is_down")]
    pub severity: Severity,
}

/// What the failure of an assertion makes of the outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The check is down.
    #[default]
    Down,
    /// The check is degraded: a warning threshold.
    Degraded,
}

impl Severity {
    fn is_down(&self) -> bool {
        *self == Self::Down
    }
}

/// What an assertion looks at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "on", rename_all = "snake_case")]
pub enum Subject {
    /// The final response's status is one of a set.
    Status {
        /// Such as `200-299,304`.
        allowed: StatusSet,
    },
    /// A response header, compared by value; several fields of one name are joined with `, `.
    Header {
        /// Field name, case-insensitive.
        name: String,
        /// Condition on the value.
        #[serde(flatten)]
        condition: TextCondition,
    },
    /// The body as text.
    Body {
        /// Condition on the text.
        #[serde(flatten)]
        condition: TextCondition,
    },
    /// The value at an RFC 9535 path in a JSON body.
    JsonPath {
        /// Such as `$.status`.
        path: String,
        /// Condition on the first value found; strings are compared without quotes, other values as JSON.
        #[serde(flatten)]
        condition: TextCondition,
    },
    /// The whole check takes at most this long.
    Latency {
        /// Milliseconds.
        max_ms: u32,
    },
    /// The peer's certificate is valid for at least this long.
    CertificateDays {
        /// Days.
        min_days: u16,
    },
    /// What the peer said, as text: a reply, a message, the first line of a script's output.
    Reply {
        /// Condition on the text.
        #[serde(flatten)]
        condition: TextCondition,
    },
    /// The smallest time to live of the records found.
    Ttl {
        /// Seconds.
        #[serde(default)]
        min_s: u32,
        /// Seconds.
        #[serde(default = "any_ttl")]
        max_s: u32,
    },
    /// At most this share of the packets stays without an answer.
    PacketLoss {
        /// Percent, 0 to 100.
        max_percent: u8,
    },
    /// The round trips differ by at most this much: the mean difference of consecutive ones.
    Jitter {
        /// Milliseconds.
        max_ms: u32,
    },
    /// An assertion of a newer protocol version.
    #[serde(other)]
    Unknown,
}

impl Subject {
    /// The name on the wire.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Header { .. } => "header",
            Self::Body { .. } => "body",
            Self::JsonPath { .. } => "json_path",
            Self::Latency { .. } => "latency",
            Self::CertificateDays { .. } => "certificate_days",
            Self::Reply { .. } => "reply",
            Self::Ttl { .. } => "ttl",
            Self::PacketLoss { .. } => "packet_loss",
            Self::Jitter { .. } => "jitter",
            Self::Unknown => "unknown",
        }
    }
}

fn any_ttl() -> u32 {
    u32::MAX
}

/// A condition on a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "is", content = "value", rename_all = "snake_case")]
pub enum TextCondition {
    /// There is such a header or path, whatever its value.
    Present,
    /// There is none.
    Absent,
    /// Equals, case-sensitive.
    Equal(String),
    /// Differs.
    NotEqual(String),
    /// Contains.
    Contains(String),
    /// Does not contain.
    NotContains(String),
    /// A regular expression (linear-time, no look-around) finds a match.
    Matches(String),
    /// A regular expression finds no match.
    NotMatches(String),
    /// Is a number greater than this.
    GreaterThan(String),
    /// Is a number less than this.
    LessThan(String),
}

/// A set of HTTP statuses as ranges: `200-299,301`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusSet(Vec<(u16, u16)>);

impl StatusSet {
    /// The set that is asked for when a check says nothing: 200 to 299.
    pub fn success() -> Self {
        Self(vec![(200, 299)])
    }

    /// Whether the status is in the set.
    pub fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|&(low, high)| (low..=high).contains(&status))
    }
}

impl fmt::Display for StatusSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (low, high)) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            if low == high {
                write!(f, "{comma}{low}")
            } else {
                write!(f, "{comma}{low}-{high}")
            }?;
        }
        Ok(())
    }
}

impl FromStr for StatusSet {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let status = |part: &str| {
            part.trim()
                .parse()
                .ok()
                .filter(|status| (100..=599).contains(status))
        };
        let range = |part: &str| match part.split_once('-') {
            Some((low, high)) => Some((status(low)?, status(high)?)).filter(|(low, high)| low <= high),
            None => status(part).map(|status| (status, status)),
        };
        text.split(',').map(range).collect::<Option<Vec<_>>>().map(Self).ok_or_else(|| {
            format!("`{text}` is not a set of statuses: use numbers and ranges from 100 to 599, such as 200-299,304")
        })
    }
}

impl Serialize for StatusSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StatusSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_sets() {
        let set: StatusSet = "200-299, 304".parse().unwrap();
        assert!(set.contains(200) && set.contains(299) && set.contains(304) && !set.contains(300));
        assert_eq!(set.to_string(), "200-299,304");
        for bad in ["", "2xx", "299-200", "99", "600", "200,"] {
            assert!(bad.parse::<StatusSet>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_assertion_is_one_flat_object() {
        let json = r#"{"on":"json_path","path":"$.status","is":"equal","value":"ok","severity":"degraded"}"#;
        let assertion: Assertion = serde_json::from_str(json).unwrap();
        assert_eq!(assertion.severity, Severity::Degraded);
        assert_eq!(serde_json::to_string(&assertion).unwrap(), json);
        let newer: Assertion = serde_json::from_str(r#"{"on":"moon_phase","full":true}"#).unwrap();
        assert_eq!(newer.subject, Subject::Unknown);
    }
}
