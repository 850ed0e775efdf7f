//! The installation's settings, as the configuration file's `settings` block has them. They may change while it runs.

use crate::thresholds::Thresholds;
use edgewatch_domain::vantage::VantagePolicy;
use edgewatch_proof::note::{SignatureKind, VerifierKey};
use edgewatch_protocol::problem::FieldError;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use url::Url;

const EDGE_WORKERS_AT_MOST: usize = 10;

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
    /// Who is told of the log of all signed batches, and who cosigns it.
    pub log: LogSettings,
    /// Where edge workers answer that serve status pages while the aggregator is away: their origins.
    pub edge_workers: Vec<Url>,
}

/// Who is told of the log's checkpoints, and who cosigns them.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// Witnesses whose cosignatures are taken, at most [`LogSettings::WITNESSES_AT_MOST`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub witnesses: Vec<Witness>,
    /// Where each day's checkpoint is posted to.
    pub publish_url: Option<Url>,
    /// Where each day's checkpoint is written to, as a file of its own.
    pub publish_directory: Option<PathBuf>,
}

/// Somebody outside who cosigns the log's checkpoints (C2SP tlog-cosignature).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged, expecting = "a witness is its verifier key, or `{ key, url }`")]
pub enum Witness {
    /// Its verifier key: it posts what it signs.
    Key(String),
    /// It is asked.
    Asked(AskedWitness),
}

/// A witness that is asked to cosign (C2SP tlog-witness).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AskedWitness {
    /// Its verifier key.
    pub key: String,
    /// What its addresses begin with: the submission prefix.
    pub url: Url,
}

impl Witness {
    /// Its verifier key.
    pub fn key(&self) -> &str {
        match self {
            Self::Key(key) => key,
            Self::Asked(asked) => &asked.key,
        }
    }
}

impl LogSettings {
    /// More witnesses are not taken.
    pub const WITNESSES_AT_MOST: usize = 20;

    /// The witnesses whose cosignatures are taken.
    pub fn witness_keys(&self) -> Vec<VerifierKey> {
        // They were checked when the settings were read.
        let keys = self.witnesses.iter();
        keys.filter_map(|witness| witness.key().parse().ok()).collect()
    }

    /// Those of them that are asked to cosign, and where.
    pub fn asked_witnesses(&self) -> Vec<(VerifierKey, Url)> {
        let asked = self.witnesses.iter().filter_map(|witness| match witness {
            Witness::Key(_) => None,
            Witness::Asked(asked) => Some((asked.key.parse().ok()?, asked.url.clone())),
        });
        asked.collect()
    }

    fn errors(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut fault = |field: String, detail: &str| {
            errors.push(FieldError {
                pointer: format!("/settings/log/{field}"),
                detail: detail.to_owned(),
            });
        };
        if self.witnesses.len() > Self::WITNESSES_AT_MOST {
            fault("witnesses".to_owned(), "must be at most 20");
        }
        let is_web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
        for (index, witness) in self.witnesses.iter().enumerate() {
            let is_witness = |key: VerifierKey| key.kind() == SignatureKind::Cosignature;
            if let Witness::Asked(asked) = witness
                && !is_web(&asked.url)
            {
                fault(
                    format!("witnesses/{index}/url"),
                    "must be an http:// or https:// URL",
                );
            }
            if !witness.key().parse().is_ok_and(is_witness) {
                fault(
                    format!("witnesses/{index}"),
                    "must be the verifier key of a witness, `name+id+key`, for Ed25519 cosignatures",
                );
            } else if self.witnesses[..index]
                .iter()
                .any(|known| known.key() == witness.key())
            {
                fault(format!("witnesses/{index}"), "names a witness a second time");
            }
        }
        if self.publish_url.as_ref().is_some_and(|url| !is_web(url)) {
            fault("publish_url".to_owned(), "must be an http:// or https:// URL");
        }
        if self
            .publish_directory
            .as_ref()
            .is_some_and(|path| !path.is_absolute())
        {
            fault("publish_directory".to_owned(), "must be an absolute path");
        }
        errors
    }
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
            log: LogSettings::default(),
            edge_workers: Vec::new(),
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
        for (index, _) in self
            .edge_workers
            .iter()
            .enumerate()
            .filter(|(_, url)| !is_origin(url))
        {
            errors.push(error(
                &format!("edge_workers/{index}"),
                "must be an origin such as https://edgewatch-probe.example.workers.dev",
            ));
        }
        if self.edge_workers.len() > EDGE_WORKERS_AT_MOST {
            errors.push(error("edge_workers", "must be 10 at most"));
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
        errors.extend(self.log.errors());
        if !(1..=1_000).contains(&self.vantage.targets) {
            errors.push(error("vantage/targets", "must be from 1 to 1000"));
        }
        if !(1..=99).contains(&self.vantage.over_percent) {
            errors.push(error("vantage/over_percent", "must be from 1 to 99"));
        }
        errors
    }
}
