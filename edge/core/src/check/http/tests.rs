use super::*;
use crate::check;
use edgewatch_protocol::check::Check;
use serde_json::{Value, json};

fn pointers(mut fields: Value) -> Vec<String> {
    fields["type"] = "http".into();
    if fields["url"].is_null() {
        fields["url"] = "https://example.com/".into();
    }
    let check: Check = serde_json::from_value(fields).unwrap();
    check::validate(&check)
        .into_iter()
        .map(|fault| fault.pointer)
        .collect()
}

#[test]
fn a_good_check_has_no_faults() {
    let full = json!({
        "url": "https://[2001:db8::1]:8443/a?b=c", "method": "PATCH",
        "headers": [{"name": "X-A", "value": "b"}], "body": "{}",
        "auth": {"scheme": "bearer", "token": "abc.def"}, "max_redirects": 0, "max_body_bytes": 16 << 20,
        "assertions": [
            {"on": "status", "allowed": "200-299"},
            {"on": "header", "name": "content-type", "is": "contains", "value": "json"},
            {"on": "body", "is": "matches", "value": "^ok"},
            {"on": "json_path", "path": "$.a[?@.b > 1]", "is": "less_than", "value": "1.5"},
            {"on": "latency", "max_ms": 500}, {"on": "certificate_days", "min_days": 14}
        ]
    });
    assert_eq!(pointers(full), [""; 0]);
    assert_eq!(pointers(json!({"url": "http://localhost:8080"})), [""; 0]);
    // http may redirect to https, which has a certificate.
    let days = json!([{"on": "certificate_days", "min_days": 14}]);
    assert_eq!(
        pointers(json!({"url": "http://example.com", "assertions": days})),
        [""; 0]
    );
}

#[test]
fn each_fault_is_named_by_its_field() {
    for url in [
        "",
        "example.com",
        "ftp://example.com/",
        "https://",
        "http://a b/",
        "http://h:99999/",
        "http://h:0/",
    ] {
        assert_eq!(pointers(json!({"url": url})), ["/url"], "{url}");
    }
    assert_eq!(pointers(json!({"url": "https://u:p@example.com/"})), ["/url"]);
    assert_eq!(
        pointers(json!({"url": format!("https://example.com/{}", "a".repeat(2048))})),
        ["/url"]
    );
    for method in ["", "G T", "CONNECT"] {
        assert_eq!(pointers(json!({"method": method})), ["/method"], "{method}");
    }
    assert_eq!(
        pointers(json!({"headers": [
            {"name": "ok", "value": "a\nb"}, {"name": "Host", "value": "x"}, {"name": "a b", "value": "x"}]})),
        ["/headers/0/value", "/headers/1/name", "/headers/2/name"]
    );
    assert_eq!(
        pointers(json!({"auth": {"scheme": "basic", "username": "a:b", "password": "c\r"}})),
        ["/auth/username", "/auth/password"]
    );
    assert_eq!(
        pointers(json!({"auth": {"scheme": "bearer", "token": "a b"}})),
        ["/auth/token"]
    );
    assert_eq!(
        pointers(
            json!({"auth": {"scheme": "bearer", "token": "a"}, "headers": [{"name": "authorization", "value": "b"}]})
        ),
        ["/headers/0/name"]
    );
    assert_eq!(
        pointers(json!({"max_redirects": 21, "max_body_bytes": 0})),
        ["/max_redirects", "/max_body_bytes"]
    );
    assert_eq!(
        pointers(json!({"phases": "fetch", "accept_any_certificate": true})),
        ["/accept_any_certificate"]
    );
    assert_eq!(
        pointers(json!({"assertions": [
            {"on": "body", "is": "matches", "value": "("},
            {"on": "json_path", "path": "status", "is": "present"},
            {"on": "json_path", "path": "$.a", "is": "greater_than", "value": "many"},
            {"on": "header", "name": "a b", "is": "present"},
            {"on": "latency", "max_ms": 0},
            {"on": "moon"}]})),
        [
            "/assertions/0/value",
            "/assertions/1/path",
            "/assertions/2/value",
            "/assertions/3/name",
            "/assertions/4/max_ms",
            "/assertions/5/on"
        ]
    );
    assert_eq!(
        pointers(json!({"method": "HEAD", "assertions": [{"on": "body", "is": "present"}]})),
        ["/assertions/0/on"]
    );
    assert_eq!(
        pointers(
            json!({"url": "http://example.com", "max_redirects": 0, "phases": "platform",
            "assertions": [{"on": "certificate_days", "min_days": 1}]})
        ),
        ["/assertions/0/on", "/assertions/0/on"]
    );
}

#[test]
fn headers_that_carry_credentials() {
    for name in [
        "authorization",
        "proxy-authorization",
        "x-auth-token",
        "x-functions-key",
        "set-cookie",
        "x-hub-signature",
    ] {
        assert!(carries_credentials(name), "{name}");
    }
    for name in [
        "accept",
        "user-agent",
        "content-type",
        "x-request-id",
        "if-none-match",
    ] {
        assert!(!carries_credentials(name), "{name}");
    }
}

#[test]
fn the_target_holds_no_secrets() {
    let target_of = |url: &str| HttpCheck::get(url).target();
    assert_eq!(
        target_of("https://u:p@example.org:8443/a/b?token=x#y"),
        "https://example.org:8443/a/b"
    );
    assert_eq!(target_of("nonsense"), "");
}
