//! The aggregator as a probe: its key, its enrolment, and its signed batches, which are taken like all others.

use super::PUSH_REGION;
use crate::{
    ingest::{Begun, Evidence, IngestError, SignedBatch, ingest_batch},
    secret::{Purpose, Secrets, random},
    state::AppState,
    store::{
        enrolment::{self, NewProbe},
        nonce::remembered_until,
        probe, push_batch, signer,
    },
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use ed25519_dalek::SigningKey;
use edgewatch_protocol::{
    batch::{Batch, MAX_OBSERVATIONS, Place},
    digest::sha256_hex,
    enrolment::ProbeStatus,
    identity::Fingerprint,
    name::Region,
    observation::Observation,
    path,
    problem::{Problem, ProblemType},
    signature::{self, Body, Message},
    version::{self, Version},
};
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;

/// What the batches' signatures cover as `@authority`: they never leave the process.
const AUTHORITY: &str = "push.edgewatch.internal";
const CONTENT_TYPE: &str = "application/json";
const SOFTWARE: &str = concat!("edgewatch/", env!("CARGO_PKG_VERSION"));

/// Batches delivered in one go.
const AT_ONCE: i64 = 100;

/// The aggregator's own probe.
pub struct PushProbe {
    key: SigningKey,
    region: Region,
}

impl PushProbe {
    /// Derives its key from the master secret: every replica is the same probe.
    ///
    /// # Errors
    /// Never: the region's name is a valid one.
    pub fn new(secrets: &Secrets) -> Result<Self, String> {
        Ok(Self {
            key: SigningKey::from_bytes(&secrets.key(Purpose::PushProbe)),
            region: PUSH_REGION.parse()?,
        })
    }

    /// The region that it serves.
    pub fn region(&self) -> &Region {
        &self.region
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.key.verifying_key())
    }

    /// Makes its region, and enrols and approves its key, where that is not done yet.
    pub async fn ensure(&self, db: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<()> {
        let region_id = enrolment::ensure_region(&mut *db, &self.region, now).await?;
        let fingerprint = self.fingerprint();
        if signer::find_signer(&mut *db, &fingerprint).await?.is_some() {
            return Ok(());
        }
        // Whatever another key has sealed cannot be delivered by this one.
        push_batch::delete_all(&mut *db).await?;
        let public_key = self.key.verifying_key();
        let probe = NewProbe {
            fingerprint: &fingerprint.0,
            public_key: public_key.as_bytes(),
            region_id,
            status: ProbeStatus::Approved,
            host: "aggregator",
            software: SOFTWARE,
            capabilities: &["heartbeat".to_owned()],
            place: serde_json::json!({}),
        };
        enrolment::insert_probe(db, &probe, now).await?;
        tracing::info!(region = %self.region, %fingerprint, "the aggregator has enrolled itself for heartbeats");
        Ok(())
    }

    /// Notes that it is there; looks are its sign of life.
    pub async fn touch(&self, db: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<()> {
        probe::note_pull(db, &self.fingerprint(), now).await
    }

    /// Seals observations into the next batches of the chain, and puts these into the outbox.
    pub async fn seal(
        &self,
        db: &mut PgConnection,
        observations: &[Observation],
        now: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        let (mut seq, mut prev) = push_batch::find_head(&mut *db, &self.fingerprint().0)
            .await?
            .unwrap_or_default();
        for observations in observations.chunks(MAX_OBSERVATIONS) {
            seq += 1;
            let batch = Batch {
                version: Version::CURRENT,
                probe: self.fingerprint(),
                region: self.region.clone(),
                place: Place::default(),
                software: SOFTWARE.to_owned(),
                seq: seq.unsigned_abs(),
                prev,
                sealed_at_ms: now.timestamp_millis(),
                resumed: false,
                dropped: 0,
                overruns: 0,
                observations: observations.to_vec(),
            };
            let body = serde_json::to_vec(&batch).map_err(|error| sqlx::Error::Encode(error.into()))?;
            push_batch::insert_batch(&mut *db, seq, &body, now).await?;
            prev = Some(sha256_hex(&body));
        }
        Ok(())
    }

    /// Delivers what waits in the outbox, in order, as every probe does; stops at the first batch that is not taken.
    ///
    /// # Errors
    /// When the database fails. A refusal is logged, and what was refused waits on.
    pub async fn deliver(&self, state: &AppState, db: &mut PgConnection) -> sqlx::Result<()> {
        for batch in push_batch::list_waiting(&mut *db, AT_ONCE).await? {
            match self.send(state, batch.body).await {
                Ok(()) => push_batch::delete_batch(&mut *db, batch.seq).await?,
                Err(error) => {
                    tracing::error!(seq = batch.seq, %error, "a batch of heartbeats was not taken; it is sent again");
                    break;
                }
            }
        }
        Ok(())
    }

    async fn send(&self, state: &AppState, body: Vec<u8>) -> Result<(), IngestError> {
        let fingerprint = self.fingerprint();
        let probe = state.known_signers.find(&state.pool, &fingerprint).await?;
        let probe = probe.ok_or_else(|| Problem::new(ProblemType::UnknownKey))?;
        let body = Bytes::from(body);
        let message = Message {
            method: "POST",
            authority: AUTHORITY,
            path: path::BATCHES,
            query: None,
            body: Some(Body::new(CONTENT_TYPE, &body)),
        };
        let now = state.clock.now();
        let headers = signature::sign(&message, &self.key, now.timestamp(), random());
        let nonce = signature::parse(&headers)?.nonce;
        let batch: Batch = version::decode(&body)?;
        let signed = SignedBatch {
            probe: &probe,
            batch: &batch,
            digest: Sha256::digest(&body).into(),
            headers: &headers,
            authority: AUTHORITY,
            nonce: (&fingerprint.0, &nonce, remembered_until(now)),
            evidence: &Evidence::compressing(body),
        };
        ingest_batch(state, &signed, &mut Begun::beginning(state, probe.id)).await?;
        Ok(())
    }
}
