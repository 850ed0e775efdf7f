//! A monitor's settings as they stand in the form: all text, until it is sent. Pure.

use edgewatch_client::{
    monitor::{
        MonitorSettings, Quorum, default_confirmations, default_interval_s, default_recoveries,
        default_timeout_ms,
    },
    protocol::{
        assertion::{Assertion, Severity, StatusSet, Subject, TextCondition},
        check::{Check, Header, HttpAuth, HttpCheck, Method, PhaseMode},
        name::Region,
        problem::FieldError,
    },
};
use std::{fmt::Display, str::FromStr};

/// The form's content.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// Name.
    pub name: String,
    /// Address.
    pub url: String,
    /// Method.
    pub method: String,
    /// Body; empty is none.
    pub body: String,
    /// Headers.
    pub headers: Vec<HeaderDraft>,
    /// Credentials.
    pub auth: AuthDraft,
    /// Redirects that are followed.
    pub max_redirects: String,
    /// Any certificate will do.
    pub accept_any_certificate: bool,
    /// `own`, `platform` or `fetch`.
    pub phases: String,
    /// Bound of the body, KiB.
    pub max_body_kib: String,
    /// Assertions.
    pub assertions: Vec<AssertionDraft>,
    /// Interval, seconds.
    pub interval_s: String,
    /// Time-out, milliseconds.
    pub timeout_ms: String,
    /// Retries.
    pub retries: String,
    /// Confirmations.
    pub confirmations: String,
    /// Recoveries.
    pub recoveries: String,
    /// `any`, `majority`, `all` or `count`.
    pub quorum: String,
    /// The number of `count`.
    pub quorum_count: String,
    /// Regions; none means all.
    pub regions: Vec<String>,
    /// Tags, parted by commas.
    pub tags: String,
    /// Not checked.
    pub paused: bool,
}

/// A header in the form. The keys tell rows apart while they are edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderDraft {
    /// Key of the row.
    pub key: u32,
    /// Field name.
    pub name: String,
    /// Field value.
    pub value: String,
}

/// Credentials in the form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthDraft {
    /// `none`, `basic` or `bearer`.
    pub scheme: String,
    /// User name of `basic`.
    pub username: String,
    /// Password or token.
    pub secret: String,
}

/// An assertion in the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssertionDraft {
    /// Key of the row.
    pub key: u32,
    /// As on the wire: `status`, `header`, `body`, `json_path`, `latency`, `certificate_days`.
    pub on: String,
    /// Header name or JSON path.
    pub name: String,
    /// As on the wire: `equal`, `contains`, …
    pub is: String,
    /// What it is compared with.
    pub value: String,
    /// A failure only warns.
    pub warns: bool,
}

impl AssertionDraft {
    /// An empty one of a kind, with a sensible value where there is one.
    pub fn new(key: u32, on: &str) -> Self {
        let (is, value) = match on {
            "status" => ("", "200-299"),
            "latency" => ("", "1000"),
            "certificate_days" => ("", "14"),
            _ => ("contains", ""),
        };
        Self {
            key,
            on: on.to_owned(),
            name: String::new(),
            is: is.to_owned(),
            value: value.to_owned(),
            warns: matches!(on, "latency" | "certificate_days"),
        }
    }
}

impl Default for Draft {
    fn default() -> Self {
        Self::from_settings(&MonitorSettings {
            name: String::new(),
            check: Check::Http(HttpCheck::get("")),
            interval_s: default_interval_s(),
            timeout_ms: default_timeout_ms(),
            retries: 0,
            regions: Vec::new(),
            quorum: Quorum::default(),
            confirmations: default_confirmations(),
            recoveries: default_recoveries(),
            tags: Vec::new(),
            paused: false,
        })
    }
}

impl Draft {
    /// The form of existing settings.
    pub fn from_settings(settings: &MonitorSettings) -> Self {
        let none = HttpCheck::get("");
        let http = if let Check::Http(http) = &settings.check {
            http
        } else {
            &none
        };
        let (quorum, quorum_count) = match settings.quorum {
            Quorum::Count(n) => ("count".to_owned(), n.to_string()),
            other => (other.to_string(), "2".to_owned()),
        };
        let auth = match http.auth.clone() {
            None => AuthDraft {
                scheme: "none".to_owned(),
                ..AuthDraft::default()
            },
            Some(HttpAuth::Basic { username, password }) => AuthDraft {
                scheme: "basic".to_owned(),
                username,
                secret: password,
            },
            Some(HttpAuth::Bearer { token }) => AuthDraft {
                scheme: "bearer".to_owned(),
                username: String::new(),
                secret: token,
            },
        };
        let headers = (0..).zip(&http.headers).map(|(key, header)| HeaderDraft {
            key,
            name: header.name.clone(),
            value: header.value.clone(),
        });
        let assertions = (0..)
            .zip(&http.assertions)
            .filter_map(|(key, assertion)| assertion_draft(key, assertion));
        Self {
            name: settings.name.clone(),
            url: http.url.clone(),
            method: http.method.0.clone(),
            body: http.body.clone().unwrap_or_default(),
            headers: headers.collect(),
            auth,
            max_redirects: http.max_redirects.to_string(),
            accept_any_certificate: http.accept_any_certificate,
            phases: match http.phases {
                PhaseMode::Own => "own",
                PhaseMode::Platform => "platform",
                PhaseMode::Fetch => "fetch",
            }
            .to_owned(),
            max_body_kib: (http.max_body_bytes / 1024).to_string(),
            assertions: assertions.collect(),
            interval_s: settings.interval_s.to_string(),
            timeout_ms: settings.timeout_ms.to_string(),
            retries: settings.retries.to_string(),
            confirmations: settings.confirmations.to_string(),
            recoveries: settings.recoveries.to_string(),
            quorum,
            quorum_count,
            regions: settings
                .regions
                .iter()
                .map(|region| region.as_str().to_owned())
                .collect(),
            tags: settings.tags.join(", "),
            paused: settings.paused,
        }
    }

