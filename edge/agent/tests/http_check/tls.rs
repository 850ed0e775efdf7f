//! TLS: what is said of certificates and handshakes, good and bad.

use super::{
    about, assertions, down, see, see_trusting,
    server::{Authority, Leaf, Server},
    steadily,
};
use edgewatch_protocol::{check::HttpCheck, observation::Outcome, phase::Phase, reason::Reason};

#[tokio::test]
async fn certificates_are_verified_and_told() {
    let authority = Authority::new();
    for (leaf, expected) in [
        (Leaf::Good, Outcome::Up),
        (Leaf::Expired, down(Reason::CertificateExpired, Phase::Tls)),
        (
            Leaf::NotYetValid,
            down(Reason::CertificateNotYetValid, Phase::Tls),
        ),
        (Leaf::WrongHost, down(Reason::CertificateWrongHost, Phase::Tls)),
        (Leaf::SelfSigned, down(Reason::CertificateUntrusted, Phase::Tls)),
        (
            Leaf::SelfSignedAuthority,
            down(Reason::CertificateUntrusted, Phase::Tls),
        ),
    ] {
        let server = Server::start_tls(&authority, leaf, 0, Server::ok()).await;
        let sight = see_trusting(&authority, HttpCheck::get(server.url("/"))).await;
        assert_eq!(sight.outcome, expected, "{leaf:?} {sight:?}");
        let certificate = sight
            .certificate
            .clone()
            .expect("a certificate, also of a refused handshake");
        assert_eq!(certificate.fingerprint, server.fingerprint(), "{leaf:?}");
        assert_eq!(certificate.tls_version, "TLSv1.3");
        assert!(certificate.cipher_suite.starts_with("TLS13_"), "{certificate:?}");
        if expected == Outcome::Up {
            assert!(
                certificate.names.contains(&"127.0.0.1".to_owned()),
                "{certificate:?}"
            );
            assert_eq!(certificate.issuer, "Edgewatch test authority");
        } else {
            assert!(sight.message.is_some());
            assert!(
                server.request_if_any().is_none(),
                "nothing is sent to a peer that was refused"
            );
        }

        let server = Server::start_tls(&authority, leaf, 0, Server::ok()).await;
        let check = HttpCheck {
            accept_any_certificate: true,
            ..HttpCheck::get(server.url("/"))
        };
        let sight = see_trusting(&authority, check).await;
        assert_eq!(
            sight.outcome,
            Outcome::Up,
            "any certificate is taken: {leaf:?} {sight:?}"
        );
        assert_eq!(sight.certificate.unwrap().fingerprint, server.fingerprint());
    }
    // Without the private root the good one is not trusted.
    let server = Server::start_tls(&authority, Leaf::Good, 0, Server::ok()).await;
    let sight = see(HttpCheck::get(server.url("/"))).await;
    assert_eq!(sight.outcome, down(Reason::CertificateUntrusted, Phase::Tls));
}

#[tokio::test]
async fn a_slow_handshake_is_in_the_tls_phase_alone() {
    steadily(look_at_a_slow_handshake).await;
}

async fn look_at_a_slow_handshake() -> Result<(), String> {
    let authority = Authority::new();
    let server = Server::start_tls(&authority, Leaf::Good, 200, Server::ok()).await;
    let sight = see_trusting(&authority, HttpCheck::get(server.url("/"))).await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    about(sight.phases.tcp, 0)?;
    about(sight.phases.tls, 200)?;
    about(sight.phases.ttfb, 0)
}

#[tokio::test]
async fn certificate_days_are_judged() {
    let authority = Authority::new();
    let server = Server::start_tls(&authority, Leaf::ExpiresInDays(3), 0, Server::ok()).await;
    let check = HttpCheck {
        assertions: assertions(r#"[{"on":"certificate_days","min_days":14,"severity":"degraded"}]"#),
        ..HttpCheck::get(server.url("/"))
    };
    let sight = see_trusting(&authority, check).await;
    let reason = Reason::AssertionFailed;
    assert_eq!(sight.outcome, Outcome::Degraded { reason });
    assert_eq!(sight.message.as_deref(), Some("certificate days (2) >= 14"));
}
