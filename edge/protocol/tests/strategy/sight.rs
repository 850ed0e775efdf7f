//! What a check saw.

use edgewatch_protocol::{
    assertion::Severity,
    observation::{CertificateFacts, FailedAssertion, Hop, HttpFacts, Outcome, Sight},
    phase::{NotMeasurable, Phase, PhaseTime, PhaseTimes},
    reason::Reason,
};
use proptest::{collection::vec, option, prelude::*};

fn reason() -> impl Strategy<Value = Reason> {
    let all: Vec<_> = Reason::ALL.iter().copied().chain([Reason::Other]).collect();
    prop::sample::select(all)
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let phase = option::of(prop::sample::select(Phase::ALL.to_vec()));
    prop_oneof![
        Just(Outcome::Up),
        reason().prop_map(|reason| Outcome::Degraded { reason }),
        (reason(), phase).prop_map(|(reason, phase)| Outcome::Down { reason, phase }),
        reason().prop_map(|reason| Outcome::Unmeasured { reason }),
    ]
}

fn phase_time() -> impl Strategy<Value = PhaseTime> {
    let why = prop::sample::select(vec![
        NotMeasurable::NotApplicable,
        NotMeasurable::PlatformForbids,
        NotMeasurable::Mode,
        NotMeasurable::ResolverUnavailable,
        NotMeasurable::Other,
    ]);
    prop_oneof![
        any::<u32>().prop_map(PhaseTime::Measured),
        why.prop_map(PhaseTime::NotMeasurable),
        Just(PhaseTime::NotReached),
    ]
}

fn phase_times() -> impl Strategy<Value = PhaseTimes> {
    prop::array::uniform6(phase_time()).prop_map(|[dns, tcp, tls, request, ttfb, body]| PhaseTimes {
        dns,
        tcp,
        tls,
        request,
        ttfb,
        body,
    })
}

fn http() -> impl Strategy<Value = HttpFacts> {
    let hop =
        (".*", any::<u16>(), phase_times()).prop_map(|(url, status, phases)| Hop { url, status, phases });
    (
        option::of(any::<u16>()),
        option::of(".*"),
        any::<u64>(),
        option::of("[0-9a-f]{64}"),
        option::of(".*"),
        vec(hop, 0..3),
    )
        .prop_map(
            |(status, protocol, body_bytes, body_sha256, excerpt, hops)| HttpFacts {
                status,
                protocol,
                body_bytes,
                body_sha256,
                excerpt,
                hops,
            },
        )
}

fn certificate() -> impl Strategy<Value = CertificateFacts> {
    (
        ("[0-9a-f]{64}", ".*", ".*", vec(".*", 0..3)),
        (any::<i64>(), any::<i64>(), ".*", ".*"),
    )
        .prop_map(
            |(
                (fingerprint, subject, issuer, names),
                (not_before_ms, not_after_ms, tls_version, cipher_suite),
            )| {
                CertificateFacts {
                    fingerprint,
                    subject,
                    issuer,
                    names,
                    not_before_ms,
                    not_after_ms,
                    tls_version,
                    cipher_suite,
                }
            },
        )
}

/// What a check may have seen.
pub fn sight() -> impl Strategy<Value = Sight> {
    let failed = (".*", any::<bool>()).prop_map(|(text, is_down)| FailedAssertion {
        text,
        severity: if is_down {
            Severity::Down
        } else {
            Severity::Degraded
        },
    });
    (
        (outcome(), phase_times(), any::<u32>(), option::of(http())),
        (option::of(any::<std::net::IpAddr>()), option::of(certificate())),
        (vec(failed, 0..3), option::of(".*")),
    )
        .prop_map(
            |((outcome, phases, total_us, http), (address, certificate), (failed_assertions, message))| {
                Sight {
                    outcome,
                    phases,
                    total_us,
                    http,
                    address,
                    certificate,
                    failed_assertions,
                    message,
                }
            },
        )
}
