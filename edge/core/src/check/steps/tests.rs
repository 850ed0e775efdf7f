use crate::check;
use edgewatch_protocol::check::Check;
use serde_json::{Value, json};

fn read(mut fields: Value) -> Check {
    fields["type"] = "steps".into();
    serde_json::from_value(fields).unwrap()
}

fn pointers(fields: Value) -> Vec<String> {
    let faults = check::validate(&read(fields));
    faults.into_iter().map(|fault| fault.pointer).collect()
}

fn step(name: &str, url: &str) -> Value {
    json!({"name": name, "request": {"url": url}})
}

fn shop() -> Value {
    json!({
        "variables": [{"name": "user", "value": "anna"}, {"name": "password", "value": "hunter2"}],
        "cookies": true,
        "steps": [
            {
                "name": "sign in",
                "request": {
                    "url": "https://shop.example/sign-in", "method": "POST", "body_format": "json",
                    "body": r#"{"user": "{{user}}", "password": "{{ password }}", "n": {{user}}}"#
                },
                "extract": [
                    {"name": "token", "from": "json_path", "path": "$.token"},
                    {"name": "page", "from": "regex", "pattern": "page=(\\d+)"},
                    {"name": "csrf", "from": "header", "field": "X-Csrf"}
                ]
            },
            {
                "name": "order",
                "request": {
                    "url": "https://api.shop.example/orders/{{page}}?q={{user}}",
                    "auth": {"scheme": "bearer", "token": "{{token}}"},
                    "headers": [{"name": "X-Csrf-Token", "value": "{{csrf}}"}, {"name": "X-Api-Key", "value": "k{{csrf}}"}],
                    "http_version": "2",
                    "assertions": [
                        {"on": "json_path", "path": "$.n", "is": "less_than", "value": "{{page}}"},
                        {"on": "body", "is": "matches", "value": "^{{user}}"}
                    ]
                }
            }
        ]
    })
}

#[test]
fn a_good_check_has_no_faults() {
    assert_eq!(pointers(shop()), [""; 0]);
}

#[test]
fn each_fault_is_named_by_its_field() {
    assert_eq!(pointers(json!({"steps": []})), ["/steps"]);
    let many: Vec<Value> = (0..21)
        .map(|n| step(&format!("s{n}"), "https://a.example/"))
        .collect();
    assert_eq!(pointers(json!({"steps": many})), ["/steps"]);
    assert_eq!(
        pointers(
            json!({"steps": [step("a", "https://a.example/"), step("b", "nonsense"), step("a", "https://a.example/")]})
        ),
        ["/steps/1/request/url", "/steps/2/name"]
    );
    assert_eq!(
        pointers(json!({"steps": [step(" ", "https://a.example/")]})),
        ["/steps/0/name"]
    );

    // A variable of a later step is not known yet.
    let mut early = shop();
    early["steps"].as_array_mut().unwrap().swap(0, 1);
    assert_eq!(
        pointers(early),
        [
            "/steps/0/request/url",
            "/steps/0/request/headers/0/value",
            "/steps/0/request/headers/1/value",
            "/steps/0/request/auth/token",
            "/steps/0/request/assertions/0/value"
        ]
    );

    let mut twice = shop();
    twice["variables"][1]["name"] = "user".into();
    twice["steps"][0]["extract"][0]["name"] = "user".into();
    twice["steps"][0]["extract"][1]["name"] = "a b".into();
    let found = pointers(twice);
    for pointer in [
        "/variables/1/name",
        "/steps/0/extract/0/name",
        "/steps/0/extract/1/name",
    ] {
        assert!(found.contains(&pointer.to_owned()), "{pointer} {found:?}");
    }

    let mut sources = shop();
    sources["steps"][0]["request"]["method"] = "HEAD".into();
    sources["steps"][0]["extract"][0]["path"] = "token".into();
    sources["steps"][0]["extract"][1]["pattern"] = "(".into();
    sources["steps"][0]["extract"][2]["field"] = "a b".into();
    assert_eq!(
        pointers(sources),
        [
            "/steps/0/extract/0/path",
            "/steps/0/extract/0/from",
            "/steps/0/extract/1/pattern",
            "/steps/0/extract/1/from",
            "/steps/0/extract/2/field"
        ]
    );
    let mut body = shop();
    body["steps"][0]["request"]["body"] = r#"{"user": {{user}"#.into();
    assert_eq!(pointers(body), ["/steps/0/request/body"]);
}

#[test]
fn secrets_are_bound_to_hosts_that_are_written_out() {
    let with = |url: &str| {
        let variables = json!([{"name": "host", "value": "x"}]);
        pointers(json!({"variables": variables, "steps": [step("a", url)]}))
    };
    for url in [
        "{{host}}/",
        "https://{{host}}/",
        "https://a.example{{host}}",
        "https://a.example:{{host}}?x",
    ] {
        assert_eq!(with(url), ["/steps/0/request/url"], "{url}");
    }
    assert_eq!(with("https://a.example?{{host}}"), [""; 0]);
    assert_eq!(
        check::origin(&read(shop())).as_deref(),
        Some("https://api.shop.example, https://shop.example")
    );
    assert_eq!(check::target(&read(shop())), "https://shop.example/sign-in");
    assert_eq!(check::capabilities(&read(shop())), ["steps", "http2"]);
}

#[test]
fn variables_and_credentials_are_secrets() {
    let mut check = read(shop());
    let found: Vec<_> = check::secrets(&mut check)
        .into_iter()
        .map(|secret| (secret.slot, secret.pointer))
        .collect();
    let slots: Vec<&str> = found.iter().map(|(slot, _)| slot.as_str()).collect();
    assert_eq!(
        slots,
        [
            "variable user",
            "variable password",
            "step order header x-api-key 0"
        ],
        "what is only a variable can be shown"
    );
    let written = serde_json::to_value(read(shop())).unwrap();
    for (_, pointer) in &found {
        assert!(
            written.pointer(pointer).is_some_and(Value::is_string),
            "{pointer}"
        );
    }
}
