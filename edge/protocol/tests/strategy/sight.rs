//! What a check saw.

use edgewatch_protocol::{
    assertion::Severity,
    facts::{DnsFacts, DnsRecord, Facts, ReplyFacts, TlsFacts},
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
        (".*", option::of(any::<u32>()), ".*"),
    )
        .prop_map(
            |(
                (fingerprint, subject, issuer, names),
                (not_before_ms, not_after_ms, tls_version, cipher_suite),
                (key_algorithm, key_bits, signature_algorithm),
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
                    key_algorithm,
                    key_bits,
                    signature_algorithm,
                }
            },
        )
}

fn facts() -> impl Strategy<Value = Facts> {
    let record = (".*", any::<u32>()).prop_map(|(value, ttl_s)| DnsRecord { value, ttl_s });
    let dns = (".*", vec(record, 0..3), vec(".*", 0..3), any::<bool>(), ".*").prop_map(
        |(code, records, aliases, authenticated, server)| {
            Facts::Dns(DnsFacts {
                code,
                records,
                aliases,
                authenticated,
                server,
            })
        },
    );
    let reply = (".*", any::<u64>(), option::of(any::<i32>())).prop_map(|(text, bytes, exit_code)| {
        Facts::Reply(ReplyFacts {
            text,
            bytes,
            exit_code,
        })
    });
    let tls = (vec(certificate(), 0..3), option::of(".*"))
        .prop_map(|(chain, not_trusted)| Facts::Tls(TlsFacts { chain, not_trusted }));
    prop_oneof![dns, reply, tls, Just(Facts::Unknown)]
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
        (
            option::of(any::<std::net::IpAddr>()),
            option::of(certificate()),
            option::of(facts()),
        ),
        (vec(failed, 0..3), option::of(".*")),
    )
        .prop_map(
            |(
                (outcome, phases, total_us, http),
                (address, certificate, facts),
                (failed_assertions, message),
            )| {
                Sight {
                    outcome,
                    phases,
                    total_us,
                    http,
                    address,
                    certificate,
                    facts,
                    failed_assertions,
                    message,
                }
            },
        )
}
