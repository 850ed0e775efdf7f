//! What is kept of a batch as evidence, and the coding that it came in.

use super::{
    batch_tests::{count, create_monitor, monitor},
    test_probe::{DOWN, TestProbe, observation},
};
use crate::http::test_server::TestServer;
use ed25519_dalek::VerifyingKey;
use edgewatch_client::session::Role;
use edgewatch_protocol::{
    digest::{content_digest, sha256_hex},
    path,
    signature::{self, Body, Message, SignatureHeaders},
};
use serde_json::json;
use sqlx::PgPool;

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn the_evidence_can_be_verified_from_its_row_alone(pool: PgPool) {
    type Row = (Vec<u8>, Vec<u8>, String, String, String, Vec<u8>);
    let mut server = TestServer::new(pool.clone());
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    probe
        .deliver(&server, vec![observation(&server, 1, 0, DOWN)])
        .await;
    probe.compresses = true;
    probe
        .deliver(&server, vec![observation(&server, 1, 0, DOWN)])
        .await;
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT body, digest, signature_input, signature, authority, public_key
             FROM batch b JOIN probe p ON p.id = b.probe_id ORDER BY b.id",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(rows.len(), 2);
    for (body, digest, signature_input, signature, authority, key) in rows {
        // What came compressed is kept as it was signed.
        let mut body = if signature_input.contains("content-encoding") {
            body
        } else {
            zstd::stream::decode_all(&*body).unwrap()
        };
        assert_eq!(hex::encode(digest), sha256_hex(&body));
        let key = VerifyingKey::from_bytes(&key.try_into().unwrap()).unwrap();
        let verify = |body: &[u8]| {
            let headers = SignatureHeaders {
                signature_input: signature_input.clone(),
                signature: signature.clone(),
                content_digest: Some(content_digest(body)),
            };
            let parsed = signature::parse(&headers).unwrap();
            let message = Message {
                method: "POST",
                authority: &authority,
                path: path::BATCHES,
                query: None,
                body: Some(Body::new("application/json", body)),
            };
            parsed.verify(&message, &headers, &key, parsed.created_s)
        };
        verify(&body).unwrap();
        body[10] ^= 1;
        verify(&body).unwrap_err();
    }
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_compressed_batch_is_a_batch_like_any_other(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    let client = server.client(Role::Editor).await;
    let id = create_monitor(&client, "shop", json!({"confirmations": 1})).await;
    probe.compresses = true;
    probe
        .deliver(&server, vec![observation(&server, id, 0, DOWN)])
        .await;
    assert_eq!(monitor(&client, id).await["state"], "down");
    let listed = client.get(&format!("/api/v1/monitors/{id}/results")).await.json();
    let result = listed["items"][0]["id"].as_str().unwrap();
    let detail = client
        .get(&format!("/api/v1/monitors/{id}/results/{result}"))
        .await
        .json();
    assert_eq!(detail["observation"]["monitor"], id, "{detail}");
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_coding_is_signed_known_and_within_bounds(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    let refused = async |body: Vec<u8>, coding: Option<&str>| {
        let signed = probe.sign(&server, "POST", path::BATCHES, Some(body));
        let fields: Vec<_> = coding
            .iter()
            .map(|coding| ("content-encoding", *coding))
            .collect();
        let answer = signed.send_as(&server, &fields).await;
        (answer.status.as_u16(), answer.problem())
    };
    let json = TestProbe::new("weur").seal(&server, Vec::new());
    let frame = zstd::bulk::compress(&json, 1).unwrap();
    let problem = |status: u16, name: &str| (status, name.to_owned());

    // The field was put on, taken off, or is another one.
    let invalid = problem(401, "signature-missing");
    assert_eq!(refused(json.clone(), Some("zstd")).await, invalid);
    assert_eq!(refused(frame.clone(), None).await, invalid);
    let unknown = problem(415, "unsupported-media-type");
    assert_eq!(refused(frame.clone(), Some("gzip")).await, unknown);

    let torn = frame[..frame.len() / 2].to_vec();
    assert_eq!(refused(torn, Some("zstd")).await, problem(400, "malformed"));
    let bomb = zstd::bulk::compress(&vec![b' '; 64 << 20], 1).unwrap();
    assert!(bomb.len() < 1 << 16);
    assert_eq!(refused(bomb, Some("zstd")).await, problem(413, "too-large"));
    assert_eq!(count(&pool, "batch").await, 0);
    probe.deliver(&server, Vec::new()).await;
}
