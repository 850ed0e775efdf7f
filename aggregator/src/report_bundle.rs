//! The bundle of a report: all that it rests on, read from the store and written as it comes. What is in it, and how it is
//! checked, is [`edgewatch_proof`]'s.
//!
//! Batches go from the database to the receiver a few at a time; what is kept meanwhile is the number of each one's leaf in
//! the log.

mod written;

use crate::{
    evaluation::{Memory, maintenance_of},
    evidence_log::{proofs, witness::witnessed_checkpoint_now},
    state::AppState,
    store::{
        enrolment::list_enrolments,
        evidence::{ChainRange, EvidenceProbe, find_range, list_evidence_probes},
        incident_outage::list_monitor_names,
        log::list_leaves,
        log_checkpoint::{StoredCheckpoint, Wanted, list_checkpoints, list_keys},
        policy::{MonitorRules, list_rules},
        region::list_region_names,
        stored_batch::list_stored_batches,
        vantage::list_disqualified_windows,
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use ed25519_dalek::VerifyingKey;
use edgewatch_domain::{
    policy::{Policy, PolicyHistory},
    sla::{Exclusion, SlaFigures, SlaPolicy},
    span::Span,
};
use edgewatch_proof::{
    bundle::{
        BundleWriter, DisqualifiedWindow, EnrolmentRecord, LogRecord, Manifest, MonitorRecord, PolicyFrom,
        ProbeRecord, RegionName, Statements, file, record::RecordHeader,
    },
    checkpoint::SignedCheckpoint,
    note::{SignatureKind, VerifierKey},
};
use edgewatch_protocol::{identity::Fingerprint, name::Region};
use sqlx::PgConnection;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    error::Error,
};
use written::Written;

/// How long before a report's period judging begins, so that what holds at its beginning is known: so many of the longest
/// intervals, and so many milliseconds at least.
const WARM_UP: (i64, i64) = (25, 3_600_000);

/// Batches read at once.
const BATCHES_AT_ONCE: i64 = 200;

/// Checkpoints of a bundle at most, beside the last one: of more than a year of days.
const CHECKPOINTS_AT_MOST: i64 = 500;

/// A report, as far as a bundle needs it.
#[derive(Clone, Debug)]
pub struct Reported {
    /// The report as it is given out, JSON.
    pub document: Vec<u8>,
    /// Its figures.
    pub figures: SlaFigures,
    /// The policy that it was made under.
    pub policy: SlaPolicy,
    /// What was left out by hand.
    pub exclusions: Vec<Exclusion>,
    /// When it was made: what was received later it did not know.
    pub made_at: DateTime<Utc>,
}

/// Why a bundle was not written.
pub type Fault = Box<dyn Error + Send + Sync>;

/// What receives the pieces of a bundle, one after another.
pub trait Receiver {
    /// Takes a piece.
    ///
    /// # Errors
    /// Nobody is there to take it.
    fn take(&mut self, piece: Vec<u8>) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// For whoever wants all of it.
impl Receiver for Vec<u8> {
    async fn take(&mut self, piece: Vec<u8>) -> Result<(), Fault> {
        self.extend_from_slice(&piece);
        Ok(())
    }
}

/// Writes the bundle of a report.
///
/// # Errors
/// Those of the database and of the receiver; when the log is empty.
pub async fn write_bundle(
    state: &AppState,
    reported: Reported,
    receiver: &mut impl Receiver,
) -> Result<(), Fault> {
    // Before anything is read: whatever was received by then is in the log.
    let newest = witnessed_checkpoint_now(state)
        .await?
        .ok_or("nothing was ever received")?;
    let mut db = state.pool.acquire().await?;
    let sources = Sources::read(&mut db, state, &reported).await?;
    let written = Written::default();
    let mut writer = BundleWriter::new(written.clone());
    writer.put(file::REPORT, &reported.document)?;
    writer.put_json(file::POLICY, &reported.policy)?;
    writer.put_json(file::EXCLUSIONS, &reported.exclusions)?;
    writer.put_json(file::MONITORS, &sources.statements)?;
    writer.put_json(
        file::PROBES,
        &sources
            .probes
            .iter()
            .map(|probe| &probe.record)
            .collect::<Vec<_>>(),
    )?;
    let mut known = BTreeSet::new();
    for probe in &sources.probes {
        known.extend(
            probe
                .record
                .enrolment
                .as_ref()
                .and_then(|enrolment| enrolment.leaf),
        );
        let mut from_seq = probe.range.from_seq;
        loop {
            let read =
                list_stored_batches(&mut db, probe.id, from_seq, probe.range.to_seq, BATCHES_AT_ONCE).await?;
            let (Some(first), Some(last)) = (read.first(), read.last()) else {
                break;
            };
            from_seq = last.seq + 1;
            let ids = read.iter().map(|batch| batch.id);
            let between = (
                ids.clone().min().unwrap_or(first.id),
                ids.max().unwrap_or(last.id),
            );
            let leaves = list_leaves(&mut *db, between).await?;
            known.extend(read.iter().filter_map(|batch| leaves.get(&batch.id)));
            let fingerprint = probe.record.fingerprint.clone();
            // Packing a megabyte takes a while: not on a thread that answers others.
            writer = tokio::task::spawn_blocking(move || -> Result<_, Fault> {
                for batch in read {
                    let header = RecordHeader {
                        seq: batch.seq.unsigned_abs(),
                        received_ms: batch.received_at.timestamp_millis(),
                        leaf: leaves.get(&batch.id).copied(),
                        authority: batch.signed.authority,
                        signature_input: batch.signed.signature_input,
                        signature: batch.signed.signature,
                    };
                    writer.put_batch(&fingerprint, &header, &batch.signed.bytes)?;
                }
                Ok(writer)
            })
            .await??;
            receiver.take(written.take()).await?;
        }
    }
    let leaves: Vec<u64> = known.into_iter().collect();
    put_log(&mut db, &mut writer, &newest, &sources, &leaves).await?;
    let manifest = Manifest {
        format: String::new(),
        software: concat!("edgewatch/", env!("CARGO_PKG_VERSION")).to_owned(),
        written_ms: state.clock.now_ms(),
        from_ms: sources.span.from_ms,
        to_ms: sources.span.to_ms,
        received_to_ms: reported.made_at.timestamp_millis(),
        files: Vec::new(),
    };
    writer.finish(manifest)?;
    receiver.take(written.take()).await
}

/// A probe, and which of its batches are in the bundle.
struct Source {
    id: i32,
    record: ProbeRecord,
    range: ChainRange,
}

/// All but the batches and the log.
struct Sources {
    /// Observations of checks that began in it are looked at.
    span: Span,
    statements: Statements,
    probes: Vec<Source>,
}

impl Sources {
    async fn read(db: &mut PgConnection, state: &AppState, reported: &Reported) -> Result<Self, Fault> {
        let monitors = &reported.policy.monitors;
        let rules = list_rules(&mut *db, monitors).await?;
        let period = reported.figures.period;
        let warm_up_ms = rules
            .values()
            .map(|rules| (rules.history.longest_interval_ms() * WARM_UP.0).max(WARM_UP.1))
            .max()
            .unwrap_or(WARM_UP.1);
        let created_ms = rules.values().map(|rules| rules.created_ms).min();
        let from_ms = (period.from_ms - warm_up_ms).max(created_ms.unwrap_or(period.from_ms));
        let span = Span::new(from_ms, period.as_of_ms);
        let names = list_region_names(&mut *db).await?;
        // A monitor of all regions is looked at from those, too, that came after the report.
        let then: BTreeSet<&Region> = reported
            .figures
            .regions
            .iter()
            .map(|region| &region.region)
            .collect();
        let names: HashMap<i16, Region> = names
            .into_iter()
            .filter(|(_, name)| then.contains(name))
            .collect();
        let statements = statements(db, state, monitors, &rules, &names, span).await?;
        let regions: Vec<i16> = names.keys().copied().collect();
        let probes = list_evidence_probes(&mut *db, &regions).await?;
        let fingerprints: Vec<_> = probes.iter().map(|probe| probe.fingerprint.clone()).collect();
        let mut enrolments: BTreeMap<String, EnrolmentRecord> = list_enrolments(&mut *db, &fingerprints)
            .await?
            .into_iter()
            .map(|enrolment| {
                let record = EnrolmentRecord {
                    body_sha256: hex::encode(enrolment.body_sha256),
                    content_encoding: enrolment.content_encoding,
                    signature_input: enrolment.signature_input,
                    signature: enrolment.signature,
                    authority: enrolment.authority,
                    leaf: enrolment.leaf.map(i64::unsigned_abs),
                };
                (enrolment.fingerprint, record)
            })
            .collect();
        let mut sources = Vec::new();
        for probe in probes {
            let Some(range) = find_range(&mut *db, probe.id, monitors, span, reported.made_at).await? else {
                continue;
            };
            let enrolment = enrolments.remove(&probe.fingerprint);
            sources.push(source(probe, range, enrolment)?);
        }
        Ok(Self {
            span,
            statements,
            probes: sources,
        })
    }
}

fn source(
    probe: EvidenceProbe,
    range: ChainRange,
    enrolment: Option<EnrolmentRecord>,
) -> Result<Source, Fault> {
    Ok(Source {
        id: probe.id,
        range,
        record: ProbeRecord {
            fingerprint: Fingerprint(probe.fingerprint),
            region: probe.region.parse()?,
            public_key: STANDARD.encode(probe.public_key),
            host: probe.host,
            enrolled_ms: probe.enrolled_at.timestamp_millis(),
            enrolment,
        },
    })
}

async fn statements(
    db: &mut PgConnection,
    state: &AppState,
    monitors: &[i32],
    rules: &BTreeMap<i32, MonitorRules>,
    names: &HashMap<i16, Region>,
    span: Span,
) -> sqlx::Result<Statements> {
    let mut memory = Memory::default();
    memory.learn_maintenance(&mut *db).await?;
    let windows = memory.windows(span);
    let mut titles: BTreeMap<i32, String> = list_monitor_names(&mut *db, monitors)
        .await?
        .into_iter()
        .collect();
    let records = rules.iter().map(|(&monitor, rules)| MonitorRecord {
        monitor,
        name: titles.remove(&monitor).unwrap_or_default(),
        created_ms: rules.created_ms,
        policies: PolicyFrom::all_of(&known_history(&rules.history, names)),
        pauses: rules.pauses.within(span).as_slice().to_vec(),
        maintenance: maintenance_of(monitor, rules, &windows)
            .within(span)
            .as_slice()
            .to_vec(),
    });
    let mut regions: Vec<_> = names
        .iter()
        .map(|(&id, name)| RegionName {
            id: id.cast_unsigned(),
            name: name.clone(),
        })
        .collect();
    regions.sort_by_key(|region| region.id);
    let ids: Vec<i16> = names.keys().copied().collect();
    let disqualified = list_disqualified_windows(db, &ids, span).await?;
    Ok(Statements {
        regions,
        monitors: records.collect(),
        vantage: state.settings().vantage,
        disqualified: disqualified
            .into_iter()
            .map(|((region, from_ms), judged_by)| DisqualifiedWindow {
                region: region.cast_unsigned(),
                from_ms,
                judged_by,
            })
            .collect(),
    })
}

/// Without the regions that there were not yet.
fn known_history(history: &PolicyHistory, names: &HashMap<i16, Region>) -> PolicyHistory {
    let entries = history.entries().iter().map(|(from_ms, policy)| {
        let mut regions = policy.regions.clone();
        regions.retain(|id| names.contains_key(&id.cast_signed()));
        let policy = Policy {
            regions,
            ..policy.clone()
        };
        (*from_ms, policy)
    });
    PolicyHistory::from_entries(entries).unwrap_or_else(|| history.clone())
}

/// Writes the log's checkpoints of the days that the batches were received on, and the last one, with the proofs.
async fn put_log(
    db: &mut PgConnection,
    writer: &mut BundleWriter<Written>,
    newest: &StoredCheckpoint,
    sources: &Sources,
    leaves: &[u64],
) -> Result<(), Fault> {
    let wanted = Wanted {
        of_days: true,
        since: DateTime::from_timestamp_millis(sources.span.from_ms),
        to_size: Some(newest.size - 1),
        ..Wanted::default()
    };
    let mut checkpoints = list_checkpoints(&mut *db, wanted, CHECKPOINTS_AT_MOST).await?;
    checkpoints.push(newest.clone());
    checkpoints.sort_by_key(|checkpoint| checkpoint.size);
    checkpoints.dedup_by_key(|checkpoint| checkpoint.size);
    let size = newest.size.unsigned_abs();
    let mut log = LogRecord {
        size,
        inclusion: proofs::prove_inclusion_of_set(&mut *db, leaves, size).await?,
        ..LogRecord::default()
    };
    let signed: SignedCheckpoint = newest.note.parse()?;
    for key in list_keys(&mut *db).await? {
        let public = VerifyingKey::try_from(&key.public_key[..])?;
        let key = VerifierKey::new(&signed.checkpoint.origin, SignatureKind::Plain, public)?;
        log.keys.push(key.to_string());
    }
    for pair in checkpoints.windows(2) {
        let [earlier, later] = [pair[0].size, pair[1].size].map(i64::unsigned_abs);
        log.consistency
            .push(proofs::prove_consistency(&mut *db, earlier, later).await?);
    }
    for checkpoint in &checkpoints {
        let name = format!("{}{:020}", file::CHECKPOINTS, checkpoint.size);
        writer.put(&name, checkpoint.cosigned_note().as_bytes())?;
    }
    writer.put_json(file::LOG, &log)?;
    Ok(())
}

#[cfg(test)]
mod tests;
