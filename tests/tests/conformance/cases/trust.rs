//! Certificates: whose they are, for whom, until when, and who vouches for them.

use crate::case::{Case, http};
use edgewatch_protocol::{phase::Phase, reason::Reason};
use serde_json::json;

pub fn cases() -> Vec<Case> {
    let mut cases = vec![
        http("a good certificate", "{https.good}/healthy")
            .up()
            .status(200)
            .says("/address", "127.0.0.1")
            .says("/certificate/subject", "localhost")
            .says("/certificate/issuer", "Edgewatch test authority")
            .says(
                "/certificate/names",
                json!(["localhost", "127.0.0.1", "::1", "loopback.test"]),
            )
            .says("/certificate/fingerprint", "{fingerprint.good}"),
        http("a chain with its intermediate", "{https.chain}/healthy")
            .up()
            .says("/certificate/issuer", "Edgewatch test intermediate"),
        seen("a chain without its intermediate", "missing_intermediate")
            .down(Reason::CertificateUntrusted, Phase::Tls),
        seen("a chain to an unknown root", "unknown_root").down(Reason::CertificateUntrusted, Phase::Tls),
        http("a wildcard", "https://a.wild.test:{port.https.wildcard}/healthy")
            .up()
            .says("/certificate/names", json!(["*.wild.test"])),
        http(
            "a name below a wildcard's",
            "https://a.b.wild.test:{port.https.wildcard}/healthy",
        )
        .down(Reason::CertificateWrongHost, Phase::Tls),
        http(
            "a name above a wildcard's",
            "https://wild.test:{port.https.wildcard}/healthy",
        )
        .down(Reason::CertificateWrongHost, Phase::Tls),
        http(
            "a certificate by name (SNI)",
            "https://sni.test:{port.https.sni}/healthy",
        )
        .up()
        .says("/certificate/fingerprint", "{fingerprint.sni}"),
        http(
            "a certificate by another name",
            "https://loopback.test:{port.https.sni}/healthy",
        )
        .down(Reason::CertificateWrongHost, Phase::Tls)
        .says("/certificate/subject", "elsewhere.test"),
        http(
            "a certificate without a name",
            "https://127.0.0.1:{port.https.sni}/healthy",
        )
        .down(Reason::CertificateWrongHost, Phase::Tls)
        .says("/certificate/subject", "elsewhere.test"),
        http(
            "a certificate for an address",
            "https://127.0.0.1:{port.https.good}/healthy",
        )
        .up(),
        http(
            "a certificate for names at an address",
            "https://127.0.0.1:{port.https.names_only}/healthy",
        )
        .down(Reason::CertificateWrongHost, Phase::Tls),
        http(
            "a certificate for a name that is looked up",
            "https://loopback.test:{port.https.good}/healthy",
        )
        .up(),
        http(
            "a certificate for another name",
            "https://delay-0.test:{port.https.good}/healthy",
        )
        .down(Reason::CertificateWrongHost, Phase::Tls),
        // Nobody is asked whether it is revoked: that it could be is told, not judged.
        seen("a certificate that may be revoked", "revocable").up(),
        seen("a key that is too short", "weak_key")
            .down(Reason::CertificateWeak, Phase::Tls)
            .says("/certificate/key_bits", 1536),
    ];
    for (kind, what, reason) in [
        ("expired", "an expired certificate", Reason::CertificateExpired),
        (
            "not_yet_valid",
            "a certificate of tomorrow",
            Reason::CertificateNotYetValid,
        ),
        (
            "wrong_host",
            "a certificate of somebody else",
            Reason::CertificateWrongHost,
        ),
        (
            "self_signed",
            "a self-signed certificate",
            Reason::CertificateUntrusted,
        ),
    ] {
        cases.push(seen(what, kind).down(reason, Phase::Tls));
        cases.push(
            seen(&format!("{what}, any accepted"), kind)
                .with(&json!({"accept_any_certificate": true}))
                .up()
                .status(200),
        );
    }
    cases
}

/// The very certificate of a listener is seen, also where it is refused.
fn seen(name: &str, kind: &str) -> Case {
    http(name, format!("{{https.{kind}}}/healthy"))
        .says("/certificate/fingerprint", format!("{{fingerprint.{kind}}}"))
}
