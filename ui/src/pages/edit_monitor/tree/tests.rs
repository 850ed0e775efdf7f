use super::{
    super::check_fields::{CheckType, Section, TYPES, check_type, needs},
    *,
};
use edgewatch_client::protocol::check::Check;
use serde_json::json;

fn fields_of(known: &CheckType) -> Vec<Field> {
    let fields = known.sections.iter().flat_map(|Section { fields, .. }| *fields);
    fields.copied().collect()
}

fn texts_of(known: &CheckType, check: &Value) -> Value {
    to_texts(&fields_of(known), check, &mut 0)
}

fn sorted(mut names: Vec<&str>) -> Vec<&str> {
    names.sort_unstable();
    names
}

fn through(check: &Value) -> (Value, Vec<FieldError>) {
    let known = check_type(check["type"].as_str().unwrap()).unwrap();
    let fields = fields_of(known);
    let mut errors = Vec::new();
    let mut sent = to_json(&fields, &to_texts(&fields, check, &mut 0), "/check", &mut errors);
    sent["type"] = known.name.into();
    (sent, errors)
}

/// As the API reads it.
fn meaning(check: &Value) -> Check {
    serde_json::from_value(check.clone()).unwrap()
}

#[test]
fn a_check_of_every_type_passes_through_the_form_unchanged() {
    let http = json!({
        "type": "http", "url": "https://shop.example/", "method": "POST", "body": "{}", "body_format": "json",
        "headers": [{"name": "X-Key", "value": "••••••••"}], "cookies": true, "http_version": "2", "ip_version": "v6",
        "auth": {"scheme": "basic", "username": "u", "password": "••••••••"},
        "proxy": {"url": "http://proxy.example:3128", "username": "p", "password": "q"},
        "client_certificate": {"certificate_pem": "C\n", "key_pem": "K\n"},
        "max_redirects": 0, "accept_any_certificate": true, "phases": "platform", "max_body_bytes": 2048,
        "assertions": [
            {"on": "status", "allowed": "200-299,304"}, {"on": "header", "name": "server", "is": "absent"},
            {"on": "body", "is": "not_matches", "value": "err.r "},
            {"on": "json_path", "path": "$.ok", "is": "equal", "value": "true", "severity": "degraded"},
            {"on": "latency", "max_ms": 800, "severity": "degraded"}, {"on": "certificate_days", "min_days": 14}
        ]
    });
    let mut request = http.clone();
    request.as_object_mut().unwrap().remove("type");
    let checks = [
        http,
        json!({"type": "steps", "cookies": true, "variables": [{"name": "user", "value": "••••••••"}], "steps": [
            {"name": "Sign in", "request": request, "extract": [
                {"name": "a", "from": "json_path", "path": "$.t"}, {"name": "b", "from": "regex", "pattern": "(x)"},
                {"name": "c", "from": "header", "field": "location"}]},
            {"name": "Read", "request": {"url": "https://shop.example/{{a}}"}}]}),
        json!({"type": "websocket", "url": "wss://a.example/", "headers": [{"name": "a", "value": "b"}],
            "auth": {"scheme": "bearer", "token": "••••••••"}, "subprotocol": "chat", "accept_any_certificate": true,
            "send": {"as": "hex", "value": "00 ff"}, "ip_version": "v4",
            "assertions": [{"on": "reply", "is": "equal", "value": "pong"}, {"on": "header", "name": "x", "is": "present"}]}),
        json!({"type": "grpc", "host": "a.example", "port": 50051, "tls": false, "service": "shop.Cart",
            "metadata": [{"name": "k", "value": "v"}], "assertions": [{"on": "latency", "max_ms": 5}]}),
        json!({"type": "tcp", "host": "a.example", "port": 25, "protocol": "smtp", "security": "starttls",
            "accept_any_certificate": true, "assertions": [{"on": "certificate_days", "min_days": 3}]}),
        json!({"type": "tcp", "host": "a.example", "port": 7, "send": {"as": "text", "value": " PING\n"},
            "assertions": [{"on": "reply", "is": "contains", "value": "PONG"}]}),
        json!({"type": "udp", "host": "a.example", "port": 7, "send": {"as": "text", "value": "x"}, "ip_version": "v6"}),
        json!({"type": "ping", "host": "a.example", "count": 10, "spacing_ms": 100, "payload_bytes": 0,
            "assertions": [{"on": "packet_loss", "max_percent": 20}, {"on": "jitter", "max_ms": 9}]}),
        json!({"type": "tls", "host": "a.example", "port": 8443, "server_name": "b.example", "starttls": "imap",
            "degraded_days": 40, "down_days": 0, "pins": ["ab", "cd"], "allow_weak": true, "allow_untrusted": true}),
        json!({"type": "dns", "name": "a.example", "record": "MX", "resolver": {"by": "udp", "host": "192.0.2.1", "port": 5353},
            "expected": ["10 mx.a.example"], "expected_match": "exact", "require_authenticated": true,
            "assertions": [{"on": "ttl", "min_s": 60}, {"on": "ttl", "max_s": 600}]}),
        json!({"type": "dns", "name": "a.example", "resolver": {"by": "https", "url": "https://dns.example/"}, "expect_no_such_name": true}),
        json!({"type": "domain", "domain": "a.example", "degraded_days": 60, "down_days": 14, "registrar": "R", "rdap_url": "https://r.example/"}),
        json!({"type": "heartbeat", "schedule": {"every": "period", "period_s": 60}, "grace_s": 0, "max_run_s": 9}),
        json!({"type": "heartbeat", "schedule": {"every": "cron", "expression": "* * * * *", "zone": "Europe/Berlin"}}),
        json!({"type": "script", "script": "backup", "arguments": ["-a", "b c"], "assertions": [{"on": "reply", "is": "present"}]}),
    ];
    for known in TYPES {
        assert!(
            checks.iter().any(|check| check["type"] == known.name),
            "{}",
            known.name
        );
    }
    for check in &checks {
        let known = check_type(check["type"].as_str().unwrap()).unwrap();
        assert_eq!(
            sorted(needs(known.name, &texts_of(known, check))),
            sorted(edgewatch_core::check::capabilities(&meaning(check))),
            "{check}"
        );
        assert_eq!(
            known.least_interval_s,
            edgewatch_core::check::min_interval_s(&meaning(check)),
            "{check}"
        );
        // As the API answers it: with its defaults written out.
        let answered = serde_json::to_value(meaning(check)).unwrap();
        for given in [check, &answered] {
            let (sent, errors) = through(given);
            assert_eq!(errors, []);
            assert_eq!(meaning(&sent), meaning(check), "{given}");
        }
    }
}

