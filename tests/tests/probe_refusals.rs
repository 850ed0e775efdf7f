//! What a probe must not get away with: each spoilt request is refused for what is wrong with it, and leaves nothing.
#![allow(clippy::expect_used, missing_docs)]

use edgewatch_client::enrolment_token::EnrolmentToken;
use edgewatch_protocol::{
    batch::{Batch, BatchReceipt, MAX_BODY_BYTES, MAX_OBSERVATIONS},
    enrolment::ProbeStatus,
    path,
    problem::ProblemType,
    signature::MAX_SKEW_S,
    version::Version,
};
use edgewatch_tests::system::{
    Aggregator, Api, Directory, NativeProbe, SignedRequest, json_bytes, now_ms, read_problem, up,
};
use reqwest::{Method, header::HeaderValue};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

const REGION: &str = "weur";

/// An aggregator with a monitor and an approved probe.
struct Setting {
    aggregator: Aggregator,
    api: Api,
    monitor: i32,
    probe: NativeProbe,
    _directory: Directory,
}

impl Setting {
    async fn start() -> Self {
        let directory = Directory::new();
        let aggregator = Aggregator::start(directory.path()).await;
        let api = Api::sign_in(&aggregator).await;
        let probe = NativeProbe::enrolled(&aggregator, REGION).await;
        let monitor = json!({"name": "a", "check": {"type": "http", "url": "https://example.org/"}});
        Self {
            monitor: api.create_monitor(&monitor).await,
            aggregator,
            api,
            probe,
            _directory: directory,
        }
    }

    /// A first batch that would be taken if it were not spoilt.
    fn batch(&self, probe: &NativeProbe) -> Batch {
        let slot_ms = now_ms() / 10_000 * 10_000;
        probe.batch(1, None, vec![up(self.monitor, slot_ms, 1_000)])
    }

    fn request(&self, probe: &NativeProbe) -> SignedRequest {
        probe.post(path::BATCHES, json_bytes(&self.batch(probe)))
    }

    /// Sends a request that must be refused so, and leave nothing.
    async fn refuses(&self, what: &str, request: SignedRequest, kind: ProblemType) {
        let response = request.try_send().await.expect("the aggregator answers");
        let media_type = response.headers().get("content-type").cloned();
        let problem = read_problem(response).await;
        assert_eq!(problem.kind(), Some(kind), "{what}: {problem:?}");
        assert_eq!(problem.status, kind.status(), "{what}");
        assert_eq!(
            media_type.as_ref().map(HeaderValue::as_bytes),
            Some(&b"application/problem+json"[..]),
            "{what}"
        );
        self.has_stored_nothing(what).await;
    }

    async fn has_stored_nothing(&self, what: &str) {
        assert_eq!(self.api.results(self.monitor).await, [], "{what}");
        for probe in self.api.probes().await {
            assert_eq!(probe.last_seq, 0, "{what}: {}", probe.fingerprint);
        }
    }

