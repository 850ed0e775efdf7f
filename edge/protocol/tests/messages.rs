//! What is written is read back as it was, and what a newer minor version adds does not matter.

#![allow(clippy::unwrap_used)]

mod strategy;

use edgewatch_protocol::{
    assignment::Assignments,
    batch::Batch,
    check::Check,
    enrolment::EnrolmentRequest,
    problem::{Problem, ProblemType},
    test_run::TestRunReport,
    version::{Version, decode},
};
use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// Encodes, decodes and encodes again.
fn round_trip<T: Serialize + DeserializeOwned>(message: &T) -> (Value, Value) {
    let bytes = serde_json::to_vec(message).unwrap();
    let back: T = decode(&bytes).unwrap();
    (
        serde_json::from_slice(&bytes).unwrap(),
        serde_json::to_value(&back).unwrap(),
    )
}

/// The message as a newer minor version may write it: with fields that nobody here knows in every object.
fn with_added_fields(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            for field in fields.values_mut() {
                *field = with_added_fields(field.take());
            }
            fields.insert(
                "added_later".to_owned(),
                json!({"type": "new", "n": [1, null, "x"]}),
            );
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| *item = with_added_fields(item.take())),
        _ => {}
    }
    value
}

fn read<T: DeserializeOwned>(value: &Value) -> Result<T, Problem> {
    decode(&serde_json::to_vec(value).unwrap())
}

fn newer<T: Serialize>(message: &T, version: &str) -> Value {
    let mut value = with_added_fields(serde_json::to_value(message).unwrap());
    value["version"] = json!(version);
    value
}

fn require_refused<T: Serialize + DeserializeOwned>(message: &T, version: &str) -> Result<(), TestCaseError> {
    match read::<T>(&newer(message, version)) {
        Ok(_) => Err(TestCaseError::fail("taken")),
        Err(problem) => {
            prop_assert_eq!(problem.kind(), Some(ProblemType::UnsupportedVersion));
            let detail = problem.detail.unwrap();
            prop_assert!(detail.contains(&Version::CURRENT.to_string()) && detail.contains(version));
            Ok(())
        }
    }
}

proptest! {
    #[test]
    fn batches(batch in strategy::batch(), minor in 1u16.., major in 2u16..) {
        let (written, again) = round_trip(&batch);
        prop_assert_eq!(written, again);
        let mut read: Batch = read(&newer(&batch, &format!("1.{minor}"))).unwrap();
        read.version = Version::CURRENT;
        prop_assert_eq!(&read, &batch);
        require_refused(&batch, &format!("{major}.0"))?;
    }

    #[test]
    fn assignments(assignments in strategy::assignments(), minor in 1u16.., major in 2u16..) {
        let (written, again) = round_trip(&assignments);
        prop_assert_eq!(written, again);
        let mut read: Assignments = read(&newer(&assignments, &format!("1.{minor}"))).unwrap();
        read.version = Version::CURRENT;
        prop_assert_eq!(&read, &assignments);
        require_refused(&assignments, &format!("{major}.0"))?;
    }

    #[test]
    fn enrolments(request in strategy::enrolment_request(), minor in 1u16.., major in 2u16..) {
        let (written, again) = round_trip(&request);
        prop_assert_eq!(&written, &again);
        let mut read: EnrolmentRequest = read(&newer(&request, &format!("1.{minor}"))).unwrap();
        read.version = Version::CURRENT;
        prop_assert_eq!(serde_json::to_value(&read).unwrap(), written);
        require_refused(&request, &format!("{major}.0"))?;
    }

    #[test]
    fn test_run_reports(report in strategy::test_run_report()) {
        let (written, again) = round_trip(&report);
        prop_assert_eq!(written, again);
        let read: TestRunReport = read(&newer(&report, &Version::CURRENT.to_string())).unwrap();
        prop_assert_eq!(read, report);
    }

    #[test]
    fn noise_is_malformed_and_never_a_panic(noise in prop::collection::vec(any::<u8>(), 0..300)) {
        let problem = decode::<Batch>(&noise).unwrap_err();
        prop_assert_eq!(problem.kind(), Some(ProblemType::Malformed));
    }

    #[test]
    fn a_batch_cut_short_is_malformed(batch in strategy::batch(), cut in any::<prop::sample::Index>()) {
        let bytes = serde_json::to_vec(&batch).unwrap();
        let problem = decode::<Batch>(&bytes[..cut.index(bytes.len())]).unwrap_err();
        prop_assert_eq!(problem.kind(), Some(ProblemType::Malformed));
    }
}

#[test]
fn a_check_of_a_newer_minor_version_is_one_unknown_check_among_known_ones() {
    let checks = [
        json!({"type": "http", "url": "https://a.example/"}),
        json!({"type": "quantum", "qubits": 3}),
        json!({"type": "http", "url": "https://a.example/", "phases": "telepathic"}),
        json!({"type": "http", "url": "https://a.example/", "auth": {"scheme": "dpop"}}),
        json!({"type": "http", "url": "https://a.example/", "assertions": [{"on": "body", "is": "rhyming", "value": 1}]}),
    ];
    let monitors: Vec<_> = checks
        .iter()
        .enumerate()
        .map(|(id, check)| json!({"monitor": id, "revision": 1, "interval_s": 60, "timeout_ms": 1000, "check": check}))
        .collect();
    let tests = json!([{"id": "t", "timeout_ms": 1000, "check": checks[1]}]);
    let message = json!({"version": "1.7", "region": "weur", "monitors": monitors, "tests": tests});
    let read: Assignments = read(&message).unwrap();
    let unknown: Vec<_> = read
        .monitors
        .iter()
        .map(|assignment| assignment.check == Check::Unknown)
        .collect();
    assert_eq!(unknown, [false, true, true, true, true]);
    assert_eq!(read.tests[0].check, Check::Unknown);
}