#[test]
fn every_type_of_the_api_can_be_made_and_a_new_one_lacks_only_what_is_asked_for() {
    assert_eq!(
        sorted(Check::TYPES.to_vec()),
        sorted(TYPES.map(|known| known.name).to_vec())
    );
    for known in TYPES {
        let mut fresh = parse(known.fresh);
        fresh["type"] = known.name.into();
        let (mut sent, errors) = through(&fresh);
        for error in &errors {
            assert_eq!(error.detail, "Write a whole number.");
            put(&mut sent, error.pointer.strip_prefix("/check").unwrap(), 1.into());
        }
        let read: Result<Check, _> = serde_json::from_value(sent.clone());
        assert!(read.is_ok(), "{sent}: {read:?}");
    }
}

#[test]
fn what_is_not_shown_is_not_sent() {
    let check = json!({"type": "http", "url": "u", "auth": {"scheme": "bearer", "token": "t"}});
    let fields = check_type("http").unwrap().sections[0].fields;
    let mut texts = to_texts(fields, &check, &mut 0);
    put(&mut texts, "/auth/scheme", "none".into());
    assert_eq!(to_json(fields, &texts, "", &mut Vec::new()), json!({"url": "u"}));
}

#[test]
fn a_row_is_found_wherever_it_stands() {
    let list = json!({"steps": [{"name": "a", "request": {}}, {"name": "b", "request": {"url": "x", "headers": [{"name": "h"}]}}]});
    let fields = check_type("steps").unwrap().sections[1].fields;
    let mut texts = to_texts(fields, &list, &mut 0);
    let keys = keys(&texts, "/steps");
    let path = format!("/steps/#{}/request/url", keys[1]);
    assert_eq!(pointer(&texts, &path), "/steps/1/request/url");
    change_rows(&mut texts, "/steps", |rows| rows.swap(0, 1));
    assert_eq!(
        (text(&texts, &path).as_str(), pointer(&texts, &path).as_str()),
        ("x", "/steps/0/request/url")
    );
    change_rows(&mut texts, "/steps", |rows| {
        rows.retain(|row| key_of(row) != keys[1]);
    });
    put(&mut texts, &path, "gone".into());
    assert_eq!(rows(&texts, "/steps").len(), 1);
    assert_eq!(text(&texts, &path), "");
}

#[test]
fn what_cannot_be_read_is_told_at_its_field() {
    let (_, errors) = through(
        &json!({"type": "tcp", "host": "a", "port": "smtp", "assertions": [{"on": "latency", "max_ms": "x"}]}),
    );
    let pointers: Vec<_> = errors.iter().map(|error| &*error.pointer).collect();
    assert_eq!(pointers, ["/check/port", "/check/assertions/0/max_ms"]);
}
