//! The batch: observations, sealed in order.
//!
//! A batch is sealed once: its bytes never change afterwards, however often they are sent. `seq` has no gaps and `prev`
//! is the SHA-256 of the batch before, so an omission shows. `(probe, seq)` is the idempotency key.

use crate::{identity::Fingerprint, name::Region, observation::Observation, version::Version};
use serde::{Deserialize, Serialize};

/// The most observations that one batch may hold.
pub const MAX_OBSERVATIONS: usize = 500;

/// The largest body that the aggregator reads from a probe, in bytes.
pub const MAX_BODY_BYTES: usize = 4 << 20;

/// A sealed batch. Its JSON bytes are the evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Batch {
    /// The protocol that it is written in.
    pub version: Version,
    /// The probe that sealed it, by its key.
    pub probe: Fingerprint,
    /// The region that the probe serves.
    pub region: Region,
    /// Where the probe found itself.
    #[serde(default)]
    pub place: Place,
    /// The probe's software, such as `edgewatch-cloudflare/0.1.0`.
    pub software: String,
    /// Position in the probe's chain, from 1, without gaps.
    pub seq: u64,
    /// Lower-case hex SHA-256 of the bytes of the batch before; `None` for the first.
    pub prev: Option<String>,
    /// When it was sealed, Unix milliseconds.
    pub sealed_at_ms: i64,
    /// Whether the probe had lost its storage and continues from the aggregator's head of the chain.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resumed: bool,
    /// Observations dropped since the batch before because the outbox was full.
    #[serde(default)]
    pub dropped: u64,
    /// Slots that could not be begun in time since the batch before: the probe is too slow for its load.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub overruns: u64,
    /// What was seen, at most [`MAX_OBSERVATIONS`].
    pub observations: Vec<Observation>,
}

impl Batch {
    /// The batch's JSON with observations that are JSON already, a whole array, in the place of its own: the same as if each
    /// had been read and was written anew.
    pub fn to_json_with(&self, observations_json: &str) -> serde_json::Result<Vec<u8>> {
        let without = Self {
            observations: Vec::new(),
            ..self.clone()
        };
        let mut json = serde_json::to_vec(&without)?;
        // They are the last field.
        json.truncate(json.len().saturating_sub("[]}".len()));
        json.extend_from_slice(observations_json.as_bytes());
        json.push(b'}');
        Ok(json)
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Where a probe runs, as observed by itself: never merely as it was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Place {
    /// The data centre's code, such as `FRA`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colo: Option<String>,
    /// ISO 3166 country code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The network that the probe dials from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asn: Option<u32>,
    /// The address families that it can dial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_family: Option<IpFamily>,
}

/// Address families that a probe can dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum IpFamily {
    /// IPv4 alone.
    V4,
    /// IPv6 alone.
    V6,
    /// Both.
    Dual,
}

/// The answer to a batch that is stored, now or earlier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchReceipt {
    /// The batch's position, as sent.
    pub seq: u64,
    /// Whether this batch was stored before and nothing changed now.
    pub duplicate: bool,
    /// The head of the chain, this batch included.
    pub head: ChainHead,
}

/// The last batch of a probe's chain that the aggregator has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChainHead {
    /// Its position; 0 when there is none yet.
    pub seq: u64,
    /// Lower-case hex SHA-256 of its bytes; `None` when there is none yet.
    pub digest: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        name::MonitorId,
        observation::{Outcome, Sight},
    };

    #[test]
    fn observations_that_are_json_already_make_the_same_bytes() {
        let observation = |monitor| Observation {
            monitor: MonitorId(monitor),
            revision: 1,
            slot_ms: 1_700_000_000_000,
            started_ms: 1_700_000_000_001,
            attempts: 1,
            sight: Sight::of(Outcome::Up, None),
        };
        let batch = Batch {
            version: Version::CURRENT,
            probe: Fingerprint("0".repeat(32)),
            region: "weur".parse().unwrap(),
            place: Place::default(),
            software: "[]}".to_owned(),
            seq: 7,
            prev: Some("0".repeat(64)),
            sealed_at_ms: 1_700_000_000_002,
            resumed: true,
            dropped: 1,
            overruns: 2,
            observations: vec![observation(1), observation(2)],
        };
        for observations in [&batch.observations[..], &[]] {
            let json = serde_json::to_string(observations).unwrap();
            let whole = Batch {
                observations: observations.to_vec(),
                ..batch.clone()
            };
            assert_eq!(
                batch.to_json_with(&json).unwrap(),
                serde_json::to_vec(&whole).unwrap()
            );
        }
    }
}
