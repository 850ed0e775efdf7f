//! Whatever `serde_json` reads is read here to the same value.

use super::{FromJson, Unreadable, from_str};
use crate::{
    check_document::{CheckDocument, ObservationDocument, SightDocument},
    enrolment_token::EnrolmentToken,
    event::Event,
    log::{Log, LogState},
    maintenance::Maintenance,
    monitor::Monitor,
    overview::Overview,
    page::Page,
    region::Region,
    result::{ResultDetail, ResultSummary},
    series::Series,
    session::{SessionResponse, SetupResponse},
    status_page::{StatusPage, StatusPageSummary},
    subscriber::Subscriber,
    test_run::TestRun,
};
use edgewatch_protocol::{
    observation::{Observation, Outcome, Sight},
    problem::Problem,
    reason::Reason,
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _},
};
use serde_json::Value;
use std::fmt::Debug;

#[track_caller]
fn same<T: FromJson + DeserializeOwned + PartialEq + Debug>(text: &str) {
    let expected: T = serde_json::from_str(text).unwrap();
    assert_eq!(from_str::<T>(text), Ok(expected));
}

/// As the contract with probes reads it, its facts apart.
fn apart(given: Value) -> Result<SightDocument, serde_json::Error> {
    let facts = given["facts"].clone();
    let mut sight = Sight::deserialize(given)?;
    assert_eq!(sight.facts.take().is_some(), !facts.is_null());
    Ok(SightDocument { sight, facts })
}

impl<'de> Deserialize<'de> for SightDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        apart(Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for ObservationDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = Value::deserialize(deserializer)?;
        let attempts = Observation::deserialize(&given)
            .map_err(D::Error::custom)?
            .attempts;
        let seen = apart(given).map_err(D::Error::custom)?;
        Ok(Self { attempts, seen })
    }
}

const SUMMARY: &str = r#""id":"9-4","at":"2026-05-01T12:00:00.25Z","slot":"2026-05-01T12:00:00Z","region":"weur",
    "outcome":"down","reason":"timeout","phases":{"dns":"not_applicable","tcp":320,"tls":2100,"request":40,"ttfb":null,
    "body":null},"total_us":10000000,"http_status":null,"message":"no \u201cfirst\u201d byte""#;

const SIGHT: &str = r#""outcome":{"state":"down","reason":"timeout","phase":"ttfb"},
    "phases":{"dns":"of_a_newer_version","tcp":320},"total_us":10,"http":{"status":503,"body_bytes":12,"hops":
    [{"url":"https://a.example/","status":301,"phases":{}}]},"address":"2001:db8::1","certificate":{"fingerprint":"ab",
    "subject":"CN=a","issuer":"CN=b","names":["a.example"],"not_before_ms":1,"not_after_ms":1800000000000,
    "tls_version":"1.3","cipher_suite":"x"},"failed_assertions":[{"text":"status (503) == 200","severity":"down"}],
    "facts":{"of":"dns","code":"NOERROR","records":[{"value":"192.0.2.1","ttl_s":60}],"authenticated":true,"server":"s"},
    "of_a_newer_version":[1,2.5e3,{"a":null}]"#;

const PLACE: &str = r#"{"colo":"FRA","asn":64496,"ip_family":"dual"}"#;

