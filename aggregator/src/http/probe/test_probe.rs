//! A probe for tests: it signs as a real one does.

use crate::http::test_server::{Answer, TestServer};
use axum::{body::Body as HttpBody, http::Request};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;
use edgewatch_protocol::{
    batch::{Batch, Place},
    content_coding::content_coding,
    digest::sha256_hex,
    enrolment::EnrolmentRequest,
    identity::{Fingerprint, derive_key},
    name::{MonitorId, Region},
    observation::{Observation, Outcome, Sight},
    path,
    phase::PhaseTimes,
    reason::Reason,
    signature::{self, Body, Message, SignatureHeaders},
    version::Version,
};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

pub(crate) const TOKEN: &str = "bootstrap-token-of-the-tests";
const AUTHORITY: &str = "aggregator.example:8443";

/// A probe of a region.
pub(crate) struct TestProbe {
    pub(crate) key: SigningKey,
    pub(crate) region: Region,
    seq: u64,
    prev: Option<String>,
    /// Whether its batches are compressed.
    pub(crate) compresses: bool,
}

/// A request, signed; tests may spoil it before they send it.
pub(crate) struct Signed {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) headers: SignatureHeaders,
}

impl TestProbe {
    /// With a key of its own for the region.
    pub(crate) fn new(region: &str) -> Self {
        let region: Region = region.parse().unwrap();
        Self {
            key: derive_key("0123456789abcdef0123456789abcdef", &region).unwrap(),
            region,
            seq: 0,
            prev: None,
            compresses: false,
        }
    }

    /// Enrolled and approved by the bootstrap token, which the server must know.
    pub(crate) async fn enrolled(server: &mut TestServer, region: &str) -> Self {
        server.set_bootstrap_token(TOKEN);
        let probe = Self::new(region);
        let answer = probe.enrol(server, TOKEN).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.json()["status"], "approved");
        probe
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.key.verifying_key())
    }

    pub(crate) async fn enrol(&self, server: &TestServer, token: &str) -> Answer {
        self.enrol_with(server, token, &["http"]).await
    }

    /// Enrols as one that can do this.
    pub(crate) async fn enrol_with(&self, server: &TestServer, token: &str, capabilities: &[&str]) -> Answer {
        let request = EnrolmentRequest {
            version: Version::CURRENT,
            region: self.region.clone(),
            public_key: STANDARD.encode(self.key.verifying_key().as_bytes()),
            token: token.to_owned(),
            host: "agent".to_owned(),
            software: "edgewatch-test/1".to_owned(),
            capabilities: capabilities.iter().map(|&name| name.to_owned()).collect(),
            place: Place::default(),
        };
        self.post(server, path::ENROLMENTS, serde_json::to_vec(&request).unwrap())
            .await
    }

    pub(crate) fn sign(
        &self,
        server: &TestServer,
        method: &'static str,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Signed {
        self.sign_at(server.state.clock.now().timestamp(), method, path, body)
    }

    pub(crate) fn sign_at(
        &self,
        created_s: i64,
        method: &'static str,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Signed {
        let (bare, query) = match path.split_once('?') {
            Some((bare, query)) => (bare, Some(query)),
            None => (path, None),
        };
        let message = Message {
            method,
            authority: AUTHORITY,
            path: bare,
            query,
            body: body.as_deref().map(|bytes| Body::new("application/json", bytes)),
        };
        let headers = signature::sign(&message, &self.key, created_s, crate::secret::random());
        Signed {
            method,
            path: path.to_owned(),
            body,
            headers,
        }
    }

    pub(crate) async fn get(&self, server: &TestServer, path: &str) -> Answer {
        self.sign(server, "GET", path, None).send(server).await
    }

    pub(crate) async fn get_if_none_match(&self, server: &TestServer, path: &str, etag: &str) -> Answer {
        let signed = self.sign(server, "GET", path, None);
        signed.send_with(server, &[("if-none-match", etag)]).await
    }

    pub(crate) async fn post(&self, server: &TestServer, path: &str, body: Vec<u8>) -> Answer {
        self.sign(server, "POST", path, Some(body)).send(server).await
    }

    /// Seals a batch as the next of the chain.
    pub(crate) fn seal(&mut self, server: &TestServer, observations: Vec<Observation>) -> Vec<u8> {
        self.seq += 1;
        let batch = Batch {
            version: Version::CURRENT,
            probe: self.fingerprint(),
            region: self.region.clone(),
            place: Place {
                colo: Some("FRA".to_owned()),
                ..Place::default()
            },
            software: "edgewatch-test/1".to_owned(),
            seq: self.seq,
            prev: self.prev.clone(),
            sealed_at_ms: server.state.clock.now_ms(),
            resumed: false,
            dropped: 0,
            overruns: 0,
            observations,
        };
        let mut bytes = serde_json::to_vec(&batch).unwrap();
        if self.compresses {
            bytes = zstd::bulk::compress(&bytes, 1).unwrap();
        }
        self.prev = Some(sha256_hex(&bytes));
        bytes
    }

    /// Seals and sends.
    pub(crate) async fn deliver(&mut self, server: &TestServer, observations: Vec<Observation>) -> Answer {
        let batch = self.seal(server, observations);
        let answer = self.post(server, path::BATCHES, batch).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer
    }
}

impl Signed {
    pub(crate) async fn send(&self, server: &TestServer) -> Answer {
        self.send_with(server, &[]).await
    }

    /// Sends it with the coding that its body has.
    async fn send_with(&self, server: &TestServer, more: &[(&str, &str)]) -> Answer {
        let coding = self.body.as_deref().and_then(content_coding);
        let coding = coding.map(|coding| ("content-encoding", coding));
        self.send_as(server, &more.iter().copied().chain(coding).collect::<Vec<_>>())
            .await
    }

    /// Sends it with these fields beside those of the signature.
    pub(crate) async fn send_as(&self, server: &TestServer, more: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder()
            .method(self.method)
            .uri(&self.path)
            .header("host", AUTHORITY)
            .header("signature-input", &self.headers.signature_input)
            .header("signature", &self.headers.signature);
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        if let Some(digest) = &self.headers.content_digest {
            request = request
                .header("content-digest", digest)
                .header("content-type", "application/json");
        }
        let body = HttpBody::from(self.body.clone().unwrap_or_default());
        let router = crate::app::router(server.state.clone());
        let response = router.oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        server.evaluate().await;
        Answer::of(parts, body.collect().await.unwrap().to_bytes())
    }
}

/// What a probe saw of a monitor, as many slots ago.
pub(crate) fn observation(
    server: &TestServer,
    monitor: i32,
    slots_ago: i64,
    outcome: Outcome,
) -> Observation {
    let slot_ms = (server.state.clock.now_ms() / 60_000 - slots_ago) * 60_000;
    Observation {
        monitor: MonitorId(monitor),
        revision: 1,
        slot_ms,
        started_ms: slot_ms + 150,
        attempts: 1,
        sight: Sight {
            outcome,
            phases: PhaseTimes::default(),
            total_us: 12_345,
            http: None,
            address: None,
            certificate: None,
            facts: None,
            failed_assertions: Vec::new(),
            message: (outcome != Outcome::Up).then(|| "no first byte\0 within 10000 ms".to_owned()),
        },
    }
}

pub(crate) const DOWN: Outcome = Outcome::Down {
    reason: Reason::Timeout,
    phase: None,
};
