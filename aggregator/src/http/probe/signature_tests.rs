//! Who is let in, and who is not.

use super::test_probe::{TOKEN, TestProbe, observation};
use crate::{app, http::test_server::TestServer};
use axum::{body::Body, http::Request};
use chrono::TimeDelta;
use edgewatch_client::session::Role;
use edgewatch_protocol::{batch::MAX_BODY_BYTES, observation::Outcome, path};
use serde_json::json;
use sqlx::PgPool;
use tower::ServiceExt as _;

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_request_counts_once(pool: PgPool) {
    let mut server = TestServer::new(pool);
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    let request = probe.sign(&server, "GET", path::CHAIN, None);
    assert_eq!(request.send(&server).await.status, 200);
    let again = request.send(&server).await;
    assert_eq!(again.status, 401);
    assert_eq!(again.problem(), "replay");

    let bytes = probe.seal(&server, vec![]);
    let request = probe.sign(&server, "POST", path::BATCHES, Some(bytes.clone()));
    assert_eq!(request.send(&server).await.status, 200);
    assert_eq!(request.send(&server).await.problem(), "replay");
    // The same batch, signed anew, is a repeat; that request counts once, too.
    let repeat = probe.sign(&server, "POST", path::BATCHES, Some(bytes));
    assert_eq!(repeat.send(&server).await.json()["duplicate"], true);
    assert_eq!(repeat.send(&server).await.problem(), "replay");
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn an_unsigned_or_foreign_request_is_refused(pool: PgPool) {
    let mut server = TestServer::new(pool);
    let probe = TestProbe::enrolled(&mut server, "weur").await;
    let stranger = TestProbe::new("enam");
    assert_eq!(stranger.get(&server, path::CHAIN).await.problem(), "unknown-key");

    let mut unsigned = probe.sign(&server, "GET", path::CHAIN, None);
    unsigned.headers.signature_input.clear();
    assert_eq!(unsigned.send(&server).await.problem(), "signature-missing");

    // Says to be the probe, and signed with another key.
    let mut forged = stranger.sign(&server, "GET", path::CHAIN, None);
    let names = (stranger.fingerprint().0, probe.fingerprint().0);
    forged.headers.signature_input = forged.headers.signature_input.replace(&names.0, &names.1);
    assert_eq!(forged.send(&server).await.problem(), "signature-invalid");

    // Signed for another path.
    let mut elsewhere = probe.sign(&server, "GET", path::CHAIN, None);
    elsewhere.path = path::ASSIGNMENTS.to_owned();
    assert_eq!(elsewhere.send(&server).await.problem(), "signature-invalid");
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_wrong_clock_is_told(pool: PgPool) {
    let mut server = TestServer::new(pool);
    let probe = TestProbe::enrolled(&mut server, "weur").await;
    let now = server.state.clock.now().timestamp();
    for (skew, status) in [(-290, 200), (290, 200), (-310, 401), (310, 401)] {
        let answer = probe
            .sign_at(now + skew, "GET", path::CHAIN, None)
            .send(&server)
            .await;
        assert_eq!(answer.status, status, "{skew} {}", answer.text);
        assert!(status == 200 || answer.problem() == "clock-skew");
    }
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn changed_truncated_and_oversized_bodies_are_refused(pool: PgPool) {
    let mut server = TestServer::new(pool);
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    let bytes = probe.seal(&server, vec![observation(&server, 1, 0, Outcome::Up)]);

    let mut truncated = probe.sign(&server, "POST", path::BATCHES, Some(bytes.clone()));
    truncated.body.as_mut().unwrap().truncate(bytes.len() - 1);
    assert_eq!(truncated.send(&server).await.problem(), "signature-invalid");

    let mut changed = probe.sign(&server, "POST", path::BATCHES, Some(bytes.clone()));
    changed.body.as_mut().unwrap()[20] ^= 1;
    assert_eq!(changed.send(&server).await.problem(), "signature-invalid");

    let oversized = probe
        .post(&server, path::BATCHES, vec![b' '; MAX_BODY_BYTES + 1])
        .await;
    assert_eq!(
        (oversized.status.as_u16(), oversized.problem().as_str()),
        (413, "too-large")
    );

    let cut = probe
        .post(&server, path::BATCHES, bytes[..bytes.len() - 1].to_vec())
        .await;
    assert_eq!(cut.problem(), "malformed");

    // Nothing of it was stored, and the whole batch still is taken.
    assert_eq!(probe.post(&server, path::BATCHES, bytes).await.status, 200);
    let metrics = server.send("GET", "/metrics", &[], None).await.text;
    for line in [
        "edgewatch_probe_requests_refused_total{reason=\"signature-invalid\"} 2",
        "edgewatch_probe_requests_refused_total{reason=\"too-large\"} 1",
        "edgewatch_batches_total{kind=\"new\"} 1",
        "edgewatch_observations_dropped_total{reason=\"not_assigned\"} 1",
        "edgewatch_probes{status=\"approved\"} 1",
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
}

/// A signature over a request without a body carries none, though no field of the request tells of it.
#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_body_without_a_content_type_must_be_signed_too(pool: PgPool) {
    let mut server = TestServer::new(pool);
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    let bytes = probe.seal(&server, vec![observation(&server, 1, 0, Outcome::Up)]);
    let mut added = probe.sign(&server, "POST", path::BATCHES, None);
    added.body = Some(bytes.clone());
    assert_eq!(added.send(&server).await.problem(), "signature-missing");
    let mut added = probe.sign(&server, "GET", path::CHAIN, None);
    added.body = Some(bytes.clone());
    assert_eq!(added.send(&server).await.problem(), "signature-missing");
    // Nothing of it was stored: signed, the batch is the first of its number.
    let answer = probe.post(&server, path::BATCHES, bytes).await;
    assert_eq!(answer.json()["duplicate"], false, "{}", answer.text);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_probe_waits_for_approval_and_a_revoked_one_is_out(pool: PgPool) {
    let server = TestServer::new(pool);
    let admin = server.client(Role::Admin).await;
    let region = admin.post("/api/v1/regions", json!({"name": "weur"})).await;
    assert!(region.status.is_success(), "{}", region.text);
    let token = admin
        .post("/api/v1/enrolment-tokens", json!({"regions": ["weur"]}))
        .await;
    assert!(token.status.is_success(), "{}", token.text);
    let token = token.json()["token"].as_str().unwrap().to_owned();

    let probe = TestProbe::new("weur");
    assert_eq!(
        probe.enrol(&server, "wrong").await.problem(),
        "enrolment-token-invalid"
    );
    assert_eq!(
        TestProbe::new("enam").enrol(&server, &token).await.problem(),
        "enrolment-token-invalid"
    );
    // Not known here, since this server has no bootstrap token.
    assert_eq!(
        probe.enrol(&server, TOKEN).await.problem(),
        "enrolment-token-invalid"
    );
    let pending = probe.enrol(&server, &token).await;
    assert_eq!(pending.json()["status"], "pending");
    assert_eq!(pending.json()["fingerprint"], probe.fingerprint().0);
    // Asking again answers the same; another key of the region finds the token used.
    assert_eq!(probe.enrol(&server, &token).await.json()["status"], "pending");
    let mut other = TestProbe::new("weur");
    other.key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    assert_eq!(
        other.enrol(&server, &token).await.problem(),
        "enrolment-token-invalid"
    );

    assert_eq!(
        probe.get(&server, path::ASSIGNMENTS).await.problem(),
        "probe-pending"
    );
    let path = format!("/api/v1/probes/{}", probe.fingerprint());
    assert!(
        admin
            .post(&format!("{path}/approve"), json!({}))
            .await
            .status
            .is_success()
    );
    assert_eq!(probe.get(&server, path::ASSIGNMENTS).await.status, 200);
    assert!(
        admin
            .post(&format!("{path}/revoke"), json!({}))
            .await
            .status
            .is_success()
    );
    assert_eq!(
        probe.get(&server, path::ASSIGNMENTS).await.problem(),
        "probe-revoked"
    );
    assert_eq!(probe.enrol(&server, &token).await.json()["status"], "revoked");
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_token_ends(pool: PgPool) {
    let server = TestServer::new(pool);
    let admin = server.client(Role::Admin).await;
    let token = admin
        .post(
            "/api/v1/enrolment-tokens",
            json!({"self_approving": true, "valid_hours": 1}),
        )
        .await;
    let token = token.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(
        TestProbe::new("weur").enrol(&server, &token).await.json()["status"],
        "approved"
    );
    server.state.clock.advance(TimeDelta::hours(2));
    assert_eq!(
        TestProbe::new("enam").enrol(&server, &token).await.problem(),
        "enrolment-token-invalid"
    );
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn probe_endpoints_can_have_a_port_of_their_own(pool: PgPool) {
    let state = TestServer::new(pool).state;
    for (router, path, status) in [
        (app::probe_router(state.clone()), path::CHAIN, 401),
        (app::probe_router(state.clone()), "/health", 200),
        (app::probe_router(state.clone()), "/api/v1/session", 404),
        (app::probe_router(state.clone()), "/metrics", 404),
        (app::private_router(state.clone()), path::CHAIN, 404),
        (app::private_router(state.clone()), "/metrics", 200),
        (app::router(state.clone()), path::CHAIN, 401),
    ] {
        let request = Request::get(path).header("host", "a.example").body(Body::empty());
        let answer = router.oneshot(request.unwrap()).await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
    }
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_probe_whose_clock_is_wrong_is_told_and_shown_and_nothing_of_it_is_stored(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    let viewer = server.client(Role::Viewer).await;
    let shown = async || viewer.get("/api/v1/probes").await.json()[0]["clock_off_s"].clone();
    assert!(shown().await.is_null());
    let batch = probe.seal(&server, vec![]);
    let wrong_s = server.state.clock.now().timestamp() + 7_200;
    let refused = probe
        .sign_at(wrong_s, "POST", path::BATCHES, Some(batch.clone()))
        .send(&server)
        .await;
    assert_eq!(refused.problem(), "clock-skew");
    assert!(refused.text.contains("7200 s ahead"), "{}", refused.text);
    assert_eq!(shown().await, 7_200);
    let stored: i64 = sqlx::query_scalar("SELECT count(*) FROM batch")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(stored, 0);
    // Somebody else who claims to be it says nothing of its clock.
    let mut forged = probe.sign_at(wrong_s - 90_000, "POST", path::BATCHES, Some(batch));
    forged.headers.signature = probe.sign(&server, "GET", path::CHAIN, None).headers.signature;
    assert_eq!(forged.send(&server).await.problem(), "clock-skew");
    assert_eq!(shown().await, 7_200);
    // Once it is set, that is over.
    assert_eq!(probe.get(&server, path::ASSIGNMENTS).await.status, 200);
    assert!(shown().await.is_null());
}
