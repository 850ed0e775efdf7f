use super::*;
use http::HeaderValue;

fn evidence<'a>(headers: &'a HeaderMap, body: &'a [u8]) -> Evidence<'a> {
    Evidence {
        status: Some(200),
        headers: Some(headers),
        body,
        body_bytes: body.len() as u64,
        ..Evidence::at(0, 812_000)
    }
}

fn texts(json: &str, evidence: &Evidence<'_>) -> Vec<String> {
    let assertions: Vec<Assertion> = serde_json::from_str(json).unwrap();
    evaluate(&assertions, evidence)
        .into_iter()
        .map(|failed| failed.text)
        .collect()
}

#[test]
fn status() {
    let headers = HeaderMap::new();
    let unavailable = Evidence {
        status: Some(503),
        ..evidence(&headers, b"")
    };
    let asked = r#"[{"on":"status","allowed":"301,500-599"}]"#;
    assert_eq!(texts(asked, &unavailable), [""; 0]);
    assert_eq!(
        texts(asked, &evidence(&headers, b"")),
        ["status (200) in 301,500-599"]
    );
}

#[test]
fn headers() {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("text/html"));
    headers.append("via", HeaderValue::from_static("a"));
    headers.append("via", HeaderValue::from_static("b"));
    let seen = evidence(&headers, b"");
    assert_eq!(
        texts(
            r#"[{"on":"header","name":"Content-Type","is":"contains","value":"json"}]"#,
            &seen
        ),
        ["header content-type (text/html) contains json"]
    );
    assert_eq!(
        texts(
            r#"[{"on":"header","name":"via","is":"equal","value":"a, b"}]"#,
            &seen
        ),
        [""; 0]
    );
    assert_eq!(
        texts(
            r#"[{"on":"header","name":"x-a","is":"present"},{"on":"header","name":"via","is":"absent"}]"#,
            &seen
        ),
        ["header x-a (absent) is present", "header via (a, b) is absent"]
    );
    assert_eq!(
        texts(
            r#"[{"on":"header","name":"x-a","is":"not_equal","value":"1"}]"#,
            &seen
        ),
        [""; 0]
    );
}

#[test]
fn a_secret_in_a_header_is_not_shown() {
    let mut headers = HeaderMap::new();
    headers.insert("set-cookie", HeaderValue::from_static("session=0123456789abcdef"));
    let text = &texts(
        r#"[{"on":"header","name":"set-cookie","is":"contains","value":"Secure"}]"#,
        &evidence(&headers, b""),
    )[0];
    assert_eq!(text, "header set-cookie (session=•••) contains Secure");
}

