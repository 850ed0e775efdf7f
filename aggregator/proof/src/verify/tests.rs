use super::{
    sample::{BEGIN, DAY, MIN, Sample, observation},
    *,
};
use edgewatch_domain::sla::CreditTier;
use edgewatch_protocol::{batch::Batch, digest::sha256_hex};
use std::io::Cursor;

pub(super) fn verified(sample: &Sample, options: &Options) -> Verification {
    let mut bundle = Bundle::open(Cursor::new(sample.bundle())).unwrap();
    verify(&mut bundle, options, &mut |_| ()).unwrap()
}

/// What is found by one who was given nothing but the bundle.
pub(super) fn faults(sample: &Sample) -> Vec<Finding> {
    let verification = verified(sample, &Options::default());
    let faults: Vec<_> = verification
        .findings
        .into_iter()
        .filter(|finding| finding.severity() == Severity::Fault)
        .collect();
    assert_eq!(verification.holds, faults.is_empty());
    faults
}

/// Whether a finding says this.
pub(super) fn says(faults: &[Finding], wanted: &str) -> bool {
    faults.iter().any(|finding| finding.to_string().contains(wanted))
}

pub(super) fn told(faults: &[Finding]) -> Vec<String> {
    faults.iter().map(ToString::to_string).collect()
}

/// Changes the JSON of a batch and leaves its signature as it was.
pub(super) fn alter(sample: &mut Sample, region: usize, index: usize, change: impl FnOnce(&mut Batch)) {
    let body = &mut sample.batches[region][index].body;
    let mut batch: Batch = serde_json::from_slice(body).unwrap();
    change(&mut batch);
    *body = serde_json::to_vec(&batch).unwrap();
}

/// Lets each batch from one on follow the one before it again, as one who has no key could do.
pub(super) fn chain_again(sample: &mut Sample, region: usize, from: usize) {
    for index in from.max(1)..sample.batches[region].len() {
        let prev = sha256_hex(&sample.batches[region][index - 1].body);
        alter(sample, region, index, |batch| batch.prev = Some(prev));
    }
}

#[test]
fn what_was_not_touched_holds_to_the_last_number() {
    let sample = Sample::new(3_000, &[7, 8]);
    let verification = verified(&sample, &Options::default());
    assert!(
        verification.holds && verification.figures_are_equal(),
        "{:?}",
        told(&verification.findings)
    );
    assert_eq!(verification.observations, 9_000);
    // One signature vouches for a whole chain.
    assert!(
        verification
            .probes
            .iter()
            .all(|probe| probe.signatures == 1 && probe.batches == 3_000)
    );
    let log = verification.log.unwrap();
    assert_eq!((log.leaves, log.checkpoints), (9_000, 3));
    // 30 minutes on each of two days and 20 of the third, two of three regions; but for when in the minute checks begin.
    let down_ms = verification.stated.time.contractual.down_ms;
    assert!((80 * MIN - down_ms).abs() < 2_000, "{down_ms}");
    assert_eq!(verification.stated.outages.len(), 3);

    let all = Options {
        all_signatures: true,
        log_keys: vec![sample.verifier_key()],
        known_checkpoints: sample.checkpoints[..1].to_vec(),
        ..Options::default()
    };
    let verification = verified(&sample, &all);
    assert!(verification.holds, "{:?}", told(&verification.findings));
    assert!(verification.probes.iter().all(|probe| probe.signatures == 3_000));
    assert_eq!(verification.log.unwrap().known_checkpoints, 1);
}

#[test]
fn a_dropped_observation_is_found_in_its_batch() {
    let mut sample = Sample::new(200, &[7, 8]);
    alter(&mut sample, 1, 110, |batch| {
        batch.observations.remove(0);
    });
    let found = faults(&sample);
    assert!(
        says(&found, "batch 111 of enam") && says(&found, "is not what its probe signed"),
        "{:?}",
        told(&found)
    );
    assert!(says(&found, "follows another batch 111"), "{:?}", told(&found));
    assert!(says(&found, "are not those in the log"), "{:?}", told(&found));
    assert!(!says(&found, "of weur"), "{:?}", told(&found));
}

