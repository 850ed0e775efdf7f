//! The installation's settings, as the configuration file's `settings` block has them. They may change while it runs.

use crate::thresholds::Thresholds;
use edgewatch_domain::vantage::VantagePolicy;
use edgewatch_protocol::problem::FieldError;
use serde::{Deserialize, Serialize};
use url::Url;

/// Settings of the installation.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where users reach the aggregator; `https` makes cookies secure. Absent: as the request says.
    pub public_url: Option<Url>,
    /// Checks that the aggregator makes itself may dial private, loopback and link-local addresses.
    pub allow_private_targets: bool,
    /// Days that results are kept, 1 to 3,650.
    pub result_retention_days: u16,
    /// Days that results are kept summed up by minute, 3 to 3,650.
    pub minute_rollup_retention_days: u16,
    /// Days that results are kept summed up by hour, 3 to 3,650.
    pub hour_rollup_retention_days: u16,
    /// Days that the signed batches behind the results are kept, 1 to 3,650.
    pub evidence_retention_days: u16,
    /// When a region counts as one whose own network fails, so that its outcomes are no votes.
    pub vantage: VantagePolicy,
    /// What holds of every monitor that says nothing of its own.
    pub thresholds: Thresholds,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: None,
            allow_private_targets: false,
            result_retention_days: 400,
            minute_rollup_retention_days: 14,
            hour_rollup_retention_days: 400,
            evidence_retention_days: 400,
            vantage: VantagePolicy::default(),
            thresholds: Thresholds::default(),
        }
    }
}

impl Settings {
    /// The fields at fault, by JSON pointer into a configuration file.
    pub fn errors(&self) -> Vec<FieldError> {
        let error = |field: &str, detail: &str| FieldError {
            pointer: format!("/settings/{field}"),
            detail: detail.to_owned(),
        };
        let mut errors = Vec::new();
        let is_origin = |url: &Url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.path() == "/"
                && url.query().is_none()
                && url.username().is_empty()
        };
        if self.public_url.as_ref().is_some_and(|url| !is_origin(url)) {
            errors.push(error(
                "public_url",
                "must be an origin such as https://status.example.org",
            ));
        }
        // What comes late, up to two days, is still summed up.
        for (field, days, least) in [
            ("result_retention_days", self.result_retention_days, 1),
            (
                "minute_rollup_retention_days",
                self.minute_rollup_retention_days,
                3,
            ),
            ("hour_rollup_retention_days", self.hour_rollup_retention_days, 3),
            ("evidence_retention_days", self.evidence_retention_days, 1),
        ] {
            if !(least..=3_650).contains(&days) {
                errors.push(error(field, &format!("must be from {least} to 3650")));
            }
        }
        errors.extend(self.thresholds.errors());
        if !(1..=1_000).contains(&self.vantage.targets) {
            errors.push(error("vantage/targets", "must be from 1 to 1000"));
        }
        if !(1..=99).contains(&self.vantage.over_percent) {
            errors.push(error("vantage/over_percent", "must be from 1 to 99"));
        }
        errors
    }
}
