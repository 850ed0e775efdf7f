//! What each check of the verifier is for: a bundle in which it alone finds what is wrong.

use super::{
    sample::{BEGIN, MIN, Sample, observation},
    tests::{alter, chain_again, faults, raw_zstd, says, told, verified},
    *,
};
use crate::{
    bundle::DisqualifiedWindow,
    note::{SignatureKind, SignatureLine},
};
use ed25519_dalek::SigningKey;
use edgewatch_domain::vantage::VantagePolicy;
use edgewatch_protocol::{batch::MAX_BODY_BYTES, digest::sha256_hex};
use serde_json::{Value, json};

fn sample() -> Sample {
    Sample::new(140, &[7])
}

#[track_caller]
fn assert_says(found: &[Finding], wanted: &str) {
    assert!(says(found, wanted), "{wanted}: {:#?}", told(found));
}

/// What is found of a batch that its probe has sealed and signed anew, as the last of its chain.
fn of_last(change: impl FnOnce(&mut Value)) -> Vec<Finding> {
    let mut sample = sample();
    sample.seal_again(0, 139, change);
    sample.log_again();
    faults(&sample)
}

#[test]
fn a_batch_says_of_itself_what_is_said_of_it() {
    for (field, value, wanted) in [
        ("version", json!("9.0"), "speaks protocol"),
        ("probe", json!("f".repeat(64)), "it says that it is of probe f"),
        ("region", json!("apac"), "it says that it is of the region apac"),
    ] {
        let found = of_last(|batch| batch[field] = value);
        assert_says(&found, wanted);
        assert_eq!(found.len(), 1, "{:?}", told(&found));
    }
    let mut sample = sample();
    sample.batches[0][139].header.seq = 12;
    assert_says(&faults(&sample), "it is filed under the number 12");
}

#[test]
fn a_number_that_was_left_out_is_missed_though_the_chain_is_whole() {
    let found = of_last(|batch| batch["seq"] = json!(142));
    assert_says(&found, "batches 140 to 141 of weur");
}

#[test]
fn the_last_batch_before_a_gap_speaks_for_itself() {
    let mut sample = sample();
    alter(&mut sample, 0, 99, |batch| {
        batch.observations.clear();
    });
    chain_again(&mut sample, 0, 100);
    sample.batches[0].remove(100);
    sample.log_again();
    let found = faults(&sample);
    assert_says(&found, "batch 101 of weur");
    assert_says(&found, "batch 100 of weur");
    assert_says(&found, "not what");
}

#[test]
fn what_is_looked_at_twice_counts_once() {
    let mut sample = sample();
    alter(&mut sample, 0, 80, |batch| {
        batch.observations[0].attempts = 2;
    });
    chain_again(&mut sample, 0, 81);
    sample.log_again();
    let verification = verified(&sample, &Options::default());
    assert_says(&verification.findings, "batch 81 of weur");
    assert_eq!(verification.observations, 3 * 140);
    assert!(
        !says(&verification.findings, "are said to be leaf"),
        "{:?}",
        told(&verification.findings)
    );
}

#[test]
fn times_of_receipt_are_possible() {
    // Before it was sealed.
    let found = of_last(|batch| {
        let sealed_ms = batch["sealed_at_ms"].as_i64().unwrap();
        batch["sealed_at_ms"] = json!(sealed_ms + 10 * MIN);
    });
    assert_says(&found, "it is said to have been received before, at");
    assert_eq!(found.len(), 1, "{:?}", told(&found));
    // Long before or after it was sent.
    for minutes in [-6, 6] {
        let mut sample = sample();
        for kept in &mut sample.batches[0] {
            kept.header.received_ms += minutes * MIN;
        }
        sample.manifest.to_ms += 10 * MIN;
        sample.log_again();
        assert_says(&faults(&sample), "it was sent at");
    }
    // Before the one that it follows.
    let mut sample = sample();
    sample.batches[0][130].header.received_ms -= 2 * MIN;
    let found = faults(&sample);
    assert_says(&found, "before batch 130");
    assert_eq!(found.len(), 1, "{:?}", told(&found));
}

