//! What is shown of a result in a list is what its signed evidence says, from the built worker to the API.
#![allow(clippy::expect_used, missing_docs)]

use edgewatch_client::result::ResultSummary;
use edgewatch_protocol::{observation::Observation, slot::GRAIN_MS};
use edgewatch_tests::system::{System, now_ms};
use serde_json::json;
use std::{collections::BTreeMap, time::Duration};
use tokio::time::sleep;

const REGION: &str = "weur";

fn compare(name: &str, row: &ResultSummary, observation: &Observation) {
    let sight = &observation.sight;
    let (outcome, reason) = (sight.outcome.state(), sight.outcome.reason());
    assert_eq!((row.outcome, row.reason), (outcome, reason), "{name}");
    assert_eq!(
        (row.phases, &row.message),
        (sight.phases, &sight.message),
        "{name}"
    );
    assert_eq!(i64::from(row.total_us), i64::from(sight.total_us), "{name}");
    let status = sight.http.as_ref().and_then(|http| http.status);
    assert_eq!(row.http_status, status, "{name}");
    assert_eq!(row.slot.timestamp_millis(), observation.slot_ms, "{name}");
    assert_eq!(observation.slot_ms % GRAIN_MS, 0, "{name}");
    assert_eq!(row.at.timestamp_millis(), observation.started_ms, "{name}");
    assert_eq!(row.region.as_str(), REGION, "{name}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_says_what_its_evidence_says() {
    let system = System::start(&[REGION]).await;
    let addresses = system.target.addresses();
    let (http, https) = (&addresses.http, &addresses.https);
    let mut monitors = BTreeMap::new();
    for (name, url) in [
        ("up", format!("{}/delay/50", https["good"])),
        ("redirected", format!("{http}/redirect/2")),
        ("out of order", format!("{http}/failing")),
        ("reset in the body", format!("{http}/rough/reset-in-body")),
        ("silent", format!("http://{}/", addresses.tcp["silent"])),
        ("refused", format!("http://{}/", addresses.tcp["refused"])),
        ("expired", format!("{}/", https["expired"])),
        ("unknown", "http://absent.test/".to_owned()),
    ] {
        let settings = json!({
            "name": name,
            "check": {"type": "http", "url": url},
            "interval_s": 10,
            "timeout_ms": 1_000,
            "regions": [REGION],
        });
        monitors.insert(name, system.api.create_monitor(&settings).await);
    }
    let degraded = json!({
        "name": "degraded",
        "check": {
            "type": "http",
            "url": format!("{}/healthy", https["expiring"]),
            "assertions": [{"on": "certificate_days", "min_days": 14, "severity": "degraded"}],
        },
        "interval_s": 10,
        "timeout_ms": 1_000,
        "regions": [REGION],
    });
    monitors.insert("degraded", system.api.create_monitor(&degraded).await);

    let to_next_slot_ms = GRAIN_MS - now_ms().rem_euclid(GRAIN_MS);
    sleep(Duration::from_millis(to_next_slot_ms.unsigned_abs() + 50)).await;
    for (region, turn) in system.edge.tick().await {
        assert_eq!(turn.problems, [""; 0], "{region}");
    }
    for (name, monitor) in monitors {
        let results = system.api.results(monitor).await;
        let newest = results.first().unwrap_or_else(|| panic!("no result of {name}"));
        let detail = system.api.result(monitor, &newest.id).await;
        let observation = detail.observation.expect("the evidence is there");
        compare(name, &detail.summary, &observation);
    }
}