#[test]
fn answers_of_the_api() {
    same::<SetupResponse>(r#"{"needed":true}"#);
    same::<SessionResponse>(
        r#"{"email":"a@example.com","role":"editor","expires_at":"2026-05-01T12:00:00Z"}"#,
    );
    same::<Overview>(
        r#"{"at":"2026-05-01T12:00:00Z","monitors":[{"id":1,"name":"ä \ud83d\ude00","target":"https://a.example/",
        "kind":"http","tags":["x"],"interval_s":30,"state":"degraded","state_since":"2026-05-01T11:00:00Z",
        "advisory":true,"flapping":true,"heartbeats":[{"at":"2026-05-01T11:59:30Z","worst":null,"succeeded":0,"failed":0,
        "max_total_us":null},{"at":"2026-05-01T12:00:00Z","worst":"up","succeeded":3,"failed":0,"max_total_us":5}],
        "p50_us":4,"p95_us":null}]}"#,
    );
    same::<Monitor<CheckDocument>>(
        r#"{"id":7,"revision":2,"name":"Shop","check":{"type":"http","url":"https://shop.example/","auth":
        {"scheme":"bearer","token":"t"},"assertions":[{"on":"status","allowed":"200-299,304"},
        {"on":"json_path","path":"$.ok","is":"equal","value":"true","severity":"degraded"}]},"quorum":"count:2",
        "regions":["weur"],"target":"https://shop.example/","state":"up","state_since":"2026-05-01T11:00:00Z","region_states":[{"region":"weur",
        "verdict":"unknown","last_outcome":null,"last_checked_at":null,"last_total_us":null,"last_message":null}],
        "advisory":false,"flapping":{"changes":3},"flapping_since":"2026-05-01T11:00:00Z","from_config":true,"created_at":"2026-05-01T11:00:00Z"}"#,
    );
    same::<Page<ResultSummary>>(&format!(r#"{{"items":[{{{SUMMARY}}}],"next_cursor":"c"}}"#));
    same::<ResultDetail<ObservationDocument>>(&format!(
        r#"{{{SUMMARY},"observation":{{"monitor":7,"revision":2,"slot_ms":1,"started_ms":2,"attempts":2,{SIGHT}}},"evidence":
        {{"probe":"ab","seq":3,"digest":"cd","received_at":"2026-05-01T11:00:00Z","place":{PLACE}}}}}"#
    ));
    same::<ResultDetail<ObservationDocument>>(&format!(
        r#"{{{SUMMARY},"observation":null,"evidence":{{"probe":"ab","seq":3,"digest":"cd",
        "received_at":"2026-05-01T11:00:00Z","place":{{}}}}}}"#
    ));
    same::<Series>(
        r#"{"from":"2026-05-01T11:00:00Z","to":"2026-05-01T12:00:00Z","bucket_s":3600,"level":"raw","buckets":[{"at":
        "2026-05-01T11:00:00Z","succeeded":1,"failed":2,"unmeasured":3,"phases":{"dns_us":1,"tcp_us":2,"tls_us":3,
        "request_us":4,"ttfb_us":5,"body_us":null},"p50_us":1,"p95_us":2,"p99_us":3}],
        "window":{"p50_us":1,"p95_us":2,"p99_us":null}}"#,
    );
    same::<Vec<Region>>(&format!(
        r#"[{{"name":"weur","label":"West","monitors":4,"overruns":2,"late_p99_ms":null,"probes":[{{"fingerprint":"ab","region":"weur","status":
        "pending","host":"cloudflare","software":"s","capabilities":["http"],"place":{PLACE},"enrolled_at":
        "2026-05-01T11:00:00Z","last_seen_at":null,"silent":false,"last_seq":0,"chain_breaks":0,"dropped":0,
        "clock_off_s":-400}}]}}]"#
    ));
    same::<StatusPage>(
        r##"{"id":3,"revision":2,"slug":"shop","title":"Shop","accent":"#1a2b3c","theme":"dark","language":"ja","access":
        "signed_in","shows":{"latency":true},"components":[{"id":1,"name":"Web","source":{"type":"group","rule":"any"},
        "children":[{"name":"API","description":"d","source":{"type":"monitors","monitors":[4,5]}},{"id":7,"name":"Mail",
        "source":{"type":"by_hand","state":"partial_outage"}}]}],"has_password":true,"logo":{"media_type":"image/png",
        "bytes":12,"path":"logo?v=ab"},"created_at":"2026-05-01T12:00:00Z","history":[{"at":"2026-05-01T12:00:00Z",
        "by":null,"kind":"restored","detail":""}]}"##,
    );
    same::<StatusPageSummary>(
        r#"{"id":3,"slug":"shop","title":"Shop","host":null,"access":"public","components":2,"groups":[{"id":4,"name":"Web"}],"state":"major_outage",
        "updated_at":"2026-05-01T12:00:00Z","deleted_at":"2026-05-01T12:00:00Z"}"#,
    );
    same::<Page<Subscriber>>(
        r#"{"items":[{"id":3,"channel":"slack","target":"hooks.example","components":[1,2],"language":"zh","confirmed_at":
        "2026-05-01T12:00:00Z","suspended_at":null,"failures":2},{"id":4,"channel":"email","target":"a@b","components":[],
        "language":"en","confirmed_at":"2026-05-01T12:00:00Z","suspended_at":"2026-05-01T12:00:00Z","failures":0}],
        "next_cursor":"4"}"#,
    );
    let checkpoint =
        r#"{"id":4,"size":7,"root":"r","signed_at":"2026-05-01T12:00:00Z","day":"2026-04-30","note":"n\n"}"#;
    same::<Log>(&format!(
        r#"{{"origin":"o","key":"k","earlier_keys":["e"],"created_at":"2026-05-01T12:00:00Z","size":8,"checkpoint":{checkpoint},
        "witnesses":[{{"key":"w","size":7,"signed_at":"2026-05-01T12:00:00Z"}},{{"key":"v","size":null,"signed_at":null}}]}}"#
    ));
    same::<LogState>(
        r#"{"waiting":1,"waiting_since":"2026-05-01T12:00:00Z","missing_days":2,"first_missing":"2026-04-28","last_missing":null,
        "publication":{"url_host":"h","directory":"/d","posted_day":null,"post_error":"e"},"witnesses":[{"key":"w","url_host":"h","asked_at":null,"error":"e"}],"probes":[{"fingerprint":"ab",
        "region":"weur","logged_seq":3,"last_seq":4,"chain_breaks":1,"dropped":2,"enrolled_at":null}]}"#,
    );
    let weekly = r#""name":"n","note":"","schedule":{"type":"recurring","zone":"UTC","start":"2026-11-01T02:30",
        "duration_min":60,"rule":"FREQ=WEEKLY"},"scope":{"everything":false,"monitors":[1],"tags":[],"groups":[],"pages":[]}"#;
    let once = r#""name":"n","note":"o","schedule":{"type":"once","from":"2026-05-01T12:00:00Z","to":"2026-05-01T13:00:00Z"},
        "scope":{"everything":true,"monitors":[],"tags":["t"],"groups":[2],"pages":[3]}"#;
    same::<Maintenance>(&format!(
        r#"{{"id":1,"revision":2,{weekly},"status":"planned","next":{{"from":"2026-05-01T12:00:00Z",
        "to":"2026-05-01T13:00:00Z"}},"windows":[],"created_at":"2026-05-01T12:00:00Z","history":[
        {{"at":"2026-05-01T12:00:00Z","by":null,"kind":"changed","settings":{{{once}}}}}]}}"#
    ));
    same::<EnrolmentToken>(
        r#"{"id":1,"label":"l","regions":["weur"],"used_by":[],"self_approving":true,"expires_at":
        "2026-05-01T11:00:00Z","token":"t"}"#,
    );
    same::<TestRun<SightDocument>>(&format!(
        r#"{{"id":"u","region":null,"requested_at":"2026-05-01T11:00:00Z","report":{{"started_at":
        "2026-05-01T11:00:00.5Z","place":{PLACE},{SIGHT}}}}}"#
    ));
    same::<TestRun<SightDocument>>(
        r#"{"id":"u","region":"weur","requested_at":"2026-05-01T11:00:00Z","report":null}"#,
    );
    same::<Problem>(
        r#"{"type":"/problems/validation","title":"t","status":422,"detail":"d","errors":[{"pointer":"/a","detail":
        "b"}],"head":{"seq":1,"digest":null}}"#,
    );
    same::<Problem>(r#"{"type":"about:blank","title":"t","status":500}"#);
}

