//! Assignments: what a probe of many monitors is told first, page by page, beside what it is told when nothing has changed.

use crate::median;
use edgewatch_protocol::assignment::{AssignmentsPage, MAX_PAGE};
use edgewatch_tests::system::{Aggregator, Api, Directory, NativeProbe};
use futures::{StreamExt as _, stream};
use reqwest::{StatusCode, header::ETAG};
use serde_json::json;
use std::{collections::BTreeSet, time::Instant};

/// Monitors of the region.
const MONITORS: usize = 10_000;

/// How many are made at a time.
const MADE_AT_ONCE: usize = 16;

/// Pulls of each kind; the middle one is shown.
const RUNS: usize = 5;

/// The whole set as it came.
struct Pulled {
    etag: String,
    monitors: BTreeSet<i32>,
    pages: usize,
    bytes: usize,
    took_ms: f64,
}

pub async fn measure() {
    let directory = Directory::new();
    let aggregator = Aggregator::start_with(directory.path(), &[("EDGEWATCH_LOG", "warn")]).await;
    let api = Api::sign_in(&aggregator).await;
    let probe = NativeProbe::enrolled(&aggregator, "weur").await;
    let made = stream::iter(0..MONITORS).map(|number| {
        let api = api.clone();
        async move {
            let url = format!("https://shop-{number}.example.org/health");
            let check =
                json!({"type": "http", "url": url, "headers": [{"name": "x-shop", "value": "of the bench"}]});
            let settings = json!({"name": number.to_string(), "interval_s": 60, "check": check});
            api.create_monitor(&settings).await
        }
    });
    let made: BTreeSet<i32> = made.buffer_unordered(MADE_AT_ONCE).collect().await;

    let (mut whole, mut unchanged) = (Vec::new(), Vec::new());
    let mut last = None;
    for _ in 0..RUNS {
        let pulled = pull(&probe).await;
        assert_eq!(pulled.monitors, made, "every monitor, once");
        whole.push(pulled.took_ms);
        let began = Instant::now();
        let query = format!("limit={MAX_PAGE}");
        let answer = probe.get(path(), &query, Some(&pulled.etag)).await;
        assert_eq!(answer.status(), StatusCode::NOT_MODIFIED);
        unchanged.push(began.elapsed().as_secs_f64() * 1000.0);
        last = Some(pulled);
    }
    let Some(pulled) = last else { return };
    let (whole, unchanged) = (median(whole), median(unchanged));
    println!("\nAssignments of {MONITORS} monitors, as one probe pulls them");
    println!("{:<24}{:>10}{:>10}{:>12}", "", "requests", "KiB", "ms");
    println!(
        "{:<24}{:>10}{:>10}{whole:>12.1}",
        "all of them",
        pulled.pages,
        pulled.bytes / 1024
    );
    println!("{:<24}{:>10}{:>10}{unchanged:>12.1}", "nothing has changed", 1, 0);
    println!("ratio {:.0} : 1", whole / unchanged);
}

fn path() -> &'static str {
    edgewatch_protocol::path::ASSIGNMENTS
}

/// Pulls page by page, as `edgewatch-core` does.
async fn pull(probe: &NativeProbe) -> Pulled {
    let began = Instant::now();
    let mut pulled = Pulled {
        etag: String::new(),
        monitors: BTreeSet::new(),
        pages: 0,
        bytes: 0,
        took_ms: 0.0,
    };
    let mut query = format!("limit={MAX_PAGE}");
    loop {
        let answer = probe.get(path(), &query, None).await;
        assert_eq!(answer.status(), StatusCode::OK);
        if pulled.pages == 0 {
            let etag = answer.headers().get(ETAG).expect("an ETag");
            pulled.etag = etag.to_str().expect("text").to_owned();
        }
        let body = answer.bytes().await.expect("a whole page");
        let page: AssignmentsPage = serde_json::from_slice(&body).expect("a page");
        pulled.pages += 1;
        pulled.bytes += body.len();
        for assignment in page.assignments.monitors {
            assert!(pulled.monitors.insert(assignment.monitor.0), "twice");
        }
        let Some(next) = page.next else { break };
        query = format!("after={next}&limit={MAX_PAGE}");
    }
    pulled.took_ms = began.elapsed().as_secs_f64() * 1000.0;
    pulled
}