    /// What is sent, or the fields that cannot be read. Everything else is the API's to judge.
    pub fn to_settings(&self) -> Result<MonitorSettings, Vec<FieldError>> {
        let mut reader = Reader::default();
        let assertions: Vec<_> = self
            .assertions
            .iter()
            .enumerate()
            .map(|(i, draft)| reader.assertion(i, draft))
            .collect();
        let quorum = match self.quorum.as_str() {
            "any" => Quorum::Any,
            "all" => Quorum::All,
            "count" => Quorum::Count(reader.number("/quorum", &self.quorum_count)),
            _ => Quorum::Majority,
        };
        let auth = match self.auth.scheme.as_str() {
            "basic" => Some(HttpAuth::Basic {
                username: self.auth.username.clone(),
                password: self.auth.secret.clone(),
            }),
            "bearer" => Some(HttpAuth::Bearer {
                token: self.auth.secret.clone(),
            }),
            _ => None,
        };
        let max_body_kib: u32 = reader.number("/check/max_body_bytes", &self.max_body_kib);
        let check = HttpCheck {
            url: self.url.trim().to_owned(),
            method: Method(self.method.trim().to_owned()),
            headers: self
                .headers
                .iter()
                .map(|header| Header {
                    name: header.name.trim().to_owned(),
                    value: header.value.clone(),
                })
                .collect(),
            body: Some(self.body.clone()).filter(|body| !body.is_empty()),
            auth,
            max_redirects: reader.number("/check/max_redirects", &self.max_redirects),
            accept_any_certificate: self.accept_any_certificate,
            phases: match self.phases.as_str() {
                "platform" => PhaseMode::Platform,
                "fetch" => PhaseMode::Fetch,
                _ => PhaseMode::Own,
            },
            max_body_bytes: max_body_kib.saturating_mul(1024),
            assertions: assertions.into_iter().flatten().collect(),
            ..HttpCheck::get("")
        };
        let regions = self
            .regions
            .iter()
            .filter_map(|name| name.parse::<Region>().ok())
            .collect();
        let tags = self.tags.split(',').map(str::trim).filter(|tag| !tag.is_empty());
        let settings = MonitorSettings {
            name: self.name.trim().to_owned(),
            check: Check::Http(check),
            interval_s: reader.number("/interval_s", &self.interval_s),
            timeout_ms: reader.number("/timeout_ms", &self.timeout_ms),
            retries: reader.number("/retries", &self.retries),
            regions,
            quorum,
            confirmations: reader.number("/confirmations", &self.confirmations),
            recoveries: reader.number("/recoveries", &self.recoveries),
            tags: tags.map(str::to_owned).collect(),
            paused: self.paused,
        };
        if reader.errors.is_empty() {
            Ok(settings)
        } else {
            Err(reader.errors)
        }
    }
}

/// Reads texts, gathering what cannot be read.
#[derive(Default)]
struct Reader {
    errors: Vec<FieldError>,
}

impl Reader {
    fn wrong(&mut self, pointer: &str, detail: impl Display) {
        self.errors.push(FieldError {
            pointer: pointer.to_owned(),
            detail: detail.to_string(),
        });
    }

    fn number<T: FromStr + Default>(&mut self, pointer: &str, text: &str) -> T {
        text.trim().parse().unwrap_or_else(|_| {
            self.wrong(pointer, "Write a whole number.");
            T::default()
        })
    }

    fn assertion(&mut self, index: usize, draft: &AssertionDraft) -> Option<Assertion> {
        let pointer = format!("/check/assertions/{index}");
        let condition = || condition(&draft.is, draft.value.clone());
        let subject = match draft.on.as_str() {
            "status" => Subject::Status {
                allowed: match draft.value.parse::<StatusSet>() {
                    Ok(allowed) => allowed,
                    Err(detail) => {
                        self.wrong(&pointer, detail);
                        return None;
                    }
                },
            },
            "header" => Subject::Header {
                name: draft.name.trim().to_owned(),
                condition: condition(),
            },
            "json_path" => Subject::JsonPath {
                path: draft.name.trim().to_owned(),
                condition: condition(),
            },
            "latency" => Subject::Latency {
                max_ms: self.number(&pointer, &draft.value),
            },
            "certificate_days" => Subject::CertificateDays {
                min_days: self.number(&pointer, &draft.value),
            },
            _ => Subject::Body {
                condition: condition(),
            },
        };
        Some(Assertion {
            subject,
            severity: if draft.warns {
                Severity::Degraded
            } else {
                Severity::Down
            },
        })
    }
}

