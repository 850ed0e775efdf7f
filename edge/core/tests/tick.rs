//! Whole turns of a probe against an aggregator in memory. Every target refuses the connection.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fake;

use edgewatch_core::assignments;
use edgewatch_core::{config::ProbeConfig, platform::Platform as _, tick};
use edgewatch_protocol::{
    assignment::{Assignment, Assignments},
    check::{Check, HttpCheck},
    enrolment::ProbeStatus,
    name::MonitorId,
    observation::Outcome,
    phase::Phase,
    problem::ProblemType,
    reason::Reason,
    slot::next_slot,
    test_run::TestRun,
    version::Version,
};
use fake::{FakeHost, Fault, config};

fn assigned(tests: Vec<TestRun>) -> Assignments {
    let monitors = (1..=3)
        .map(|id| Assignment {
            monitor: MonitorId(id),
            revision: 7,
            interval_s: 60,
            timeout_ms: 1000,
            retries: 1,
            from_ms: None,
            until_ms: None,
            check: Check::Http(HttpCheck::get("http://192.0.2.1/")),
        })
        .collect();
    Assignments {
        version: Version::CURRENT,
        region: config().region,
        monitors,
        tests,
    }
}

fn host() -> FakeHost {
    let host = FakeHost::new();
    *host.aggregator.assignments.borrow_mut() = Some(assigned(Vec::new()));
    host
}

/// How many observations the aggregator has.
fn observations(host: &FakeHost) -> usize {
    let batches = host.aggregator.batches.borrow();
    batches.values().map(|(_, batch)| batch.observations.len()).sum()
}

fn calls(host: &FakeHost) -> Vec<String> {
    host.aggregator.calls.borrow_mut().drain(..).collect()
}

#[tokio::test(start_paused = true)]
async fn slots_that_a_late_turn_leaves_out_are_told() {
    let (host, config) = (host(), config());
    tick::tick(&config, &host).await;
    host.advance(180_000);
    let late = tick::tick(&config, &host).await;
    // Two of each monitor, and the latest ones may be begun late.
    assert_eq!(late.ran, 3);
    assert!((6..=9).contains(&late.overruns), "{late:?}");

    // Who has something else to do since then has left out nothing of it.
    host.advance(180_000);
    let mut other = assigned(Vec::new());
    for monitor in &mut other.monitors {
        monitor.interval_s = 90;
    }
    *host.aggregator.assignments.borrow_mut() = Some(other);
    let turn = tick::tick(&config, &host).await;
    assert!(turn.overruns <= 3, "{turn:?}");
}

#[tokio::test(start_paused = true)]
async fn a_turn_pulls_runs_and_delivers() {
    let (host, config) = (host(), config());
    let began_ms = host.now_ms();
    let report = tick::tick(&config, &host).await;
    assert_eq!(
        (report.ran, report.sent, report.pending),
        (3, 3, false),
        "{report:?}"
    );
    assert_eq!(report.problems, [""; 0]);
    let now_ms = host.now_ms();
    let next = (1..=3)
        .map(|id| next_slot(now_ms, MonitorId(id), &config.region, 60_000))
        .min();
    assert_eq!(report.next_due_ms, next);
    assert_eq!(
        calls(&host),
        [
            "GET /api/v1/probe/assignments",
            "200",
            "GET /api/v1/probe/chain",
            "POST /api/v1/probe/batches"
        ]
    );
    {
        let batches = host.aggregator.batches.borrow();
        for observation in &batches[&1].1.observations {
            let (reason, phase) = (Reason::ConnectRefused, Some(Phase::Tcp));
            assert_eq!(observation.sight.outcome, Outcome::Down { reason, phase });
            // Down once, looked at again after a second, and the second attempt is what is told.
            assert_eq!((observation.attempts, observation.revision), (2, 7));
            assert!(observation.started_ms >= began_ms + 1000);
            assert!(observation.slot_ms <= began_ms && observation.slot_ms > began_ms - 60_000);
        }
    }
    // Nothing is due a second time, and what did not change is not sent again.
    let report = tick::tick(&config, &host).await;
    assert_eq!((report.ran, report.sent), (0, 0));
    assert_eq!(calls(&host), ["GET /api/v1/probe/assignments", "304"]);
    // A round in between asks for nothing.
    host.advance(report.next_due_ms.unwrap() - host.now_ms());
    let report = tick::round(&config, &host).await;
    assert!(report.ran >= 1 && report.sent == report.ran, "{report:?}");
    assert_eq!(calls(&host), ["POST /api/v1/probe/batches"]);
}

