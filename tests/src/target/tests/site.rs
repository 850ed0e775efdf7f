//! What is well behaved: documents, delays, redirects, echoes, credentials, switches.

use super::{about, get, request, start};
use crate::target::Switch;

#[tokio::test]
async fn statuses_and_documents() {
    let target = start().await.unwrap();
    for (path, status) in [
        ("/healthy", 200),
        ("/failing", 503),
        ("/flapping", 200),
        ("/status/418", 418),
        ("/leak", 500),
        ("/nowhere", 404),
        ("/rough/nowhere", 404),
    ] {
        assert_eq!(get(&target, path).await.status(), status, "{path}");
    }
    assert!(
        get(&target, "/json")
            .await
            .body()
            .contains(r#""queue":{"length":7"#)
    );
    assert_eq!(get(&target, "/large/100000").await.body().len(), 100_000);
    let headers = get(&target, "/headers?X-One=1&X-Two=2&X-One=3")
        .await
        .text()
        .to_lowercase();
    assert!(
        headers.contains("x-one: 1\r\nx-one: 3\r\nx-two: 2")
            || headers.contains("x-one: 1\r\nx-two: 2\r\nx-one: 3")
    );
    assert_eq!((target.hits("/failing"), target.hits("/never-asked")), (1, 0));
}

#[tokio::test]
async fn delays_are_where_they_are_said_to_be() {
    let target = start().await.unwrap();
    let first_byte = get(&target, "/delay/150").await;
    assert!(about(first_byte.first_byte, 150), "{first_byte:?}");
    let body = get(&target, "/slow-body/150").await;
    assert!(about(body.first_byte, 0) && about(body.total, 150), "{body:?}");
    assert_eq!(body.body().len(), 128);
    let drip = get(&target, "/rough/drip/20").await;
    assert!(
        about(drip.first_byte, 0) && (200..500).contains(&drip.total.as_millis()),
        "{drip:?}"
    );
    let slow = get(&target, "/slow").await;
    assert!((600..1000).contains(&slow.first_byte.as_millis()), "{slow:?}");
}

#[tokio::test]
async fn redirects() {
    let target = start().await.unwrap();
    for (path, status, location) in [
        ("/redirect/2", 302, Some("/redirect/1?status=302")),
        ("/redirect/1?status=307", 307, Some("/redirect/0?status=307")),
        ("/redirect/0?status=307", 200, None),
        ("/redirect-loop", 307, Some("/redirect-loop")),
        ("/redirect-nowhere", 302, None),
        (
            "/redirect-to?url=http://other.test/x",
            302,
            Some("http://other.test/x"),
        ),
    ] {
        let answer = get(&target, path).await;
        assert_eq!(answer.status(), status, "{path}");
        let text = answer.text();
        let found = text.lines().find_map(|line| line.strip_prefix("location: "));
        assert_eq!(found, location, "{path}");
    }
}

#[tokio::test]
async fn requests_are_echoed_and_credentials_asked_for() {
    let target = start().await.unwrap();
    let echo = request(
        &target,
        "PATCH /echo?a=b HTTP/1.1\r\nHost: target\r\nX-Mine: 1\r\nContent-Length: 4\r\n\r\nbody",
    );
    let echo: serde_json::Value = serde_json::from_str(&echo.await.body()).unwrap();
    assert_eq!(
        (&echo["method"], &echo["path"]),
        (&"PATCH".into(), &"/echo".into())
    );
    assert_eq!((&echo["query"], &echo["body"]), (&"a=b".into(), &"body".into()));
    assert!(
        echo["headers"]
            .as_array()
            .unwrap()
            .contains(&serde_json::json!(["x-mine", "1"]))
    );

    for (path, credentials, status) in [
        ("/basic-auth/ann/pass", "Basic YW5uOnBhc3M=", 200),
        ("/basic-auth/ann/pass", "Basic YW5uOnBhc3Q=", 401),
        ("/bearer/token", "Bearer token", 200),
        ("/bearer/token", "Bearer other", 401),
    ] {
        let asked = format!("GET {path} HTTP/1.1\r\nHost: target\r\nAuthorization: {credentials}\r\n\r\n");
        assert_eq!(
            request(&target, &asked).await.status(),
            status,
            "{path} {credentials}"
        );
    }
}

#[tokio::test]
async fn a_switch_is_turned_from_within_and_from_without() {
    let target = start().await.unwrap();
    assert_eq!(get(&target, "/switch/a").await.status(), 200);
    let body = r#"{"status":503,"delay_ms":150}"#;
    let length = body.len();
    let put = format!(
        "PUT /control/switch/a HTTP/1.1\r\nHost: target\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    assert_eq!(request(&target, &put).await.body(), body);
    let down = get(&target, "/switch/a").await;
    assert!(down.status() == 503 && about(down.first_byte, 150), "{down:?}");
    assert_eq!(get(&target, "/switch/b").await.status(), 200);
    target.set_switch("a", Switch::default());
    assert_eq!(get(&target, "/switch/a").await.status(), 200);
    let hits = get(&target, "/control/hits").await.body();
    assert_eq!(hits, r#"{"/switch/a":3,"/switch/b":1}"#);
}
