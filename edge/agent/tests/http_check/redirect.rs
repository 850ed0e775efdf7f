//! Redirects: followed within their bounds, and never to where the host may not go.

use super::{
    about, assertions, see,
    server::{Server, Step},
    steadily,
};
use edgewatch_agent::{NativePlatform, run_check};
use edgewatch_protocol::{
    check::{Check, Header, HttpAuth, HttpCheck, Method},
    observation::Outcome,
    reason::Reason,
};
use std::{net::IpAddr, sync::Arc};

#[tokio::test]
async fn redirects_are_followed_hop_by_hop() {
    steadily(look_at_redirects).await;
}

async fn look_at_redirects() -> Result<(), String> {
    let last = Server::start(vec![
        Step::ReadRequest,
        Step::Wait(100),
        Step::send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    ])
    .await;
    let location = last.url("/end");
    let first = Server::start(vec![
        Step::ReadRequest,
        Step::Wait(100),
        Step::send(format!(
            "HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
        )),
    ])
    .await;
    let check = HttpCheck {
        method: Method("POST".to_owned()),
        body: Some("ping".to_owned()),
        auth: Some(HttpAuth::Bearer {
            token: "hush".to_owned(),
        }),
        headers: vec![Header {
            name: "X-Api-Key".to_owned(),
            value: "hush-too".to_owned(),
        }],
        ..HttpCheck::get(first.url("/begin?key=hush"))
    };
    let sight = see(check).await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    let hops = sight.http.unwrap().hops;
    assert_eq!((hops.len(), hops[0].status), (1, 302));
    assert_eq!(hops[0].url, first.url("/begin"), "the query is not told");
    about(hops[0].phases.ttfb, 100)?;
    about(sight.phases.ttfb, 200)?;
    let (begun, ended) = (first.request().await, last.request().await);
    assert!(
        begun.contains("authorization: Bearer hush\r\n") && begun.ends_with("ping"),
        "{begun}"
    );
    assert!(
        ended.starts_with("GET /end ") && !ended.contains("hush") && !ended.contains("ping"),
        "{ended}"
    );
    Ok(())
}

#[tokio::test]
async fn redirects_that_lead_nowhere() {
    let redirect =
        |to: &str| format!("HTTP/1.1 301 Moved Permanently\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
    let outcome = |reason| Outcome::Down { reason, phase: None };

    let loops = Server::answering(redirect("/")).await;
    let sight = see(HttpCheck::get(loops.url("/"))).await;
    assert_eq!(sight.outcome, outcome(Reason::RedirectLoop), "{sight:?}");
    assert_eq!(sight.http.unwrap().status, Some(301));

    let counting = Server::counting().await;
    let check = HttpCheck {
        max_redirects: 3,
        ..HttpCheck::get(counting.url("/0"))
    };
    let sight = see(check).await;
    assert_eq!(sight.outcome, outcome(Reason::TooManyRedirects), "{sight:?}");
    assert_eq!(sight.http.unwrap().hops.len(), 3);

    let elsewhere = Server::answering(redirect("mailto:nobody@example.com")).await;
    let sight = see(HttpCheck::get(elsewhere.url("/"))).await;
    assert_eq!(sight.outcome, outcome(Reason::RedirectInvalid), "{sight:?}");

    // Without redirects the redirect itself is judged.
    let check = HttpCheck {
        max_redirects: 0,
        assertions: assertions(
            r#"[{"on":"status","allowed":"301"},{"on":"header","name":"location","is":"equal","value":"/"}]"#,
        ),
        ..HttpCheck::get(loops.url("/"))
    };
    assert_eq!(see(check).await.outcome, Outcome::Up);
}

#[tokio::test]
async fn the_policy_is_asked_for_every_address_also_after_a_redirect() {
    let inner = Server::answering("HTTP/1.1 200 OK\r\n\r\nsecret").await;
    let location = format!("http://127.0.0.2:{}/", inner.port());
    let outer = Server::answering(format!(
        "HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    ))
    .await;
    let allowed: IpAddr = "127.0.0.1".parse().unwrap();
    let platform = NativePlatform::new(Arc::new(move |ip| {
        if ip == allowed {
            Ok(())
        } else {
            Err(format!("{ip} is private"))
        }
    }));
    let reason = Reason::TargetForbidden;
    for url in [
        outer.url("/"),
        location,
        format!("http://[::ffff:127.0.0.2]:{}/", inner.port()),
    ] {
        let sight = run_check(&Check::Http(HttpCheck::get(url)), 1000, &platform).await;
        assert_eq!(sight.outcome, Outcome::Unmeasured { reason }, "{sight:?}");
        assert_eq!(sight.message.as_deref(), Some("127.0.0.2 is private"));
    }
    assert!(inner.request_if_any().is_none());
}
