//! An installation for tests: three regions watch a shop and a blog minute by minute, and its log.

use crate::{
    bundle::{
        BundleWriter, EnrolmentRecord, LogRecord, Manifest, MonitorRecord, PolicyFrom, ProbeRecord,
        RegionName, Statements, file, record::RecordHeader,
    },
    checkpoint::{Checkpoint, SignedCheckpoint},
    hash::Hash,
    inclusion_set,
    leaf::{LeafData, SignatureFields},
    merkle,
    note::{SignatureKind, VerifierKey},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;
use edgewatch_domain::{
    policy::{Policy, PolicyHistory},
    replay::region_votes,
    sla::{RegionRecord, SlaFigures, SlaMember, SlaPeriod, SlaPolicy, figures, region_record},
    span::{Span, SpanSet},
    timeline::{TimelineSource, build},
    vantage::VantagePolicy,
    vote::Check,
};
use edgewatch_protocol::{
    batch::{Batch, Place},
    digest::sha256_hex,
    identity::{Fingerprint, derive_key},
    name::{MonitorId, Region},
    observation::{CertificateFacts, HttpFacts, Observation, Outcome, OutcomeState, Sight},
    path,
    phase::PhaseTime,
    reason::Reason,
    signature::{self, Body, Message},
    version::Version,
};
use sha2::{Digest as _, Sha256};

pub const MIN: i64 = 60_000;
pub const DAY: i64 = 86_400_000;
/// 1 November 2026.
pub const BEGIN: i64 = 1_793_491_200_000;
pub const AUTHORITY: &str = "watch.example.org";
pub const REGIONS: [&str; 3] = ["weur", "enam", "apac"];

/// A batch as it is kept.
#[derive(Clone)]
pub struct Kept {
    pub header: RecordHeader,
    pub body: Vec<u8>,
}

/// All that a bundle is written of; tests change what they like of it.
#[derive(Clone)]
pub struct Sample {
    pub manifest: Manifest,
    pub policy: SlaPolicy,
    pub figures: SlaFigures,
    pub statements: Statements,
    pub probes: Vec<ProbeRecord>,
    pub keys: Vec<SigningKey>,
    pub batches: Vec<Vec<Kept>>,
    pub log_key: SigningKey,
    pub log: LogRecord,
    pub checkpoints: Vec<SignedCheckpoint>,
}

/// Down from minute 100 to 130 of each day, as the first two regions see it.
fn outcome(minute: i64, region: usize) -> Outcome {
    if region < 2 && (100..130).contains(&(minute % 1440)) {
        Outcome::Down {
            reason: Reason::Timeout,
            phase: None,
        }
    } else {
        Outcome::Up
    }
}

impl Sample {
    pub fn new(minutes: i64, observations_of: &[i32]) -> Self {
        let to_ms = BEGIN + minutes * MIN;
        let policy: SlaPolicy = serde_json::from_value(serde_json::json!({
            "monitors": [7], "objective_ppm": 999_000, "window": "calendar_month", "zone": "UTC"
        }))
        .unwrap();
        let judged_by = Policy::new(MIN, [1, 2, 3]);
        let keys: Vec<_> = REGIONS
            .iter()
            .map(|region| derive_key("0123456789abcdef0123456789abcdef", &region.parse().unwrap()).unwrap())
            .collect();
        let probes = REGIONS.iter().zip(&keys).map(|(region, key)| ProbeRecord {
            fingerprint: Fingerprint::of(&key.verifying_key()),
            region: region.parse().unwrap(),
            public_key: STANDARD.encode(key.verifying_key().as_bytes()),
            host: "agent".to_owned(),
            enrolled_ms: BEGIN,
            enrolment: None,
        });
        let mut sample = Self {
            manifest: Manifest {
                format: String::new(),
                software: "edgewatch-test/1".to_owned(),
                written_ms: to_ms,
                from_ms: BEGIN,
                to_ms,
                received_to_ms: to_ms,
                files: Vec::new(),
            },
            figures: expected(&policy, &judged_by, minutes),
            policy,
            statements: Statements {
                regions: (1..)
                    .zip(REGIONS)
                    .map(|(id, name)| RegionName {
                        id,
                        name: name.parse().unwrap(),
                    })
                    .collect(),
                monitors: vec![MonitorRecord {
                    monitor: 7,
                    name: "shop".to_owned(),
                    created_ms: BEGIN,
                    policies: PolicyFrom::all_of(&PolicyHistory::new(judged_by)),
                    pauses: Vec::new(),
                    maintenance: Vec::new(),
                }],
                vantage: VantagePolicy::default(),
                disqualified: Vec::new(),
            },
            probes: probes.collect(),
            keys,
            batches: vec![Vec::new(); REGIONS.len()],
            log_key: SigningKey::from_bytes(&[9; 32]),
            log: LogRecord::default(),
            checkpoints: Vec::new(),
        };
        let mut prev: Vec<Option<String>> = vec![None; REGIONS.len()];
        for minute in 0..minutes {
            for (region, prev) in prev.iter_mut().enumerate() {
                let observations = observations_of
                    .iter()
                    .map(|&monitor| observation(minute, region, monitor))
                    .collect();
                let kept = sample.seal(region, minute, prev.take(), observations);
                *prev = Some(sha256_hex(&kept.body));
                sample.batches[region].push(kept);
            }
        }
        sample.log_again();
        sample
    }

    pub fn seal(
        &self,
        region: usize,
        minute: i64,
        prev: Option<String>,
        observations: Vec<Observation>,
    ) -> Kept {
        let sealed_at_ms = BEGIN + minute * MIN + 2_000;
        let batch = Batch {
            version: Version::CURRENT,
            probe: self.probes[region].fingerprint.clone(),
            region: REGIONS[region].parse().unwrap(),
            place: Place::default(),
            software: "edgewatch-test/1".to_owned(),
            seq: minute.unsigned_abs() + 1,
            prev,
            sealed_at_ms,
            resumed: false,
            dropped: 0,
            overruns: 0,
            observations,
        };
        self.sign(
            region,
            batch.seq,
            sealed_at_ms + 100,
            serde_json::to_vec(&batch).unwrap(),
        )
    }

    pub fn sign(&self, region: usize, seq: u64, received_ms: i64, body: Vec<u8>) -> Kept {
        let message = Message {
            method: "POST",
            authority: AUTHORITY,
            path: path::BATCHES,
            query: None,
            body: Some(Body::new("application/json", &body)),
        };
        let nonce = Sha256::digest(&body)[..16].try_into().unwrap();
        let headers = signature::sign(&message, &self.keys[region], received_ms / 1000, nonce);
        Kept {
            header: RecordHeader {
                seq,
                received_ms,
                leaf: None,
                authority: AUTHORITY.to_owned(),
                signature_input: headers.signature_input,
                signature: headers.signature,
            },
            body,
        }
    }

    /// Seals and signs anew what a region's batch says, changed.
    pub fn seal_again(&mut self, region: usize, index: usize, change: impl FnOnce(&mut serde_json::Value)) {
        let kept = &self.batches[region][index];
        let mut batch = serde_json::from_slice(&kept.body).unwrap();
        change(&mut batch);
        let body = serde_json::to_vec(&batch).unwrap();
        self.batches[region][index] = self.sign(region, kept.header.seq, kept.header.received_ms, body);
    }

    /// Lets a region's probe have enrolled with a request that was kept.
    pub fn enrol(&mut self, region: usize) {
        let body = b"a request with a token";
        let message = Message {
            method: "POST",
            authority: AUTHORITY,
            path: path::ENROLMENTS,
            query: None,
            body: Some(Body::new("application/json", body)),
        };
        let headers = signature::sign(&message, &self.keys[region], BEGIN / 1000, [7; 16]);
        self.probes[region].enrolment = Some(EnrolmentRecord {
            body_sha256: sha256_hex(body),
            content_encoding: None,
            signature_input: headers.signature_input,
            signature: headers.signature,
            authority: AUTHORITY.to_owned(),
            leaf: None,
        });
        self.log_again();
    }

    /// Puts all batches into a log, as one who runs the installation could do again at any time.
    pub fn log_again(&mut self) {
        let mut order: Vec<(i64, usize, usize)> = Vec::new();
        for (region, batches) in self.batches.iter().enumerate() {
            for (place, kept) in batches.iter().enumerate() {
                order.push((kept.header.received_ms, region, place));
            }
        }
        order.sort_unstable();
        let mut leaves = vec![Hash::of_leaf(b"something else")];
        for probe in &mut self.probes {
            let Some(enrolment) = &mut probe.enrolment else {
                continue;
            };
            enrolment.leaf = Some(leaves.len() as u64);
            let data = LeafData::Enrolment {
                probe: &probe.fingerprint.0,
                region: probe.region.as_str(),
                public_key: &STANDARD.decode(&probe.public_key).unwrap(),
                body_sha256: &hex::decode(&enrolment.body_sha256).unwrap(),
                fields: SignatureFields {
                    signature_input: &enrolment.signature_input,
                    signature: &enrolment.signature,
                    authority: &enrolment.authority,
                },
            };
            leaves.push(data.hash());
        }
        let (mut sizes, mut day) = (Vec::new(), BEGIN / DAY);
        for (received_ms, region, place) in order {
            if received_ms / DAY > day {
                day = received_ms / DAY;
                sizes.push((leaves.len() as u64, day * DAY / 1000));
            }
            let fingerprint = self.probes[region].fingerprint.0.clone();
            let kept = &mut self.batches[region][place];
            kept.header.leaf = Some(leaves.len() as u64);
            let data = LeafData::Batch {
                probe: &fingerprint,
                seq: kept.header.seq,
                body_sha256: &Sha256::digest(&kept.body),
                fields: SignatureFields {
                    signature_input: &kept.header.signature_input,
                    signature: &kept.header.signature,
                    authority: &kept.header.authority,
                },
            };
            leaves.push(data.hash());
        }
        leaves.push(Hash::of_leaf(b"something else"));
        let size = leaves.len() as u64;
        sizes.push((size, self.manifest.to_ms / 1000));
        let known: Vec<u64> = (1..size - 1).collect();
        let consistency = sizes
            .windows(2)
            .map(|pair| merkle::prove_consistency(&leaves[..], pair[0].0, pair[1].0).unwrap());
        self.log = LogRecord {
            keys: vec![self.verifier_key().to_string()],
            size,
            inclusion: inclusion_set::prove(&leaves[..], &known, size).unwrap(),
            consistency: consistency.collect(),
        };
        let checkpoint = |&(size, at_s): &(u64, i64)| {
            let checkpoint = Checkpoint {
                origin: "edgewatch/test".to_owned(),
                size,
                root: merkle::root(&leaves[..], size).unwrap(),
                extensions: Vec::new(),
            };
            SignedCheckpoint::sign(checkpoint, &self.log_key, at_s).unwrap()
        };
        self.checkpoints = sizes.iter().map(checkpoint).collect();
    }

    pub fn verifier_key(&self) -> VerifierKey {
        VerifierKey::new(
            "edgewatch/test",
            SignatureKind::Plain,
            self.log_key.verifying_key(),
        )
        .unwrap()
    }

    pub fn bundle(&self) -> Vec<u8> {
        let mut writer = BundleWriter::new(Vec::new());
        let report = serde_json::json!({"title": "The shop", "figures": self.figures});
        writer.put_json(file::REPORT, &report).unwrap();
        writer.put_json(file::POLICY, &self.policy).unwrap();
        writer.put_json(file::EXCLUSIONS, &serde_json::json!([])).unwrap();
        writer.put_json(file::MONITORS, &self.statements).unwrap();
        writer.put_json(file::PROBES, &self.probes).unwrap();
        for (probe, batches) in self.probes.iter().zip(&self.batches) {
            for kept in batches {
                writer
                    .put_batch(&probe.fingerprint, &kept.header, &kept.body)
                    .unwrap();
            }
        }
        writer.put_json(file::LOG, &self.log).unwrap();
        for signed in &self.checkpoints {
            let name = format!("{}{:020}", file::CHECKPOINTS, signed.checkpoint.size);
            writer.put(&name, signed.to_string().as_bytes()).unwrap();
        }
        writer.finish(self.manifest.clone()).unwrap()
    }
}

pub fn observation(minute: i64, region: usize, monitor: i32) -> Observation {
    let slot_ms = BEGIN + minute * MIN;
    let mut sight = Sight::of(outcome(minute, region), None);
    // Times as they are: never the same.
    let noise = Sha256::digest(format!("{minute} {region} {monitor}"));
    sight.total_us = 20_000 + u32::from(u16::from_be_bytes([noise[0], noise[1]]));
    sight.phases.tcp = PhaseTime::Measured(8_000 + u32::from(noise[2]));
    // What a check over HTTPS sees besides.
    sight.http = Some(HttpFacts {
        status: Some(200),
        protocol: Some("HTTP/1.1".to_owned()),
        body_bytes: 4_812,
        body_sha256: Some(sha256_hex(b"the same page each time")),
        ..HttpFacts::default()
    });
    sight.address = Some([192, 0, 2, 1].into());
    sight.certificate = Some(CertificateFacts {
        fingerprint: sha256_hex(b"certificate"),
        subject: "shop.example".to_owned(),
        issuer: "An Authority".to_owned(),
        names: vec!["shop.example".to_owned(), "www.shop.example".to_owned()],
        not_before_ms: BEGIN - 30 * DAY,
        not_after_ms: BEGIN + 60 * DAY,
        tls_version: "TLSv1.3".to_owned(),
        cipher_suite: "TLS13_AES_128_GCM_SHA256".to_owned(),
        key_algorithm: "EC P-256".to_owned(),
        key_bits: None,
        signature_algorithm: "ECDSA SHA-384".to_owned(),
    });
    let us = |byte: usize, least: u32| PhaseTime::Measured(least + u32::from(noise[byte]) * 9);
    sight.phases.tls = us(4, 9_000);
    sight.phases.request = us(5, 40);
    sight.phases.ttfb = us(6, 12_000);
    sight.phases.body = us(7, 300);
    Observation {
        monitor: MonitorId(monitor),
        revision: 1,
        slot_ms,
        started_ms: slot_ms + 150 + i64::from(noise[3]),
        attempts: 1,
        sight,
    }
}

/// The figures, made of the outcomes without a batch in between.
fn expected(policy: &SlaPolicy, judged_by: &Policy, minutes: i64) -> SlaFigures {
    let history = PolicyHistory::new(judged_by.clone());
    let now_ms = BEGIN + minutes * MIN;
    let checks = (0..minutes).flat_map(|minute| {
        (0..REGIONS.len()).map(move |region| {
            let seen = observation(minute, region, 7);
            let check = Check {
                slot_ms: seen.slot_ms,
                at_ms: seen.started_ms,
                outcome: OutcomeState::from_code(seen.sight.outcome.state().code()).unwrap(),
                disqualified: false,
            };
            (region as u16 + 1, check)
        })
    });
    let votes = region_votes(checks, &history, now_ms);
    let none = SpanSet::default();
    let source = TimelineSource {
        created_ms: BEGIN,
        history: &history,
        votes: &votes,
        maintenance: &none,
        pauses: &none,
    };
    let regions: Vec<_> = (1..)
        .zip(REGIONS)
        .map(|(id, name)| RegionRecord {
            region: name.parse::<Region>().unwrap(),
            record: region_record(source, id, now_ms),
        })
        .collect();
    let member = SlaMember {
        monitor: 7,
        record: &build(source, now_ms),
        regions: &regions,
    };
    let period = SlaPeriod::new(Span::new(BEGIN, now_ms), [&history], now_ms);
    figures(policy, &[], period, &[member])
}