#[test]
fn bodies() {
    let headers = HeaderMap::new();
    let seen = evidence(&headers, b"all systems go");
    assert_eq!(
        texts(r#"[{"on":"body","is":"matches","value":"^all .* go$"}]"#, &seen),
        [""; 0]
    );
    assert_eq!(
        texts(r#"[{"on":"body","is":"not_contains","value":"systems"}]"#, &seen),
        ["body (14 bytes) does not contain systems"]
    );
    let empty = evidence(&headers, b"");
    assert_eq!(
        texts(r#"[{"on":"body","is":"present"}]"#, &empty),
        ["body (0 bytes) is present"]
    );
    assert_eq!(
        texts(
            r#"[{"on":"body","is":"matches","value":"^$"},{"on":"body","is":"absent"}]"#,
            &empty
        ),
        [""; 0]
    );
}

#[test]
fn json_paths() {
    let headers = HeaderMap::new();
    let seen = evidence(
        &headers,
        br#"{"status":"degraded","load":[0.5,7],"ok":true,"none":null}"#,
    );
    let failing = r#"[
        {"on":"json_path","path":"$.status","is":"equal","value":"ok"},
        {"on":"json_path","path":"$.load[1]","is":"less_than","value":"5"},
        {"on":"json_path","path":"$.missing","is":"present"},
        {"on":"json_path","path":"$.missing","is":"equal","value":"x"}]"#;
    assert_eq!(
        texts(failing, &seen),
        [
            r#"json_path $.status ("degraded") == ok"#,
            "json_path $.load[1] (7) < 5",
            "json_path $.missing (absent) is present",
            "json_path $.missing (absent) == x",
        ]
    );
    let holding = r#"[
        {"on":"json_path","path":"$.ok","is":"equal","value":"true"},
        {"on":"json_path","path":"$.none","is":"present"},
        {"on":"json_path","path":"$.load[?@ > 1]","is":"equal","value":"7"},
        {"on":"json_path","path":"$..load[0]","is":"greater_than","value":"0.25"}]"#;
    assert_eq!(texts(holding, &seen), [""; 0]);
    assert_eq!(
        texts(
            r#"[{"on":"json_path","path":"$.a","is":"absent"}]"#,
            &evidence(&headers, b"<html>")
        ),
        ["json_path $.a (the body is not JSON) is absent"]
    );
}

#[test]
fn latency_and_certificate_days() {
    let headers = HeaderMap::new();
    let seen = evidence(&headers, b"");
    assert_eq!(
        texts(r#"[{"on":"latency","max_ms":500}]"#, &seen),
        ["latency (812 ms) <= 500 ms"]
    );
    assert_eq!(texts(r#"[{"on":"latency","max_ms":812}]"#, &seen), [""; 0]);
    let a_little_late = Evidence {
        latency_us: 500_001,
        ..seen
    };
    assert_eq!(
        texts(r#"[{"on":"latency","max_ms":500}]"#, &a_little_late),
        ["latency (501 ms) <= 500 ms"]
    );

    let certificate = CertificateFacts {
        fingerprint: String::new(),
        subject: String::new(),
        issuer: String::new(),
        names: Vec::new(),
        not_before_ms: 0,
        not_after_ms: 4 * MS_PER_DAY - 1,
        tls_version: String::new(),
        cipher_suite: String::new(),
        key_algorithm: String::new(),
        key_bits: None,
        signature_algorithm: String::new(),
    };
    let days = r#"[{"on":"certificate_days","min_days":14,"severity":"degraded"}]"#;
    let with = Evidence {
        certificate: Some(&certificate),
        ..seen
    };
    assert_eq!(texts(days, &with), ["certificate days (3) >= 14"]);
    assert_eq!(texts(days, &seen), ["certificate days (no certificate) >= 14"]);
    let hidden = Evidence {
        certificate_hidden: true,
        ..seen
    };
    assert_eq!(texts(days, &hidden), [""; 0]);
}

#[test]
fn what_was_not_looked_at_is_told() {
    let headers = HeaderMap::new();
    let body = format!("{}~~", "a".repeat(16 << 10));
    let seen = evidence(&headers, body.as_bytes());
    assert_eq!(
        texts(
            r#"[{"on":"body","is":"matches","value":"(?s)b.{0,500}~~"},
                {"on":"body","is":"matches","value":"a~~$"},
                {"on":"body","is":"not_matches","value":"(?s)a.{0,500}a"}]"#,
            &seen
        ),
        [
            "body (16386 bytes) matches (?s)b.{0,500}~~ in the first 16 KiB",
            "body (16386 bytes) does not match (?s)a.{0,500}a in the first 16 KiB",
        ]
    );
    for asked in [
        r#"[{"on":"body","is":"not_matches","value":"(?s).{0,3000}~~"}]"#,
        r#"[{"on":"body","is":"matches","value":"(?s).{0,3000}~~"}]"#,
    ] {
        assert!(texts(asked, &seen)[0].contains("(the pattern stands for"));
    }
    assert!(
        texts(
            r#"[{"on":"json_path","path":"$..*..*..*","is":"absent"}]"#,
            &evidence(&headers, b"{}")
        )[0]
        .contains("(the path may have at most 2 descendant segments")
    );
}
