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
fn bodies_are_what_they_say() {
    let body =
        |format: &str, body: &str| pointers(json!({"method": "POST", "body_format": format, "body": body}));
    assert_eq!(body("text", "{"), [""; 0]);
    assert_eq!(body("json", r#"{"a": [1, null]}"#), [""; 0]);
    assert_eq!(body("json", "{"), ["/body"]);
    assert_eq!(body("json", ""), ["/body"]);
    assert_eq!(body("form", "a=1\nb=\n\n"), [""; 0]);
    assert_eq!(body("form", "a=1\nb"), ["/body"]);
}

#[test]
fn connections_that_contradict_themselves() {
    let proxy = json!({"url": "http://proxy.example:3128", "username": "u", "password": "p"});
    assert_eq!(
        pointers(json!({"proxy": proxy, "http_version": "2", "cookies": true})),
        [""; 0]
    );
    assert_eq!(
        pointers(json!({"phases": "fetch", "http_version": "2", "ip_version": "v4", "proxy": proxy})),
        ["/http_version", "/ip_version", "/proxy", "/ip_version"]
    );
    assert_eq!(
        pointers(json!({"url": "http://example.com/", "http_version": "2", "proxy": proxy})),
        ["/http_version"]
    );
    assert_eq!(
        pointers(json!({"url": "https://192.0.2.1/", "ip_version": "v6"})),
        ["/ip_version"]
    );
    assert_eq!(
        pointers(json!({"url": "https://[2001:db8::1]/", "ip_version": "v4"})),
        ["/ip_version"]
    );
    assert_eq!(
        pointers(json!({"url": "https://192.0.2.1/", "ip_version": "v4"})),
        [""; 0]
    );
    for url in [
        "https://proxy.example/",
        "http://u:p@proxy.example/",
        "http://proxy.example/path",
        "proxy.example:3128",
    ] {
        assert_eq!(pointers(json!({"proxy": {"url": url}})), ["/proxy/url"], "{url}");
    }
    let credentials = |username: Value, password: Value| {
        let url = "http://proxy.example";
        pointers(json!({"proxy": {"url": url, "username": username, "password": password}}))
    };
    assert_eq!(
        credentials(json!("a:b"), json!("c\n")),
        ["/proxy/username", "/proxy/password"]
    );
    assert_eq!(credentials(Value::Null, json!("c")), ["/proxy/username"]);
    assert_eq!(
        pointers(
            json!({"url": "http://example.com/", "client_certificate": {"certificate_pem": "", "key_pem": ""}})
        ),
        ["/client_certificate", "/client_certificate/certificate_pem"]
    );
}

#[test]
fn secrets_are_bound_to_the_proxy_as_well() {
    let check = |proxy: Value| -> HttpCheck {
        serde_json::from_value(json!({"url": "http://example.com/a", "proxy": proxy})).unwrap()
    };
    assert_eq!(check(Value::Null).origin().as_deref(), Some("http://example.com"));
    assert_eq!(
        check(json!({"url": "http://proxy.example:3128/"}))
            .origin()
            .as_deref(),
        Some("http://example.com through http://proxy.example:3128")
    );
    assert_eq!(check(json!({"url": "nonsense"})).origin(), None);
}

#[test]
fn settings_ask_for_capabilities() {
    let needed = |fields: Value| {
        let mut fields = fields;
        fields["url"] = "https://example.com/".into();
        let check: HttpCheck = serde_json::from_value(fields).unwrap();
        check.capabilities()
    };
    assert_eq!(needed(json!({"cookies": true, "http_version": "1.1"})), [""; 0]);
    assert_eq!(
        needed(json!({
            "http_version": "2", "ip_version": "v6", "proxy": {"url": "http://p"},
            "client_certificate": {"certificate_pem": "", "key_pem": ""}
        })),
        ["http2", "client_certificate", "proxy", "ipv6"]
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
