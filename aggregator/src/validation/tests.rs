use super::*;
use edgewatch_protocol::capability;
use serde_json::{Value, json};

fn known() -> Vec<KnownRegion> {
    vec![
        region("weur", &[&["http", "tcp"]]),
        region("enam", &[&["tcp"]]),
        region("apac", &[]),
    ]
}

fn region(name: &str, probes: &[&[&str]]) -> KnownRegion {
    let owned = |able: &&[&str]| able.iter().map(|&one| one.to_owned()).collect();
    KnownRegion {
        name: name.into(),
        probes: probes.iter().map(owned).collect(),
    }
}

/// The pointers at fault when the settings are changed like this.
fn faults(change: Value) -> Vec<String> {
    let mut settings = json!({"name": "Shop", "check": {"type": "http", "url": "https://example.org/"}});
    if let (Value::Object(settings), Value::Object(change)) = (&mut settings, change) {
        settings.extend(change);
    }
    let settings = serde_json::from_value(settings).unwrap();
    validate_monitor(&settings, &known())
        .into_iter()
        .map(|error| error.pointer)
        .collect()
}

#[test]
fn sound_settings_have_no_faults() {
    assert_eq!(faults(json!({})), [""; 0]);
    assert_eq!(
        faults(json!({
            "regions": ["weur", "apac"], "quorum": "count:2", "tags": ["prod", "shop"], "interval_s": 10,
            "timeout_ms": 9_999, "retries": 5, "confirmations": 10, "recoveries": 10, "name": "ü".repeat(100)
        })),
        [""; 0]
    );
}

#[test]
fn each_rule_names_its_field() {
    for (change, pointers) in [
        (json!({"name": ""}), vec!["/name"]),
        (json!({"name": " a"}), vec!["/name"]),
        (json!({"name": "a\nb"}), vec!["/name"]),
        (json!({"name": "x".repeat(101)}), vec!["/name"]),
        (json!({"interval_s": 0}), vec!["/interval_s", "/timeout_ms"]),
        (json!({"interval_s": 15}), vec!["/interval_s"]),
        (json!({"interval_s": 86_410}), vec!["/interval_s"]),
        (json!({"timeout_ms": 99}), vec!["/timeout_ms"]),
        (json!({"timeout_ms": 60_001}), vec!["/timeout_ms"]),
        (
            json!({"timeout_ms": 10_000, "interval_s": 10}),
            vec!["/timeout_ms"],
        ),
        (json!({"retries": 6}), vec!["/retries"]),
        (
            json!({"flapping": {"changes": 0, "within_s": 59, "holds_s": 86_401}}),
            vec!["/flapping/changes", "/flapping/within_s", "/flapping/holds_s"],
        ),
        (
            json!({"confirmations": 0, "recoveries": 11}),
            vec!["/confirmations", "/recoveries"],
        ),
        (
            json!({"tags": ["a", "", "a", "x".repeat(41)]}),
            vec!["/tags/1", "/tags/2", "/tags/3"],
        ),
        (
            json!({"tags": (0..21).map(|n| n.to_string()).collect::<Vec<_>>()}),
            vec!["/tags"],
        ),
        (
            json!({"regions": ["weur", "mars", "weur"]}),
            vec!["/regions/1", "/regions/2"],
        ),
        (json!({"regions": ["weur"], "quorum": "count:2"}), vec!["/quorum"]),
        (json!({"check": {"type": "gopher"}}), vec!["/check/type"]),
        (
            json!({"check": {"type": "domain", "domain": "example.org"}, "interval_s": 3590}),
            vec!["/interval_s"],
        ),
        (
            json!({"check": {"type": "domain", "domain": "example.org"}, "interval_s": 3600}),
            vec![],
        ),
    ] {
        assert_eq!(faults(change.clone()), pointers, "{change}");
    }
}

#[test]
fn a_check_that_no_region_can_make_is_refused() {
    let settings: MonitorSettings = serde_json::from_value(
        json!({"name": "a", "check": {"type": "http", "url": "https://example.org/"}}),
    )
    .unwrap();
    let unable = &known()[1..2];
    let errors = validate_monitor(&settings, unable);
    assert_eq!(
        errors,
        [error("/regions", "no region has a probe that can do `http`")]
    );
    assert_eq!(validate_monitor(&settings, &known()), []);
    assert_eq!(validate_monitor(&settings, &[]), []);
}

#[test]
fn a_region_that_cannot_serve_the_check_is_refused_with_the_reason() {
    let settings = serde_json::from_value(
        json!({"name": "a", "check": {"type": "http", "url": "https://example.org/"}, "regions": ["enam"]}),
    );
    let errors = validate_monitor(&settings.unwrap(), &known());
    assert_eq!(
        errors,
        [error(
            "/regions/0",
            "region enam has no probe that can do `http`; these have: weur, apac"
        )]
    );
}