#[test]
fn an_added_observation_is_found_in_its_batch() {
    let mut sample = Sample::new(200, &[7]);
    alter(&mut sample, 0, 50, |batch| {
        batch.observations.push(observation(49, 0, 7));
    });
    let found = faults(&sample);
    assert!(
        says(&found, "batch 51 of weur") && says(&found, "is not what its probe signed"),
        "{:?}",
        told(&found)
    );
}

#[test]
fn an_altered_observation_is_found_though_the_chain_was_mended() {
    let mut sample = Sample::new(200, &[7]);
    alter(&mut sample, 0, 115, |batch| {
        batch.observations[0].sight.outcome = edgewatch_protocol::observation::Outcome::Up;
    });
    chain_again(&mut sample, 0, 116);
    sample.log_again();
    let found = faults(&sample);
    // It is told where it begins.
    assert!(
        says(&found, "batch 116 of weur")
            && says(
                &found,
                "and those after it to batch 200, are not what their probe signed"
            ),
        "{:?}",
        told(&found)
    );
    assert!(
        !says(&found, "batch 115 of weur") && !says(&found, "enam"),
        "{:?}",
        told(&found)
    );
}

#[test]
fn a_back_dated_observation_is_found_in_its_batch() {
    let mut sample = Sample::new(200, &[7]);
    alter(&mut sample, 2, 130, |batch| {
        batch.observations[0].slot_ms -= 40 * MIN;
        batch.observations[0].started_ms -= 40 * MIN;
    });
    sample.log_again();
    let found = faults(&sample);
    assert!(
        says(&found, "batch 131 of apac") && says(&found, "is not what its probe signed"),
        "{:?}",
        told(&found)
    );
    // That it was received earlier is no way out.
    let mut sample = Sample::new(200, &[7]);
    sample.batches[2][130].header.received_ms -= 40 * MIN;
    let found = faults(&sample);
    assert!(
        says(&found, "cannot be of its time") && says(&found, "batch 131 of apac"),
        "{:?}",
        told(&found)
    );
}

#[test]
fn reordered_batches_are_found() {
    let mut sample = Sample::new(200, &[7]);
    sample.batches[1].swap(80, 81);
    let found = faults(&sample);
    assert!(
        says(&found, "batch 81 of enam")
            && says(
                &found,
                "stands behind batch 82: the order of the chain was changed"
            ),
        "{:?}",
        told(&found)
    );
}

#[test]
fn a_swapped_key_is_found() {
    let mut sample = Sample::new(100, &[7]);
    sample.probes[0].public_key = sample.probes[1].public_key.clone();
    let found = faults(&sample);
    assert!(
        says(&found, "the key of probe") && says(&found, "its fingerprint is another"),
        "{:?}",
        told(&found)
    );
    assert!(
        says(&found, "are not what their probe signed"),
        "{:?}",
        told(&found)
    );

    // With a key of one's own under all of it, the log alone knows better: for who has seen it.
    let mut forged = Sample::new(100, &[7]);
    let genuine = forged.clone();
    let own = ed25519_dalek::SigningKey::from_bytes(&[3; 32]);
    forged.log_key = own;
    forged.log_again();
    assert_eq!(faults(&forged), []);
    let options = Options {
        log_keys: vec![genuine.verifier_key()],
        ..Options::default()
    };
    let found = verified(&forged, &options).findings;
    assert!(
        says(&found, "none of those that were given"),
        "{:?}",
        told(&found)
    );
}

