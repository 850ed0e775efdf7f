use super::*;
use crate::{
    evidence_log::take_in,
    http::{
        probe::test_probe::{DOWN, TestProbe, observation},
        test_server::TestServer,
    },
    store::{
        batch::delete_batches_before,
        batch_pack::delete_packs_before,
        stored_batch::{find_digest, find_number, find_stored_batches, list_stored_batches},
    },
};
use edgewatch_client::session::Role;
use edgewatch_protocol::observation::Outcome;
use serde_json::json;
use sqlx::PgPool;

async fn count(pool: &PgPool, table: &str) -> i64 {
    let statement = match table {
        "batch" => "SELECT count(*) FROM batch",
        _ => "SELECT count(*) FROM batch_pack",
    };
    sqlx::query_scalar(statement).fetch_one(pool).await.unwrap()
}

async fn log(pool: &PgPool) {
    let mut db = pool.begin().await.unwrap();
    take_in(&mut db).await.unwrap();
    db.commit().await.unwrap();
}

/// Packs what has settled, and commits it or not.
async fn pack_all(server: &TestServer, commits: bool) {
    let mut db = server.state.pool.begin().await.unwrap();
    pack_evidence(&server.state, &mut db).await.unwrap();
    if commits {
        db.commit().await.unwrap();
    } else {
        db.rollback().await.unwrap();
    }
}

/// Two probes with so many batches each, a minute apart, and their numbers; one of them compresses.
async fn filled(server: &mut TestServer, batches: usize) -> Vec<(i32, String)> {
    let mut probes = Vec::new();
    for (region, compresses) in [("weur", false), ("enam", true)] {
        let mut probe = TestProbe::enrolled(server, region).await;
        probe.compresses = compresses;
        probes.push(probe);
    }
    let client = server.client(Role::Editor).await;
    let shop = json!({"name": "shop", "check": {"type": "http", "url": "https://shop.example/"}});
    assert_eq!(client.post("/api/v1/monitors", shop).await.status, 201);
    for minute in 0..batches {
        server.state.clock.advance(TimeDelta::minutes(1));
        for probe in &mut probes {
            let outcome = if minute % 5 == 0 { DOWN } else { Outcome::Up };
            let seen = observation(server, 1, 0, outcome);
            probe.deliver(server, vec![seen]).await;
        }
    }
    let mut found = Vec::new();
    for probe in &probes {
        let fingerprint = probe.fingerprint().0;
        let id = sqlx::query_scalar("SELECT id FROM probe WHERE fingerprint = $1")
            .bind(&fingerprint)
            .fetch_one(&server.state.pool)
            .await
            .unwrap();
        found.push((id, fingerprint));
    }
    found
}

async fn all_of(pool: &PgPool, probe: i32) -> Vec<StoredBatch> {
    let mut db = pool.acquire().await.unwrap();
    let mut all: Vec<StoredBatch> = Vec::new();
    loop {
        let from = all.last().map_or(1, |last| last.seq + 1);
        let some = list_stored_batches(&mut db, probe, from, 1_000, 4).await.unwrap();
        if some.is_empty() {
            return all;
        }
        all.extend(some);
    }
}

