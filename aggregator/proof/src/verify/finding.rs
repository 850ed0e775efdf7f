//! What the verifier finds, each in one sentence.

use chrono::{DateTime, Utc};
use edgewatch_protocol::{identity::Fingerprint, name::Region};
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::Value;
use std::fmt;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The bundle does not prove its report.
    Fault,
    /// It does, and this is to be known.
    Note,
}

/// A batch, by what it says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BatchName {
    /// The probe's key.
    pub probe: Fingerprint,
    /// Its region.
    pub region: Region,
    /// Its number in the probe's chain.
    pub seq: u64,
    /// When it was sealed, Unix milliseconds.
    pub sealed_ms: i64,
}

/// What is wrong, or to be known.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[serde(remote = "Self")]
#[allow(missing_docs, reason = "each says itself what it is")]
pub enum Finding {
    FileMissing {
        name: String,
    },
    FileAltered {
        name: String,
    },
    FileAdded {
        name: String,
    },
    FileUnreadable {
        name: String,
        detail: String,
    },
    UnknownProbe {
        probe: Fingerprint,
    },
    KeyAltered {
        probe: Fingerprint,
        region: Region,
        detail: String,
    },
    EnrolmentInvalid {
        probe: Fingerprint,
        region: Region,
        detail: String,
    },
    EnrolmentNotKept {
        probe: Fingerprint,
        region: Region,
    },
    BatchUnreadable {
        probe: Fingerprint,
        file: String,
        seq: u64,
        detail: String,
    },
    BatchForeign {
        batch: BatchName,
        detail: String,
    },
    BatchReordered {
        batch: BatchName,
        after_seq: u64,
    },
    BatchesMissing {
        region: Region,
        probe: Fingerprint,
        from_seq: u64,
        to_seq: u64,
        from_ms: Option<i64>,
        to_ms: i64,
    },
    ChainBroken {
        batch: BatchName,
        before_seq: u64,
    },
    SignatureInvalid {
        batch: BatchName,
        to_seq: u64,
        detail: String,
    },
    TimeImpossible {
        batch: BatchName,
        detail: String,
    },
    ProbeRestarted {
        batch: BatchName,
        dropped: u64,
    },
    EvidenceEndsEarly {
        batch: BatchName,
        to_ms: i64,
    },
    RegionWithoutEvidence {
        region: Region,
    },
    NotInLog {
        batches: u64,
        first: BatchName,
    },
    LogMissing,
    LogMismatch {
        leaves: u64,
        size: u64,
        detail: String,
    },
    LeafTwice {
        leaf: u64,
    },
    CheckpointInvalid {
        size: u64,
        detail: String,
    },
    LogRewritten {
        earlier: u64,
        later: u64,
        detail: String,
    },
    LogKeyUnknown {
        key: String,
    },
    CheckpointDiffers {
        size: u64,
    },
    CheckpointNotCompared {
        size: u64,
    },
    WitnessSilent {
        witness: String,
    },
    PolicyAltered {
        stated: String,
        found: String,
    },
    MonitorNotStated {
        monitor: i32,
    },
    DisqualificationUnfounded {
        region: Region,
        from_ms: i64,
        failed: usize,
        checked: usize,
    },
    FigureDiffers {
        figure: String,
        stated: Value,
        recomputed: Value,
    },
    FiguresDifferMore {
        more: usize,
    },
}

impl Finding {
    /// How grave it is.
    pub fn severity(&self) -> Severity {
        match self {
            Self::EnrolmentNotKept { .. }
            | Self::ProbeRestarted { .. }
            | Self::EvidenceEndsEarly { .. }
            | Self::RegionWithoutEvidence { .. }
            | Self::CheckpointNotCompared { .. } => Severity::Note,
            _ => Severity::Fault,
        }
    }
}

/// With its severity and its sentence.
impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Bare<'a>(&'a Finding);
        impl Serialize for Bare<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Finding::serialize(self.0, serializer)
            }
        }
        let bare = serde_json::to_value(Bare(self)).map_err(serde::ser::Error::custom)?;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("severity", &self.severity())?;
        map.serialize_entry("text", &self.to_string())?;
        for (name, value) in bare.as_object().into_iter().flatten() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// A moment in UTC, to the second.
