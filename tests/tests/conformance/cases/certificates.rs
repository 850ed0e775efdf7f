//! Certificates as the TLS check judges them: the whole chain, its days, its pins and its keys.

use super::connections::refused;
use crate::case::{Case, Shape, check};
use edgewatch_protocol::{observation::Outcome, phase::Phase, reason::Reason};
use serde_json::{Value, json};

fn tls(name: impl Into<String>, kind: &str) -> Case {
    let port = format!("{{port.https.{kind}}}");
    check(name, json!({"type": "tls", "host": "localhost", "port": port}))
}

/// A chain that was seen whole, and what is said of it.
fn judged(name: impl Into<String>, kind: &str, reason: Reason) -> Case {
    let fingerprint = format!("{{fingerprint.{kind}}}");
    shaken(tls(name, kind))
        .down(reason, Phase::Tls)
        .says("/facts/chain/0/fingerprint", fingerprint)
}

/// The handshake was made, whatever came of it.
fn shaken(case: Case) -> Case {
    case.measures(Phase::Tls)
        .has_no(Phase::Request)
        .has_no(Phase::Ttfb)
        .has_no(Phase::Body)
}

fn degraded() -> Outcome {
    let reason = Reason::CertificateExpiring;
    Outcome::Degraded { reason }
}

pub fn cases() -> Vec<Case> {
    [chains(), days(), faults(), handshakes(), starttls()].concat()
}

fn chains() -> Vec<Case> {
    vec![
        tls("tls: a good certificate", "good")
            .up()
            .says("/facts/chain/0/fingerprint", "{fingerprint.good}")
            .says("/facts/chain/0/subject", "localhost")
            .says("/facts/chain/1", Value::Null)
            .says("/facts/not_trusted", Value::Null),
        tls("tls: a chain with its intermediate", "chain")
            .up()
            .says("/facts/chain/0/fingerprint", "{fingerprint.chain}")
            .says("/facts/chain/1/fingerprint", "{fingerprint.intermediate}")
            .says("/facts/chain/1/subject", "Edgewatch test intermediate"),
        judged(
            "tls: a chain without its intermediate",
            "missing_intermediate",
            Reason::CertificateUntrusted,
        ),
        judged(
            "tls: an unknown root",
            "unknown_root",
            Reason::CertificateUntrusted,
        ),
        shaken(tls("tls: an unknown root, allowed", "unknown_root"))
            .with(&json!({"allow_untrusted": true}))
            .up(),
        judged("tls: self-signed", "self_signed", Reason::CertificateUntrusted),
        shaken(tls("tls: self-signed, allowed", "self_signed"))
            .with(&json!({"allow_untrusted": true}))
            .up(),
        tls("tls: the leaf is pinned", "chain")
            .with(&json!({"pins": ["{fingerprint.chain}"]}))
            .up(),
        tls("tls: the issuer is pinned", "chain")
            .with(&json!({"pins": ["{fingerprint.good}", "{fingerprint.intermediate}"]}))
            .up(),
        judged(
            "tls: another issuer is pinned",
            "good",
            Reason::CertificateNotPinned,
        )
        .with(&json!({"pins": ["{fingerprint.intermediate}"]})),
        tls("tls: a certificate by name (SNI)", "sni")
            .with(&json!({"server_name": "sni.test"}))
            .up()
            .says("/facts/chain/0/fingerprint", "{fingerprint.sni}"),
        shaken(tls("tls: a certificate by another name", "sni"))
            .down(Reason::CertificateWrongHost, Phase::Tls)
            .says("/facts/chain/0/subject", "elsewhere.test"),
    ]
}

fn days() -> Vec<Case> {
    let chain = |name: &str, kind: &str, degraded: u16, down: u16| {
        shaken(tls(name, kind)).with(&json!({"degraded_days": degraded, "down_days": down}))
    };
    vec![
        chain("tls: three days left, two would do", "expiring", 3, 2).up(),
        chain("tls: three days left, a warning below four", "expiring", 4, 3).ends(&[degraded()]),
        chain("tls: three days left, four are asked for", "expiring", 14, 4)
            .down(Reason::CertificateExpiring, Phase::Tls),
        chain(
            "tls: the intermediate has three days left",
            "expiring_chain",
            14,
            3,
        )
        .ends(&[degraded()]),
        chain("tls: the intermediate has too few days", "expiring_chain", 14, 4)
            .down(Reason::CertificateExpiring, Phase::Tls)
            .says("/facts/chain/1/subject", "Edgewatch expiring intermediate"),
        judged("tls: expired", "expired", Reason::CertificateExpired),
        judged(
            "tls: expired, of whatever root",
            "expired",
            Reason::CertificateExpired,
        )
        .with(&json!({"allow_untrusted": true})),
        judged(
            "tls: of tomorrow",
            "not_yet_valid",
            Reason::CertificateNotYetValid,
        ),
    ]
}

