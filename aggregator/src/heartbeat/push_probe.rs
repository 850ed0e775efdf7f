//! The aggregator as a probe: its key, its enrolment, and its batches, which take the road of all others.

use super::PUSH_REGION;
use crate::{
    http,
    secret::{Purpose, Secrets, random},
    state::AppState,
    store::{
        enrolment::{self, NewProbe},
        probe, push_batch, signer,
    },
};
use axum::{body::Body as HttpBody, http::Request};
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
    problem::Problem,
    signature::{self, Body, Message},
    version::Version,
};
use http_body_util::BodyExt as _;
use sqlx::PgConnection;
use tower::ServiceExt as _;

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
                Err(problem) => {
                    tracing::error!(seq = batch.seq, %problem, "a batch of heartbeats was not taken; it is sent again");
                    break;
                }
            }
        }
        Ok(())
    }

    async fn send(&self, state: &AppState, body: Vec<u8>) -> Result<(), String> {
        let message = Message {
            method: "POST",
            authority: AUTHORITY,
            path: path::BATCHES,
            query: None,
            body: Some(Body::new(CONTENT_TYPE, &body)),
        };
        let signed = signature::sign(&message, &self.key, state.clock.now().timestamp(), random());
        let request = Request::post(path::BATCHES)
            .header("host", AUTHORITY)
            .header("content-type", CONTENT_TYPE)
            .header("signature-input", signed.signature_input)
            .header("signature", signed.signature)
            .header("content-digest", signed.content_digest.unwrap_or_default())
            .body(HttpBody::from(body))
            .map_err(|error| error.to_string())?;
        let Ok(response) = http::probe::router()
            .with_state(state.clone())
            .oneshot(request)
            .await;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let answer = response.into_body().collect().await;
        let answer = answer.map_err(|error| error.to_string())?.to_bytes();
        Err(match serde_json::from_slice::<Problem>(&answer) {
            Ok(problem) => problem.to_string(),
            Err(_) => status.to_string(),
        })
    }
}
