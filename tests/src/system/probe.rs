//! A probe made of the protocol alone, which can do what no honest probe does.

use super::{Aggregator, api::read_problem, now_ms};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;
use edgewatch_protocol::{
    batch::{Batch, BatchReceipt, ChainHead, Place},
    content_coding::content_coding,
    digest::sha256_hex,
    enrolment::{EnrolmentRequest, EnrolmentResponse},
    identity::Fingerprint,
    name::{MonitorId, Region},
    observation::{Observation, Outcome, Sight},
    path,
    phase::{PhaseTime, PhaseTimes},
    problem::Problem,
    signature::{Body, Message, SignatureHeaders, sign},
    version::Version,
};
use serde::de::DeserializeOwned;

/// The media type of a probe's bodies.
const JSON: &str = "application/json";

/// A probe with a key of its own.
#[derive(Clone)]
pub struct NativeProbe {
    /// Its key.
    pub key: SigningKey,
    /// The region that it says to serve.
    pub region: Region,
    origin: String,
    http: reqwest::Client,
}

impl NativeProbe {
    /// A probe with a new key, not enrolled yet.
    ///
    /// # Panics
    /// When the region is no name.
    pub fn new(aggregator: &Aggregator, region: &str) -> Self {
        Self {
            key: SigningKey::from_bytes(&random()),
            region: region.parse().expect("a region's name"),
            origin: aggregator.origin(),
            http: reqwest::Client::new(),
        }
    }

    /// A probe that the aggregator takes batches from.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn enrolled(aggregator: &Aggregator, region: &str) -> Self {
        let probe = Self::new(aggregator, region);
        let answer = probe.enrol(aggregator.bootstrap_token()).await;
        answer.expect("the probe is enrolled");
        probe
    }

    /// Its name.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.key.verifying_key())
    }

    /// Asks to be enrolled.
    ///
    /// # Errors
    /// What the aggregator refuses it for.
    pub async fn enrol(&self, token: &str) -> Result<EnrolmentResponse, Problem> {
        self.post(path::ENROLMENTS, json_bytes(&self.enrolment(token)))
            .send()
            .await
    }

    /// What it asks to be enrolled with.
    pub fn enrolment(&self, token: &str) -> EnrolmentRequest {
        EnrolmentRequest {
            version: Version::CURRENT,
            region: self.region.clone(),
            public_key: STANDARD.encode(self.key.verifying_key().as_bytes()),
            token: token.to_owned(),
            host: "agent".to_owned(),
            software: "edgewatch-tests".to_owned(),
            capabilities: vec!["http".to_owned()],
            place: Place::default(),
        }
    }

    /// A batch of observations, after another one.
    pub fn batch(&self, seq: u64, prev: Option<&[u8]>, observations: Vec<Observation>) -> Batch {
        Batch {
            version: Version::CURRENT,
            probe: self.fingerprint(),
            region: self.region.clone(),
            place: Place::default(),
            software: "edgewatch-tests".to_owned(),
            seq,
            prev: prev.map(sha256_hex),
            sealed_at_ms: now_ms(),
            resumed: false,
            dropped: 0,
            overruns: 0,
            observations,
        }
    }

    /// Sends a batch.
    ///
    /// # Errors
    /// What the aggregator refuses it for.
    pub async fn deliver(&self, batch: &Batch) -> Result<BatchReceipt, Problem> {
        self.post(path::BATCHES, json_bytes(batch)).send().await
    }

    /// The head of its chain as the aggregator has it.
    ///
    /// # Errors
    /// What the aggregator refuses it for.
    pub async fn chain(&self) -> Result<ChainHead, Problem> {
        self.request("GET", path::CHAIN, None).send().await
    }

    /// Sends a signed `GET` with a query, and perhaps the `ETag` that is known, whatever is answered.
    ///
    /// # Panics
    /// When nothing is answered.
    pub async fn get(&self, path: &str, query: &str, known_etag: Option<&str>) -> reqwest::Response {
        let message = Message {
            method: "GET",
            authority: self.origin.trim_start_matches("http://"),
            path,
            query: Some(query),
            body: None,
        };
        let headers = sign(&message, &self.key, now_ms().div_euclid(1000), random());
        let mut request = self
            .http
            .get(format!("{}{path}?{query}", self.origin))
            .header("signature-input", headers.signature_input)
            .header("signature", headers.signature);
        if let Some(etag) = known_etag {
            request = request.header("if-none-match", etag);
        }
        request.send().await.expect("the aggregator answers")
    }

    /// A `POST`, signed now.
    pub fn post(&self, path: &str, body: Vec<u8>) -> SignedRequest {
        self.request("POST", path, Some(body))
    }

    /// A request, signed now.
    pub fn request(&self, method: &'static str, path: &str, body: Option<Vec<u8>>) -> SignedRequest {
        let created_s = now_ms().div_euclid(1000);
        self.request_of(method, path, body, created_s)
    }

    /// A request, signed at some time.
    pub fn request_of(
        &self,
        method: &'static str,
        path: &str,
        body: Option<Vec<u8>>,
        created_s: i64,
    ) -> SignedRequest {
        let authority = self.origin.trim_start_matches("http://");
        let message = Message {
            method,
            authority,
            path,
            query: None,
            body: body.as_deref().map(|bytes| Body::new(JSON, bytes)),
        };
        SignedRequest {
            headers: sign(&message, &self.key, created_s, random()),
            method,
            url: format!("{}{path}", self.origin),
            body,
            http: self.http.clone(),
        }
    }
}

