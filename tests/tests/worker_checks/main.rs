//! The built worker on workerd looks at a target whose every behaviour is scripted. What the aggregator then shows of
//! each check is compared with what the target did.
#![allow(clippy::expect_used, missing_docs)]

mod case;
mod connect;
mod exchange;
mod mode;
mod redirect;
mod tls;

use case::{Case, Places};
use edgewatch_protocol::observation::Observation;
use edgewatch_tests::system::{System, now_ms};
use reqwest::Method;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    time::Duration,
};
use tokio::time::sleep;

/// Where nearly everything is checked from.
const REGION: &str = "weur";

/// Where the resolver is away.
const RESOLVERLESS_REGION: &str = "apac";

/// Monitors are due so often, all at once.
const SLOT_MS: i64 = 10_000;

/// How many observations a time may have been off in because the machine was busy.
const ROUNDS: usize = 10;

/// A monitor and what was seen of it until now.
struct Watched {
    case: Case,
    monitor: i32,
    faults: Vec<String>,
    /// What was wrong with each time, until it was right once.
    late: Vec<Vec<String>>,
    late_left: BTreeSet<usize>,
    seen: BTreeMap<String, Observation>,
    is_deleted: bool,
}

impl Watched {
    fn is_settled(&self) -> bool {
        !self.faults.is_empty()
            || (self.late_left.is_empty() && !self.seen.is_empty())
            || self.seen.len() >= ROUNDS
    }

    async fn look(&mut self, system: &System) {
        for summary in system.api.results(self.monitor).await {
            if self.seen.contains_key(&summary.id) {
                continue;
            }
            let detail = system.api.result(self.monitor, &summary.id).await;
            let observation = detail.observation.expect("the evidence is there");
            self.faults.extend(self.case.faults(&observation));
            self.compare(&detail.summary, &observation);
            for (index, late) in self.case.late(&observation).into_iter().enumerate() {
                match late {
                    Some(late) => self.late[index].push(late),
                    None => {
                        self.late_left.remove(&index);
                    }
                }
            }
            self.seen.insert(summary.id, observation);
        }
    }

    /// The narrow row has to say the same as the signed evidence.
    fn compare(&mut self, summary: &edgewatch_client::result::ResultSummary, observation: &Observation) {
        let sight = &observation.sight;
        let row = (summary.outcome, summary.reason, summary.phases, &summary.message);
        let evidence = (
            sight.outcome.state(),
            sight.outcome.reason(),
            sight.phases,
            &sight.message,
        );
        let facts = [
            case::same("the row", row, evidence),
            case::same(
                "the row's total",
                i64::from(summary.total_us),
                i64::from(sight.total_us),
            ),
            case::same(
                "the row's status",
                summary.http_status,
                sight.http.as_ref().and_then(|http| http.status),
            ),
            case::same(
                "the row's slot",
                summary.slot.timestamp_millis(),
                observation.slot_ms,
            ),
            case::same("the slot", observation.slot_ms % SLOT_MS, 0),
            case::same(
                "the row's beginning",
                summary.at.timestamp_millis(),
                observation.started_ms,
            ),
            case::same("the row's region", summary.region.as_str(), self.case.region),
        ];
        self.faults.extend(facts.into_iter().filter_map(Result::err));
    }

    fn report(&self) -> Option<String> {
        let wrong = if !self.faults.is_empty() {
            self.faults.join("; ")
        } else if self.seen.is_empty() {
            "never checked".to_owned()
        } else if self.late_left.is_empty() {
            return None;
        } else {
            let late: Vec<_> = self
                .late_left
                .iter()
                .map(|&index| self.late[index].join(", "))
                .collect();
            late.join("; ")
        };
        let mut report = format!("- {}: {wrong}", self.case.name);
        if let Some(observation) = self.seen.values().next_back() {
            let json = serde_json::to_string(&observation.sight).unwrap_or_default();
            let _ = write!(report, "\n  {json}");
        }
        Some(report)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_worker_says_is_what_the_target_did() {
    let system = System::start(&[REGION, RESOLVERLESS_REGION]).await;
    let addresses = system.target.addresses();
    let places = Places(addresses);
    let certificates = addresses
        .ca
        .as_ref()
        .and_then(|ca| ca.parent())
        .expect("certificates");
    // What is timed closely comes before what costs the probe's processor.
    let mut cases = redirect::cases(&places);
    cases.extend(exchange::cases(&places));
    cases.extend(connect::connections(&places));
    cases.extend(connect::names(&places));
    cases.extend(mode::cases(&places));
    cases.extend(tls::cases(&places, certificates));

    let mut watched = Vec::new();
    for case in cases {
        let monitor = system.api.create_monitor(&case.settings()).await;
        watched.push(Watched {
            late: vec![Vec::new(); case.timed()],
            late_left: (0..case.timed()).collect(),
            case,
            monitor,
            faults: Vec::new(),
            seen: BTreeMap::new(),
            is_deleted: false,
        });
    }

    for _ in 0..=ROUNDS {
        let turns = system.edge.tick().await;
        for (region, turn) in turns {
            assert_eq!(turn.problems, [""; 0], "{region}");
        }
        for watched in watched.iter_mut().filter(|watched| !watched.is_settled()) {
            watched.look(&system).await;
        }
        if watched.iter().all(Watched::is_settled) {
            break;
        }
        // What is known leaves the rest alone: the fewer checks there are in a round, the closer are their times.
        for watched in watched
            .iter_mut()
            .filter(|watched| watched.is_settled() && !watched.is_deleted)
        {
            let path = format!("/api/v1/monitors/{}", watched.monitor);
            let deleted = system.api.send(Method::DELETE, &path, None::<&()>).await;
            assert!(deleted.status().is_success(), "{path}: {}", deleted.status());
            watched.is_deleted = true;
        }
        let to_next_slot_ms = SLOT_MS - now_ms().rem_euclid(SLOT_MS);
        sleep(Duration::from_millis(to_next_slot_ms.unsigned_abs() + 50)).await;
    }

    let reports: Vec<_> = watched.iter().filter_map(Watched::report).collect();
    assert!(
        reports.is_empty(),
        "{} of {} behaviours were not seen as they were:\n{}",
        reports.len(),
        watched.len(),
        reports.join("\n")
    );
}
