use super::*;
use crate::{
    evidence_log::{
        checkpoint_now,
        tests::{add, fill, state},
        verifier_key,
    },
    settings::{AskedWitness, Witness},
    store::{log::read_log, log_witness::list_asked},
};
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use ed25519_dalek::SigningKey;
use edgewatch_proof::{
    checkpoint::SignedCheckpoint,
    merkle,
    note::{SignatureKind, SignatureLine},
};
use sqlx::PgPool;
use std::sync::{Mutex, PoisonError};

const NAME: &str = "witness.example/w1";

/// A witness as C2SP tlog-witness has it, of one log: what it has signed last, and what it was asked.
struct Outsider {
    key: SigningKey,
    log: VerifierKey,
    at_s: i64,
    latest: Mutex<(u64, Hash)>,
    answers: Mutex<Vec<u16>>,
}

impl Outsider {
    fn verifier(&self) -> VerifierKey {
        VerifierKey::new(NAME, SignatureKind::Cosignature, self.key.verifying_key()).unwrap()
    }

    fn set_latest(&self, latest: (u64, Hash)) {
        *self.latest.lock().unwrap() = latest;
    }

    /// The statuses that it has answered since it was asked for them.
    fn answered(&self) -> Vec<u16> {
        std::mem::take(&mut *self.answers.lock().unwrap())
    }

    fn add_checkpoint(&self, request: &str) -> (u16, String) {
        let (proof, note) = request.split_once("\n\n").unwrap();
        let mut lines = proof.lines();
        let old: u64 = lines
            .next()
            .unwrap()
            .strip_prefix("old ")
            .unwrap()
            .parse()
            .unwrap();
        let proof: Vec<Hash> = lines.map(|line| line.parse().unwrap()).collect();
        let signed: SignedCheckpoint = note.parse().unwrap();
        let new = &signed.checkpoint;
        if new.origin != self.log.name() {
            return (404, String::new());
        }
        if signed.verify(&self.log).is_none() {
            return (403, String::new());
        }
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if old != latest.0 {
            return (409, format!("{}\n", latest.0));
        }
        let grown = match old {
            0 => Ok(()),
            _ => merkle::verify_consistency((old, &latest.1), (new.size, &new.root), &proof),
        };
        if grown.is_err() || (old == 0 && !proof.is_empty()) {
            return (422, String::new());
        }
        *latest = (new.size, new.root);
        let line = SignatureLine::cosign(&signed.note.text, NAME, &self.key, self.at_s).unwrap();
        (200, format!("{line}\n"))
    }
}

async fn add_checkpoint(State(outsider): State<Arc<Outsider>>, request: String) -> Response {
    let (status, text) = outsider.add_checkpoint(&request);
    outsider.answers.lock().unwrap().push(status);
    (StatusCode::from_u16(status).unwrap(), text).into_response()
}

/// A log that has a witness to ask.
struct Witnessed {
    state: AppState,
    outsider: Arc<Outsider>,
}

