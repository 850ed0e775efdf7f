use super::{
    proofs::{prove_consistency, prove_inclusion_of_set},
    *,
};
use crate::{
    clock::Clock,
    http::{
        probe::test_probe::{DOWN, TOKEN, TestProbe, observation},
        test_server::{TestServer, now},
    },
    jobs::run_all,
    store::{
        log::{list_leaves, read_log},
        log_checkpoint::{Wanted, list_checkpoints},
    },
};
use edgewatch_proof::{
    hash::Hash,
    inclusion_set::{self, Leaf},
    merkle,
};
use sqlx::PgPool;
use std::{collections::BTreeSet, time::Duration};

pub(super) fn state(pool: PgPool) -> AppState {
    let secrets = Secrets::from_text(&"test".repeat(8)).unwrap();
    AppState::new(pool, Clock::at(now()), secrets)
}

async fn execute(pool: &PgPool, statement: &'static str) {
    sqlx::raw_sql(statement).execute(pool).await.unwrap();
}

/// Probes, as many batches each, in turns.
pub(super) async fn fill(pool: &PgPool, probes: i32, batches: i32) {
    sqlx::query(
        "WITH r AS (INSERT INTO region (name, created_at) VALUES ('weur', now()) ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id)
         INSERT INTO probe (fingerprint, public_key, region_id, status, host, software, enrolled_at)
         SELECT 'probe-' || n, sha256(n::text::bytea), r.id, 1, 'agent', 'x', now() FROM r, generate_series(1, $1) n
         ON CONFLICT DO NOTHING",
    )
    .bind(probes)
    .execute(pool)
    .await
    .unwrap();
    add(pool, batches).await;
}

/// As many further batches of each probe.
pub(super) async fn add(pool: &PgPool, batches: i32) {
    sqlx::query(
        "WITH made AS (
             INSERT INTO batch (probe_id, seq, digest, chain_ok, received_at, observations, body, signature_input, signature, authority)
             SELECT p.id, p.last_seq + n, sha256((p.id || '-' || p.last_seq + n)::bytea), true, now(), 1, '', 'input', 'signature', 'host'
             FROM generate_series(1, $1) n, probe p WHERE p.fingerprint LIKE 'probe-%' ORDER BY n, p.id)
         UPDATE probe SET last_seq = last_seq + $1 WHERE fingerprint LIKE 'probe-%'",
    )
    .bind(batches)
    .execute(pool)
    .await
    .unwrap();
}

