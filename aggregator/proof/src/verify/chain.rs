//! The chain of a probe: its batches in order, what each says of the one before, and the signatures under them.

use super::{
    Finding, ProbeSummary,
    batch::{Batch, json_of},
    enrolment::{check_enrolment, key_of},
    evidence::Evidence,
    finding::{BatchName, moment},
    signed::Signed,
};
use crate::bundle::{BadBundle, Bundle, ProbeRecord, record::RecordHeader};
use ed25519_dalek::VerifyingKey;
use edgewatch_domain::admission::AHEAD_MS;
use edgewatch_protocol::{content_coding::content_coding, path};
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeMap,
    io::{Read, Seek},
};

/// How long before the end of what a report looks at a probe's last batch may have been sealed, in milliseconds.
const QUIET_MS: i64 = 10 * 60_000;

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

impl Walk<'_> {
    fn take(&mut self, file: &str, header: RecordHeader, body: &[u8], evidence: &mut Evidence) {
        let digest: [u8; 32] = Sha256::digest(body).into();
        let json = json_of(body);
        let batch = json
            .as_deref()
            .map_err(Clone::clone)
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
        evidence.note((self.place, self.probe), &batch, &header, &digest, &name);
        self.last = Some(Last {
            name,
            digest,
            header,
            coding: content_coding(body),
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
}
