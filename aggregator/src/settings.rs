//! The installation's settings, as the configuration file's `settings` block has them. They may change while it runs.

use serde::Deserialize;
use url::Url;

/// Settings of the installation.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where users reach the aggregator; `https` makes cookies secure. Absent: as the request says.
    pub public_url: Option<Url>,
    /// Checks that the aggregator makes itself may dial private, loopback and link-local addresses.
    pub allow_private_targets: bool,
    /// Days that results are kept, 1 to 3,650.
    pub result_retention_days: u16,
    /// Days that the signed batches behind the results are kept, 1 to 3,650.
    pub evidence_retention_days: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: None,
            allow_private_targets: false,
            result_retention_days: 400,
            evidence_retention_days: 400,
        }
    }
}
