//! Thresholds of the installation: what holds of every monitor that says nothing of its own.
//!
//! They go to the probes with the checks, as the assertions that they are. A check that has an assertion on latency, or on
//! the certificate's days, speaks for itself.

use edgewatch_protocol::{
    assertion::{Assertion, Severity, Subject},
    check::Check,
    problem::FieldError,
};
use serde::{Deserialize, Serialize};

/// The thresholds; none by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    /// A check that takes longer is degraded, milliseconds.
    pub latency_degraded_ms: Option<u32>,
    /// A check that takes longer is down, milliseconds.
    pub latency_down_ms: Option<u32>,
    /// A check whose peer's certificate is valid for fewer days is degraded.
    pub certificate_degraded_days: Option<u16>,
    /// A check whose peer's certificate is valid for fewer days is down.
    pub certificate_down_days: Option<u16>,
}

impl Thresholds {
    /// The fields at fault, by JSON pointer.
    pub fn errors(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut error = |field: &str, detail: &str| {
            errors.push(FieldError {
                pointer: format!("/settings/thresholds/{field}"),
                detail: detail.to_owned(),
            });
        };
        for (field, ms) in [
            ("latency_degraded_ms", self.latency_degraded_ms),
            ("latency_down_ms", self.latency_down_ms),
        ] {
            if ms.is_some_and(|ms| !(1..=60_000).contains(&ms)) {
                error(field, "must be from 1 to 60000");
            }
        }
        if let (Some(degraded), Some(down)) = (self.latency_degraded_ms, self.latency_down_ms)
            && degraded >= down
        {
            error("latency_degraded_ms", "must be below latency_down_ms");
        }
        if let (Some(degraded), Some(down)) = (self.certificate_degraded_days, self.certificate_down_days)
            && degraded <= down
        {
            error("certificate_degraded_days", "must be above certificate_down_days");
        }
        errors
    }

    /// Adds to a check what it does not say itself, as far as checks of its type can.
    pub fn complete(&self, check: &mut Check) {
        let latency = [
            (self.latency_degraded_ms, Severity::Degraded),
            (self.latency_down_ms, Severity::Down),
        ];
        let latency = latency.into_iter().filter_map(|(ms, severity)| {
            let subject = Subject::Latency { max_ms: ms? };
            Some(Assertion { subject, severity })
        });
        let days = [
            (self.certificate_degraded_days, Severity::Degraded),
            (self.certificate_down_days, Severity::Down),
        ];
        let days = days.into_iter().filter_map(|(days, severity)| {
            let subject = Subject::CertificateDays { min_days: days? };
            Some(Assertion { subject, severity })
        });
        add(check, latency.collect(), |subject| {
            matches!(subject, Subject::Latency { .. })
        });
        // Without encryption there is no certificate.
        if !edgewatch_core::check::target(check).starts_with("http://") {
            add(check, days.collect(), |subject| {
                matches!(subject, Subject::CertificateDays { .. })
            });
        }
    }
}

/// Adds assertions, unless there is one of their kind, or the check cannot have such ones.
fn add(check: &mut Check, added: Vec<Assertion>, is_kind: fn(&Subject) -> bool) {
    let mut completed = check.clone();
    let Some(assertions) = edgewatch_core::check::general_assertions(&mut completed) else {
        return;
    };
    if added.is_empty() || assertions.iter().any(|assertion| is_kind(&assertion.subject)) {
        return;
    }
    assertions.extend(added);
    if edgewatch_core::check::validate(&completed).is_empty() {
        *check = completed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const ALL: Thresholds = Thresholds {
        latency_degraded_ms: Some(800),
        latency_down_ms: Some(3_000),
        certificate_degraded_days: Some(14),
        certificate_down_days: Some(3),
    };

    fn completed(check: Value) -> Value {
        let mut check: Check = serde_json::from_value(check).unwrap();
        ALL.complete(&mut check);
        serde_json::to_value(&check).unwrap()["assertions"].clone()
    }

    #[test]
    fn what_a_check_does_not_say_is_added() {
        let latency = [
            json!({"on": "latency", "max_ms": 800, "severity": "degraded"}),
            json!({"on": "latency", "max_ms": 3_000}),
        ];
        let days = [
            json!({"on": "certificate_days", "min_days": 14, "severity": "degraded"}),
            json!({"on": "certificate_days", "min_days": 3}),
        ];
        let all: Vec<_> = latency.iter().chain(&days).cloned().collect();
        assert_eq!(
            completed(json!({"type": "http", "url": "https://a.example/"})),
            json!(all)
        );
        // Without encryption there is no certificate.
        assert_eq!(
            completed(json!({"type": "http", "url": "http://a.example/"})),
            json!(latency)
        );
        assert_eq!(
            completed(json!({"type": "ping", "host": "a.example"})),
            json!(latency)
        );
        let own = json!([{"on": "latency", "max_ms": 50}]);
        let said: Vec<_> = own.as_array().unwrap().iter().chain(&days).cloned().collect();
        assert_eq!(
            completed(json!({"type": "http", "url": "https://a.example/", "assertions": own})),
            json!(said)
        );
    }

    #[test]
    fn nothing_is_added_by_default_and_nonsense_is_told() {
        let plain: Check =
            serde_json::from_value(json!({"type": "http", "url": "https://a.example/"})).unwrap();
        let mut same = plain.clone();
        Thresholds::default().complete(&mut same);
        assert_eq!(same, plain);
        let nonsense = Thresholds {
            latency_degraded_ms: Some(5_000),
            certificate_degraded_days: Some(1),
            ..ALL
        };
        let pointers: Vec<_> = nonsense.errors().into_iter().map(|error| error.pointer).collect();
        assert_eq!(
            pointers,
            [
                "/settings/thresholds/latency_degraded_ms",
                "/settings/thresholds/certificate_degraded_days"
            ]
        );
    }
}