#[test]
fn a_frame_that_is_larger_than_any_batch_is_not_unpacked() {
    let mut sample = sample();
    let mut frame = raw_zstd(b"");
    frame.truncate(5);
    frame.extend_from_slice(&(MAX_BODY_BYTES as u32 + (128 << 10)).to_le_bytes());
    let blocks = MAX_BODY_BYTES / (128 << 10) + 1;
    for block in 1..=blocks {
        // 128 KiB of spaces.
        let header = (128_u32 << 10) << 3 | 1 << 1 | u32::from(block == blocks);
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(b' ');
    }
    let header = sample.batches[0][139].header.clone();
    sample.batches[0][139] = sample.sign(0, header.seq, header.received_ms, frame);
    sample.log_again();
    assert_says(&faults(&sample), &format!("longer than {MAX_BODY_BYTES} bytes"));
}

#[test]
fn an_enrolment_is_signed_and_in_the_log() {
    let mut sample = sample();
    sample.enrol(1);
    let verification = verified(&sample, &Options::default());
    assert!(verification.holds, "{:?}", told(&verification.findings));
    let enrolled: Vec<_> = verification
        .probes
        .iter()
        .map(|probe| probe.enrolment_verified)
        .collect();
    assert_eq!(enrolled, [false, true, false]);
    assert_eq!(verification.log.unwrap().leaves, 3 * 140 + 1);

    let mut forged = sample.clone();
    forged.probes[1].enrolment.as_mut().unwrap().body_sha256 = sha256_hex(b"another");
    forged.log_again();
    assert_says(&faults(&forged), "was not signed with its key");
    // Another request of the same probe is not the one that is in the log.
    let mut forged = sample;
    let known = forged.log.clone();
    let checkpoints = forged.checkpoints.clone();
    forged.probes[1].region = "weur".parse().unwrap();
    (forged.log, forged.checkpoints) = (known, checkpoints);
    assert_says(&faults(&forged), "are not those in the log");
}

#[test]
fn every_batch_is_in_the_log_once() {
    let mut sample = sample();
    sample.batches[2][7].header.leaf = None;
    let found = faults(&sample);
    assert_says(
        &found,
        "1 batches are not in the log, the first of them batch 8 of apac",
    );
    let mut sample = self::sample();
    let leaf = sample.batches[2][7].header.leaf;
    sample.batches[2][8].header.leaf = leaf;
    assert_says(&faults(&sample), "two signed documents are said to be leaf");
}

#[test]
fn each_checkpoint_is_signed_and_of_this_log() {
    let days = Sample::new(1_500, &[7]);
    let sign = |checkpoint: &SignedCheckpoint, key: &SigningKey| {
        SignedCheckpoint::sign(checkpoint.checkpoint.clone(), key, BEGIN / 1000).unwrap()
    };
    let mut forged = days.clone();
    forged.checkpoints[0] = sign(&days.checkpoints[0], &SigningKey::from_bytes(&[3; 32]));
    let found = faults(&forged);
    assert_says(&found, "it is not signed with the log's key");
    assert_eq!(found.len(), 1, "{:?}", told(&found));

    let mut forged = days.clone();
    forged.checkpoints[0].checkpoint.origin = "edgewatch/other".to_owned();
    forged.checkpoints[0] = sign(&forged.checkpoints[0], &days.log_key);
    assert_says(&faults(&forged), "it is another log");

    // What it held was received after it was signed.
    let mut forged = days.clone();
    forged.checkpoints[0] = sign(&days.checkpoints[0], &days.log_key);
    let found = faults(&forged);
    assert_says(&found, "are said to have been received after it");
    assert_eq!(found.len(), 1, "{:?}", told(&found));
}

#[test]
fn a_witness_that_is_asked_for_has_cosigned_the_last_checkpoint() {
    let mut sample = sample();
    let key = SigningKey::from_bytes(&[5; 32]);
    let of = |name: &str| VerifierKey::new(name, SignatureKind::Cosignature, key.verifying_key()).unwrap();
    let note = &mut sample.checkpoints.last_mut().unwrap().note;
    let line = SignatureLine::cosign(&note.text, "witness.example", &key, BEGIN / 1000).unwrap();
    note.signatures.push(line);
    let with = |witness: VerifierKey| Options {
        witnesses: vec![witness],
        ..Options::default()
    };
    let verification = verified(&sample, &with(of("witness.example")));
    assert!(verification.holds, "{:?}", told(&verification.findings));
    assert_eq!(verification.log.unwrap().witnesses, ["witness.example"]);
    let verification = verified(&sample, &with(of("other.example")));
    assert!(!verification.holds);
    assert_says(&verification.findings, "other.example has not cosigned");
}

