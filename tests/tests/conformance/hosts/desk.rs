//! A desk where a probe is handed checks to make once, and where it brings what it saw: as much of an aggregator as that
//! needs, in this process and without a database.

use super::Job;
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use edgewatch_protocol::{
    assignment::Assignments,
    enrolment::{EnrolmentRequest, EnrolmentResponse, ProbeStatus},
    identity::Fingerprint,
    observation::Sight,
    path,
    test_run::{TestRun, TestRunReport},
    version::Version,
};
use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{net::TcpListener, task::JoinSet};

/// A desk, closed when it is dropped.
pub struct Desk {
    origin: String,
    papers: Arc<Papers>,
    rounds: usize,
    handed_out: Vec<String>,
    _server: JoinSet<()>,
}

#[derive(Default)]
struct Papers {
    capabilities: Mutex<Vec<String>>,
    tests: Mutex<Vec<TestRun>>,
    sights: Mutex<BTreeMap<String, Sight>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    /// Opens it on 127.0.0.1.
    pub async fn open() -> Self {
        let papers = Arc::new(Papers::default());
        let router = Router::new()
            .route(path::ENROLMENTS, post(enrol))
            .route(path::ASSIGNMENTS, get(assign))
            .route(&format!("{}/{{id}}", path::TESTS), post(report))
            .with_state(Arc::clone(&papers));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let mut server = JoinSet::new();
        server.spawn(async move {
            axum::serve(listener, router).await.expect("the desk serves");
        });
        Self {
            origin,
            papers,
            rounds: 0,
            handed_out: Vec::new(),
            _server: server,
        }
    }

    /// Where it is.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// What the probe said that it can do.
    pub fn capabilities(&self) -> Vec<String> {
        lock(&self.papers.capabilities).clone()
    }

    /// What the next turn of the probe has to make.
    pub fn hand_out(&mut self, jobs: Vec<Job>) {
        self.rounds += 1;
        let tests: Vec<_> = (0..)
            .zip(jobs)
            .map(|(number, job): (usize, _)| TestRun {
                id: format!("round-{}-check-{number}", self.rounds),
                timeout_ms: job.timeout_ms,
                check: job.check,
            })
            .collect();
        self.handed_out = tests.iter().map(|test| test.id.clone()).collect();
        *lock(&self.papers.tests) = tests;
    }

    /// What it saw, in the order in which it was handed out.
    pub fn collect(&mut self) -> Vec<Sight> {
        lock(&self.papers.tests).clear();
        let mut sights = lock(&self.papers.sights);
        let ids = self.handed_out.drain(..);
        ids.map(|id| {
            let sight = sights.remove(&id);
            sight.unwrap_or_else(|| panic!("the probe did not bring {id}"))
        })
        .collect()
    }
}

/// A probe says here what it can do; the desk knows every key.
async fn enrol(
    State(papers): State<Arc<Papers>>,
    Json(request): Json<EnrolmentRequest>,
) -> Json<EnrolmentResponse> {
    *lock(&papers.capabilities) = request.capabilities;
    Json(EnrolmentResponse {
        fingerprint: Fingerprint(request.public_key),
        status: ProbeStatus::Approved,
    })
}

async fn assign(State(papers): State<Arc<Papers>>) -> Response {
    let assignments = Assignments {
        version: Version::CURRENT,
        region: crate::REGION.parse().expect("a region's name"),
        monitors: Vec::new(),
        tests: lock(&papers.tests).clone(),
    };
    Json(assignments).into_response()
}

async fn report(
    State(papers): State<Arc<Papers>>,
    Path(id): Path<String>,
    Json(report): Json<TestRunReport>,
) -> StatusCode {
    lock(&papers.sights).insert(id, report.sight);
    StatusCode::NO_CONTENT
}
