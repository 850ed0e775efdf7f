//! Certificates and handshakes.

use crate::case::{Case, Places, case, same};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use edgewatch_protocol::{
    digest::sha256_hex,
    observation::Outcome,
    phase::{NotMeasurable, Phase},
    reason::Reason,
};
use edgewatch_tests::system::now_ms;
use serde_json::json;
use std::{fs, path::Path};

const DAY_MS: i64 = 86_400_000;

/// What a handshake's arithmetic may take in WASM, on both ends.
const HANDSHAKE_MS: u32 = 30;

pub fn cases(places: &Places<'_>, certificates: &Path) -> Vec<Case> {
    let accept_any = json!({"accept_any_certificate": true});
    let mut cases = vec![
        seen(
            case("good certificate", places.https("good", "/healthy")),
            certificates,
            "good",
        )
        .up()
        .status(200)
        .hides(Phase::Dns, NotMeasurable::NotApplicable)
        .measures(Phase::Tcp)
        .takes_and(Phase::Tls, 0, HANDSHAKE_MS)
        .takes(Phase::Ttfb, 0)
        .takes(Phase::Body, 0)
        .sees(|sight| same("the address", sight.address, "127.0.0.1".parse().ok()))
        .sees(|sight| {
            let facts = sight.certificate.as_ref().ok_or("no certificate")?;
            same("the subject", &*facts.subject, "localhost")?;
            same("the issuer", &*facts.issuer, "Edgewatch test authority")?;
            same(
                "the names",
                facts.names.join(" "),
                "localhost 127.0.0.1 ::1 loopback.test".to_owned(),
            )?;
            same("the version", &*facts.tls_version, "TLSv1.3")?;
            about_days("beginning", facts.not_before_ms, -30)?;
            about_days("end", facts.not_after_ms, 60)
        }),
        seen(
            case("TLS 1.2 alone", places.https("tls12", "/healthy")),
            certificates,
            "tls12",
        )
        .up()
        .sees(|sight| {
            let facts = sight.certificate.as_ref().ok_or("no certificate")?;
            same("the version", &*facts.tls_version, "TLSv1.2")
        }),
        seen(
            case("certificate of three days", places.https("expiring", "/healthy")),
            certificates,
            "expiring",
        )
        .with(&json!({"assertions": [{"on": "certificate_days", "min_days": 14, "severity": "degraded"}]}))
        .degrades(&["certificate days (3) >= 14"]),
        case("handshake held for 300 ms", places.https("held", "/healthy"))
            .up()
            .takes_and(Phase::Tls, 300, HANDSHAKE_MS)
            .takes(Phase::Ttfb, 0),
        case("handshake held too long", places.https("held", "/healthy")).times_out(200, Phase::Tls),
        case("handshake never answered", places.tcp("https", "silent")).times_out(400, Phase::Tls),
        case("plain bytes at a TLS port", places.tcp("https", "banner"))
            .down(Reason::TlsHandshake, Phase::Tls),
        case("reset before the handshake", places.tcp("https", "reset")).sees(|sight| match sight.outcome {
            // It is a race whether the platform calls it a connection.
            Outcome::Down {
                reason: Reason::ConnectFailed,
                phase: Some(Phase::Tcp),
            }
            | Outcome::Down {
                reason: Reason::ConnectionReset,
                phase: Some(Phase::Tls),
            } => Ok(()),
            other => Err(format!("the outcome is {other:?}")),
        }),
        case("closed before the handshake", places.tcp("https", "closed"))
            .down(Reason::ConnectionReset, Phase::Tls),
        case(
            "TLS at a plain port",
            places.https("good", "/healthy").replace("https:", "http:"),
        )
        .down(Reason::HttpMalformed, Phase::Ttfb),
    ];
    for (kind, reason) in [
        ("expired", Reason::CertificateExpired),
        ("not_yet_valid", Reason::CertificateNotYetValid),
        ("wrong_host", Reason::CertificateWrongHost),
        ("self_signed", Reason::CertificateUntrusted),
    ] {
        let url = places.https(kind, "/healthy");
        let refused = case(&format!("certificate {kind}"), url.as_str());
        cases.push(seen(refused, certificates, kind).down(reason, Phase::Tls));
        let taken = case(&format!("certificate {kind}, any accepted"), url).with(&accept_any);
        cases.push(seen(taken, certificates, kind).up().status(200));
    }
    cases
}

/// The very certificate of a listener is seen, also where it is refused.
fn seen(case: Case, certificates: &Path, kind: &str) -> Case {
    let pem =
        fs::read_to_string(certificates.join(format!("{kind}.pem"))).expect("the listener's certificate");
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let fingerprint = sha256_hex(&STANDARD.decode(base64).expect("PEM"));
    case.sees(move |sight| {
        let facts = sight.certificate.as_ref().ok_or("no certificate")?;
        same("the fingerprint", &facts.fingerprint, &fingerprint)
    })
}

fn about_days(what: &str, at_ms: i64, days: i64) -> Result<(), String> {
    let off_ms = at_ms - (now_ms() + days * DAY_MS);
    if off_ms.abs() < DAY_MS / 24 {
        return Ok(());
    }
    Err(format!("the {what} of validity is {off_ms} ms from {days} days"))
}
