//! The bundle: all that a report rests on, in one zip archive that is checked without asking anybody.
//!
//! | File | What it holds |
//! |---|---|
//! | `manifest.json` | [`Manifest`]: the names and SHA-256 of all other files |
//! | `report.json` | the report as it was given out; of it, `figures` are checked |
//! | `policy.json` | the [`SlaPolicy`](edgewatch_domain::sla::SlaPolicy) that it was made under |
//! | `exclusions.json` | what was left out by hand |
//! | `monitors.json` | [`Statements`]: what the installation says of monitors and regions, and no probe can vouch for |
//! | `probes.json` | [`ProbeRecord`]s: keys, and the requests by which they became known |
//! | `batches/<fingerprint>/<day>` | the signed batches of a probe, received on a UTC day; see [`record`] |
//! | `log.json` | [`LogRecord`]: the log's keys, and what the leaves of the batches are |
//! | `checkpoints/<size>` | signed checkpoints of the log, of each day and the last |
//!
//! Whole batches are in it, as they were signed: observations of other monitors, too.

mod reader;
pub mod record;
mod writer;

pub use reader::{BadBundle, Bundle, ReportedFigures};
pub use writer::BundleWriter;

use crate::hash::Hash;
use edgewatch_domain::{
    policy::{Policy, PolicyHistory, RegionId},
    span::Span,
    vantage::VantagePolicy,
};
use edgewatch_protocol::{identity::Fingerprint, name::Region};
use serde::{Deserialize, Serialize};

/// What the manifest says that it is.
pub const FORMAT: &str = "edgewatch-bundle/1";

/// The names of the files.
pub mod file {
    /// The manifest.
    pub const MANIFEST: &str = "manifest.json";
    /// The report.
    pub const REPORT: &str = "report.json";
    /// The policy.
    pub const POLICY: &str = "policy.json";
    /// Exclusions.
    pub const EXCLUSIONS: &str = "exclusions.json";
    /// Statements.
    pub const MONITORS: &str = "monitors.json";
    /// Probes.
    pub const PROBES: &str = "probes.json";
    /// The log.
    pub const LOG: &str = "log.json";
    /// What the names of files with batches begin with.
    pub const BATCHES: &str = "batches/";
    /// What the names of checkpoints begin with.
    pub const CHECKPOINTS: &str = "checkpoints/";
}

/// The list of what is in a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// The software that wrote it.
    pub software: String,
    /// When it was written, Unix milliseconds.
    pub written_ms: i64,
    /// Batches from which observations are looked at: those of checks that began from here on, Unix milliseconds.
    pub from_ms: i64,
    /// To here: the moment to which the report's records reach, Unix milliseconds.
    pub to_ms: i64,
    /// What was received later is not in it, nor was it known to the report. Unix milliseconds.
    pub received_to_ms: i64,
    /// All other files, by name.
    pub files: Vec<FileRecord>,
}

/// A file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Its name.
    pub name: String,
    /// Its length, unpacked.
    pub bytes: u64,
    /// Lower-case hex SHA-256 of its content.
    pub sha256: String,
}

/// What the installation says, and no probe can vouch for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statements {
    /// The regions by number.
    pub regions: Vec<RegionName>,
    /// The report's monitors.
    pub monitors: Vec<MonitorRecord>,
    /// When a region's outcomes do not count, because its own network fails: the settings as they were when the bundle was written.
    pub vantage: VantagePolicy,
    /// The minutes in which they did not.
    pub disqualified: Vec<DisqualifiedWindow>,
}

/// A region's number and name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionName {
    /// The number that policies name it by.
    pub id: RegionId,
    /// Its name.
    pub name: Region,
}

/// What a monitor was judged by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonitorRecord {
    /// Its number.
    pub monitor: i32,
    /// Its name.
    pub name: String,
    /// When it was created, Unix milliseconds.
    pub created_ms: i64,
    /// Its policies, each from its time on.
    pub policies: Vec<PolicyFrom>,
    /// When it was paused.
    pub pauses: Vec<Span>,
    /// Maintenance that it was subject to.
    pub maintenance: Vec<Span>,
}

/// A policy, and from when on it acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyFrom {
    /// Unix milliseconds; absent for the first, which acts from the beginning of time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_ms: Option<i64>,
    /// The policy.
    pub policy: Policy,
}

impl MonitorRecord {
    /// Its policies over time; `None` if there is none.
    pub fn history(&self) -> Option<PolicyHistory> {
        let entries = self.policies.iter();
        PolicyHistory::from_entries(
            entries.map(|entry| (entry.from_ms.unwrap_or(i64::MIN), entry.policy.clone())),
        )
    }
}

impl PolicyFrom {
    /// The policies of a history.
    pub fn all_of(history: &PolicyHistory) -> Vec<Self> {
        let entries = history.entries().iter();
        entries
            .map(|(from_ms, policy)| Self {
                from_ms: (*from_ms != i64::MIN).then_some(*from_ms),
                policy: policy.clone(),
            })
            .collect()
    }
}

/// A minute in which a region's outcomes do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisqualifiedWindow {
    /// The region.
    pub region: RegionId,
    /// Its first millisecond, since the Unix epoch.
    pub from_ms: i64,
    /// The settings by which it was found so; absent where they were not kept, for then they are [`Statements::vantage`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged_by: Option<VantagePolicy>,
}

/// A probe whose batches are in the bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeRecord {
    /// Which names it in batches.
    pub fingerprint: Fingerprint,
    /// The region that it serves.
    pub region: Region,
    /// Its Ed25519 key, standard base64.
    pub public_key: String,
    /// What hosts it, as it says.
    pub host: String,
    /// When it enrolled, Unix milliseconds.
    pub enrolled_ms: i64,
    /// The request by which it did; absent where it was not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrolment: Option<EnrolmentRecord>,
}

/// A signed request by which a probe enrolled, without its body: that holds the token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolmentRecord {
    /// Lower-case hex SHA-256 of the body.
    pub body_sha256: String,
    /// How the body was coded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    /// `Signature-Input`.
    pub signature_input: String,
    /// `Signature`.
    pub signature: String,
    /// What was signed as `@authority`.
    pub authority: String,
    /// Its leaf in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaf: Option<u64>,
}

/// What the log says of the batches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRecord {
    /// The keys that its checkpoints are signed with, as verifier keys (C2SP signed-note).
    pub keys: Vec<String>,
    /// The size of the last of the checkpoints, in which all leaves are.
    pub size: u64,
    /// The proof that they are: see [`crate::inclusion_set`].
    pub inclusion: Vec<Hash>,
    /// For each checkpoint but the first, in order: the proof that the one before is its beginning.
    pub consistency: Vec<Vec<Hash>>,
}