fn condition(is: &str, value: String) -> TextCondition {
    match is {
        "present" => TextCondition::Present,
        "absent" => TextCondition::Absent,
        "not_equal" => TextCondition::NotEqual(value),
        "contains" => TextCondition::Contains(value),
        "not_contains" => TextCondition::NotContains(value),
        "matches" => TextCondition::Matches(value),
        "not_matches" => TextCondition::NotMatches(value),
        "greater_than" => TextCondition::GreaterThan(value),
        "less_than" => TextCondition::LessThan(value),
        _ => TextCondition::Equal(value),
    }
}

/// The form of an assertion; one of a newer version cannot be edited here and is left out.
fn assertion_draft(key: u32, assertion: &Assertion) -> Option<AssertionDraft> {
    let (on, name, condition, value) = match &assertion.subject {
        Subject::Status { allowed } => ("status", "", None, allowed.to_string()),
        Subject::Header { name, condition } => ("header", name.as_str(), Some(condition), String::new()),
        Subject::Body { condition } => ("body", "", Some(condition), String::new()),
        Subject::JsonPath { path, condition } => ("json_path", path.as_str(), Some(condition), String::new()),
        Subject::Latency { max_ms } => ("latency", "", None, max_ms.to_string()),
        Subject::CertificateDays { min_days } => ("certificate_days", "", None, min_days.to_string()),
        _ => return None,
    };
    let (is, value) = match condition.cloned() {
        None => ("", value),
        Some(TextCondition::Present) => ("present", String::new()),
        Some(TextCondition::Absent) => ("absent", String::new()),
        Some(TextCondition::Equal(value)) => ("equal", value),
        Some(TextCondition::NotEqual(value)) => ("not_equal", value),
        Some(TextCondition::Contains(value)) => ("contains", value),
        Some(TextCondition::NotContains(value)) => ("not_contains", value),
        Some(TextCondition::Matches(value)) => ("matches", value),
        Some(TextCondition::NotMatches(value)) => ("not_matches", value),
        Some(TextCondition::GreaterThan(value)) => ("greater_than", value),
        Some(TextCondition::LessThan(value)) => ("less_than", value),
    };
    Some(AssertionDraft {
        key,
        on: on.to_owned(),
        name: name.to_owned(),
        is: is.to_owned(),
        value,
        warns: assertion.severity == Severity::Degraded,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> MonitorSettings {
        let json = r#"{
            "name": "Shop", "interval_s": 30, "timeout_ms": 5000, "retries": 1, "regions": ["weur", "enam"],
            "quorum": "count:2", "confirmations": 3, "recoveries": 2, "tags": ["shop", "eu west"], "paused": true,
            "check": {
                "type": "http", "url": "https://shop.example/", "method": "POST", "body": "{}",
                "headers": [{"name": "X-Key", "value": "••••••••"}],
                "auth": {"scheme": "basic", "username": "u", "password": "••••••••"},
                "max_redirects": 0, "accept_any_certificate": true, "phases": "platform", "max_body_bytes": 2048,
                "assertions": [
                    {"on": "status", "allowed": "200-299,304"},
                    {"on": "header", "name": "server", "is": "absent"},
                    {"on": "body", "is": "not_matches", "value": "err.r"},
                    {"on": "json_path", "path": "$.ok", "is": "equal", "value": "true", "severity": "degraded"},
                    {"on": "latency", "max_ms": 800, "severity": "degraded"},
                    {"on": "certificate_days", "min_days": 14}
                ]
            }
        }"#;
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn settings_pass_through_the_form_unchanged() {
        assert_eq!(Draft::from_settings(&settings()).to_settings(), Ok(settings()));
    }

    #[test]
    fn what_cannot_be_read_is_told_at_its_field() {
        let mut draft = Draft::from_settings(&settings());
        draft.timeout_ms = "ten".to_owned();
        draft.assertions[0].value = "2xx".to_owned();
        let errors = draft.to_settings().unwrap_err();
        let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/check/assertions/0", "/timeout_ms"]);
    }

    #[test]
    fn a_new_monitor_has_the_defaults_of_the_api() {
        let draft = Draft {
            name: " a ".to_owned(),
            url: " https://a.example ".to_owned(),
            ..Draft::default()
        };
        let from_api: MonitorSettings =
            serde_json::from_str(r#"{"name":"a","check":{"type":"http","url":"https://a.example"}}"#)
                .unwrap();
        assert_eq!(draft.to_settings().unwrap(), from_api);
    }
}
