//! The log: that all of it is in it, and that it only grew.

use super::{Finding, Options, evidence::Evidence};
use crate::{
    bundle::{Bundle, LogRecord},
    checkpoint::SignedCheckpoint,
    inclusion_set::{self, Leaf},
    merkle::verify_consistency,
    note::VerifierKey,
};
use serde::Serialize;
use std::io::{Read, Seek};

/// How far the log's clock may be behind that of the process that takes batches, in milliseconds.
const CLOCKS_APART_MS: i64 = 60_000;

/// The log as it is in the bundle.
#[derive(Clone, Debug, Serialize)]
pub struct LogSummary {
    /// Which log it is.
    pub origin: String,
    /// The keys that its checkpoints are signed with.
    pub keys: Vec<String>,
    /// Whether these were given, and not only found in the bundle.
    pub keys_were_given: bool,
    /// The size of its last checkpoint.
    pub size: u64,
    /// When that was signed, Unix seconds.
    pub signed_s: Option<i64>,
    /// How many of its leaves are proven to be what is here.
    pub leaves: u64,
    /// How many checkpoints there are, each the beginning of the next.
    pub checkpoints: u64,
    /// Checkpoints known from elsewhere that are among them.
    pub known_checkpoints: u64,
    /// The witnesses that were asked for and have cosigned the last checkpoint.
    pub witnesses: Vec<String>,
}

pub fn check_log<R: Read + Seek>(
    bundle: &Bundle<R>,
    options: &Options,
    evidence: &mut Evidence,
    findings: &mut Vec<Finding>,
) -> Option<LogSummary> {
    let (Some(log), Some(newest)) = (&bundle.log, bundle.checkpoints.last()) else {
        findings.push(Finding::LogMissing);
        return None;
    };
    if let Some((batches, first)) = evidence.not_in_log.take() {
        findings.push(Finding::NotInLog { batches, first });
    }
    let keys = keys(log, options, findings);
    let signed: Vec<_> = bundle
        .checkpoints
        .iter()
        .map(|checkpoint| (checkpoint, keys.iter().find_map(|key| checkpoint.verify(key))))
        .collect();
    for (checkpoint, signed_s) in &signed {
        if signed_s.is_none() {
            findings.push(Finding::CheckpointInvalid {
                size: checkpoint.checkpoint.size,
                detail: "it is not signed with the log's key".to_owned(),
            });
        }
    }
    check_growth(&bundle.checkpoints, log, findings);
    check_times(&signed, evidence, findings);
    let leaves = check_inclusion(log, newest, evidence, findings);
    let known_checkpoints = check_known(&bundle.checkpoints, options, findings);
    let mut witnesses = Vec::new();
    for witness in &options.witnesses {
        if newest.note.verify(witness).is_some() {
            witnesses.push(witness.name().to_owned());
        } else {
            findings.push(Finding::WitnessSilent {
                witness: witness.name().to_owned(),
            });
        }
    }
    Some(LogSummary {
        origin: newest.checkpoint.origin.clone(),
        keys: keys.iter().map(ToString::to_string).collect(),
        keys_were_given: !options.log_keys.is_empty(),
        size: newest.checkpoint.size,
        signed_s: signed.last().and_then(|(_, signed_s)| *signed_s),
        leaves,
        checkpoints: bundle.checkpoints.len() as u64,
        known_checkpoints,
        witnesses,
    })
}

/// The keys whose signatures are believed.
fn keys(log: &LogRecord, options: &Options, findings: &mut Vec<Finding>) -> Vec<VerifierKey> {
    let mut keys = Vec::new();
    for text in &log.keys {
        match text.parse::<VerifierKey>() {
            Ok(key) if options.log_keys.is_empty() || options.log_keys.contains(&key) => keys.push(key),
            _ => findings.push(Finding::LogKeyUnknown { key: text.clone() }),
        }
    }
    keys
}

fn check_growth(checkpoints: &[SignedCheckpoint], log: &LogRecord, findings: &mut Vec<Finding>) {
    for (index, pair) in checkpoints.windows(2).enumerate() {
        let [earlier, later] = [&pair[0].checkpoint, &pair[1].checkpoint];
        let proof = log.consistency.get(index).map_or(&[][..], Vec::as_slice);
        let detail = if earlier.origin == later.origin {
            let grown = verify_consistency((earlier.size, &earlier.root), (later.size, &later.root), proof);
            grown.err().map(|error| error.to_string())
        } else {
            Some("it is another log".to_owned())
        };
        if let Some(detail) = detail {
            findings.push(Finding::LogRewritten {
                earlier: earlier.size,
                later: later.size,
                detail,
            });
        }
    }
}

/// What the log held at a time cannot have been received later.
fn check_times(
    signed: &[(&SignedCheckpoint, Option<i64>)],
    evidence: &Evidence,
    findings: &mut Vec<Finding>,
) {
    for (checkpoint, signed_s) in signed {
        let Some(signed_s) = signed_s else { continue };
        let size = checkpoint.checkpoint.size;
        let latest_ms = signed_s.saturating_mul(1000).saturating_add(CLOCKS_APART_MS);
        let later = evidence
            .leaves
            .iter()
            .filter(|(leaf, _, received_ms)| *leaf < size && *received_ms > latest_ms)
            .count();
        if later > 0 {
            findings.push(Finding::CheckpointInvalid {
                size,
                detail: format!(
                    "{later} signed documents are said to have been received after it, and are in it"
                ),
            });
        }
    }
}

fn check_inclusion(
    log: &LogRecord,
    newest: &SignedCheckpoint,
    evidence: &mut Evidence,
    findings: &mut Vec<Finding>,
) -> u64 {
    evidence.leaves.sort_unstable_by_key(|&(leaf, ..)| leaf);
    for pair in evidence.leaves.windows(2) {
        if pair[0].0 == pair[1].0 {
            findings.push(Finding::LeafTwice { leaf: pair[0].0 });
        }
    }
    let leaves: Vec<Leaf> = evidence
        .leaves
        .iter()
        .map(|&(index, hash, _)| Leaf { index, hash })
        .collect();
    let checkpoint = &newest.checkpoint;
    match inclusion_set::verify(&leaves, checkpoint.size, &log.inclusion, &checkpoint.root) {
        Ok(()) => leaves.len() as u64,
        Err(error) => {
            findings.push(Finding::LogMismatch {
                leaves: leaves.len() as u64,
                size: checkpoint.size,
                detail: error.to_string(),
            });
            0
        }
    }
}

/// Whether checkpoints that are known from elsewhere are those of the bundle; how many are.
fn check_known(checkpoints: &[SignedCheckpoint], options: &Options, findings: &mut Vec<Finding>) -> u64 {
    let mut same = 0;
    for known in &options.known_checkpoints {
        let size = known.checkpoint.size;
        match checkpoints.iter().find(|ours| ours.checkpoint.size == size) {
            Some(ours) if ours.checkpoint == known.checkpoint => same += 1,
            Some(_) => findings.push(Finding::CheckpointDiffers { size }),
            None => findings.push(Finding::CheckpointNotCompared { size }),
        }
    }
    same
}
