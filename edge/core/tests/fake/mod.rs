//! A host and an aggregator in memory, whose every call can be made to fail.

use edgewatch_core::{
    config::ProbeConfig,
    platform::{
        DialError, DialTarget, DnsAnswer, DnsQueryError, FetchError, NoFetch, Platform, ResolveError,
        StartTlsError, Storage, StorageError, Transport,
    },
};
use edgewatch_protocol::{
    assignment::{Assignments, AssignmentsPage},
    batch::{Batch, BatchReceipt, ChainHead, Place},
    check::{PhaseMode, shared::IpVersion},
    content_coding::content_coding,
    digest::sha256_hex,
    enrolment::{EnrolmentRequest, EnrolmentResponse, ProbeStatus},
    identity::{Fingerprint, derive_key},
    name::MonitorId,
    path,
    problem::{Problem, ProblemType},
    signature::{Body, Message, SignatureHeaders, parse},
    test_run::TestRunReport,
};
use http::{Request, Response, StatusCode, header};
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};
use tokio::{io::DuplexStream, time::Instant};

/// A target that never answers: `198.51.100.9`.
pub const SILENT: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 9));

/// How a Zstandard frame begins.
const FRAME: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// It fails and does nothing.
    Before,
    /// It does its work and says that it failed.
    After,
}

pub struct FakeHost {
    origin: Instant,
    ahead_ms: Cell<i64>,
    pub values: RefCell<BTreeMap<String, Vec<u8>>>,
    /// Taken by the calls in their order; calls beyond the last one succeed.
    pub faults: RefCell<VecDeque<Fault>>,
    pub aggregator: FakeAggregator,
    /// Whether it compresses batches, after a fashion.
    pub compresses: Cell<bool>,
    nonce: Cell<u64>,
    dialling: Cell<usize>,
    /// The most dials that were under way at a time.
    pub most_dialling: Cell<usize>,
}

/// Keeps to the rules of the chain as the real one does.
#[derive(Default)]
pub struct FakeAggregator {
    pub batches: RefCell<BTreeMap<u64, (String, Batch)>>,
    pub breaks: Cell<usize>,
    pub duplicates: Cell<usize>,
    pub problem: RefCell<Option<ProblemType>>,
    pub status: Cell<Option<ProbeStatus>>,
    pub enrols_as: Cell<Option<ProbeStatus>>,
    pub assignments: RefCell<Option<Assignments>>,
    /// How many monitors a page has; `None`: it knows no pages.
    pub page: Cell<Option<usize>>,
    /// As the probe told them when it was enrolled.
    pub capabilities: RefCell<Vec<String>>,
    pub reports: RefCell<Vec<(String, TestRunReport)>>,
    pub calls: RefCell<Vec<String>>,
    nonces: RefCell<BTreeSet<String>>,
}

pub fn config() -> ProbeConfig {
    let region = "weur".parse().unwrap();
    ProbeConfig {
        aggregator_url: "https://status.example.com/base/".parse().unwrap(),
        key: derive_key("0123456789abcdef0123456789abcdef", &region).unwrap(),
        region,
        enrolment_token: Some("token".to_owned()),
    }
}

impl FakeHost {
    pub fn new() -> Self {
        let aggregator = FakeAggregator::default();
        aggregator.status.set(Some(ProbeStatus::Approved));
        Self {
            origin: Instant::now(),
            ahead_ms: Cell::new(0),
            dialling: Cell::new(0),
            most_dialling: Cell::new(0),
            // It has told what it can do when it was enrolled.
            values: RefCell::new(BTreeMap::from([("enrolled".to_owned(), b"fake/1 http".to_vec())])),
            faults: RefCell::default(),
            aggregator,
            compresses: Cell::new(false),
            nonce: Cell::new(0),
        }
    }

    /// Lets time pass.
    pub fn advance(&self, ms: i64) {
        self.ahead_ms.set(self.ahead_ms.get() + ms);
    }

    fn fault(&self) -> Fault {
        self.faults.borrow_mut().pop_front().unwrap_or(Fault::None)
    }

    fn stored<T>(&self, work: impl FnOnce(&mut BTreeMap<String, Vec<u8>>) -> T) -> Result<T, StorageError> {
        let failed = || StorageError("made to fail".to_owned());
        match self.fault() {
            Fault::Before => Err(failed()),
            Fault::After => {
                work(&mut self.values.borrow_mut());
                Err(failed())
            }
            Fault::None => Ok(work(&mut self.values.borrow_mut())),
        }
    }
}

impl FakeAggregator {
    pub fn head(&self) -> ChainHead {
        let batches = self.batches.borrow();
        let last = batches.last_key_value();
        ChainHead {
            seq: last.map_or(0, |(seq, _)| *seq),
            digest: last.map(|(_, (digest, _))| digest.clone()),
        }
    }