#[test]
fn a_rewritten_log_is_found_by_who_has_seen_an_earlier_one() {
    let genuine = Sample::new(2_000, &[7]);
    let mut forged = genuine.clone();
    // Whoever has the probe's key, and the log's, writes the outage of the first day away.
    let mut prev = None;
    for minute in 0..2_000 {
        let seen = (100..130).contains(&minute);
        let of = if seen { minute - 60 } else { minute };
        let mut calm = observation(of, 0, 7);
        (calm.slot_ms, calm.started_ms) = (BEGIN + minute * MIN, BEGIN + minute * MIN + 150);
        let kept = forged.seal(0, minute, prev, vec![calm]);
        prev = Some(sha256_hex(&kept.body));
        forged.batches[0][minute as usize] = kept;
    }
    forged.log_again();
    let found = faults(&forged);
    assert!(
        says(&found, "time.contractual.down_ms: the report says 3599"),
        "{:?}",
        told(&found)
    );
    let options = Options {
        known_checkpoints: genuine.checkpoints[..1].to_vec(),
        ..Options::default()
    };
    let found = verified(&forged, &options).findings;
    assert!(
        says(&found, "another one than the checkpoint that was given"),
        "{:?}",
        told(&found)
    );
    // A log that shrank and grew again is none.
    let mut torn = genuine.clone();
    torn.checkpoints[0] = forged.checkpoints[0].clone();
    assert!(says(&faults(&torn), "it was rewritten"));
}

#[test]
fn an_edited_policy_is_found() {
    let mut sample = Sample::new(200, &[7]);
    sample.policy.credits.push(CreditTier {
        below_ppm: 990_000,
        percent: 10,
    });
    let found = faults(&sample);
    assert!(
        says(&found, "the policy is not the one that the report was made under"),
        "{:?}",
        told(&found)
    );
    // The hash in the report as well: then its figures are not those of the policy.
    sample.figures.policy_hash = sample.policy.hash();
    let found = faults(&sample);
    assert!(says(&found, "credit"), "{:?}", told(&found));
}

#[test]
fn a_cut_day_is_found() {
    let whole = Sample::new(4_000, &[7]);
    let day_of = |kept: &sample::Kept| (kept.header.received_ms - BEGIN) / DAY;
    let mut cut = whole.clone();
    for batches in &mut cut.batches {
        batches.retain(|kept| day_of(kept) != 1);
    }
    let found = faults(&cut);
    for region in sample::REGIONS {
        assert!(
            says(&found, &format!("batches 1441 to 2880 of {region}")),
            "{:?}",
            told(&found)
        );
    }
    assert!(
        says(
            &found,
            "sealed between 2026-11-01 23:59:02 UTC and 2026-11-03 00:00:02 UTC"
        ),
        "{:?}",
        told(&found)
    );
    // The first.
    let mut cut = whole.clone();
    cut.batches[0].retain(|kept| day_of(kept) != 0);
    cut.log_again();
    assert!(says(&faults(&cut), "batches 1 to 1440 of weur"));
    // The last: the log has more, the figures are others, and it is told where the evidence ends.
    let mut cut = whole.clone();
    for batches in &mut cut.batches {
        batches.retain(|kept| day_of(kept) < 2);
    }
    let verification = verified(&cut, &Options::default());
    assert!(!verification.holds);
    assert!(
        says(&verification.findings, "batch 2880 of apac")
            && says(&verification.findings, "is the last of its probe")
    );
    assert!(says(&verification.findings, "are not those in the log"));
    assert!(says(
        &verification.findings,
        "time.recorded.unknown_ms: the report says 0"
    ));
}

#[test]
fn a_region_may_not_be_said_to_have_failed_by_itself() {
    let mut sample = Sample::new(200, &[7, 8]);
    sample.statements.disqualified = (100..130)
        .map(|minute| crate::bundle::DisqualifiedWindow {
            region: 1,
            from_ms: BEGIN + minute * MIN,
            judged_by: None,
        })
        .collect();
    let found = faults(&sample);
    assert!(
        says(&found, "weur is said to have failed by itself") && says(&found, "2 of 2 monitors failed"),
        "{:?}",
        told(&found)
    );
}

