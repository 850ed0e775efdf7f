//! The chain of a probe: its batches in order, what each says of the one before, and the signatures under them.

use super::{
    Finding, ProbeSummary,
    finding::{BatchName, moment},
};
use crate::{
    bundle::{BadBundle, Bundle, DisqualifiedWindow, EnrolmentRecord, ProbeRecord, record::RecordHeader},
    hash::Hash,
    leaf::{LeafData, SignatureFields},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::VerifyingKey;
use edgewatch_domain::{admission::AHEAD_MS, vantage::window_of};
use edgewatch_protocol::{
    batch::MAX_BODY_BYTES,
    content_coding::content_coding,
    digest::content_digest_of,
    identity::Fingerprint,
    name::Region,
    observation::OutcomeState,
    path,
    signature::{self, Body, Message, SignatureHeaders},
    version::Version,
};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
    io::{Read, Seek},
};

/// The media type of all that probes sign.
const CONTENT_TYPE: &str = "application/json";

/// How long before the end of what a report looks at a probe's last batch may have been sealed, in milliseconds.
const QUIET_MS: i64 = 10 * 60_000;

/// An observation of one of the report's monitors.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// The place of its probe in the bundle's list.
    pub probe: u32,
    /// The monitor.
    pub monitor: i32,
    /// Unix milliseconds.
    pub slot_ms: i64,
    /// Unix milliseconds.
    pub started_ms: i64,
    /// When its batch was received, Unix milliseconds.
    pub received_ms: i64,
    /// Of its batch; batches were taken in this order.
    pub leaf: u64,
    /// How the check ended.
    pub outcome: OutcomeState,
}

/// What was found in the batches.
#[derive(Debug, Default)]
pub struct Evidence {
    /// The report's monitors.
    monitors: BTreeSet<i32>,
    /// Their observations.
    pub seen: Vec<Seen>,
    /// The leaves of the log that are known, with when what they are about was received.
    pub leaves: Vec<(u64, Hash, i64)>,
    /// Batches that have no leaf: how many, and the first.
    pub not_in_log: Option<(u64, BatchName)>,
    /// Of the windows in which a region did not count: whether each monitor that it checked failed.
    pub windows: HashMap<(Region, i64), BTreeMap<i32, bool>>,
}

impl Evidence {
    pub fn of<R: Read + Seek>(bundle: &Bundle<R>) -> Self {
        let statements = &bundle.statements;
        let window = |window: &DisqualifiedWindow| {
            let region = statements
                .regions
                .iter()
                .find(|region| region.id == window.region)?;
            Some(((region.name.clone(), window.from_ms), BTreeMap::new()))
        };
        Self {
            monitors: bundle.policy.monitors.iter().copied().collect(),
            windows: statements.disqualified.iter().filter_map(window).collect(),
            ..Self::default()
        }
    }
}

/// As much of a batch as is looked at.
#[derive(Deserialize)]
struct Batch<'a> {
    version: Version,
    #[serde(borrow)]
    probe: Cow<'a, str>,
    #[serde(borrow)]
    region: Cow<'a, str>,
    seq: u64,
    #[serde(borrow)]
    prev: Option<Cow<'a, str>>,
    sealed_at_ms: i64,
    #[serde(default)]
    resumed: bool,
    #[serde(default)]
    dropped: u64,
    observations: Vec<Observation>,
}

#[derive(Deserialize)]
struct Observation {
    monitor: i32,
    slot_ms: i64,
    started_ms: i64,
    outcome: Outcome,
}

#[derive(Deserialize)]
struct Outcome {
    state: OutcomeState,
}

/// The batch before.
struct Last {
    name: BatchName,
    digest: [u8; 32],
    header: RecordHeader,
    coding: Option<&'static str>,
    signature_checked: bool,
}

/// One way through the batches of a probe.
struct Walk<'a> {
    probe: &'a ProbeRecord,
    place: u32,
    key: Option<VerifyingKey>,
    all_signatures: bool,
    from_ms: i64,
    summary: ProbeSummary,
    last: Option<Last>,
    findings: Vec<Finding>,
    signature_failed: bool,
}