    fn answer(&self, request: &Request<Vec<u8>>, now_ms: i64) -> Result<Response<Vec<u8>>, Problem> {
        let path = request.uri().path().strip_prefix("/base").expect("the prefix");
        self.calls
            .borrow_mut()
            .push(format!("{} {path}", request.method()));
        self.verify(request, now_ms)?;
        if let Some(problem) = *self.problem.borrow() {
            return Err(Problem::new(problem));
        }
        if path == path::ENROLMENTS {
            let asked: EnrolmentRequest = serde_json::from_slice(request.body()).unwrap();
            let fingerprint = Fingerprint::of(&config().key.verifying_key());
            if let Some(status) = self.status.get() {
                *self.capabilities.borrow_mut() = asked.capabilities;
                return Ok(json(&EnrolmentResponse { fingerprint, status }));
            }
            assert_eq!((asked.token.as_str(), asked.host.as_str()), ("token", "agent"));
            let status = self
                .enrols_as
                .get()
                .ok_or_else(|| Problem::new(ProblemType::EnrolmentTokenInvalid))?;
            self.status.set(Some(status));
            *self.capabilities.borrow_mut() = asked.capabilities;
            return Ok(json(&EnrolmentResponse { fingerprint, status }));
        }
        match self.status.get() {
            None => return Err(Problem::new(ProblemType::UnknownKey)),
            Some(ProbeStatus::Pending) => return Err(Problem::new(ProblemType::ProbePending)),
            Some(ProbeStatus::Revoked) => return Err(Problem::new(ProblemType::ProbeRevoked)),
            Some(ProbeStatus::Approved) => {}
        }
        match path {
            path::CHAIN => Ok(json(&self.head())),
            path::BATCHES => {
                let coding = request.headers().get(header::CONTENT_ENCODING);
                assert_eq!(
                    coding.map(|coding| coding.to_str().unwrap()),
                    content_coding(request.body())
                );
                self.take(request.body()).map(|receipt| json(&receipt))
            }
            path::ASSIGNMENTS => Ok(self.assignments(request)),
            other => {
                let id = other
                    .strip_prefix(path::TESTS)
                    .unwrap()
                    .trim_start_matches('/')
                    .to_owned();
                let report = serde_json::from_slice(request.body()).unwrap();
                self.reports.borrow_mut().push((id, report));
                Ok(json(&()))
            }
        }
    }

    fn assignments(&self, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
        let mut assignments = self.assignments.borrow().clone().expect("assignments");
        let set = sha256_hex(&serde_json::to_vec(&assignments.monitors).unwrap());
        let query = request.uri().query().unwrap_or_default();
        let mut next = None;
        if let Some(size) = self.page.get() {
            let after = query
                .strip_prefix("after=")
                .and_then(|rest| rest.split('&').next()?.parse().ok());
            let after = MonitorId(after.unwrap_or(0));
            assignments.monitors.retain(|monitor| monitor.monitor > after);
            if assignments.monitors.len() > size {
                assignments.monitors.truncate(size);
                next = assignments.monitors.last().map(|last| last.monitor);
            }
        }
        let document = match self.page.get() {
            None => serde_json::to_vec(&assignments).unwrap(),
            Some(_) => serde_json::to_vec(&AssignmentsPage {
                set,
                next,
                assignments,
            })
            .unwrap(),
        };
        let etag = format!("\"{}\"", sha256_hex(&document));
        let status = match request.headers().get(header::IF_NONE_MATCH) {
            Some(known) if *known == etag => StatusCode::NOT_MODIFIED,
            _ => StatusCode::OK,
        };
        self.calls.borrow_mut().push(status.as_str().to_owned());
        let body = if status == StatusCode::OK {
            document
        } else {
            Vec::new()
        };
        let response = Response::builder().status(status).header(header::ETAG, etag);
        response.body(body).unwrap()
    }

    fn take(&self, bytes: &[u8]) -> Result<BatchReceipt, Problem> {
        let json = bytes.strip_prefix(FRAME).unwrap_or(bytes);
        let batch: Batch = serde_json::from_slice(json).unwrap();
        let (seq, digest, head) = (batch.seq, sha256_hex(bytes), self.head());
        if seq <= head.seq {
            if self
                .batches
                .borrow()
                .get(&seq)
                .is_some_and(|(known, _)| *known == digest)
            {
                self.duplicates.set(self.duplicates.get() + 1);
                let duplicate = true;
                return Ok(BatchReceipt { seq, duplicate, head });
            }
            let mut problem = Problem::new(ProblemType::SequenceReused);
            problem.head = Some(head);
            return Err(problem);
        }
        if seq != head.seq + 1 || batch.prev != head.digest {
            self.breaks.set(self.breaks.get() + 1);
        }
        self.batches.borrow_mut().insert(seq, (digest, batch));
        Ok(BatchReceipt {
            seq,
            duplicate: false,
            head: self.head(),
        })
    }

