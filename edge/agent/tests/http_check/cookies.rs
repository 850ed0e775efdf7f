//! Cookies along redirects, and bodies of the kinds that can be asked for.

use super::{
    http_server::{HttpServer, Seen, Speaks, answer},
    see,
};
use edgewatch_protocol::{
    check::{Header, HttpCheck, Method, http::BodyFormat},
    observation::Outcome,
};

/// Signs in by a cookie, and lets nobody in without.
fn respond(seen: &Seen) -> hyper::Response<super::http_server::Body> {
    match (seen.path(), seen.header("cookie")) {
        ("/", _) => answer(
            302,
            &[
                ("location", "/in"),
                ("set-cookie", "session=0123456789; Path=/in; HttpOnly"),
                ("set-cookie", "elsewhere=1; Path=/out"),
            ],
            "",
        ),
        ("/in", Some(cookies)) if cookies.contains("session=0123456789") => answer(200, &[], "welcome"),
        _ => answer(403, &[], "who are you?"),
    }
}

#[tokio::test]
async fn cookies_follow_redirects_when_asked_to() {
    let server = HttpServer::start(Speaks::Http1, respond).await;
    let check = HttpCheck {
        headers: vec![Header {
            name: "Cookie".to_owned(),
            value: "consent=yes".to_owned(),
        }],
        ..HttpCheck::get(server.url("/"))
    };
    let off = see(check.clone()).await;
    assert_eq!(off.http.unwrap().status, Some(403), "off by default");
    let on = HttpCheck {
        cookies: true,
        ..check
    };
    for attempt in 0..2 {
        let before = server.seen().len();
        assert_eq!(see(on.clone()).await.outcome, Outcome::Up);
        let seen = &server.seen()[before..];
        assert_eq!(
            seen[0].header("cookie"),
            Some("consent=yes"),
            "attempt {attempt} begins anew"
        );
        assert_eq!(seen[1].header("cookie"), Some("consent=yes; session=0123456789"));
    }
}

#[tokio::test]
async fn bodies_are_sent_as_what_they_are() {
    let server = HttpServer::start(Speaks::Http1, |_| answer(200, &[], "")).await;
    for (format, body, sent, kind) in [
        (BodyFormat::Text, "a=b", "a=b", None),
        (
            BodyFormat::Json,
            "{\"a\": 1}",
            "{\"a\": 1}",
            Some("application/json"),
        ),
        (
            BodyFormat::Form,
            "user=anna & co\npin=1",
            "user=anna+%26+co&pin=1",
            Some("application/x-www-form-urlencoded"),
        ),
    ] {
        let check = HttpCheck {
            method: Method("POST".to_owned()),
            body: Some(body.to_owned()),
            body_format: format,
            ..HttpCheck::get(server.url("/"))
        };
        assert_eq!(see(check).await.outcome, Outcome::Up);
        let seen = server.seen().pop().unwrap();
        assert_eq!(
            (&*seen.body, seen.header("content-type")),
            (sent.as_bytes(), kind),
            "{format:?}"
        );
    }
}
