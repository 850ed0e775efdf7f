//! The verifier: checks a bundle without asking anybody, and makes the report's figures anew from what probes have signed.
//!
//! 1. The files are those that the manifest lists ([`Finding::FileAltered`] and the like).
//! 2. Each probe's batches are an unbroken chain that its key has signed (`chain`). A batch names the hash of the one before,
//!    so that the signature under the last of a stretch vouches for all of it; each signature is checked where one does not
//!    hold, or on demand.
//! 3. All of them are in the log, and the log only grew (`log`).
//! 4. From the observations the figures are made by the very rules that made the report's ([`edgewatch_domain`]), and
//!    compared number by number (`recompute`).
//!
//! What the installation states and nobody can prove is listed in `docs/verification.md`.

mod batch;
mod chain;
mod difference;
mod enrolment;
mod evidence;
mod finding;
mod log;
mod recompute;
#[cfg(test)]
mod sample;
mod signed;

pub use finding::{Finding, Severity};
pub use log::LogSummary;

use crate::{
    bundle::{BadBundle, Bundle, file},
    checkpoint::SignedCheckpoint,
    note::VerifierKey,
};
use chain::check_chain;
use edgewatch_domain::sla::SlaFigures;
use edgewatch_protocol::{identity::Fingerprint, name::Region};
use evidence::Evidence;
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Seek},
};

/// How a bundle is checked.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Check each signature, and not only those that vouch for the others.
    pub all_signatures: bool,
    /// The log's keys as they are known from elsewhere; empty: those in the bundle are believed.
    pub log_keys: Vec<VerifierKey>,
    /// Checkpoints of the log that are known from elsewhere.
    pub known_checkpoints: Vec<SignedCheckpoint>,
    /// Witnesses whose cosignatures are looked for.
    pub witnesses: Vec<VerifierKey>,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Verification {
    /// Nothing is wrong with it.
    pub holds: bool,
    /// The report's title.
    pub title: Option<String>,
    /// What is wrong, and what is to be known.
    pub findings: Vec<Finding>,
    /// The probes.
    pub probes: Vec<ProbeSummary>,
    /// The log.
    pub log: Option<LogSummary>,
    /// The hash of the policy.
    pub policy_hash: String,
    /// Observations of the report's monitors that the figures were made of.
    pub observations: u64,
    /// The figures as the report has them.
    pub stated: SlaFigures,
    /// The figures as they were made anew; absent if nothing could be made of what there is.
    pub recomputed: Option<SlaFigures>,
}

impl Verification {
    /// Whether the figures made anew are the report's.
    pub fn figures_are_equal(&self) -> bool {
        self.recomputed.as_ref() == Some(&self.stated)
    }
}

/// A probe's chain, as far as it is in the bundle.
#[derive(Clone, Debug, Serialize)]
pub struct ProbeSummary {
    /// Its key.
    pub fingerprint: Fingerprint,
    /// Its region.
    pub region: Region,
    /// What hosts it, as it says.
    pub host: String,
    /// Whether the signature by which it enrolled was kept, and holds.
    pub enrolment_verified: bool,
    /// Its batches.
    pub batches: u64,
    /// The observations in them, of all monitors.
    pub observations: u64,
    /// The number of the first batch.
    pub first_seq: Option<u64>,
    /// The number of the last batch.
    pub last_seq: Option<u64>,
    /// When the first was sealed, Unix milliseconds.
    pub first_sealed_ms: Option<i64>,
    /// When the last was sealed, Unix milliseconds.
    pub last_sealed_ms: Option<i64>,
    /// How many signatures were checked and hold.
    pub signatures: u64,
}

/// Checks a bundle. `progress` is told the share of the work that is done, from 0 to 1.
///
/// # Errors
/// When it cannot be read as a bundle at all.
pub fn verify<R: Read + Seek>(
    bundle: &mut Bundle<R>,
    options: &Options,
    progress: &mut dyn FnMut(f64),
) -> Result<Verification, BadBundle> {
    let mut findings = Vec::new();
    let mut hashes: BTreeMap<String, String> = BTreeMap::new();
    for (name, _, hash) in bundle.files() {
        hashes.extend(hash.map(|hash| (name.to_owned(), hash.to_owned())));
    }
    let total: u64 = bundle.files().map(|(_, bytes, _)| bytes).sum();
    let lengths: BTreeMap<String, u64> = bundle
        .files()
        .map(|(name, bytes, _)| (name.to_owned(), bytes))
        .collect();
    let (mut evidence, mut probes) = (Evidence::of(bundle), Vec::new());
    let mut files = bundle.batch_files();
    let mut done = 0;
    for probe in bundle.probes.clone() {
        let names = files.remove(&probe.fingerprint).unwrap_or_default();
        let mut read = |bytes: u64| {
            done += bytes;
            progress(0.9 * done as f64 / total.max(1) as f64);
        };
        let summary = check_chain(
            bundle,
            &probe,
            (&names, &lengths),
            options.all_signatures,
            &mut evidence,
            &mut hashes,
            &mut findings,
            &mut read,
        )?;
        probes.push(summary);
    }
    for (fingerprint, names) in files {
        findings.push(Finding::UnknownProbe { probe: fingerprint });
        for name in names {
            let hash = bundle.batches(&name)?.into_hash();
            hashes.extend(hash.ok().map(|hash| (name, hash)));
        }
    }
    check_files(bundle, &hashes, &mut findings);
    let log = log::check_log(bundle, options, &mut evidence, &mut findings);
    progress(0.95);
    let policy_hash = bundle.policy.hash();
    if policy_hash != bundle.report.figures.policy_hash {
        findings.push(Finding::PolicyAltered {
            stated: bundle.report.figures.policy_hash.clone(),
            found: policy_hash.clone(),
        });
    }
    recompute::check_disqualified(bundle, &evidence, &mut findings);
    let (recomputed, observations) = recompute::recompute(bundle, &evidence, &mut findings);
    let stated = bundle.report.figures.clone();
    if let Some(recomputed) = &recomputed {
        difference::compare(&stated, recomputed, &mut findings);
    }
    progress(1.0);
    findings.sort_by_key(Finding::severity);
    Ok(Verification {
        holds: !findings
            .iter()
            .any(|finding| finding.severity() == Severity::Fault),
        title: bundle.report.title.clone(),
        findings,
        probes,
        log,
        policy_hash,
        observations,
        stated,
        recomputed,
    })
}

/// Whether the files are those that the manifest lists.
fn check_files<R: Read + Seek>(
    bundle: &Bundle<R>,
    hashes: &BTreeMap<String, String>,
    findings: &mut Vec<Finding>,
) {
    let mut listed = BTreeSet::new();
    for record in &bundle.manifest.files {
        listed.insert(record.name.as_str());
        match hashes.get(&record.name) {
            None => findings.push(Finding::FileMissing {
                name: record.name.clone(),
            }),
            Some(hash) if *hash != record.sha256 => findings.push(Finding::FileAltered {
                name: record.name.clone(),
            }),
            Some(_) => {}
        }
    }
    let added = bundle
        .files()
        .map(|(name, ..)| name)
        .filter(|name| *name != file::MANIFEST && !listed.contains(name));
    findings.extend(added.map(|name| Finding::FileAdded {
        name: name.to_owned(),
    }));
}

#[cfg(test)]
mod forgery_tests;
#[cfg(test)]
mod tests;
