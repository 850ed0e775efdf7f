use crate::{
    http::{
        probe::test_probe::{DOWN, TestProbe, observation},
        test_server::TestServer,
    },
    settings::Witness,
};
use axum::{body::Body, http::Request};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;
use edgewatch_client::session::Role;
use edgewatch_proof::{
    checkpoint::SignedCheckpoint,
    hash::Hash,
    leaf::{LeafData, SignatureFields},
    merkle,
    note::{SignatureKind, SignatureLine, VerifierKey},
};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use sqlx::PgPool;
use tower::ServiceExt as _;

/// How a batch was signed: digest, input, signature, authority.
type Row = (Vec<u8>, String, String, String);

const WITNESS: &str = "witness.example/w1";

fn witness() -> (SigningKey, VerifierKey) {
    let key = SigningKey::from_bytes(&[9; 32]);
    let verifier = VerifierKey::new(WITNESS, SignatureKind::Cosignature, key.verifying_key()).unwrap();
    (key, verifier)
}

async fn get(server: &TestServer, path: &str) -> Value {
    let answer = server.send("GET", path, &[], None).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

fn hashes(proof: &Value) -> Vec<Hash> {
    let proof = proof.as_array().unwrap();
    proof
        .iter()
        .map(|hash| hash.as_str().unwrap().parse().unwrap())
        .collect()
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_stranger_can_check_that_a_batch_is_in_the_log(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let none = server.send("GET", "/api/v1/log/checkpoint", &[], None).await;
    assert_eq!(none.problem(), "not-found");
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    let admin = server.client(Role::Admin).await;
    for _ in 0..3 {
        probe
            .deliver(&server, vec![observation(&server, 1, 0, DOWN)])
            .await;
    }
    let signed = admin.post("/api/v1/log/checkpoints", json!({})).await;
    assert_eq!(
        (signed.status.as_u16(), &signed.json()["size"]),
        (200, &json!(4)),
        "{}",
        signed.text
    );
    for _ in 0..2 {
        probe
            .deliver(&server, vec![observation(&server, 1, 0, DOWN)])
            .await;
    }
    let later = admin.post("/api/v1/log/checkpoints", json!({})).await.json();
    assert_eq!(later["size"], 6);

    let log = get(&server, "/api/v1/log").await;
    assert_eq!((&log["size"], &log["checkpoint"]), (&json!(6), &later));
    let key: VerifierKey = log["key"].as_str().unwrap().parse().unwrap();
    assert_eq!(key.name(), log["origin"].as_str().unwrap());
    let listed = get(&server, "/api/v1/log/checkpoints").await;
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!(get(&server, "/api/v1/log/checkpoints?days=true").await, json!([]));
    let read = |checkpoint: &Value| {
        let read: SignedCheckpoint = checkpoint["note"].as_str().unwrap().parse().unwrap();
        assert!(read.verify(&key).is_some());
        read.checkpoint
    };
    let (new, old) = (read(&listed[0]), read(&listed[1]));
    let note = server.send("GET", "/api/v1/log/checkpoint", &[], None).await;
    assert_eq!(note.text, listed[0]["note"].as_str().unwrap());

    let consistency = get(&server, "/api/v1/log/consistency?from=4&to=6").await;
    merkle::verify_consistency((4, &old.root), (6, &new.root), &hashes(&consistency["proof"])).unwrap();

    let (digest, signature_input, signature, authority): Row =
        sqlx::query_as("SELECT digest, signature_input, signature, authority FROM batch WHERE seq = 2")
            .fetch_one(&pool)
            .await
            .unwrap();
    let fingerprint = probe.fingerprint().0;
    let leaf = LeafData::Batch {
        probe: &fingerprint,
        seq: 2,
        body_sha256: &digest,
        fields: SignatureFields {
            signature_input: &signature_input,
            signature: &signature,
            authority: &authority,
        },
    };
    for (query, root) in [("", &new.root), ("&size=4", &old.root)] {
        let path = format!("/api/v1/log/inclusion?probe={fingerprint}&seq=2{query}");
        let inclusion = get(&server, &path).await;
        let (index, size) = (
            inclusion["leaf"].as_u64().unwrap(),
            inclusion["size"].as_u64().unwrap(),
        );
        merkle::verify_inclusion(&leaf.hash(), index, size, &hashes(&inclusion["proof"]), root).unwrap();
    }
    let request = Request::get("/api/v1/log/tile/0/000.p/6")
        .body(Body::empty())
        .unwrap();
    let tile = crate::app::router(server.state.clone())
        .oneshot(request)
        .await
        .unwrap();
    let tile = tile.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(tile.len(), 6 * 32);
    assert_eq!(tile[2 * 32..3 * 32], leaf.hash().0);
    for (path, problem) in [
        (
            format!("inclusion?probe={fingerprint}&seq=2&size=2"),
            "validation",
        ),
        (
            format!("inclusion?probe={fingerprint}&seq=2&size=7"),
            "validation",
        ),
        (
            format!("inclusion?probe={fingerprint}&seq=2&size=-1"),
            "validation",
        ),
        (format!("inclusion?probe={fingerprint}&seq=9"), "not-found"),
        ("consistency?from=5&to=4".to_owned(), "validation"),
        ("consistency?from=-1&to=4".to_owned(), "validation"),
        ("consistency?from=1&to=7".to_owned(), "validation"),
        ("consistency?from=1".to_owned(), "validation"),
        ("tile/0/000".to_owned(), "not-found"),
        ("tile/0/000.p/7".to_owned(), "not-found"),
        ("tile/0/001.p/1".to_owned(), "not-found"),
        ("tile/x".to_owned(), "not-found"),
    ] {
        let answer = server
            .send("GET", &format!("/api/v1/log/{path}"), &[], None)
            .await;
        assert_eq!(answer.problem(), problem, "{path}");
    }
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn witnesses_that_are_known_may_cosign(pool: PgPool) {
    let mut server = TestServer::new(pool);
    let (key, verifier) = witness();
    server.state.settings.send_modify(|settings| {
        let mut changed = (**settings).clone();
        changed.log.witnesses = vec![Witness::Key(verifier.to_string())];
        *settings = changed.into();
    });
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    probe
        .deliver(&server, vec![observation(&server, 1, 0, DOWN)])
        .await;
    let admin = server.client(Role::Admin).await;
    let signed = admin.post("/api/v1/log/checkpoints", json!({})).await.json();
    let checkpoint: SignedCheckpoint = signed["note"].as_str().unwrap().parse().unwrap();
    let text = checkpoint.note.text.clone();
    let now_s = server.state.clock.now().timestamp();
    let note = |text: &str, line: SignatureLine| format!("{text}\n{line}\n");
    let post = async |body: String| {
        let headers = [("content-type", "text/plain")];
        server
            .send_bytes("POST", "/api/v1/log/cosignatures", &headers, body.into_bytes())
            .await
    };
    let cosign = |key: &SigningKey, at_s| SignatureLine::cosign(&text, WITNESS, key, at_s).unwrap();
    let stranger = SigningKey::from_bytes(&[1; 32]);
    let grown = text.replace("\n2\n", "\n3\n");
    let forged = grown.replacen("\n3\n", "\n2\n", 1).replace('/', "+");
    for (body, problem) in [
        ("nonsense".to_owned(), "malformed"),
        (note("a\n", cosign(&key, now_s)), "malformed"),
        (note(&text, cosign(&stranger, now_s)), "validation"),
        (note(&text, cosign(&key, now_s + 3_600)), "validation"),
        (
            note(&text, SignatureLine::sign(&text, WITNESS, &key).unwrap()),
            "validation",
        ),
        (
            note(
                &grown,
                SignatureLine::cosign(&grown, WITNESS, &key, now_s).unwrap(),
            ),
            "not-found",
        ),
        (
            note(
                &forged,
                SignatureLine::cosign(&forged, WITNESS, &key, now_s).unwrap(),
            ),
            "not-found",
        ),
    ] {
        assert_eq!(post(body.clone()).await.problem(), problem, "{body}");
    }
    assert_eq!(
        get(&server, "/api/v1/log").await["witnesses"][0]["size"],
        Value::Null
    );
    for at_s in [now_s, now_s + 60] {
        let answer = post(note(&text, cosign(&key, at_s))).await;
        assert_eq!(answer.status, 204, "{}", answer.text);
    }
    let log = get(&server, "/api/v1/log").await;
    assert_eq!(log["witnesses"][0]["size"], 2);
    assert_eq!(log["witnesses"][0]["key"], verifier.to_string());
    let cosigned: SignedCheckpoint = log["checkpoint"]["note"].as_str().unwrap().parse().unwrap();
    // The first is kept: it says the most.
    assert_eq!(cosigned.note.verify(&verifier).unwrap().at_s, Some(now_s));
    assert_eq!(cosigned.note.signatures.len(), 3);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn an_administrator_sees_what_waits_and_what_is_missing(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    probe
        .deliver(&server, vec![observation(&server, 1, 0, DOWN)])
        .await;
    sqlx::query("UPDATE log SET created_at = now() - interval '3 days'")
        .execute(&pool)
        .await
        .unwrap();
    let admin = server.client(Role::Admin).await;
    let state = admin.get("/api/v1/log/state").await.json();
    assert_eq!(
        (&state["waiting"], &state["missing_days"]),
        (&json!(1), &json!(3))
    );
    assert!(state["waiting_since"].is_string() && state["first_missing"].is_string());
    assert_eq!(state["probes"][0]["logged_seq"], 0);
    assert!(state["probes"][0]["enrolled_at"].is_string());
    admin.post("/api/v1/log/checkpoints", json!({})).await;
    let state = admin.get("/api/v1/log/state").await.json();
    assert_eq!(
        (&state["waiting"], &state["probes"][0]["logged_seq"]),
        (&json!(0), &json!(1))
    );
}

/// A key of another time is told of, or what it signed could not be checked any more.
#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn keys_of_before_are_told(pool: PgPool) {
    let server = TestServer::new(pool.clone());
    let earlier = SigningKey::from_bytes(&[3; 32]).verifying_key();
    sqlx::query("INSERT INTO log_key (public_key, first_used_at) VALUES ($1, now())")
        .bind(&earlier.as_bytes()[..])
        .execute(&pool)
        .await
        .unwrap();
    let log = get(&server, "/api/v1/log").await;
    let [told] = log["earlier_keys"].as_array().unwrap().as_slice() else {
        panic!("{log}");
    };
    assert!(
        told.as_str()
            .unwrap()
            .ends_with(&STANDARD.encode([&[1], &earlier.as_bytes()[..]].concat()))
    );
}