#[test]
fn what_probes_signed_is_of_probes_that_are_told() {
    let sample = sample();
    let unknown = &sample.probes[2];
    // Its batches are there, and its key is not.
    let mut bundle = Bundle::open(std::io::Cursor::new(sample.bundle())).unwrap();
    bundle.probes.pop();
    let verification = verify(&mut bundle, &Options::default(), &mut |_| ()).unwrap();
    assert_says(
        &verification.findings,
        &format!("there are batches of a probe {}", unknown.fingerprint),
    );
    // A file that the manifest lists, and that is not there.
    bundle.manifest.files[0].name = "gone.json".to_owned();
    let verification = verify(&mut bundle, &Options::default(), &mut |_| ()).unwrap();
    assert_says(
        &verification.findings,
        "gone.json: the manifest lists it, and it is not there",
    );
}

#[test]
fn results_are_made_of_the_observations_that_the_aggregator_made_them_of() {
    let whole = sample();
    let count = |sample: &Sample| verified(sample, &Options::default()).observations;
    assert_eq!(count(&whole), 3 * 140);
    // Those of the time that is looked at, at both ends.
    let mut sample = whole.clone();
    (sample.manifest.from_ms, sample.manifest.to_ms) = (BEGIN + 10 * MIN, BEGIN + 130 * MIN);
    assert_eq!(count(&sample), 3 * 120);
    // Those of the regions that the monitor was of when they came.
    let mut sample = whole.clone();
    let policies = &mut sample.statements.monitors[0].policies;
    let mut later = policies[0].clone();
    later.from_ms = Some(BEGIN + 100 * MIN);
    later.policy.regions.retain(|region| *region != 3);
    policies.push(later);
    assert_eq!(count(&sample), 2 * 140 + 100);
    // Those that can be true when they come.
    let mut sample = whole.clone();
    sample.seal_again(0, 139, |batch| {
        let mut old = serde_json::to_value(observation(139, 0, 7)).unwrap();
        old["slot_ms"] = json!(BEGIN - 3 * 1440 * MIN);
        batch["observations"].as_array_mut().unwrap().push(old);
    });
    sample.log_again();
    assert_eq!(count(&sample), 3 * 140);
}

#[test]
fn of_two_probes_of_a_region_the_same_counts_whichever_came_first() {
    // The second and the third region's probes see the same slots; now they are of one region.
    let mut sample = sample();
    for index in 0..140_usize {
        let prev = index
            .checked_sub(1)
            .map(|before| sha256_hex(&sample.batches[2][before].body));
        sample.seal_again(2, index, |batch| {
            batch["region"] = json!("enam");
            batch["prev"] = json!(prev);
        });
    }
    sample.probes[2].region = "enam".parse().unwrap();
    sample.log_again();
    let first = verified(&sample, &Options::default());
    assert_eq!(first.observations, 3 * 140);
    // Enam was down, as the one says; the other says that it was up.
    let down_ms = first.recomputed.unwrap().time.contractual.down_ms;
    assert!(down_ms > 0);
    for kept in &mut sample.batches[2] {
        kept.header.received_ms -= 50;
    }
    sample.log_again();
    let second = verified(&sample, &Options::default());
    assert_eq!(second.observations, 3 * 140);
    assert_eq!(second.recomputed.unwrap().time.contractual.down_ms, down_ms);
}

/// The minutes in which the first region is said to have failed by itself, while the first two regions fail.
fn disqualified(sample: &mut Sample, judged_by: Option<VantagePolicy>) -> Vec<Finding> {
    let window = |minute| DisqualifiedWindow {
        region: 1,
        from_ms: BEGIN + minute * MIN,
        judged_by,
    };
    sample.statements.disqualified = (100..130).map(window).collect();
    faults(sample)
}

#[test]
fn a_region_is_disqualified_by_the_settings_of_its_time() {
    let mut sample = Sample::new(140, &[7, 8]);
    let policy = |targets, over_percent| {
        Some(VantagePolicy {
            targets,
            over_percent,
        })
    };
    let unfounded = "weur is said to have failed by itself";
    // Both monitors failed, and no others were looked at.
    let found = disqualified(&mut sample, policy(2, 60));
    assert!(!says(&found, unfounded), "{:?}", told(&found));
    // It is what the report's figures are not made of.
    assert_says(&found, "time.contractual.down_ms: the report says");
    for (targets, over_percent) in [(3, 60), (2, 100)] {
        assert_says(
            &disqualified(&mut sample, policy(targets, over_percent)),
            unfounded,
        );
    }
    // Without them, by those of when the bundle was written.
    assert_says(&disqualified(&mut sample, None), unfounded);
    sample.statements.vantage.targets = 2;
    assert!(!says(&disqualified(&mut sample, None), unfounded));
}