/// The leaves as their batches say that they are, in the log's order: every batch once, and none before the one that it follows.
async fn leaves(pool: &PgPool) -> Vec<Hash> {
    let rows: Vec<(i64, String, i64, Vec<u8>)> = sqlx::query_as(
        "SELECT b.id, p.fingerprint, b.seq, b.digest FROM batch b JOIN probe p ON p.id = b.probe_id ORDER BY p.id, b.seq",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let places = list_leaves(pool, (0, i64::MAX)).await.unwrap();
    assert_eq!(places.len(), rows.len());
    let fields = SignatureFields {
        signature_input: "input",
        signature: "signature",
        authority: "host",
    };
    let mut leaves = BTreeMap::new();
    let mut last: Option<(String, u64)> = None;
    for (id, probe, seq, digest) in rows {
        let place = places[&id];
        assert!(last.is_none_or(|(known, before)| known != probe || before < place));
        last = Some((probe.clone(), place));
        let data = LeafData::Batch {
            probe: &probe,
            seq: seq as u64,
            body_sha256: &digest,
            fields,
        };
        leaves.insert(place, data.hash());
    }
    // Without a hole.
    let numbers: Vec<u64> = leaves.keys().copied().collect();
    assert_eq!(numbers, (0..leaves.len() as u64).collect::<Vec<_>>());
    leaves.into_values().collect()
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn what_was_taken_in_is_proved_by_any_later_checkpoint(pool: PgPool) {
    let state = state(pool.clone());
    assert!(checkpoint_now(&state).await.unwrap().is_none());
    fill(&pool, 3, 100).await;
    let first = checkpoint_now(&state).await.unwrap().unwrap();
    assert_eq!(first.size, 300);
    add(&pool, 150).await;
    let second = checkpoint_now(&state).await.unwrap().unwrap();
    assert_eq!(second.size, 750);
    // Nothing has come since.
    assert_eq!(checkpoint_now(&state).await.unwrap().unwrap().id, second.id);

    let all = leaves(&pool).await;
    let key = verifier_key(&read_log(&pool).await.unwrap().origin, &state.secrets).unwrap();
    for checkpoint in [&first, &second] {
        let signed: SignedCheckpoint = checkpoint.note.parse().unwrap();
        assert_eq!(signed.verify(&key), Some(state.clock.now().timestamp()));
        assert_eq!(signed.checkpoint.size as i64, checkpoint.size);
        assert_eq!(
            Some(signed.checkpoint.root),
            merkle::root(&all[..], signed.checkpoint.size)
        );
    }
    let root = |checkpoint: &StoredCheckpoint| Hash::from_slice(&checkpoint.root).unwrap();
    let proof = prove_consistency(&pool, 300, 750).await.unwrap();
    merkle::verify_consistency((300, &root(&first)), (750, &root(&second)), &proof).unwrap();
    for (numbers, size, checkpoint) in [
        ((0..300).step_by(3).collect::<Vec<u64>>(), 300, &first),
        ((100..700).collect(), 750, &second),
    ] {
        let proof = prove_inclusion_of_set(&pool, &numbers, size).await.unwrap();
        let leaf = |&index: &u64| Leaf {
            index,
            hash: all[index as usize],
        };
        let given: Vec<Leaf> = numbers.iter().map(leaf).collect();
        inclusion_set::verify(&given, size, &proof, &root(checkpoint)).unwrap();
    }
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn several_replicas_that_die_at_any_moment_make_one_log(pool: PgPool) {
    let state = state(pool.clone());
    fill(&pool, 4, 20).await;
    let mut sizes = BTreeSet::new();
    for round in 0..40_u64 {
        // Three replicas; batches come meanwhile; one dies somewhere in it: its connection ends, and nothing else.
        let take = async |state: AppState| {
            let mut transaction = state.pool.begin().await.unwrap();
            take_in(&mut transaction).await.unwrap();
            transaction.commit().await.unwrap();
        };
        let doomed = tokio::spawn(take(state.clone()));
        let others = [
            tokio::spawn(take(state.clone())),
            tokio::spawn(take(state.clone())),
        ];
        tokio::time::sleep(Duration::from_micros(round * 211)).await;
        doomed.abort();
        add(&pool, 2).await;
        if round % 5 == 0 {
            // The server ends the connections of one that is killed, whatever they do.
            execute(
                &pool,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%log_t%' AND state <> 'idle'",
            )
            .await;
        }
        for other in others {
            // It may have been the one that was ended.
            let _ = other.await;
        }
        if let Some(checkpoint) = checkpoint_now(&state).await.unwrap() {
            sizes.insert(checkpoint.size as u64);
        }
    }
    let all = leaves(&pool).await;
    assert_eq!(all.len(), 4 * (20 + 40 * 2));
    assert!(sizes.len() > 5, "{sizes:?}");
    let checkpoints = list_checkpoints(&pool, Wanted::default(), 100).await.unwrap();
    assert_eq!(checkpoints.len(), sizes.len());
    for checkpoint in checkpoints {
        let root = merkle::root(&all[..], checkpoint.size as u64).unwrap();
        assert_eq!(root.0, checkpoint.root[..], "{}", checkpoint.size);
    }
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn the_end_of_each_day_has_a_checkpoint(pool: PgPool) {
    let state = state(pool.clone());
    execute(&pool, "UPDATE log SET created_at = now() - interval '30 hours'").await;
    let midnight = state
        .clock
        .now()
        .date_naive()
        .and_hms_opt(0, 0, 0)
        .unwrap()
        .and_utc();
    let yesterday = midnight.date_naive().pred_opt();
    state
        .clock
        .advance(midnight - state.clock.now() + TimeDelta::minutes(5));
    // Nothing to vouch for.
    run_all(&state).await.unwrap();
    assert_eq!(read_log(&pool).await.unwrap().size, 0);
    fill(&pool, 2, 5).await;
    state.clock.advance(TimeDelta::minutes(-4));
    let days = async || {
        let wanted = Wanted {
            of_days: true,
            ..Wanted::default()
        };
        let found = list_checkpoints(&pool, wanted, 100).await.unwrap();
        found
            .into_iter()
            .map(|found| (found.day, found.size))
            .collect::<Vec<_>>()
    };
    run_all(&state).await.unwrap();
    assert_eq!(read_log(&pool).await.unwrap().size, 10);
    assert_eq!(days().await, [], "the day is not closed yet");
    state.clock.advance(TimeDelta::minutes(1));
    for _ in 0..2 {
        run_all(&state).await.unwrap();
        assert_eq!(days().await, [(yesterday, 10)]);
    }
    // Two days later, nothing ran at the end of the first.
    state.clock.advance(TimeDelta::days(2));
    run_all(&state).await.unwrap();
    let later = yesterday.and_then(|day| day.checked_add_days(chrono::Days::new(2)));
    assert_eq!(days().await, [(later, 10), (yesterday, 10)]);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn evidence_stays_until_it_is_in_the_log(pool: PgPool) {
    let state = state(pool.clone());
    fill(&pool, 1, 5).await;
    execute(
        &pool,
        "UPDATE batch SET received_at = now() - interval '500 days'",
    )
    .await;
    let count = async || -> i64 {
        let count = sqlx::query_scalar(
            "SELECT (SELECT count(*) FROM batch) + (SELECT coalesce(sum(cardinality(ids)), 0)::int8 FROM batch_pack)",
        );
        count.fetch_one(&pool).await.unwrap()
    };
    let delete = async || {
        let now = state.clock.now();
        crate::store::batch::delete_batches_before(&pool, now, 10)
            .await
            .unwrap();
        crate::store::batch_pack::delete_packs_before(&pool, now, 10)
            .await
            .unwrap();
    };
    delete().await;
    assert_eq!(count().await, 5);
    run_all(&state).await.unwrap();
    assert_eq!(count().await, 5);
    delete().await;
    assert_eq!(count().await, 0);
    // What proofs need is there for good.
    assert_eq!(read_log(&pool).await.unwrap().size, 5);
    assert_eq!(prove_consistency(&pool, 2, 5).await.unwrap().len(), 2);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_probes_enrolment_is_kept_as_it_was_signed_and_without_its_token(pool: PgPool) {
    use crate::store::enrolment::list_enrolments;
    use edgewatch_protocol::{digest::content_digest_of, path, signature};
    let mut server = TestServer::new(pool.clone());
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    let fingerprint = probe.fingerprint().0;
    let read = async || {
        list_enrolments(&pool, std::slice::from_ref(&fingerprint))
            .await
            .unwrap()
            .pop()
    };
    let first = read().await.unwrap();
    // Asking again changes nothing of it; where it is not known, it is from then on.
    probe.enrol(&server, TOKEN).await;
    assert_eq!(read().await.unwrap().signature, first.signature);
    execute(&pool, "DELETE FROM enrolment").await;
    probe.enrol(&server, TOKEN).await;
    probe
        .deliver(&server, vec![observation(&server, 1, 0, DOWN)])
        .await;
    run_all(&server.state).await.unwrap();

    let kept = read().await.unwrap();
    assert_ne!(kept.signature, first.signature);
    assert_eq!((kept.region.as_str(), kept.leaf), ("weur", Some(0)));
    assert_eq!(read_log(&pool).await.unwrap().size, 2);
    let sha256 = <[u8; 32]>::try_from(&kept.body_sha256[..]).unwrap();
    let headers = signature::SignatureHeaders {
        signature_input: kept.signature_input,
        signature: kept.signature,
        content_digest: Some(content_digest_of(&sha256)),
    };
    let parsed = signature::parse(&headers).unwrap();
    let message = signature::Message {
        method: "POST",
        authority: &kept.authority,
        path: path::ENROLMENTS,
        query: None,
        body: Some(signature::Body {
            content_type: "application/json",
            content_encoding: kept.content_encoding.as_deref(),
            sha256,
        }),
    };
    let key = probe.key.verifying_key();
    assert_eq!(kept.public_key, key.as_bytes());
    parsed.verify(&message, &headers, &key, parsed.created_s).unwrap();
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn checkpoints_are_written_to_a_directory_and_posted(pool: PgPool) {
    use super::publication::{post_due, write_files};
    let state = state(pool.clone());
    execute(&pool, "UPDATE log SET created_at = now() - interval '60 hours'").await;
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        fill(&pool, 2, 50).await;
        state.clock.advance(TimeDelta::days(1));
        let to_noon = TimeDelta::hours(12 - i64::from(chrono::Timelike::hour(&state.clock.now())));
        state.clock.advance(to_noon);
        run_all(&state).await.unwrap();
    }
    write_files(&state, dir.path(), None).await.unwrap();
    let read = |path: String| std::fs::read_to_string(dir.path().join(path)).unwrap();
    let key: VerifierKey = read("key.txt".to_owned()).trim().parse().unwrap();
    let mut names: Vec<_> = std::fs::read_dir(dir.path().join("checkpoints"))
        .unwrap()
        .collect();
    names.sort_by_key(|entry| entry.as_ref().unwrap().file_name());
    let mut before: Option<SignedCheckpoint> = None;
    for entry in names {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let signed: SignedCheckpoint = read(format!("checkpoints/{name}")).parse().unwrap();
        assert!(signed.verify(&key).is_some());
        if let Some(before) = before.replace(signed.clone()) {
            let lines = read(format!("consistency/{name}"));
            let mut lines = lines.lines();
            assert_eq!(lines.next().unwrap(), format!("old {}", before.checkpoint.size));
            let proof: Vec<Hash> = lines.map(|line| line.parse().unwrap()).collect();
            let (old, new) = (&before.checkpoint, &signed.checkpoint);
            merkle::verify_consistency((old.size, &old.root), (new.size, &new.root), &proof).unwrap();
        }
    }
    assert_eq!(before.unwrap().checkpoint.size, 300);

    // The guard stands before what is posted.
    let url = "http://127.0.0.1:9/".parse().unwrap();
    state.settings.send_modify(|settings| {
        let mut changed = (**settings).clone();
        changed.log.publish_url = Some(url);
        *settings = changed.into();
    });
    post_due(&state).await.unwrap();
    let (posted, error) = crate::store::log_checkpoint::read_posting(&pool).await.unwrap();
    assert_eq!(posted, None);
    assert!(error.unwrap().contains("loopback"));
}
