//! The log that all signed batches go into: `/api/v1/log`.

use crate::json_object;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The log, as everybody may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Log {
    /// Its name in checkpoints.
    pub origin: String,
    /// The verifier key of its checkpoints (C2SP signed-note), `name+id+key`.
    pub key: String,
    /// Verifier keys that it was signed with before, the oldest first.
    pub earlier_keys: Vec<String>,
    /// Since when there is one.
    pub created_at: DateTime<Utc>,
    /// How many leaves it has.
    pub size: i64,
    /// Its newest checkpoint, once there is one.
    pub checkpoint: Option<LogCheckpoint>,
    /// Whose cosignatures are taken.
    pub witnesses: Vec<LogWitness>,
}

json_object!(Log {
    origin,
    key,
    earlier_keys,
    created_at,
    size,
    checkpoint,
    witnesses,
});

/// What the log has said of itself at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogCheckpoint {
    /// Its number; it grows with time.
    pub id: i64,
    /// How many leaves the log had.
    pub size: i64,
    /// The root of the tree over them, standard base64.
    pub root: String,
    /// When the log signed it.
    pub signed_at: DateTime<Utc>,
    /// The UTC day at whose end it was signed, such as `2026-11-21`; `None` for one that was asked for.
    pub day: Option<String>,
    /// The signed note (C2SP tlog-checkpoint), with the cosignatures that there are.
    pub note: String,
}

json_object!(LogCheckpoint {
    id,
    size,
    root,
    signed_at,
    day,
    note,
});

/// Somebody outside who cosigns the log's checkpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogWitness {
    /// Its verifier key, `name+id+key`.
    pub key: String,
    /// The largest size of the log that it has signed.
    pub size: Option<i64>,
    /// When, by its own clock.
    pub signed_at: Option<DateTime<Utc>>,
}

json_object!(LogWitness { key, size, signed_at });

/// That the log as it was is the beginning of the log as it became.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConsistencyProof {
    /// The earlier size.
    pub from: i64,
    /// The later size.
    pub to: i64,
    /// The hashes of RFC 9162, section 2.1.4, standard base64.
    pub proof: Vec<String>,
}

/// That a batch is in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InclusionProof {
    /// The number of its leaf, from 0.
    pub leaf: i64,
    /// The size of the log that it is in.
    pub size: i64,
    /// The hashes of RFC 9162, section 2.1.3, standard base64.
    pub proof: Vec<String>,
}

/// How the log keeps up, for who runs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogState {
    /// Batches that are not in it yet.
    pub waiting: i64,
    /// When the first of them came.
    pub waiting_since: Option<DateTime<Utc>>,
    /// Days since its beginning without a checkpoint: nothing ran at their end.
    pub missing_days: i64,
    /// The first of them.
    pub first_missing: Option<String>,
    /// The last of them.
    pub last_missing: Option<String>,
    /// Where checkpoints go.
    pub publication: LogPublication,
    /// The witnesses that it asks to cosign.
    pub witnesses: Vec<LogWitnessAsked>,
    /// Whose batches it holds.
    pub probes: Vec<LogProbe>,
}

json_object!(LogState {
    waiting,
    waiting_since,
    missing_days,
    first_missing,
    last_missing,
    publication,
    witnesses,
    probes,
});

/// How asking a witness went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogWitnessAsked {
    /// Its verifier key, `name+id+key`.
    pub key: String,
    /// The host that it answers at.
    pub url_host: String,
    /// When it was asked last.
    pub asked_at: Option<DateTime<Utc>>,
    /// Why it has not cosigned then, if it has not.
    pub error: Option<String>,
}

json_object!(LogWitnessAsked {
    key,
    url_host,
    asked_at,
    error,
});

/// Where the log's checkpoints go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogPublication {
    /// The host that they are posted to.
    pub url_host: Option<String>,
    /// The directory that they are written to.
    pub directory: Option<String>,
    /// The last day whose checkpoint was posted.
    pub posted_day: Option<String>,
    /// Why a checkpoint could not be posted, where one could not be.
    pub post_error: Option<String>,
}

json_object!(LogPublication {
    url_host,
    directory,
    posted_day,
    post_error,
});

/// A probe's chain of batches, as the log has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogProbe {
    /// The fingerprint of its key.
    pub fingerprint: String,
    /// The region that it serves.
    pub region: String,
    /// The last number of its chain that is in the log; 0 for none.
    pub logged_seq: i64,
    /// The last number of its chain.
    pub last_seq: i64,
    /// How often a batch did not follow the one before it.
    pub chain_breaks: i64,
    /// Observations that it says to have dropped.
    pub dropped: i64,
    /// When the request came by which its key became known, where that is kept.
    pub enrolled_at: Option<DateTime<Utc>>,
}

json_object!(LogProbe {
    fingerprint,
    region,
    logged_seq,
    last_seq,
    chain_breaks,
    dropped,
    enrolled_at,
});
