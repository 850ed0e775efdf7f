//! Messages of every shape that the protocol allows.

mod check;
mod sight;

use edgewatch_protocol::{
    assignment::{Assignment, Assignments},
    batch::{Batch, IpFamily, Place},
    enrolment::EnrolmentRequest,
    identity::Fingerprint,
    name::{MonitorId, Region},
    observation::Observation,
    test_run::{TestRun, TestRunReport},
    version::Version,
};
use proptest::{collection::vec, option, prelude::*};

fn region() -> impl Strategy<Value = Region> {
    "[a-z][a-z0-9-]{0,31}".prop_map(|name| name.parse().unwrap())
}

fn fingerprint() -> impl Strategy<Value = Fingerprint> {
    "[0-9a-f]{32}".prop_map(Fingerprint)
}

fn place() -> impl Strategy<Value = Place> {
    let family = prop::sample::select(vec![IpFamily::V4, IpFamily::V6, IpFamily::Dual]);
    (
        option::of("[A-Z]{3}"),
        option::of("[A-Z]{2}"),
        option::of(any::<u32>()),
        option::of(family),
    )
        .prop_map(|(colo, country, asn, ip_family)| Place {
            colo,
            country,
            asn,
            ip_family,
        })
}

fn observation() -> impl Strategy<Value = Observation> {
    (
        any::<i32>(),
        any::<i32>(),
        any::<i64>(),
        any::<i64>(),
        any::<u8>(),
        sight::sight(),
    )
        .prop_map(
            |(monitor, revision, slot_ms, started_ms, attempts, sight)| Observation {
                monitor: MonitorId(monitor),
                revision,
                slot_ms,
                started_ms,
                attempts,
                sight,
            },
        )
}

/// A batch with a few observations.
pub fn batch() -> impl Strategy<Value = Batch> {
    (
        (fingerprint(), region(), place(), ".*", any::<u64>()),
        (
            option::of("[0-9a-f]{64}"),
            any::<i64>(),
            any::<bool>(),
            any::<u64>(),
        ),
        vec(observation(), 0..4),
    )
        .prop_map(
            |(
                (probe, region, place, software, seq),
                (prev, sealed_at_ms, resumed, dropped),
                observations,
            )| Batch {
                version: Version::CURRENT,
                probe,
                region,
                place,
                software,
                seq,
                prev,
                sealed_at_ms,
                resumed,
                dropped,
                overruns: dropped % 3,
                observations,
            },
        )
}

fn assignment() -> impl Strategy<Value = Assignment> {
    (
        any::<i32>(),
        any::<i32>(),
        any::<u32>(),
        any::<u32>(),
        any::<u8>(),
        check::check(),
    )
        .prop_map(
            |(monitor, revision, interval_s, timeout_ms, retries, check)| Assignment {
                monitor: MonitorId(monitor),
                revision,
                interval_s,
                timeout_ms,
                retries,
                from_ms: (retries > 128).then_some(i64::from(interval_s)),
                until_ms: (retries > 64).then_some(i64::from(timeout_ms)),
                check,
            },
        )
}

fn test_run() -> impl Strategy<Value = TestRun> {
    (".*", any::<u32>(), check::check()).prop_map(|(id, timeout_ms, check)| TestRun {
        id,
        timeout_ms,
        check,
    })
}

/// Assignments with a few monitors and test runs.
pub fn assignments() -> impl Strategy<Value = Assignments> {
    (region(), vec(assignment(), 0..4), vec(test_run(), 0..2)).prop_map(|(region, monitors, tests)| {
        Assignments {
            version: Version::CURRENT,
            region,
            monitors,
            tests,
        }
    })
}

/// An enrolment request.
pub fn enrolment_request() -> impl Strategy<Value = EnrolmentRequest> {
    (region(), ".*", ".*", ".*", ".*", vec(".*", 0..4), place()).prop_map(
        |(region, public_key, token, host, software, capabilities, place)| EnrolmentRequest {
            version: Version::CURRENT,
            region,
            public_key,
            token,
            host,
            software,
            capabilities,
            place,
        },
    )
}

/// The report of a test run.
pub fn test_run_report() -> impl Strategy<Value = TestRunReport> {
    (region(), place(), any::<i64>(), sight::sight()).prop_map(|(region, place, started_ms, sight)| {
        TestRunReport {
            version: Version::CURRENT,
            region,
            place,
            started_ms,
            sight,
        }
    })
}
