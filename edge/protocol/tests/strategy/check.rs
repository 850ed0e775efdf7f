//! Check definitions.

use edgewatch_protocol::{
    assertion::{Assertion, Severity, StatusSet, Subject, TextCondition},
    check::{Check, Header, HttpAuth, HttpCheck, Method, PhaseMode},
};
use proptest::{collection::vec, option, prelude::*};

fn status_set() -> impl Strategy<Value = StatusSet> {
    vec((100u16..=599, 0u16..50), 1..4).prop_map(|ranges| {
        let ranges: Vec<_> = ranges
            .iter()
            .map(|&(low, more)| format!("{low}-{}", (low + more).min(599)))
            .collect();
        ranges.join(",").parse().unwrap()
    })
}

fn condition() -> impl Strategy<Value = TextCondition> {
    prop_oneof![
        Just(TextCondition::Present),
        Just(TextCondition::Absent),
        ".*".prop_map(TextCondition::Equal),
        ".*".prop_map(TextCondition::NotEqual),
        ".*".prop_map(TextCondition::Contains),
        ".*".prop_map(TextCondition::NotContains),
        ".*".prop_map(TextCondition::Matches),
        ".*".prop_map(TextCondition::NotMatches),
        ".*".prop_map(TextCondition::GreaterThan),
        ".*".prop_map(TextCondition::LessThan),
    ]
}

fn subject() -> impl Strategy<Value = Subject> {
    prop_oneof![
        status_set().prop_map(|allowed| Subject::Status { allowed }),
        (".*", condition()).prop_map(|(name, condition)| Subject::Header { name, condition }),
        condition().prop_map(|condition| Subject::Body { condition }),
        (".*", condition()).prop_map(|(path, condition)| Subject::JsonPath { path, condition }),
        any::<u32>().prop_map(|max_ms| Subject::Latency { max_ms }),
        any::<u16>().prop_map(|min_days| Subject::CertificateDays { min_days }),
        condition().prop_map(|condition| Subject::Reply { condition }),
        (any::<u32>(), any::<u32>()).prop_map(|(min_s, max_s)| Subject::Ttl { min_s, max_s }),
        any::<u8>().prop_map(|max_percent| Subject::PacketLoss { max_percent }),
        any::<u32>().prop_map(|max_ms| Subject::Jitter { max_ms }),
        Just(Subject::Unknown),
    ]
}

fn assertion() -> impl Strategy<Value = Assertion> {
    let severity = prop_oneof![Just(Severity::Down), Just(Severity::Degraded)];
    (subject(), severity).prop_map(|(subject, severity)| Assertion { subject, severity })
}

fn auth() -> impl Strategy<Value = HttpAuth> {
    prop_oneof![
        (".*", ".*").prop_map(|(username, password)| HttpAuth::Basic { username, password }),
        ".*".prop_map(|token| HttpAuth::Bearer { token }),
    ]
}

/// A check of any type.
pub fn check() -> impl Strategy<Value = Check> {
    let phases = prop::sample::select(vec![PhaseMode::Own, PhaseMode::Platform, PhaseMode::Fetch]);
    let header = (".*", ".*").prop_map(|(name, value)| Header { name, value });
    let http = (
        (
            ".*",
            "[A-Z]+",
            vec(header, 0..3),
            option::of(".*"),
            option::of(auth()),
        ),
        (
            any::<u8>(),
            any::<bool>(),
            phases,
            any::<u32>(),
            vec(assertion(), 0..4),
        ),
    )
        .prop_map(
            |(
                (url, method, headers, body, auth),
                (max_redirects, accept_any_certificate, phases, max_body_bytes, assertions),
            )| {
                Check::Http(HttpCheck {
                    url,
                    method: Method(method),
                    headers,
                    body,
                    auth,
                    max_redirects,
                    accept_any_certificate,
                    phases,
                    max_body_bytes,
                    assertions,
                    ..HttpCheck::get("")
                })
            },
        );
    prop_oneof![9 => http, 1 => Just(Check::Unknown)]
}
