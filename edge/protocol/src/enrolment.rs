//! Enrolment: how a probe's key becomes known to an aggregator.

use crate::{batch::Place, identity::Fingerprint, name::Region, version::Version};
use serde::{Deserialize, Serialize};

/// A probe asks to be enrolled. The request is signed with the key that it presents.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnrolmentRequest {
    /// The protocol that it is written in.
    pub version: Version,
    /// The region that the probe serves.
    pub region: Region,
    /// The Ed25519 public key, standard base64 of its 32 bytes.
    pub public_key: String,
    /// The one-time token that an administrator made; one use per region.
    pub token: String,
    /// What hosts the probe: `cloudflare`, `spin` or `agent`.
    pub host: String,
    /// The probe's software, such as `edgewatch-cloudflare/0.1.0`.
    pub software: String,
    /// What it can do: `http`, `tcp`, `dns`, … and `ipv6`.
    pub capabilities: Vec<String>,
    /// Where it found itself.
    #[serde(default)]
    pub place: Place,
}

impl std::fmt::Debug for EnrolmentRequest {
    /// Without the token, which is a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EnrolmentRequest")
            .field("version", &self.version)
            .field("region", &self.region)
            .field("public_key", &self.public_key)
            .field("host", &self.host)
            .field("software", &self.software)
            .field("capabilities", &self.capabilities)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

/// Where the enrolment stands. Asking again with the same key answers the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnrolmentResponse {
    /// The key's fingerprint, to be compared by the administrator.
    pub fingerprint: Fingerprint,
    /// What may happen next.
    pub status: ProbeStatus,
}

/// Where a probe stands with its aggregator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProbeStatus {
    /// Waits for an administrator.
    Pending,
    /// Its batches are taken.
    Approved,
    /// Its key is refused from the moment of revocation; its history stays.
    Revoked,
}