fn assert_same(found: &[StoredBatch], wanted: &[StoredBatch]) {
    let told = |batch: &StoredBatch| (batch.id, batch.seq, batch.received_at, batch.signed.clone());
    assert!(found.iter().map(told).eq(wanted.iter().map(told)));
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn what_is_packed_comes_out_as_it_was_signed(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let probes = filled(&mut server, 12).await;
    let mut before = Vec::new();
    for (probe, _) in &probes {
        before.push(all_of(&pool, *probe).await);
    }
    let rows: Vec<(Vec<u8>, String, String, String)> = sqlx::query_as(
        "SELECT digest, signature_input, signature, authority FROM batch ORDER BY probe_id, seq",
    )
    .fetch_all(&pool)
    .await
    .unwrap();

    // Nothing is packed that is not in the log, is new, or is too little for a pack and not overdue.
    server.state.clock.advance(TimeDelta::hours(7));
    pack_all(&server, true).await;
    assert_eq!((count(&pool, "batch").await, count(&pool, "pack").await), (24, 0));
    log(&pool).await;
    server.state.clock.advance(-TimeDelta::hours(2));
    pack_all(&server, true).await;
    assert_eq!((count(&pool, "batch").await, count(&pool, "pack").await), (24, 0));
    server.state.clock.advance(TimeDelta::hours(2));

    // Killed before it was done.
    pack_all(&server, false).await;
    assert_eq!((count(&pool, "batch").await, count(&pool, "pack").await), (24, 0));

    pack_all(&server, true).await;
    assert_eq!((count(&pool, "batch").await, count(&pool, "pack").await), (0, 2));
    let mut db = pool.acquire().await.unwrap();
    let mut fields = rows.iter();
    for ((probe, fingerprint), before) in probes.iter().zip(&before) {
        let after = all_of(&pool, *probe).await;
        assert_eq!(before.len(), 12);
        assert_same(&after, before);
        for batch in &after {
            let (digest, signature_input, signature, authority) = fields.next().unwrap();
            let signed = &batch.signed;
            assert_eq!(
                &edgewatch_protocol::digest::sha256_hex(&signed.bytes),
                &hex::encode(digest)
            );
            assert_eq!(&signed.digest, digest);
            assert_eq!(
                (&signed.signature_input, &signed.signature, &signed.authority),
                (signature_input, signature, authority)
            );
            let found = find_digest(&mut db, *probe, batch.seq).await.unwrap();
            assert_eq!(found.as_ref(), Some(digest));
            let number = find_number(&mut *db, fingerprint, batch.seq).await.unwrap();
            assert_eq!(number, Some(batch.id));
        }
        // By number, from both packs at once, and a part of the chain.
        let ids = [after[7].id, after[2].id, before[5].id, i64::MAX];
        let found = find_stored_batches(&mut db, &ids).await.unwrap();
        assert_same(&found, &[after[2].clone(), after[5].clone(), after[7].clone()]);
        let part = list_stored_batches(&mut db, *probe, 5, 8, 100).await.unwrap();
        assert_same(&part, &after[4..8]);
        assert_eq!(find_digest(&mut db, *probe, 13).await.unwrap(), None);
        assert_eq!(find_number(&mut *db, fingerprint, 13).await.unwrap(), None);
    }
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn the_chain_goes_on_behind_a_pack(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let probes = filled(&mut server, 8).await;
    let (probe, _) = probes[0];
    log(&pool).await;
    let all = all_of(&pool, probe).await;
    // A gap in the chain ends a pack.
    sqlx::query("DELETE FROM batch WHERE id = $1")
        .bind(all[3].id)
        .execute(&pool)
        .await
        .unwrap();
    server.state.clock.advance(TimeDelta::hours(7));
    // Those of the last minutes have come just now.
    sqlx::query("UPDATE batch SET received_at = $1 WHERE seq > 6")
        .bind(server.state.clock.now())
        .execute(&pool)
        .await
        .unwrap();
    pack_all(&server, true).await;
    // Of the one probe 1 to 3 and 5 to 6, of the other 1 to 6; two of each are new.
    assert_eq!((count(&pool, "batch").await, count(&pool, "pack").await), (4, 3));
    let found: Vec<_> = all_of(&pool, probe).await.iter().map(|batch| batch.seq).collect();
    assert_eq!(found, [1, 2, 3, 5, 6, 7, 8]);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_result_is_read_in_full_from_a_pack(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    filled(&mut server, 6).await;
    log(&pool).await;
    let client = server.client(Role::Viewer).await;
    let listed = client.get("/api/v1/monitors/1/results").await.json();
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 12);
    let read = async || {
        let mut read = Vec::new();
        for item in items {
            let path = format!("/api/v1/monitors/1/results/{}", item["id"].as_str().unwrap());
            let client = server.client(Role::Viewer).await;
            read.push(client.get(&path).await.json());
        }
        read
    };
    let before = read().await;
    assert!(before.iter().all(|detail| detail["observation"]["monitor"] == 1));
    server.state.clock.advance(TimeDelta::hours(7));
    pack_all(&server, true).await;
    assert_eq!(count(&pool, "batch").await, 0);
    assert_eq!(read().await, before);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn packs_go_when_all_in_them_is_old(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    filled(&mut server, 5).await;
    log(&pool).await;
    let last = server.state.clock.now();
    server.state.clock.advance(TimeDelta::hours(7));
    pack_all(&server, true).await;
    assert_eq!(delete_packs_before(&pool, last, 10).await.unwrap(), 0);
    assert_eq!(delete_batches_before(&pool, last, 10).await.unwrap(), 0);
    server.state.clock.advance(TimeDelta::days(401));
    let mut db = pool.begin().await.unwrap();
    super::super::retention::delete_evidence(&server.state, &mut db)
        .await
        .unwrap();
    db.commit().await.unwrap();
    assert_eq!(count(&pool, "pack").await, 0);
}
