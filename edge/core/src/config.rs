//! What a probe is told by whoever deploys it.

use ed25519_dalek::SigningKey;
use edgewatch_protocol::name::Region;
use url::Url;

/// The configuration of one probe: one region of one deployment.
pub struct ProbeConfig {
    /// The aggregator's origin, such as `https://status.example.com`; a path is a prefix of the endpoints' paths.
    pub aggregator_url: Url,
    /// The region that the probe serves.
    pub region: Region,
    /// The region's key, from [`edgewatch_protocol::identity::derive_key`].
    pub key: SigningKey,
    /// The token to enrol with, if the key is not known yet.
    pub enrolment_token: Option<String>,
}