/// A signed request before it is sent, to be spoilt.
#[derive(Clone)]
pub struct SignedRequest {
    /// The signature.
    pub headers: SignatureHeaders,
    /// The body that is sent.
    pub body: Option<Vec<u8>>,
    method: &'static str,
    url: String,
    http: reqwest::Client,
}

impl SignedRequest {
    /// Sends it, whatever is answered.
    ///
    /// # Errors
    /// When nothing is answered.
    pub async fn try_send(self) -> reqwest::Result<reqwest::Response> {
        let method = self.method.parse().expect("a method");
        let mut request = self
            .http
            .request(method, &self.url)
            .header("signature-input", self.headers.signature_input)
            .header("signature", self.headers.signature);
        if let Some(digest) = self.headers.content_digest {
            request = request.header("content-digest", digest);
        }
        if let Some(body) = self.body {
            if let Some(coding) = content_coding(&body) {
                request = request.header("content-encoding", coding);
            }
            request = request.header("content-type", JSON).body(body);
        }
        request.send().await
    }

    /// Sends it and reads the answer.
    ///
    /// # Errors
    /// What the aggregator refuses it for.
    ///
    /// # Panics
    /// When nothing is answered, or something else.
    pub async fn send<T: DeserializeOwned>(self) -> Result<T, Problem> {
        let response = self.try_send().await.expect("the aggregator answers");
        if !response.status().is_success() {
            return Err(read_problem(response).await);
        }
        Ok(response.json().await.expect("an answer of the right shape"))
    }
}

/// An observation of a monitor that was up.
pub fn up(monitor: i32, slot_ms: i64, total_us: u32) -> Observation {
    Observation {
        monitor: MonitorId(monitor),
        revision: 1,
        slot_ms,
        started_ms: slot_ms + 20,
        attempts: 1,
        sight: Sight {
            outcome: Outcome::Up,
            phases: PhaseTimes {
                tcp: PhaseTime::Measured(total_us / 4),
                ttfb: PhaseTime::Measured(total_us / 2),
                ..PhaseTimes::default()
            },
            total_us,
            http: None,
            address: None,
            certificate: None,
            facts: None,
            failed_assertions: Vec::new(),
            message: None,
        },
    }
}

/// The bytes of a message.
///
/// # Panics
/// Never for messages of the protocol.
pub fn json_bytes(message: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(message).expect("messages of the protocol are JSON")
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system's random numbers");
    bytes
}