    async fn post(&self, path: &str) -> Value {
        self.api.post(path, &json!({})).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spoilt_request_is_refused_for_what_is_wrong_with_it() {
    let setting = Setting::start().await;
    let probe = &setting.probe;
    let body = json_bytes(&setting.batch(probe));
    let good = || probe.post(path::BATCHES, body.clone());
    let now_s = now_ms() / 1000;

    // Another's name under one's own signature.
    let stranger = NativeProbe::new(&setting.aggregator, REGION);
    let mut request = stranger.post(path::BATCHES, body.clone());
    let keyid = |probe: &NativeProbe| probe.fingerprint().0;
    request.headers.signature_input = request
        .headers
        .signature_input
        .replace(&keyid(&stranger), &keyid(probe));
    setting
        .refuses("another key", request, ProblemType::SignatureInvalid)
        .await;
    let request = setting.request(&stranger);
    setting
        .refuses("a key that nobody knows", request, ProblemType::UnknownKey)
        .await;

    let mut request = good();
    request.headers.signature.clear();
    setting
        .refuses("no signature", request, ProblemType::SignatureMissing)
        .await;
    let mut request = good();
    request.headers.content_digest = None;
    setting
        .refuses("no digest", request, ProblemType::SignatureInvalid)
        .await;

    let mut request = good();
    request.body.as_mut().expect("a body").truncate(body.len() / 2);
    setting
        .refuses("half of the body", request, ProblemType::SignatureInvalid)
        .await;
    let mut request = good();
    let last = request.body.as_mut().and_then(|body| body.last_mut());
    *last.expect("a body") ^= 1;
    setting
        .refuses("one bit of the body", request, ProblemType::SignatureInvalid)
        .await;
    let mut request = good();
    request.headers = probe.post(path::TESTS, body.clone()).headers;
    setting
        .refuses(
            "the signature of another path",
            request,
            ProblemType::SignatureInvalid,
        )
        .await;

    let large = vec![b' '; MAX_BODY_BYTES + 1];
    let request = probe.post(path::BATCHES, large);
    setting
        .refuses("one byte too many", request, ProblemType::TooLarge)
        .await;
    let mut batch = setting.batch(probe);
    batch.observations = vec![batch.observations[0].clone(); MAX_OBSERVATIONS + 1];
    let request = probe.post(path::BATCHES, json_bytes(&batch));
    setting
        .refuses("one observation too many", request, ProblemType::TooLarge)
        .await;

    // Some seconds past the tolerance, for those that pass until the request is judged.
    for (what, off_s) in [("behind", -MAX_SKEW_S - 20), ("ahead", MAX_SKEW_S + 20)] {
        let request = probe.request_of("POST", path::BATCHES, Some(body.clone()), now_s + off_s);
        setting.refuses(what, request, ProblemType::ClockSkew).await;
    }

    let mut batch = setting.batch(probe);
    batch.version = Version { major: 2, minor: 0 };
    let request = probe.post(path::BATCHES, json_bytes(&batch));
    setting
        .refuses("a newer major version", request, ProblemType::UnsupportedVersion)
        .await;
    for (what, body) in [
        ("no JSON", b"{\"version\":\"1.0\"".to_vec()),
        ("another's batch", json_bytes(&setting.batch(&stranger))),
        (
            "number 0",
            json_bytes(&Batch {
                seq: 0,
                ..setting.batch(probe)
            }),
        ),
    ] {
        let request = probe.post(path::BATCHES, body);
        setting.refuses(what, request, ProblemType::Malformed).await;
    }

    // A connection that ends in the middle of the body.
    let address = setting.aggregator.origin().replace("http://", "");
    let mut stream = TcpStream::connect(&address).await.expect("a connection");
    let request = good();
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nsignature-input: \
         {}\r\nsignature: {}\r\ncontent-digest: {}\r\n\r\n",
        path::BATCHES,
        body.len(),
        request.headers.signature_input,
        request.headers.signature,
        request.headers.content_digest.unwrap_or_default()
    );
    stream.write_all(head.as_bytes()).await.expect("a head is taken");
    stream
        .write_all(&body[..body.len() / 2])
        .await
        .expect("half a body is taken");
    drop(stream);
    setting.has_stored_nothing("a connection that ends").await;

    // The same request unspoilt is taken once, and not a second time, whatever the batch.
    let request = good();
    let receipt: BatchReceipt = request.clone().send().await.expect("the batch is taken");
    assert_eq!((receipt.seq, receipt.duplicate), (1, false));
    assert_eq!(setting.api.results(setting.monitor).await.len(), 1);
    let replayed = request
        .send::<BatchReceipt>()
        .await
        .expect_err("a replay is refused");
    assert_eq!(replayed.kind(), Some(ProblemType::Replay), "{replayed:?}");
    // Signed anew it is a repeat, which changes nothing.
    let receipt: BatchReceipt = good().send().await.expect("a repeat is acknowledged");
    assert!(receipt.duplicate);
    // And another batch does not take its number.
    let batch = setting.batch(probe);
    let batch = Batch {
        sealed_at_ms: batch.sealed_at_ms + 1,
        ..batch
    };
    let refused = probe.deliver(&batch).await.expect_err("the number is taken");
    assert_eq!(refused.kind(), Some(ProblemType::SequenceReused), "{refused:?}");
    assert_eq!(refused.head, Some(receipt.head), "the head to go on from");
    assert_eq!(setting.api.results(setting.monitor).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_is_heard_between_its_approval_and_its_revocation() {
    let setting = Setting::start().await;
    let token: EnrolmentToken = setting
        .api
        .post(
            "/api/v1/enrolment-tokens",
            &json!({"label": "a test", "regions": [REGION]}),
        )
        .await;
    let token = token.token.expect("the secret is told once");

    let probe = NativeProbe::new(&setting.aggregator, REGION);
    for wrong in ["", "a guess", &token[1..]] {
        let refused = probe.enrol(wrong).await.expect_err("the token is refused");
        assert_eq!(
            refused.kind(),
            Some(ProblemType::EnrolmentTokenInvalid),
            "{refused:?}"
        );
    }
    // A token is for its region, and a key is presented by its owner.
    let elsewhere = NativeProbe::new(&setting.aggregator, "enam");
    let refused = elsewhere
        .enrol(&token)
        .await
        .expect_err("another region is refused");
    assert_eq!(refused.kind(), Some(ProblemType::EnrolmentTokenInvalid));
    let stolen = json_bytes(&setting.probe.enrolment(&token));
    let refused = probe.post(path::ENROLMENTS, stolen).send::<Value>().await;
    let refused = refused.expect_err("another's key is refused");
    assert_eq!(refused.kind(), Some(ProblemType::SignatureInvalid), "{refused:?}");
    let mut newer = probe.enrolment(&token);
    newer.version = Version { major: 2, minor: 0 };
    let refused = probe
        .post(path::ENROLMENTS, json_bytes(&newer))
        .send::<Value>()
        .await;
    let refused = refused.expect_err("a newer major version is refused");
    assert_eq!(refused.kind(), Some(ProblemType::UnsupportedVersion));
    assert_eq!(setting.api.probes().await.len(), 1, "nothing was enrolled");

    let enrolled = probe.enrol(&token).await.expect("the token holds");
    assert_eq!(
        (enrolled.fingerprint, enrolled.status),
        (probe.fingerprint(), ProbeStatus::Pending)
    );
    let again = probe.enrol(&token).await.expect("asking again answers the same");
    assert_eq!(again.status, ProbeStatus::Pending);
    let second = NativeProbe::new(&setting.aggregator, REGION);
    let refused = second.enrol(&token).await.expect_err("the token is used up");
    assert_eq!(refused.kind(), Some(ProblemType::EnrolmentTokenInvalid));

    setting
        .refuses("pending", setting.request(&probe), ProblemType::ProbePending)
        .await;
    let pulled = probe
        .request("GET", path::ASSIGNMENTS, None)
        .send::<Value>()
        .await;
    assert_eq!(
        pulled.expect_err("a pending probe pulls nothing").kind(),
        Some(ProblemType::ProbePending)
    );

    let of_probe = |verb: &str| format!("/api/v1/probes/{}/{verb}", probe.fingerprint());
    setting.post(&of_probe("approve")).await;
    let receipt = probe
        .deliver(&setting.batch(&probe))
        .await
        .expect("the batch is taken");
    assert_eq!((receipt.seq, receipt.duplicate), (1, false));

    setting.post(&of_probe("revoke")).await;
    let next = probe.batch(2, None, setting.batch(&probe).observations);
    for refused in [
        probe
            .deliver(&next)
            .await
            .expect_err("a revoked probe is refused"),
        probe
            .deliver(&setting.batch(&probe))
            .await
            .expect_err("also its repeats"),
        probe.chain().await.expect_err("also its questions"),
    ] {
        assert_eq!(refused.kind(), Some(ProblemType::ProbeRevoked), "{refused:?}");
    }
    // Its history stays.
    assert_eq!(setting.api.results(setting.monitor).await.len(), 1);
    let enrolled = probe.enrol(setting.aggregator.bootstrap_token()).await;
    assert_eq!(
        enrolled.map(|answer| answer.status).ok(),
        Some(ProbeStatus::Revoked),
        "no token brings it back"
    );
    // None of this is the other probe's.
    setting
        .probe
        .deliver(&setting.batch(&setting.probe))
        .await
        .expect("the other probe is heard");
    assert_eq!(
        setting
            .api
            .send(Method::GET, "/health", None::<&()>)
            .await
            .status(),
        200
    );
}