pub(super) fn moment(ms: i64) -> String {
    let at: DateTime<Utc> = DateTime::from_timestamp_millis(ms).unwrap_or_default();
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

impl fmt::Display for BatchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            probe,
            region,
            seq,
            sealed_ms,
        } = self;
        write!(
            f,
            "batch {seq} of {region} (probe {probe}, sealed {})",
            moment(*sealed_ms)
        )
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FileMissing { name } => write!(f, "{name}: the manifest lists it, and it is not there"),
            Self::FileAltered { name } => write!(f, "{name}: it is not the file that the manifest lists: its hash is another"),
            Self::FileAdded { name } => write!(f, "{name}: the manifest does not list it"),
            Self::FileUnreadable { name, detail } => write!(f, "{name}: {detail}"),
            Self::UnknownProbe { probe } => write!(f, "there are batches of a probe {probe}, of which there is no key"),
            Self::KeyAltered { probe, region, detail } => {
                write!(f, "the key of probe {probe} ({region}) is not its key: {detail}")
            }
            Self::EnrolmentInvalid { probe, region, detail } => {
                write!(f, "the enrolment of probe {probe} ({region}) was not signed with its key: {detail}")
            }
            Self::EnrolmentNotKept { probe, region } => {
                write!(f, "the request by which probe {probe} ({region}) enrolled was not kept")
            }
            Self::BatchUnreadable { probe, file, seq, detail } => {
                write!(f, "batch {seq} of probe {probe} in {file} cannot be read: {detail}")
            }
            Self::BatchForeign { batch, detail } => write!(f, "{batch} does not belong here: {detail}"),
            Self::BatchReordered { batch, after_seq } => {
                write!(f, "{batch} stands behind batch {after_seq}: the order of the chain was changed")
            }
            Self::BatchesMissing { region, probe, from_seq, to_seq, from_ms, to_ms } => {
                match from_seq {
                    _ if from_seq == to_seq => write!(f, "batch {from_seq} of {region} (probe {probe}) is missing")?,
                    _ => write!(f, "batches {from_seq} to {to_seq} of {region} (probe {probe}) are missing")?,
                }
                match from_ms {
                    Some(from_ms) => write!(f, ": sealed between {} and {}", moment(*from_ms), moment(*to_ms)),
                    None => write!(f, ": sealed before {}", moment(*to_ms)),
                }
            }
            Self::ChainBroken { batch, before_seq } => write!(
                f,
                "{batch} follows another batch {before_seq} than the one that is here: one of the two was altered or exchanged"
            ),
            Self::SignatureInvalid { batch, to_seq, detail } if *to_seq == batch.seq => {
                write!(f, "{batch} is not what its probe signed: {detail}")
            }
            Self::SignatureInvalid { batch, to_seq, detail } => {
                write!(f, "{batch}, and those after it to batch {to_seq}, are not what their probe signed: {detail}")
            }
            Self::TimeImpossible { batch, detail } => write!(f, "{batch} cannot be of its time: {detail}"),
            Self::ProbeRestarted { batch, dropped: 0 } => {
                write!(f, "before {batch} the probe had lost its storage: what it had not delivered by then is lost")
            }
            Self::ProbeRestarted { batch, dropped } => {
                write!(f, "before {batch} the probe had to drop {dropped} observations, as it says itself")
            }
            Self::EvidenceEndsEarly { batch, to_ms } => write!(
                f,
                "{batch} is the last of its probe, and the report looks until {}: whether the probe was silent since, or its batches were left out, the log alone can tell",
                moment(*to_ms)
            ),
            Self::RegionWithoutEvidence { region } => {
                write!(f, "{region} is to look at the report's monitors, and nothing of it is here")
            }
            Self::NotInLog { batches, first } => {
                write!(f, "{batches} batches are not in the log, the first of them {first}")
            }
            Self::LogMissing => f.write_str("nothing of the log is in the bundle: that the batches are all and unchanged rests on their chains alone"),
            Self::LogMismatch { leaves, size, detail } => write!(
                f,
                "the {leaves} signed documents are not those in the log of {size}: one was dropped, added, altered or moved ({detail})"
            ),
            Self::LeafTwice { leaf } => write!(f, "two signed documents are said to be leaf {leaf} of the log"),
            Self::CheckpointInvalid { size, detail } => {
                write!(f, "the log's checkpoint of size {size} does not hold: {detail}")
            }
            Self::LogRewritten { earlier, later, detail } => write!(
                f,
                "the log of size {later} does not begin with the log of size {earlier}: it was rewritten ({detail})"
            ),
            Self::LogKeyUnknown { key } => write!(f, "the log is signed with the key {key}, which is none of those that were given"),
            Self::CheckpointDiffers { size } => {
                write!(f, "the log of size {size} is another one than the checkpoint that was given: it was rewritten")
            }
            Self::CheckpointNotCompared { size } => write!(
                f,
                "the checkpoint of size {size} that was given is not among those in the bundle, so it cannot be compared"
            ),
            Self::WitnessSilent { witness } => write!(f, "{witness} has not cosigned the log's last checkpoint"),
            Self::PolicyAltered { stated, found } => write!(
                f,
                "the policy is not the one that the report was made under: its hash is {found}, and the report names {stated}"
            ),
            Self::MonitorNotStated { monitor } => write!(f, "nothing is said of monitor {monitor}, which the policy names"),
            Self::DisqualificationUnfounded { region, from_ms, failed, checked } => write!(
                f,
                "{region} is said to have failed by itself in the minute from {}, and its own observations do not show it: {failed} of {checked} monitors failed",
                moment(*from_ms)
            ),
            Self::FigureDiffers { figure, stated, recomputed } => {
                write!(f, "{figure}: the report says {stated}, the observations make it {recomputed}")
            }
            Self::FiguresDifferMore { more } => write!(f, "{more} more figures differ"),
        }
    }
}
