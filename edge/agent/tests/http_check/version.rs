//! HTTP/2: by agreement within TLS, with prior knowledge without.

use super::{
    down,
    http_server::{Authority, HttpServer, Speaks, answer},
    see,
    server::Server,
};
use edgewatch_agent::{NativePlatform, run_check};
use edgewatch_protocol::{
    check::{Check, HttpCheck, Method, http::HttpVersion},
    observation::{Outcome, Sight},
    phase::Phase,
    reason::Reason,
};

async fn see_trusting(authority: &Authority, check: HttpCheck) -> Sight {
    let platform = NativePlatform::unrestricted().with_extra_roots(vec![authority.root_der()]);
    run_check(&Check::Http(check), 2000, &platform).await
}

fn protocol(sight: &Sight) -> Option<&str> {
    sight.http.as_ref()?.protocol.as_deref()
}

#[tokio::test]
async fn the_version_is_agreed_on_within_tls() {
    let authority = Authority::new();
    let both: &[&[u8]] = &[b"h2", b"http/1.1"];
    let old: &[&[u8]] = &[b"http/1.1"];
    for (offered, version, expected) in [
        (both, HttpVersion::Auto, Some("HTTP/2.0")),
        (both, HttpVersion::Http1, Some("HTTP/1.1")),
        (both, HttpVersion::Http2, Some("HTTP/2.0")),
        (old, HttpVersion::Auto, Some("HTTP/1.1")),
        // Servers that know nothing of ALPN.
        (&[], HttpVersion::Auto, Some("HTTP/1.1")),
        (&[], HttpVersion::Http2, None),
    ] {
        let server = HttpServer::start(authority.tls(offered, false), |_| answer(200, &[], "ok")).await;
        let check = HttpCheck {
            http_version: version,
            ..HttpCheck::get(server.url("/a?b=c"))
        };
        let sight = see_trusting(&authority, check).await;
        assert_eq!(protocol(&sight), expected, "{version:?} {sight:?}");
        if expected.is_none() {
            assert_eq!(sight.outcome, down(Reason::ProtocolError, Phase::Tls));
            continue;
        }
        assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
        let http = sight.http.unwrap();
        assert_eq!((http.status, http.body_bytes), (Some(200), 2));
        for phase in [
            sight.phases.tcp,
            sight.phases.tls,
            sight.phases.request,
            sight.phases.ttfb,
            sight.phases.body,
        ] {
            assert!(phase.measured_us().is_some(), "{:?}", sight.phases);
        }
        let seen = server.seen();
        assert_eq!(seen[0].path(), "/a?b=c");
        assert_eq!(
            seen[0].header("connection").is_some(),
            expected == Some("HTTP/1.1")
        );
    }
    // A server that offers other protocols alone ends the handshake.
    let server = HttpServer::start(authority.tls(&[b"http/1.1"], false), |_| answer(200, &[], "")).await;
    let check = HttpCheck {
        http_version: HttpVersion::Http2,
        ..HttpCheck::get(server.url("/"))
    };
    let sight = see_trusting(&authority, check).await;
    assert_eq!(sight.outcome, down(Reason::TlsHandshake, Phase::Tls), "{sight:?}");
}

#[tokio::test]
async fn prior_knowledge_and_large_bodies() {
    let server = HttpServer::start(Speaks::Http2, |seen| answer(200, &[], seen.body.clone())).await;
    let check = HttpCheck {
        method: Method("POST".to_owned()),
        body: Some("x".repeat(200_000)),
        http_version: HttpVersion::Http2,
        ..HttpCheck::get(server.url("/"))
    };
    let sight = see(check.clone()).await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    assert_eq!(sight.http.unwrap().body_bytes, 200_000);
    assert_eq!(server.seen()[0].header("content-length"), Some("200000"));

    let bounded = HttpCheck {
        max_body_bytes: 1000,
        ..check.clone()
    };
    assert_eq!(
        see(bounded).await.outcome,
        down(Reason::BodyTooLarge, Phase::Body)
    );

    let old = Server::answering("HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let sight = see(HttpCheck {
        url: old.url("/"),
        body: None,
        ..check
    })
    .await;
    assert_eq!(
        sight.outcome,
        down(Reason::ProtocolError, Phase::Ttfb),
        "{sight:?}"
    );
}

#[tokio::test]
async fn redirects_within_http2() {
    let server = HttpServer::start(Speaks::Http2, |seen| match seen.path() {
        "/" => answer(302, &[("location", "/there")], ""),
        _ => answer(200, &[], "ok"),
    })
    .await;
    let check = HttpCheck {
        http_version: HttpVersion::Http2,
        ..HttpCheck::get(server.url("/"))
    };
    let sight = see(check).await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    assert_eq!(sight.http.unwrap().hops.len(), 1);
}

#[tokio::test]
async fn client_certificates_go_to_their_own_origin_alone() {
    let authority = Authority::new();
    let (certificate_pem, key_pem) = authority.client_pem();
    for alpn in [&[][..], &[&b"h2"[..]]] {
        let strict = authority.tls(alpn, true);
        let server = HttpServer::start(strict, |_| answer(200, &[], "ok")).await;
        let with = HttpCheck {
            client_certificate: Some(edgewatch_protocol::check::shared::ClientCertificate {
                certificate_pem: certificate_pem.clone(),
                key_pem: key_pem.clone(),
            }),
            ..HttpCheck::get(server.url("/"))
        };
        let sight = see_trusting(&authority, with.clone()).await;
        assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");

        let without = HttpCheck::get(server.url("/"));
        let refused = see_trusting(&authority, without).await;
        assert_eq!(
            refused.outcome,
            down(Reason::TlsHandshake, Phase::Tls),
            "{refused:?}"
        );

        // Another origin that asks for it after a redirect does not get it.
        let elsewhere = server.url("/");
        let gate = HttpServer::start(authority.tls(&[], true), move |_| {
            answer(302, &[("location", &elsewhere)], "")
        })
        .await;
        let redirected = HttpCheck {
            url: gate.url("/"),
            ..with
        };
        let sight = see_trusting(&authority, redirected).await;
        assert_eq!(gate.seen().len(), 1);
        assert_eq!(sight.outcome, down(Reason::TlsHandshake, Phase::Tls), "{sight:?}");
    }
}