/// Checks the chain of a probe. The files' hashes are noted, and all that the batches hold of the report's monitors.
#[allow(clippy::too_many_arguments, reason = "a step of one function")]
pub fn check_chain<R: Read + Seek>(
    bundle: &mut Bundle<R>,
    probe: &ProbeRecord,
    (files, lengths): (&[String], &BTreeMap<String, u64>),
    all_signatures: bool,
    evidence: &mut Evidence,
    hashes: &mut BTreeMap<String, String>,
    findings: &mut Vec<Finding>,
    read: &mut dyn FnMut(u64),
) -> Result<ProbeSummary, BadBundle> {
    let key = key_of(probe, findings);
    let enrolment_verified = key.is_some_and(|key| check_enrolment(probe, &key, evidence, findings));
    let place = bundle
        .probes
        .iter()
        .position(|known| known == probe)
        .unwrap_or_default() as u32;
    let to_ms = bundle.manifest.to_ms;
    let known = (
        evidence.seen.len(),
        evidence.leaves.len(),
        evidence.not_in_log.clone(),
    );
    let mut every_signature = all_signatures;
    let mut walk = loop {
        let mut walk = Walk {
            probe,
            place,
            key,
            all_signatures: every_signature,
            from_ms: bundle.manifest.from_ms,
            summary: ProbeSummary {
                fingerprint: probe.fingerprint.clone(),
                region: probe.region.clone(),
                host: probe.host.clone(),
                enrolment_verified,
                batches: 0,
                observations: 0,
                first_seq: None,
                last_seq: None,
                first_sealed_ms: None,
                last_sealed_ms: None,
                signatures: 0,
            },
            last: None,
            findings: Vec::new(),
            signature_failed: false,
        };
        for name in files {
            let mut records = bundle.batches(name)?;
            loop {
                match records.read() {
                    Ok(Some((header, body))) => walk.take(name, header, body, evidence),
                    Ok(None) => break,
                    Err(detail) => {
                        let name = name.clone();
                        walk.findings.push(Finding::FileUnreadable { name, detail });
                        break;
                    }
                }
            }
            if let Ok(hash) = records.into_hash() {
                hashes.insert(name.clone(), hash);
            }
            read(lengths.get(name).copied().unwrap_or_default());
        }
        walk.end_stretch();
        if walk.signature_failed && !every_signature {
            // It vouches for nothing before it: each has to speak for itself.
            every_signature = true;
            evidence.seen.truncate(known.0);
            evidence.leaves.truncate(known.1);
            evidence.not_in_log.clone_from(&known.2);
            continue;
        }
        break walk;
    };
    if let Some(last) = &walk.last
        && last.name.sealed_ms < to_ms - QUIET_MS
    {
        walk.findings.push(Finding::EvidenceEndsEarly {
            batch: last.name.clone(),
            to_ms,
        });
    }
    findings.extend(walk.findings);
    Ok(walk.summary)
}

fn key_of(probe: &ProbeRecord, findings: &mut Vec<Finding>) -> Option<VerifyingKey> {
    let altered = |detail: &str| Finding::KeyAltered {
        probe: probe.fingerprint.clone(),
        region: probe.region.clone(),
        detail: detail.to_owned(),
    };
    let key = STANDARD
        .decode(&probe.public_key)
        .ok()
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        .and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
    let Some(key) = key else {
        findings.push(altered("it is no Ed25519 key"));
        return None;
    };
    if Fingerprint::of(&key) != probe.fingerprint {
        findings.push(altered("its fingerprint is another"));
    }
    Some(key)
}

/// Whether the request by which a probe enrolled is here and holds.
fn check_enrolment(
    probe: &ProbeRecord,
    key: &VerifyingKey,
    evidence: &mut Evidence,
    findings: &mut Vec<Finding>,
) -> bool {
    let Some(enrolment) = &probe.enrolment else {
        findings.push(Finding::EnrolmentNotKept {
            probe: probe.fingerprint.clone(),
            region: probe.region.clone(),
        });
        return false;
    };
    match enrolment_signature(enrolment, key) {
        Ok(body_sha256) => {
            if let Some(leaf) = enrolment.leaf {
                let data = LeafData::Enrolment {
                    probe: &probe.fingerprint.0,
                    region: probe.region.as_str(),
                    public_key: key.as_bytes(),
                    body_sha256: &body_sha256,
                    fields: SignatureFields {
                        signature_input: &enrolment.signature_input,
                        signature: &enrolment.signature,
                        authority: &enrolment.authority,
                    },
                };
                evidence.leaves.push((leaf, data.hash(), probe.enrolled_ms));
            }
            true
        }
        Err(detail) => {
            findings.push(Finding::EnrolmentInvalid {
                probe: probe.fingerprint.clone(),
                region: probe.region.clone(),
                detail,
            });
            false
        }
    }
}

fn enrolment_signature(enrolment: &EnrolmentRecord, key: &VerifyingKey) -> Result<[u8; 32], String> {
    let sha256 = hex::decode(&enrolment.body_sha256)
        .ok()
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        .ok_or("the hash of its body is none")?;
    let signed = Signed {
        path: path::ENROLMENTS,
        authority: &enrolment.authority,
        signature_input: &enrolment.signature_input,
        signature: &enrolment.signature,
        content_encoding: enrolment.content_encoding.as_deref(),
        sha256,
    };
    signed.verify(key).map(|_| sha256)
}

/// What a probe signed.
struct Signed<'a> {
    path: &'a str,
    authority: &'a str,
    signature_input: &'a str,
    signature: &'a str,
    content_encoding: Option<&'a str>,
    sha256: [u8; 32],
}

