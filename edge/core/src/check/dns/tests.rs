use super::*;
use edgewatch_protocol::check::Check;
use serde_json::{Value, json};

fn faults(change: Value) -> Vec<String> {
    let mut check = json!({"type": "dns", "name": "example.com"});
    if let (Value::Object(check), Value::Object(change)) = (&mut check, change) {
        check.extend(change);
    }
    let check: Check = serde_json::from_value(check).unwrap();
    let faults = crate::check::validate(&check);
    faults.into_iter().map(|fault| fault.pointer).collect()
}

#[test]
fn sound_checks_have_no_faults() {
    for change in [
        json!({}),
        json!({"name": "_dmarc.example.com", "record": "TXT", "expected": ["v=DMARC1; p=none"]}),
        json!({"name": "münchen.example"}),
        json!({"name": ".", "record": "NS"}),
        json!({"record": "SRV", "expected": ["10 5 443 srv.example.com"]}),
        json!({"resolver": {"by": "https", "url": "https://dns.example/dns-query"}}),
        json!({"resolver": {"by": "udp", "host": "2001:db8::53"}}),
        json!({"resolver": {"by": "tcp", "host": "ns1.example.com", "port": 5353}}),
        json!({"expect_no_such_name": true, "assertions": [{"on": "latency", "max_ms": 50}]}),
    ] {
        assert_eq!(faults(change.clone()), [""; 0], "{change}");
    }
}

#[test]
fn each_fault_names_its_field() {
    for (change, pointer) in [
        (json!({"name": ""}), "/name"),
        (json!({"name": "a..b"}), "/name"),
        (json!({"name": "a b"}), "/name"),
        (json!({"name": "a".repeat(64)}), "/name"),
        (
            json!({"resolver": {"by": "https", "url": "ftp://a"}}),
            "/resolver/url",
        ),
        (
            json!({"resolver": {"by": "udp", "host": "a:b"}}),
            "/resolver/host",
        ),
        (
            json!({"resolver": {"by": "tcp", "host": "a", "port": 0}}),
            "/resolver/port",
        ),
        (json!({"expected": ["192.0.2.1", "2001:db8::1"]}), "/expected/1"),
        (
            json!({"record": "MX", "expected": ["mx.example.com"]}),
            "/expected/0",
        ),
        (
            json!({"expect_no_such_name": true, "expected": ["192.0.2.1"]}),
            "/expected",
        ),
        (
            json!({"assertions": [{"on": "status", "allowed": "200"}]}),
            "/assertions/0/on",
        ),
        (
            json!({"assertions": [{"on": "ttl", "min_s": 9, "max_s": 1}]}),
            "/assertions/0/max_s",
        ),
    ] {
        assert_eq!(faults(change.clone()), [pointer], "{change}");
    }
}

#[test]
fn a_name_in_another_script_is_asked_for_in_ascii() {
    assert_eq!(
        wire_name("münchen.example").as_deref(),
        Some("xn--mnchen-3ya.example")
    );
    assert_eq!(
        wire_name("_sip._tcp.example").as_deref(),
        Some("_sip._tcp.example")
    );
    assert_eq!(wire_name("a\\b"), None);
}

#[test]
fn only_a_query_by_datagram_needs_more_than_the_type() {
    let capabilities = |resolver: Value| {
        let check = json!({"type": "dns", "name": "a", "resolver": resolver});
        crate::check::capabilities(&serde_json::from_value(check).unwrap())
    };
    assert_eq!(capabilities(json!({"by": "udp", "host": "a"})), ["dns", "udp"]);
    assert_eq!(capabilities(json!({"by": "tcp", "host": "a"})), ["dns"]);
}
