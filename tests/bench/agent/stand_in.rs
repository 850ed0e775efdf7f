//! A stand-in for the aggregator.

use super::{INTERVAL_S, REGION};
use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use edgewatch_protocol::{
    assignment::{Assignment, Assignments},
    batch::{Batch, BatchReceipt, ChainHead},
    check::{Check, HttpCheck},
    content_coding::content_coding,
    digest::sha256_hex,
    enrolment::{EnrolmentResponse, ProbeStatus},
    identity::Fingerprint,
    name::{MonitorId, Region},
    observation::OutcomeState,
    path,
    slot::spread_ms,
    version::Version,
};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::{net::TcpListener, task::JoinSet};

/// What takes an agent's batches, and counts how late the checks in them were begun.
pub struct StandIn {
    /// Where it is.
    pub origin: String,
    shared: Arc<Shared>,
    _server: JoinSet<()>,
}

struct Shared {
    assignments: Vec<u8>,
    region: Region,
    late_ms: Mutex<Vec<i64>>,
}

impl StandIn {
    /// `monitors` of them check `url`.
    pub async fn start(url: &str, monitors: i32) -> Self {
        let region: Region = REGION.parse().expect("a region");
        let assignment = |id| Assignment {
            monitor: MonitorId(id),
            revision: 1,
            interval_s: INTERVAL_S,
            timeout_ms: 5_000,
            retries: 0,
            from_ms: None,
            until_ms: None,
            check: Check::Http(HttpCheck::get(url)),
        };
        let assignments = Assignments {
            version: Version::CURRENT,
            region: region.clone(),
            monitors: (1..=monitors).map(assignment).collect(),
            tests: Vec::new(),
        };
        let shared = Arc::new(Shared {
            assignments: serde_json::to_vec(&assignments).expect("assignments"),
            region,
            late_ms: Mutex::default(),
        });
        let router = Router::new()
            .route(path::ENROLMENTS, post(enrol))
            .route(path::ASSIGNMENTS, get(assign))
            .route(
                path::CHAIN,
                get(async || Json(ChainHead { seq: 0, digest: None })),
            )
            .route(path::BATCHES, post(take))
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(Arc::clone(&shared));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let origin = format!("http://{}", listener.local_addr().expect("its address"));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.expect("the stand-in serves") });
        Self {
            origin,
            shared,
            _server: server,
        }
    }

    /// How late checks were begun, milliseconds.
    pub fn seen(&self) -> std::sync::MutexGuard<'_, Vec<i64>> {
        self.shared.late_ms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn enrol() -> Json<EnrolmentResponse> {
    Json(EnrolmentResponse {
        fingerprint: Fingerprint("0".repeat(32)),
        status: ProbeStatus::Approved,
    })
}

async fn assign(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    const ETAG: &str = "\"1\"";
    if headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known == ETAG)
    {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    ([(header::ETAG, ETAG)], shared.assignments.clone()).into_response()
}

async fn take(State(shared): State<Arc<Shared>>, body: Bytes) -> Json<BatchReceipt> {
    let json = match content_coding(&body) {
        Some(_) => zstd::stream::decode_all(&body[..]).expect("a frame"),
        None => body.to_vec(),
    };
    let batch: Batch = serde_json::from_slice(&json).expect("a batch");
    let late_ms = batch.observations.iter().map(|seen| {
        assert_eq!(seen.sight.outcome.state(), OutcomeState::Up, "{seen:?}");
        seen.started_ms - seen.slot_ms - spread_ms(seen.monitor, &shared.region)
    });
    shared
        .late_ms
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .extend(late_ms);
    let head = ChainHead {
        seq: batch.seq,
        digest: Some(sha256_hex(&body)),
    };
    Json(BatchReceipt {
        seq: batch.seq,
        duplicate: false,
        head,
    })
}