impl Signed<'_> {
    /// When it was signed by the probe's clock, Unix seconds.
    fn verify(&self, key: &VerifyingKey) -> Result<i64, String> {
        let headers = SignatureHeaders {
            signature_input: self.signature_input.to_owned(),
            signature: self.signature.to_owned(),
            content_digest: Some(content_digest_of(&self.sha256)),
        };
        let message = Message {
            method: "POST",
            authority: self.authority,
            path: self.path,
            query: None,
            body: Some(Body {
                content_type: CONTENT_TYPE,
                content_encoding: self.content_encoding,
                sha256: self.sha256,
            }),
        };
        let parsed = signature::parse(&headers).map_err(|problem| problem.to_string())?;
        parsed
            .verify(&message, &headers, key, parsed.created_s)
            .map_err(|problem| problem.to_string())?;
        Ok(parsed.created_s)
    }
}

impl Walk<'_> {
    fn take(&mut self, file: &str, header: RecordHeader, body: &[u8], evidence: &mut Evidence) {
        let coding = content_coding(body);
        let digest: [u8; 32] = Sha256::digest(body).into();
        let unpacked;
        let json = match coding {
            None => Ok(body),
            Some(_) => match unpack(body) {
                Ok(bytes) => {
                    unpacked = bytes;
                    Ok(&unpacked[..])
                }
                Err(detail) => Err(detail),
            },
        };
        let batch = json
            .and_then(|json| serde_json::from_slice::<Batch<'_>>(json).map_err(|error| error.to_string()));
        let batch = match batch {
            Ok(batch) => batch,
            Err(detail) => {
                self.findings.push(Finding::BatchUnreadable {
                    probe: self.probe.fingerprint.clone(),
                    file: file.to_owned(),
                    seq: header.seq,
                    detail,
                });
                return;
            }
        };
        let name = BatchName {
            probe: self.probe.fingerprint.clone(),
            region: self.probe.region.clone(),
            seq: batch.seq,
            sealed_ms: batch.sealed_at_ms,
        };
        self.check_name(&batch, &header, &name);
        self.check_place(&batch, &header, &name);
        if batch.resumed || batch.dropped > 0 {
            self.findings.push(Finding::ProbeRestarted {
                batch: name.clone(),
                dropped: batch.dropped,
            });
        }
        let summary = &mut self.summary;
        summary.batches += 1;
        summary.observations += batch.observations.len() as u64;
        summary.first_seq.get_or_insert(batch.seq);
        summary.first_sealed_ms.get_or_insert(batch.sealed_at_ms);
        (summary.last_seq, summary.last_sealed_ms) = (Some(batch.seq), Some(batch.sealed_at_ms));
        self.note(&batch, &header, &digest, &name, evidence);
        self.last = Some(Last {
            name,
            digest,
            header,
            coding,
            signature_checked: false,
        });
        if self.all_signatures {
            self.check_signature();
        }
    }

    /// Whether it says of itself what is said of it.
    fn check_name(&mut self, batch: &Batch<'_>, header: &RecordHeader, name: &BatchName) {
        let detail = if let Err(problem) = batch.version.require_supported() {
            problem.to_string()
        } else if batch.probe != self.probe.fingerprint.0.as_str() {
            format!("it says that it is of probe {}", batch.probe)
        } else if batch.region != self.probe.region.as_str() {
            format!("it says that it is of the region {}", batch.region)
        } else if batch.seq != header.seq {
            format!("it is filed under the number {}", header.seq)
        } else {
            return;
        };
        let batch = name.clone();
        self.findings.push(Finding::BatchForeign { batch, detail });
    }

    /// Whether it follows the one before.
    fn check_place(&mut self, batch: &Batch<'_>, header: &RecordHeader, name: &BatchName) {
        if name.sealed_ms > header.received_ms + AHEAD_MS {
            self.findings.push(Finding::TimeImpossible {
                batch: name.clone(),
                detail: format!(
                    "it is said to have been received before, at {}",
                    moment(header.received_ms)
                ),
            });
        }
        let missing = |from_seq, from_ms| Finding::BatchesMissing {
            region: name.region.clone(),
            probe: name.probe.clone(),
            from_seq,
            to_seq: batch.seq.saturating_sub(1),
            from_ms,
            to_ms: name.sealed_ms,
        };
        let Some(last) = &self.last else {
            // What was sealed before the time that is looked at need not be here.
            if batch.seq > 1 && name.sealed_ms > self.from_ms {
                self.findings.push(missing(1, None));
            }
            return;
        };
        let (last_seq, last_sealed_ms) = (last.name.seq, last.name.sealed_ms);
        let follows = batch.prev.as_deref() == Some(hex::encode(last.digest).as_str());
        if header.received_ms < last.header.received_ms {
            self.findings.push(Finding::TimeImpossible {
                batch: name.clone(),
                detail: format!(
                    "it is said to have been received at {}, before batch {last_seq}",
                    moment(header.received_ms)
                ),
            });
        }
        if batch.seq == last_seq + 1 && follows {
            return;
        }
        let finding = if batch.seq <= last_seq {
            Finding::BatchReordered {
                batch: name.clone(),
                after_seq: last_seq,
            }
        } else if batch.seq > last_seq + 1 {
            missing(last_seq + 1, Some(last_sealed_ms))
        } else {
            Finding::ChainBroken {
                batch: name.clone(),
                before_seq: last_seq,
            }
        };
        self.end_stretch();
        self.findings.push(finding);
    }

    /// The last batch has to be vouched for by its own signature.
    fn end_stretch(&mut self) {
        if self.last.as_ref().is_some_and(|last| !last.signature_checked) {
            self.check_signature();
        }
    }

    fn check_signature(&mut self) {
        let (Some(last), Some(key)) = (&mut self.last, &self.key) else {
            return;
        };
        last.signature_checked = true;
        let signed = Signed {
            path: path::BATCHES,
            authority: &last.header.authority,
            signature_input: &last.header.signature_input,
            signature: &last.header.signature,
            content_encoding: last.coding,
            sha256: last.digest,
        };
        match signed.verify(key) {
            Ok(created_s) => {
                self.summary.signatures += 1;
                let off_ms = created_s
                    .saturating_mul(1000)
                    .saturating_sub(last.header.received_ms);
                // Whole seconds were signed.
                if off_ms.abs() > AHEAD_MS + 1000 {
                    self.findings.push(Finding::TimeImpossible {
                        batch: last.name.clone(),
                        detail: format!(
                            "it was sent at {} and is said to have been received at {}",
                            moment(created_s.saturating_mul(1000)),
                            moment(last.header.received_ms)
                        ),
                    });
                }
            }
            Err(detail) => {
                self.signature_failed = true;
                // A run of them is one finding.
                if let Some(Finding::SignatureInvalid {
                    to_seq, detail: same, ..
                }) = self.findings.last_mut()
                    && *to_seq + 1 == last.name.seq
                    && *same == detail
                {
                    *to_seq = last.name.seq;
                    return;
                }
                self.findings.push(Finding::SignatureInvalid {
                    batch: last.name.clone(),
                    to_seq: last.name.seq,
                    detail,
                });
            }
        }
    }

    /// Keeps what is needed of it.
    fn note(
        &self,
        batch: &Batch<'_>,
        header: &RecordHeader,
        digest: &[u8; 32],
        name: &BatchName,
        evidence: &mut Evidence,
    ) {
        match header.leaf {
            Some(leaf) => {
                let data = LeafData::Batch {
                    probe: &self.probe.fingerprint.0,
                    seq: batch.seq,
                    body_sha256: digest,
                    fields: SignatureFields {
                        signature_input: &header.signature_input,
                        signature: &header.signature,
                        authority: &header.authority,
                    },
                };
                evidence.leaves.push((leaf, data.hash(), header.received_ms));
            }
            None => evidence.not_in_log.get_or_insert_with(|| (0, name.clone())).0 += 1,
        }
        for observation in &batch.observations {
            if evidence.monitors.contains(&observation.monitor) {
                evidence.seen.push(Seen {
                    probe: self.place,
                    monitor: observation.monitor,
                    slot_ms: observation.slot_ms,
                    started_ms: observation.started_ms,
                    received_ms: header.received_ms,
                    leaf: header.leaf.unwrap_or(u64::MAX),
                    outcome: observation.outcome.state,
                });
            }
            if evidence.windows.is_empty() || observation.outcome.state == OutcomeState::Unmeasured {
                continue;
            }
            let window = (self.probe.region.clone(), window_of(observation.slot_ms).from_ms);
            if let Some(checked) = evidence.windows.get_mut(&window) {
                *checked.entry(observation.monitor).or_default() |=
                    observation.outcome.state == OutcomeState::Down;
            }
        }
    }
}

/// The JSON in a Zstandard frame.
fn unpack(frame: &[u8]) -> Result<Vec<u8>, String> {
    let torn = |error: &dyn std::fmt::Display| format!("it is not a Zstandard frame: {error}");
    let decoder = ruzstd::decoding::StreamingDecoder::new(frame).map_err(|error| torn(&error))?;
    let mut json = Vec::new();
    decoder
        .take(MAX_BODY_BYTES as u64 + 1)
        .read_to_end(&mut json)
        .map_err(|error| torn(&error))?;
    if json.len() > MAX_BODY_BYTES {
        return Err(format!("it is longer than {MAX_BODY_BYTES} bytes"));
    }
    Ok(json)
}