#[test]
fn events() {
    same::<Event>(
        r#"{"type":"results","results":[{"monitor":1,"region":"weur","at":"2026-05-01T11:00:00Z","outcome":
        "unmeasured","total_us":3}]}"#,
    );
    same::<Event>(
        r#"{"type":"state","monitor":1,"state":"down","since":"2026-05-01T11:00:00Z","advisory":false,"flapping_since":null,
        "region_states":[{"region":"weur","verdict":"down","last_outcome":"down","last_checked_at":
        "2026-05-01T11:00:00Z","last_total_us":4,"last_message":"m"}]}"#,
    );
    for name in ["monitors", "probes", "resync"] {
        same::<Event>(&format!(r#"{{"type":"{name}"}}"#));
    }
}

#[test]
fn outcomes() {
    for outcome in [
        r#"{"state":"up"}"#,
        r#"{"state":"degraded","reason":"assertion_failed"}"#,
        r#"{"state":"unmeasured","reason":"of_a_newer_version"}"#,
    ] {
        same::<Outcome>(outcome);
    }
    for reason in Reason::ALL {
        assert_eq!(from_str(&format!("\"{}\"", reason.as_str())), Ok(*reason));
    }
}

#[test]
fn strings_and_numbers() {
    for text in [
        r#""""#,
        r#""plain""#,
        r#""a\"b\\c\/d\b\f\n\r\t\u0041\u00e4\uD83D\uDE00ä""#,
        r#""\u0000""#,
    ] {
        same::<String>(text);
    }
    for text in ["0", "-1", "9223372036854775807", " 7\n"] {
        same::<i64>(text);
    }
    same::<Vec<Option<bool>>>("[ true , false,null ]");
    same::<Vec<bool>>("[]");
}

#[test]
fn what_is_not_json_is_refused() {
    for text in [
        "",
        " ",
        "{",
        "[1",
        "[1,]",
        "[,1]",
        "{\"a\":}",
        "{\"a\" 1}",
        "{a:1}",
        "nul",
        "tru",
        "1 2",
        "01",
        "1.",
        "-",
        "+1",
        ".5",
        "1e",
        "--1",
        "\"",
        "\"\\",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"",
        "\"\\udc00\"",
        "\"\n\"",
        "'a'",
        "1-",
        "[1 2]",
        "{\"a\":1,}",
    ] {
        assert!(serde_json::from_str::<serde_json::Value>(text).is_err(), "{text}");
        assert_eq!(from_str::<Option<i64>>(text), Err(Unreadable::Syntax), "{text}");
    }
    let deep = "[".repeat(100_000);
    assert_eq!(from_str::<Option<i64>>(&deep), Err(Unreadable::Syntax));
}

#[test]
fn what_is_of_another_shape_is_refused() {
    assert_eq!(
        from_str::<SetupResponse>("{}"),
        Err(Unreadable::Missing("needed"))
    );
    assert_eq!(
        from_str::<SetupResponse>("[]"),
        Err(Unreadable::Missing("needed"))
    );
    assert_eq!(
        from_str::<SetupResponse>(r#"{"needed":null}"#),
        Err(Unreadable::Mismatch)
    );
    assert_eq!(from_str::<u8>("256"), Err(Unreadable::Mismatch));
    assert_eq!(from_str::<i32>("1.5"), Err(Unreadable::Mismatch));
    assert_eq!(
        from_str::<Event>(r#"{"type":"of_a_newer_version"}"#),
        Err(Unreadable::Mismatch)
    );
}