fn faults() -> Vec<Case> {
    vec![
        judged(
            "tls: of somebody else",
            "wrong_host",
            Reason::CertificateWrongHost,
        ),
        judged(
            "tls: of somebody else, of whatever root",
            "wrong_host",
            Reason::CertificateWrongHost,
        )
        .with(&json!({"allow_untrusted": true})),
        judged(
            "tls: a key that is too short",
            "weak_key",
            Reason::CertificateWeak,
        )
        .says("/facts/chain/0/key_bits", 1536),
        shaken(tls("tls: a key that is too short, allowed", "weak_key"))
            .with(&json!({"allow_weak": true}))
            .up(),
    ]
}

fn handshakes() -> Vec<Case> {
    let tcp = |name: &str, listener: &str| {
        let port = format!("{{port.tcp.{listener}}}");
        check(name, json!({"type": "tls", "host": "127.0.0.1", "port": port}))
    };
    vec![
        tls("tls: TLS 1.2 alone", "tls12")
            .up()
            .says("/certificate/tls_version", "TLSv1.2"),
        tls("tls: TLS 1.3 alone", "tls13_aes128")
            .up()
            .says("/certificate/tls_version", "TLSv1.3"),
        tls("tls: a handshake held for 300 ms", "held")
            .up()
            .takes(Phase::Tls, 300),
        tls("tls: a handshake held too long", "held").times_out(200, Phase::Tls),
        tls("tls: slower than it should be", "held")
            .asserting(&json!([{"on": "latency", "max_ms": 200, "severity": "degraded"}]))
            .ends(&[Outcome::Degraded {
                reason: Reason::AssertionFailed,
            }]),
        tcp("tls: plain bytes", "banner").down(Reason::TlsHandshake, Phase::Tls),
        tcp("tls: an alert", "tls_alert").down(Reason::TlsHandshake, Phase::Tls),
        tcp("tls: never answered", "silent").times_out(400, Phase::Tls),
        tcp("tls: reset in the handshake", "tls_reset").down(Reason::ConnectionReset, Phase::Tls),
        tcp("tls: never connected", "connect_never").times_out(400, Phase::Tcp),
        refused(tcp("tls: refused", "refused")),
        tls("tls: by a name that does not exist", "good")
            .with(&json!({"host": "absent.test"}))
            .down(Reason::DnsNotFound, Phase::Dns),
    ]
}

fn starttls() -> Vec<Case> {
    let begun = |name: &str, listener: &str, protocol: &str| {
        let port = format!("{{port.tcp.{listener}}}");
        let case = check(
            name,
            json!({"type": "tls", "host": "localhost", "port": port, "starttls": protocol}),
        );
        let case = case
            .measures(Phase::Tls)
            .measures(Phase::Ttfb)
            .measures(Phase::Body);
        match protocol {
            "postgres" => case.measures(Phase::Request),
            _ => case.has_no(Phase::Request),
        }
    };
    vec![
        begun("tls: after STARTTLS in SMTP", "smtp_starttls", "smtp")
            .up()
            .says("/facts/chain/0/fingerprint", "{fingerprint.good}"),
        begun("tls: after STARTTLS in IMAP", "imap_starttls", "imap").up(),
        begun("tls: after STARTTLS in POP3", "pop3_starttls", "pop3").up(),
        begun("tls: after SSLRequest in PostgreSQL", "postgres", "postgres").up(),
        begun("tls: expired, after STARTTLS", "smtp_starttls_expired", "smtp")
            .down(Reason::CertificateExpired, Phase::Tls),
        begun("tls: STARTTLS refused", "smtp_refusing_tls", "smtp")
            .down(Reason::StartTlsRefused, Phase::Tls)
            .shows(Phase::Tls, Shape::NotReached)
            .shows(Phase::Body, Shape::NotReached),
    ]
}