/// What is said of a check in the first of these regions.
fn said(check: &Value, known: &[KnownRegion]) -> Option<String> {
    let settings = json!({"name": "a", "check": check, "regions": [known[0].name]});
    let settings: MonitorSettings = serde_json::from_value(settings).unwrap();
    let mut errors = validate_monitor(&settings, known).into_iter();
    errors
        .find(|error| error.pointer == "/regions/0")
        .map(|error| error.detail)
}

#[test]
fn each_setting_that_not_every_probe_can_do_is_asked_for() {
    let known = [
        region("edge", &[capability::STREAMS]),
        region("inside", &[capability::NATIVE]),
    ];
    let certificate =
        json!({"certificate_pem": "-----BEGIN CERTIFICATE-----", "key_pem": "-----BEGIN PRIVATE KEY-----"});
    let https = |more: Value| {
        let mut check = json!({"type": "http", "url": "https://example.org/"});
        if let (Value::Object(check), Value::Object(more)) = (&mut check, more) {
            check.extend(more);
        }
        check
    };
    let step = |request: &Value| json!({"type": "steps", "steps": [{"name": "a", "request": request}]});
    for (check, missing) in [
        (https(json!({})), None),
        (https(json!({"http_version": "1.1"})), None),
        (https(json!({"http_version": "2"})), Some("`http2`")),
        (
            https(json!({"proxy": {"url": "http://proxy.example:3128"}})),
            Some("`proxy`"),
        ),
        (
            https(json!({"client_certificate": certificate})),
            Some("`client_certificate`"),
        ),
        (
            https(json!({"client_certificate": certificate, "http_version": "2"})),
            Some("`http2` and `client_certificate`"),
        ),
        (step(&https(json!({}))), None),
        (step(&https(json!({"http_version": "2"}))), Some("`http2`")),
        (
            step(&https(json!({"proxy": {"url": "http://proxy.example:3128"}}))),
            Some("`proxy`"),
        ),
        (
            json!({"type": "grpc", "host": "example.org", "port": 443}),
            Some("`grpc` and `http2`"),
        ),
        (json!({"type": "dns", "name": "example.org"}), None),
        (
            json!({"type": "dns", "name": "example.org", "resolver": {"by": "tcp", "host": "192.0.2.1"}}),
            None,
        ),
        (
            json!({"type": "dns", "name": "example.org", "resolver": {"by": "udp", "host": "192.0.2.1"}}),
            Some("`udp`"),
        ),
        (
            json!({"type": "udp", "host": "example.org", "port": 53, "send": {"as": "text", "value": "x"},
                   "assertions": [{"on": "reply", "is": "present"}]}),
            Some("`udp`"),
        ),
    ] {
        let found = said(&check, &known);
        let wanted = missing
            .map(|missing| format!("region edge has no probe that can do {missing}; these have: inside"));
        assert_eq!(found, wanted, "{check}");
    }
}

#[test]
fn what_depends_on_the_machine_is_asked_for_too() {
    let known = [region("inside", &[capability::NATIVE])];
    for (check, missing) in [
        (json!({"type": "ping", "host": "example.org"}), "`ping`"),
        (json!({"type": "script", "script": "backup"}), "`script`"),
        (
            json!({"type": "tcp", "host": "example.org", "port": 22, "ip_version": "v6"}),
            "`ipv6`",
        ),
        (
            json!({"type": "http", "url": "https://example.org/", "ip_version": "v6"}),
            "`ipv6`",
        ),
    ] {
        let wanted = format!("region inside has no probe that can do {missing}; no region has");
        assert_eq!(said(&check, &known), Some(wanted), "{check}");
    }
}

#[test]
fn one_probe_has_to_be_able_to_do_all_of_it() {
    let check =
        json!({"type": "http", "url": "https://example.org/", "http_version": "2", "ip_version": "v6"});
    let each = region("each", &[&["http", "http2"], &["http", "ipv6"]]);
    let one = region("one", &[&["http"], &["http", "http2", "ipv6"]]);
    assert_eq!(
        said(&check, &[each.clone(), one.clone()]),
        Some("region each has no probe that can do `http`, `http2` and `ipv6`; these have: one".to_owned())
    );
    assert_eq!(said(&check, &[one]), None);
    let everywhere = json!({"name": "a", "check": check});
    let errors = validate_monitor(&serde_json::from_value(everywhere).unwrap(), &[each]);
    assert_eq!(
        errors,
        [error(
            "/regions",
            "no region has a probe that can do `http`, `http2` and `ipv6`"
        )]
    );
}
