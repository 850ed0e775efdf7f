//! Handshakes: versions, ciphers, keys, and peers that do not shake hands.

use crate::case::{Case, Shape, down, http};
use edgewatch_protocol::{phase::Phase, reason::Reason};
use serde_json::json;

pub fn cases() -> Vec<Case> {
    [held(), versions(), keys(), refused()].concat()
}

fn held() -> Vec<Case> {
    vec![
        http("first byte after 150 ms over TLS 1.2", "{https.tls12}/delay/150")
            .up()
            .takes(Phase::Ttfb, 150),
        http("handshake held for 300 ms", "{https.held}/healthy")
            .up()
            .takes(Phase::Tls, 300)
            .takes(Phase::Ttfb, 0),
        http("handshake held too long", "{https.held}/healthy").times_out(200, Phase::Tls),
        http("handshake never answered", "https://{tcp.silent}/").times_out(400, Phase::Tls),
        http("half a handshake", "https://{tcp.tls_half}/").times_out(400, Phase::Tls),
    ]
}

fn versions() -> Vec<Case> {
    let suites = [
        ("tls13_aes128", "TLSv1.3", "TLS13_AES_128_GCM_SHA256"),
        ("tls13_aes256", "TLSv1.3", "TLS13_AES_256_GCM_SHA384"),
        ("tls13_chacha", "TLSv1.3", "TLS13_CHACHA20_POLY1305_SHA256"),
        (
            "ecdsa_aes128",
            "TLSv1.2",
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        ),
        (
            "ecdsa_aes256",
            "TLSv1.2",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        ),
        (
            "ecdsa_chacha",
            "TLSv1.2",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        ),
        ("rsa_aes128", "TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
        ("rsa_aes256", "TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
        (
            "rsa_chacha",
            "TLSv1.2",
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        ),
    ];
    let suites = suites.into_iter().map(|(kind, version, suite)| {
        http(suite, format!("{{https.{kind}}}/healthy"))
            .up()
            .says("/certificate/tls_version", version)
            .says("/certificate/cipher_suite", suite)
            .says("/certificate/fingerprint", format!("{{fingerprint.{kind}}}"))
    });
    let groups = ["x25519", "secp256r1", "secp384r1"];
    let groups = groups.into_iter().map(|group| {
        let url = format!("{{https.{group}}}/healthy");
        http(format!("keys exchanged by {group}"), url).up()
    });
    suites
        .chain(groups)
        .chain([http("TLS 1.2 alone", "{https.tls12}/healthy")
            .up()
            .says("/certificate/tls_version", "TLSv1.2")])
        .collect()
}

fn keys() -> Vec<Case> {
    [
        ("good", "EC P-256"),
        ("p384", "EC P-384"),
        ("ed25519", "Ed25519"),
        ("rsa", "RSA"),
    ]
    .into_iter()
    .map(|(kind, algorithm)| {
        http(
            format!("a key of {algorithm}"),
            format!("{{https.{kind}}}/healthy"),
        )
        .up()
        .says("/certificate/key_algorithm", algorithm)
        .says("/certificate/tls_version", "TLSv1.3")
    })
    .collect()
}

fn refused() -> Vec<Case> {
    vec![
        http("plain bytes at a TLS port", "https://{tcp.banner}/").down(Reason::TlsHandshake, Phase::Tls),
        http("the alert handshake_failure", "https://{tcp.tls_alert}/")
            .down(Reason::TlsHandshake, Phase::Tls),
        http("the alert protocol_version", "https://{tcp.tls_old}/").down(Reason::TlsHandshake, Phase::Tls),
        http("reset in the handshake", "https://{tcp.tls_reset}/").down(Reason::ConnectionReset, Phase::Tls),
        http("closed in the handshake", "https://{tcp.tls_closed}/")
            .down(Reason::ConnectionReset, Phase::Tls),
        // It is a race whether the platform calls it a connection.
        http("reset before the handshake", "https://{tcp.reset}/")
            .ends(&[
                down(Reason::ConnectFailed, Phase::Tcp),
                down(Reason::ConnectionReset, Phase::Tls),
            ])
            .shows(Phase::Tcp, Shape::Any),
        http("closed before the handshake", "https://{tcp.closed}/")
            .down(Reason::ConnectionReset, Phase::Tls),
        http(
            "TLS at a plain port",
            "http://localhost:{port.https.good}/healthy",
        )
        .down(Reason::HttpMalformed, Phase::Ttfb),
        // In TLS 1.3 the server says so after the client's part of the handshake.
        http(
            "a client certificate that is missing",
            "{https.client_certificate}/healthy",
        )
        .down(Reason::TlsHandshake, Phase::Tls)
        .measures(Phase::Tls)
        .shows(Phase::Request, Shape::Any),
        http("HTTP/1.1 alone over TLS", "{https.good}/healthy")
            .with(&json!({"http_version": "1.1"}))
            .up()
            .says("/http/protocol", "HTTP/1.1"),
    ]
}