    fn verify(&self, request: &Request<Vec<u8>>, now_ms: i64) -> Result<(), Problem> {
        let field = |name: &str| {
            let value = request.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        let headers = SignatureHeaders {
            signature_input: field("signature-input").unwrap_or_default(),
            signature: field("signature").unwrap_or_default(),
            content_digest: field("content-digest"),
        };
        let content_type = field("content-type");
        let message = Message {
            method: request.method().as_str(),
            authority: "status.example.com",
            path: request.uri().path(),
            query: request.uri().query(),
            body: content_type
                .as_deref()
                .map(|content_type| Body::new(content_type, request.body())),
        };
        let parsed = parse(&headers)?;
        assert!(
            self.nonces.borrow_mut().insert(parsed.nonce.clone()),
            "a nonce is never used again"
        );
        parsed.verify(&message, &headers, &config().key.verifying_key(), now_ms / 1000)
    }
}

fn json(value: &impl serde::Serialize) -> Response<Vec<u8>> {
    Response::new(serde_json::to_vec(value).unwrap())
}

impl Transport for FakeHost {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, String> {
        let fault = self.fault();
        if fault == Fault::Before {
            return Err("no way to the aggregator".to_owned());
        }
        let response = self
            .aggregator
            .answer(&request, self.now_ms())
            .unwrap_or_else(|problem| {
                let body = serde_json::to_vec(&problem).unwrap();
                Response::builder().status(problem.status).body(body).unwrap()
            });
        if fault == Fault::After {
            return Err("the answer was lost".to_owned());
        }
        Ok(response)
    }
}

impl Storage for FakeHost {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StorageError> {
        self.stored(|values| values.get(key).cloned())
    }

    async fn put(&self, key: &str, value: &[u8]) -> Result<(), StorageError> {
        assert!(value.len() <= edgewatch_core::outbox::RECORD_BYTES);
        self.stored(|values| {
            values.insert(key.to_owned(), value.to_vec());
        })
    }

    async fn delete(&self, key: &str) -> Result<(), StorageError> {
        self.stored(|values| {
            values.remove(key);
        })
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StorageError> {
        // In no particular order, as the contract has it.
        self.stored(|values| {
            values
                .keys()
                .filter(|key| key.starts_with(prefix))
                .rev()
                .cloned()
                .collect()
        })
    }
}

/// A dial under way, which may also be given up.
struct Dialling<'a>(&'a FakeHost);

impl<'a> Dialling<'a> {
    fn begin(host: &'a FakeHost) -> Self {
        host.dialling.set(host.dialling.get() + 1);
        host.most_dialling
            .set(host.most_dialling.get().max(host.dialling.get()));
        Self(host)
    }
}

impl Drop for Dialling<'_> {
    fn drop(&mut self) {
        self.0.dialling.set(self.0.dialling.get() - 1);
    }
}

impl Platform for FakeHost {
    type Stream = DuplexStream;
    type FetchBody = NoFetch;

    fn now_ms(&self) -> i64 {
        let elapsed_ms = i64::try_from(self.origin.elapsed().as_millis()).unwrap();
        1_700_000_000_000 + elapsed_ms + self.ahead_ms.get()
    }

    fn monotonic_us(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_micros()).unwrap()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        self.nonce.set(self.nonce.get() + 1);
        bytes.fill(0);
        bytes[..8].copy_from_slice(&self.nonce.get().to_be_bytes());
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    async fn resolve(&self, _host: &str, _: IpVersion) -> Result<Vec<IpAddr>, ResolveError> {
        Err(ResolveError::NotFound)
    }

    async fn query_dns(&self, _query: &[u8]) -> Result<DnsAnswer, DnsQueryError> {
        Err(DnsQueryError("there is no resolver".to_owned()))
    }

    /// Every target refuses, but for one that is silent.
    async fn dial(&self, target: &DialTarget) -> Result<DuplexStream, DialError> {
        let _dialling = Dialling::begin(self);
        if target.ip() == Some(SILENT) {
            std::future::pending::<()>().await;
        }
        Err(DialError::Refused)
    }

    async fn dial_for_tls(&self, _host: &str, _port: u16) -> Result<DuplexStream, DialError> {
        Err(DialError::Refused)
    }

    async fn start_tls(&self, stream: DuplexStream, _host: &str) -> Result<DuplexStream, StartTlsError> {
        Ok(stream)
    }

    async fn fetch(&self, _request: Request<Vec<u8>>) -> Result<Response<NoFetch>, FetchError> {
        Err(FetchError::Failed("there is none".to_owned()))
    }

    fn compress(&self, json: &[u8]) -> Option<Vec<u8>> {
        self.compresses.get().then(|| [FRAME, json].concat())
    }

    fn decompress(&self, frame: &[u8]) -> Option<Vec<u8>> {
        frame.strip_prefix(FRAME).map(<[u8]>::to_vec)
    }

    fn offers(&self, mode: PhaseMode) -> bool {
        mode == PhaseMode::Own
    }

    fn host(&self) -> &'static str {
        "agent"
    }

    fn software(&self) -> String {
        "fake/1".to_owned()
    }

    fn capabilities(&self) -> Vec<String> {
        vec!["http".to_owned()]
    }

    fn place(&self) -> Place {
        Place::default()
    }

    fn max_concurrent(&self) -> usize {
        2
    }
}