impl Witnessed {
    async fn new(pool: PgPool) -> Self {
        let state = state(pool);
        let origin = read_log(&state.pool).await.unwrap().origin;
        let outsider = Arc::new(Outsider {
            key: SigningKey::from_bytes(&[9; 32]),
            log: verifier_key(&origin, &state.secrets).unwrap(),
            at_s: state.clock.now().timestamp(),
            latest: Mutex::new((0, Hash::of_empty())),
            answers: Mutex::default(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/w1/", listener.local_addr().unwrap());
        let app = Router::new()
            .route("/w1/add-checkpoint", post(add_checkpoint))
            .with_state(Arc::clone(&outsider));
        tokio::spawn(async move { axum::serve(listener, app).await });
        let asked = AskedWitness {
            key: outsider.verifier().to_string(),
            url: url.parse().unwrap(),
        };
        state.settings.send_modify(|settings| {
            let mut changed = (**settings).clone();
            changed.allow_private_targets = true;
            changed.log.witnesses = vec![Witness::Asked(asked)];
            *settings = changed.into();
        });
        Self { state, outsider }
    }

    /// Signs a checkpoint of a log that has grown, and asks.
    async fn grow(&self, probes: i32, batches: i32) -> StoredCheckpoint {
        fill(&self.state.pool, probes, 0).await;
        add(&self.state.pool, batches).await;
        checkpoint_now(&self.state).await.unwrap().unwrap();
        self.ask().await
    }

    /// The newest checkpoint, after asking.
    async fn ask(&self) -> StoredCheckpoint {
        ask_witnesses(&self.state).await.unwrap();
        find_latest(&self.state.pool).await.unwrap().unwrap()
    }

    fn has_signed(&self, checkpoint: &StoredCheckpoint) -> bool {
        let note: SignedCheckpoint = checkpoint.cosigned_note().parse().unwrap();
        note.note.verify(&self.outsider.verifier()).is_some()
    }

    async fn error(&self) -> Option<String> {
        list_asked(&self.state.pool).await.unwrap().remove(0).error
    }

    /// Long enough for whatever is tried again.
    fn wait(&self) {
        self.state.clock.advance(TimeDelta::hours(5));
    }
}

fn root(checkpoint: &StoredCheckpoint) -> Hash {
    Hash::from_slice(&checkpoint.root).unwrap()
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_witness_is_asked_and_signs_what_goes_on_from_what_it_saw(pool: PgPool) {
    let log = Witnessed::new(pool.clone()).await;
    // There is nothing to be signed yet.
    ask_witnesses(&log.state).await.unwrap();
    for (batches, size) in [(7, 14), (300, 614), (1, 616)] {
        let checkpoint = log.grow(2, batches).await;
        assert_eq!(checkpoint.size, size);
        assert!(log.has_signed(&checkpoint), "{:?}", log.error().await);
        assert_eq!(
            log.outsider.answered(),
            [200],
            "it is asked once, from where it stands"
        );
        // It has signed this one.
        log.ask().await;
        assert_eq!(log.outsider.answered(), [0; 0]);
    }
    assert_eq!(log.error().await, None);
    // Who wants a checkpoint now has it cosigned.
    add(&pool, 2).await;
    let checkpoint = witnessed_checkpoint_now(&log.state).await.unwrap().unwrap();
    assert!(checkpoint.size == 620 && log.has_signed(&checkpoint));
    assert_eq!(log.outsider.answered(), [200]);
    // It says itself where it stands.
    sqlx::query("UPDATE log_witness SET size = 3")
        .execute(&pool)
        .await
        .unwrap();
    let checkpoint = log.grow(2, 5).await;
    assert!(log.has_signed(&checkpoint));
    assert_eq!(log.outsider.answered(), [409, 200]);
    // A line that was lost is signed again.
    sqlx::query("DELETE FROM log_cosignature")
        .execute(&pool)
        .await
        .unwrap();
    let checkpoint = log.ask().await;
    assert!(log.has_signed(&checkpoint));
    assert_eq!(log.outsider.answered(), [200]);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_witness_does_not_sign_another_log_and_is_asked_again(pool: PgPool) {
    let log = Witnessed::new(pool.clone()).await;
    let first = log.grow(3, 5).await;
    assert_eq!(log.outsider.answered(), [200]);
    // It has seen another log of this size.
    log.outsider.set_latest((15, Hash::of_leaf(b"another")));
    let second = log.grow(3, 5).await;
    assert!(!log.has_signed(&second));
    assert_eq!(log.outsider.answered(), [422]);
    let error = log.error().await.unwrap();
    assert!(error.contains("does not begin with the 15"), "{error}");
    // Not at once, and after a while.
    log.ask().await;
    assert_eq!(log.outsider.answered(), [0; 0]);
    log.wait();
    log.outsider.set_latest((15, root(&first)));
    assert!(log.has_signed(&log.ask().await));
    assert_eq!((log.outsider.answered(), log.error().await), (vec![200], None));
    // It has seen more than there is.
    log.outsider.set_latest((1_000, root(&second)));
    assert!(!log.has_signed(&log.grow(3, 1).await));
    let error = log.error().await.unwrap();
    assert!(error.contains("1000 leaves, and the log has 33"), "{error}");
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn what_is_answered_is_believed_only_with_the_witnesss_own_signature(pool: PgPool) {
    let log = Witnessed::new(pool.clone()).await;
    // The key that is known is another.
    let other = VerifierKey::new(
        NAME,
        SignatureKind::Cosignature,
        SigningKey::from_bytes(&[8; 32]).verifying_key(),
    );
    let change = |url: &dyn Fn(&Url) -> Url, key: &VerifierKey, allow: bool| {
        log.state.settings.send_modify(|settings| {
            let mut changed = (**settings).clone();
            let Witness::Asked(asked) = &mut changed.log.witnesses[0] else {
                panic!("it is asked");
            };
            (asked.url, asked.key) = (url(&asked.url), key.to_string());
            changed.allow_private_targets = allow;
            *settings = changed.into();
        });
    };
    change(&Url::clone, &other.unwrap(), true);
    let checkpoint = log.grow(1, 4).await;
    assert_eq!(log.outsider.answered(), [200]);
    assert_eq!(checkpoint.cosignatures, [""; 0]);
    assert!(log.error().await.unwrap().contains("no signature of its key"));
    // An address that may not be dialled, by number and by name.
    let error = async || {
        let asked = list_asked(&log.state.pool).await.unwrap();
        let key = log.outsider.verifier().to_string();
        let asked = asked.into_iter().find(|asked| asked.witness == key);
        asked.and_then(|asked| asked.error).unwrap_or_default()
    };
    change(&Url::clone, &log.outsider.verifier(), false);
    log.ask().await;
    assert!(error().await.contains("loopback"), "{}", error().await);
    log.wait();
    let by_name = |url: &Url| {
        let mut url = url.clone();
        url.set_host(Some("localhost")).unwrap();
        url
    };
    change(&by_name, &log.outsider.verifier(), false);
    sqlx::query("UPDATE log_witness SET error = NULL")
        .execute(&pool)
        .await
        .unwrap();
    log.ask().await;
    assert!(error().await.contains("loopback"), "{}", error().await);
    assert_eq!(log.outsider.answered(), [0; 0]);
}