#[test]
fn files_are_those_of_the_manifest() {
    let sample = Sample::new(20, &[7]);
    let bytes = sample.bundle();
    let mut archive = crate::archive::Archive::open(Cursor::new(&bytes)).unwrap();
    let names: Vec<_> = archive.files().map(|(name, _)| name.to_owned()).collect();
    let mut rewritten = zip::ZipWriter::new_stream(Vec::new());
    for name in names {
        let mut content = archive.read(&name, 1 << 20).unwrap();
        if name == file::MONITORS {
            content = String::from_utf8(content)
                .unwrap()
                .replace("shop", "blog")
                .into_bytes();
        }
        rewritten
            .start_file(&name, zip::write::SimpleFileOptions::default())
            .unwrap();
        std::io::Write::write_all(&mut rewritten, &content).unwrap();
    }
    rewritten
        .start_file("more", zip::write::SimpleFileOptions::default())
        .unwrap();
    let bytes = rewritten.finish().unwrap().into_inner();
    let mut bundle = Bundle::open(Cursor::new(bytes)).unwrap();
    let found = verify(&mut bundle, &Options::default(), &mut |_| ())
        .unwrap()
        .findings;
    assert!(
        says(
            &found,
            "monitors.json: it is not the file that the manifest lists"
        ),
        "{:?}",
        told(&found)
    );
    assert!(
        says(&found, "more: the manifest does not list it"),
        "{:?}",
        told(&found)
    );
}

#[test]
fn compressed_batches_are_read_as_they_were_signed() {
    // What `zstd` makes of a batch: kept here, for the crate that makes it is none of this one's.
    let mut sample = Sample::new(1, &[7]);
    let frame = raw_zstd(&sample.batches[0][0].body);
    let header = sample.batches[0][0].header.clone();
    sample.batches[0][0] = sample.sign(0, header.seq, header.received_ms, frame);
    sample.log_again();
    let verification = verified(&sample, &Options::default());
    assert!(verification.holds, "{:?}", told(&verification.findings));
}

/// A Zstandard frame of one raw block (RFC 8878, section 3.1.1).
pub(super) fn raw_zstd(content: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0b1010_0000];
    frame.extend_from_slice(&(content.len() as u32).to_le_bytes());
    let block = (content.len() as u32) << 3 | 1;
    frame.extend_from_slice(&block.to_le_bytes()[..3]);
    frame.extend_from_slice(content);
    frame
}

/// A month of one monitor in three regions, each batch with one observation: the most signatures that there can be for so many.
#[test]
#[ignore = "measures: `make bench PARTS=bundle`"]
fn a_month_of_three_regions() {
    let took =
        |what: &str, begin: std::time::Instant| println!("{what}: {:.2} s", begin.elapsed().as_secs_f64());
    let begin = std::time::Instant::now();
    let sample = Sample::new(30 * 1440, &[7]);
    took("signed and logged", begin);
    let begin = std::time::Instant::now();
    let bytes = sample.bundle();
    took("written", begin);
    let observations = 3 * 30 * 1440;
    println!(
        "bundle: {observations} observations, {:.1} MB, {:.0} bytes each",
        bytes.len() as f64 / 1e6,
        bytes.len() as f64 / f64::from(observations)
    );
    if let Some(path) = std::env::var_os("EDGEWATCH_BUNDLE_OUT") {
        std::fs::write(path, &bytes).unwrap();
    }
    for all_signatures in [false, true] {
        let begin = std::time::Instant::now();
        let mut bundle = Bundle::open(Cursor::new(&bytes)).unwrap();
        let options = Options {
            all_signatures,
            ..Options::default()
        };
        let verification = verify(&mut bundle, &options, &mut |_| ()).unwrap();
        assert!(verification.holds && verification.figures_are_equal());
        took(
            if all_signatures {
                "verified, each signature"
            } else {
                "verified"
            },
            begin,
        );
    }
}
