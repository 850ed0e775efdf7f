//! What of a TCP check is refused before it is run.

use crate::check::{capabilities, validate};
use edgewatch_protocol::check::Check;

fn pointers(check: &str) -> Vec<String> {
    let check: Check = serde_json::from_str(check).unwrap();
    validate(&check).into_iter().map(|error| error.pointer).collect()
}

#[test]
fn checks_that_can_be_run() {
    for good in [
        r#"{"type":"tcp","host":"db.example.com","port":5432}"#,
        r#"{"type":"tcp","host":"::1","port":1,"send":{"as":"hex","value":"0d 0a"},
            "assertions":[{"on":"reply","is":"contains","value":"x"}]}"#,
        r#"{"type":"tcp","host":"mx.example.com","port":25,"protocol":"smtp","security":"starttls",
            "assertions":[{"on":"certificate_days","min_days":9}]}"#,
        r#"{"type":"tcp","host":"db.example.com","port":5432,"protocol":"postgres","security":"tls"}"#,
    ] {
        assert_eq!(pointers(good), [""; 0], "{good}");
    }
}

#[test]
fn checks_that_cannot() {
    for (bad, pointer) in [
        (
            r#"{"type":"tcp","host":"https://example.com","port":443}"#,
            "/host",
        ),
        (r#"{"type":"tcp","host":"example.com","port":0}"#, "/port"),
        (
            r#"{"type":"tcp","host":"example.com","port":1,"security":"starttls"}"#,
            "/security",
        ),
        (
            r#"{"type":"tcp","host":"example.com","port":1,"send":{"as":"hex","value":"0"}}"#,
            "/send/value",
        ),
        (
            r#"{"type":"tcp","host":"example.com","port":1,"protocol":"imap","send":{"as":"text","value":"0"}}"#,
            "/send",
        ),
        (
            r#"{"type":"tcp","host":"example.com","port":1,"assertions":[{"on":"reply","is":"absent"}]}"#,
            "/assertions/0/is",
        ),
        (
            r#"{"type":"tcp","host":"example.com","port":1,"assertions":[{"on":"body","is":"present"}]}"#,
            "/assertions/0/on",
        ),
        (
            r#"{"type":"tcp","host":"example.com","port":1,"assertions":[{"on":"certificate_days","min_days":1}]}"#,
            "/assertions/0/on",
        ),
        (
            r#"{"type":"tcp","host":"example.com","port":1,"protocol":"postgres","security":"tls",
                "assertions":[{"on":"reply","is":"present"}]}"#,
            "/assertions/0/on",
        ),
    ] {
        assert_eq!(pointers(bad), [pointer], "{bad}");
    }
}

#[test]
fn certificates_datagrams_and_websockets() {
    for (check, expected) in [
        (r#"{"type":"tls","host":"example.com"}"#, &[][..]),
        (
            r#"{"type":"tls","host":"example.com","degraded_days":2,"pins":["AB"],"server_name":"a b",
                "assertions":[{"on":"reply","is":"present"}]}"#,
            &["/server_name", "/degraded_days", "/pins/0", "/assertions/0/on"],
        ),
        (
            r#"{"type":"udp","host":"example.com","port":53,"send":{"as":"text","value":"x"}}"#,
            &[],
        ),
        (
            r#"{"type":"udp","host":"","port":0,"send":{"as":"hex","value":"x"},
                "assertions":[{"on":"certificate_days","min_days":1}]}"#,
            &["/host", "/port", "/send/value", "/assertions/0/on"],
        ),
        (
            r#"{"type":"websocket","url":"wss://example.com/","subprotocol":"graphql-ws"}"#,
            &[],
        ),
        (
            r#"{"type":"websocket","url":"https://example.com/","subprotocol":"a, b",
                "headers":[{"name":"Sec-WebSocket-Key","value":"x"}]}"#,
            &["/url", "/headers/0/name", "/subprotocol"],
        ),
        (
            r#"{"type":"websocket","url":"ws://example.com/","assertions":[{"on":"certificate_days","min_days":1}]}"#,
            &["/assertions/0/on"],
        ),
    ] {
        assert_eq!(pointers(check), expected, "{check}");
    }
}

#[test]
fn checks_of_ipv6_alone_need_a_probe_that_has_it() {
    for rest in [
        r#""tcp","host":"a.example","port":1"#,
        r#""tls","host":"a.example""#,
        r#""udp","host":"a.example","port":1,"send":{"as":"text","value":""}"#,
        r#""websocket","url":"ws://a.example""#,
    ] {
        let of = |more: &str| {
            let check: Check = serde_json::from_str(&format!(r#"{{"type":{rest}{more}}}"#)).unwrap();
            capabilities(&check)[1..].to_vec()
        };
        assert_eq!(of(r#","ip_version":"v6""#), ["ipv6"], "{rest}");
        assert_eq!(of(""), [""; 0], "{rest}");
    }
}