#[tokio::test(start_paused = true)]
async fn a_round_without_the_aggregator_goes_on_and_delivers_later() {
    let (host, config) = (host(), config());
    tick::tick(&config, &host).await;
    let delivered = observations(&host);
    let mut waiting = 0;
    for _ in 0..5 {
        host.advance(60_000);
        *host.aggregator.problem.borrow_mut() = Some(ProblemType::Unavailable);
        let report = tick::tick(&config, &host).await;
        assert!(report.ran >= 3, "{report:?}");
        assert_eq!((report.sent, report.pending), (0, true), "{report:?}");
        assert!(report.problems[0].contains("answered 503"), "{report:?}");
        waiting += report.ran;
    }
    *host.aggregator.problem.borrow_mut() = None;
    let report = tick::round(&config, &host).await;
    assert_eq!(
        (report.sent, report.pending),
        (waiting + report.ran, false),
        "{report:?}"
    );
    assert_eq!(observations(&host), delivered + waiting + report.ran);
    assert_eq!(host.aggregator.breaks.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_key_enrols_and_works_at_once_if_approved() {
    let (host, config) = (host(), config());
    host.aggregator.status.set(None);
    host.aggregator.enrols_as.set(Some(ProbeStatus::Approved));
    let report = tick::tick(&config, &host).await;
    assert_eq!(
        (report.enrolment, report.ran, report.sent),
        (Some(ProbeStatus::Approved), 3, 3),
        "{report:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_pending_probe_looks_at_nothing_until_it_is_approved() {
    let (host, config) = (host(), config());
    host.aggregator.status.set(None);
    host.aggregator.enrols_as.set(Some(ProbeStatus::Pending));
    for _ in 0..2 {
        let report = tick::tick(&config, &host).await;
        assert_eq!(
            (report.enrolment, report.ran),
            (Some(ProbeStatus::Pending), 0),
            "{report:?}"
        );
        assert_eq!(report.next_due_ms, None);
    }
    host.aggregator.status.set(Some(ProbeStatus::Approved));
    assert_eq!(tick::tick(&config, &host).await.sent, 3);
    host.aggregator.status.set(Some(ProbeStatus::Revoked));
    host.advance(60_000);
    let report = tick::tick(&config, &host).await;
    assert_eq!(
        (report.enrolment, report.ran),
        (Some(ProbeStatus::Revoked), 0),
        "{report:?}"
    );
    // Nor does a round in between go on with what it was told before.
    assert_eq!(tick::round(&config, &host).await.next_due_ms, None);
}

#[tokio::test(start_paused = true)]
async fn without_a_token_the_log_says_what_is_missing() {
    let host = host();
    host.aggregator.status.set(None);
    let config = ProbeConfig {
        enrolment_token: None,
        ..config()
    };
    let report = tick::tick(&config, &host).await;
    assert_eq!(
        report.problems,
        ["the key of region weur is not enrolled, and there is no enrolment token to do so"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_test_run_is_made_once_and_again_only_if_its_report_was_lost() {
    let (host, config) = (host(), config());
    let test = TestRun {
        id: "3f0c".to_owned(),
        timeout_ms: 1000,
        check: Check::Http(HttpCheck::get("http://192.0.2.1/")),
    };
    *host.aggregator.assignments.borrow_mut() = Some(Assignments {
        monitors: Vec::new(),
        ..assigned(vec![test])
    });
    // The eighth call of the turn is the report.
    host.faults
        .replace([Fault::None; 7].into_iter().chain([Fault::Before]).collect());
    let report = tick::tick(&config, &host).await;
    assert_eq!(
        (report.tested, host.aggregator.reports.borrow().len()),
        (1, 0),
        "{report:?}"
    );
    let report = tick::tick(&config, &host).await;
    assert_eq!(
        (report.tested, host.aggregator.reports.borrow().len()),
        (1, 1),
        "{report:?}"
    );
    let report = tick::tick(&config, &host).await;
    assert_eq!(report.tested, 0, "{report:?}");
    assert_eq!(host.aggregator.reports.borrow().len(), 1);
    assert_eq!(host.aggregator.reports.borrow()[0].0, "3f0c");
}

#[tokio::test(start_paused = true)]
async fn assignments_larger_than_one_value_are_kept_whole() {
    let (host, config) = (host(), config());
    let mut many = assigned(Vec::new());
    for id in 4..9000 {
        many.monitors.push(Assignment {
            monitor: MonitorId(id),
            interval_s: 86_400,
            ..many.monitors[0].clone()
        });
    }
    *host.aggregator.assignments.borrow_mut() = Some(many);
    tick::tick(&config, &host).await;
    calls(&host);
    tick::tick(&config, &host).await;
    assert_eq!(calls(&host)[..2], ["GET /api/v1/probe/assignments", "304"]);
    // A piece of another document does not pass.
    host.values
        .borrow_mut()
        .insert("assignments/001".to_owned(), b"[]".to_vec());
    tick::tick(&config, &host).await;
    assert_eq!(calls(&host)[..2], ["GET /api/v1/probe/assignments", "200"]);
}

#[tokio::test(start_paused = true)]
async fn assignments_come_in_pages_and_known_ones_are_not_asked_for_again() {
    let (host, config) = (host(), config());
    let mut many = assigned(Vec::new());
    for id in 4..=25 {
        let first = many.monitors[0].clone();
        many.monitors.push(Assignment {
            monitor: MonitorId(id),
            ..first
        });
    }
    host.aggregator.page.set(Some(10));
    *host.aggregator.assignments.borrow_mut() = Some(many.clone());
    tick::tick(&config, &host).await;
    let pull = "GET /api/v1/probe/assignments";
    assert_eq!(calls(&host)[..6], [pull, "200", pull, "200", pull, "200"]);
    let kept = assignments::kept(&host).await.unwrap().unwrap();
    assert_eq!(kept.monitors, many.monitors);
    // A test run is on the first page, and the others are known.
    many.tests.push(TestRun {
        id: "3f0d".to_owned(),
        timeout_ms: 1000,
        check: Check::Http(HttpCheck::get("http://192.0.2.1/")),
    });
    *host.aggregator.assignments.borrow_mut() = Some(many.clone());
    assert_eq!(tick::tick(&config, &host).await.tested, 1);
    let made = calls(&host);
    assert_eq!(made.iter().filter(|call| *call == pull).count(), 1, "{made:?}");
    let kept = assignments::kept(&host).await.unwrap().unwrap();
    assert_eq!((kept.monitors.len(), kept.tests.len()), (25, 1));
}

#[tokio::test(start_paused = true)]
async fn what_a_probe_can_do_is_told_once_it_is_something_else() {
    let (host, config) = (host(), config());
    tick::tick(&config, &host).await;
    assert!(host.aggregator.capabilities.borrow().is_empty(), "it is known");
    host.values
        .borrow_mut()
        .insert("enrolled".to_owned(), b"fake/0 dns".to_vec());
    for _ in 0..2 {
        tick::tick(&config, &host).await;
    }
    assert_eq!(*host.aggregator.capabilities.borrow(), ["http"]);
    let told = calls(&host);
    let told = told.iter().filter(|call| call.ends_with("/enrolments"));
    assert_eq!(told.count(), 1);
}
