//! Probes: `/api/v1/probes`, with `POST …/{fingerprint}/approve` and `…/revoke`.

use crate::json_object;
use chrono::{DateTime, Utc};
use edgewatch_protocol::{batch::Place, enrolment::ProbeStatus, name::Region};
use serde::{Deserialize, Serialize};

/// A probe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Probe {
    /// Fingerprint of its key.
    pub fingerprint: String,
    /// The region that it serves.
    pub region: Region,
    /// Where it stands.
    pub status: ProbeStatus,
    /// What hosts it: `cloudflare`, `spin` or `agent`.
    pub host: String,
    /// Its software, as it says.
    pub software: String,
    /// What it can do.
    pub capabilities: Vec<String>,
    /// Where it found itself last.
    pub place: Place,
    /// When it enrolled.
    pub enrolled_at: DateTime<Utc>,
    /// When it last pulled its assignments or sent a batch.
    pub last_seen_at: Option<DateTime<Utc>>,
    /// No sign of life for three minutes although approved.
    pub silent: bool,
    /// The last batch of its chain.
    pub last_seq: i64,
    /// Batches whose `prev` did not match or that skipped a number.
    pub chain_breaks: i64,
    /// Observations that it had to drop because its outbox was full.
    pub dropped: i64,
    /// By how many seconds its clock is ahead of the aggregator's (negative: behind), while it is refused for that.
    pub clock_off_s: Option<i64>,
}

json_object!(Probe {
    fingerprint,
    region,
    status,
    host,
    software,
    capabilities,
    place,
    enrolled_at,
    last_seen_at,
    silent,
    last_seq,
    chain_breaks,
    dropped,
    clock_off_s,
});
