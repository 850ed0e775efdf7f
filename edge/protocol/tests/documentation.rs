//! What the documents say is what the code does.

#![allow(clippy::unwrap_used)]

use ed25519_dalek::{Signature, Verifier as _};
use edgewatch_protocol::{
    assignment::Assignments,
    batch::{Batch, BatchReceipt, ChainHead},
    digest::sha256_hex,
    enrolment::{EnrolmentRequest, EnrolmentResponse},
    identity::{Fingerprint, derive_key},
    path,
    problem::{Problem, ProblemType},
    reason::Reason,
    signature::{Body, Message, SignatureHeaders, parse, sign},
    test_run::TestRunReport,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

const PROTOCOL: &str = include_str!("../../../docs/protocol.md");
const PROBLEMS: &str = include_str!("../../../docs/problems.md");

/// The fenced block that follows a marker `<!-- example: … -->`.
fn example(name: &str) -> &'static str {
    let marker = format!("<!-- example: {name} -->");
    let rest = PROTOCOL
        .split_once(&marker)
        .unwrap_or_else(|| panic!("no {marker}"))
        .1;
    let block = rest.trim_start().strip_prefix("```").unwrap();
    let (_language, block) = block.split_once('\n').unwrap();
    block.split_once("\n```").unwrap().0
}

/// The first cells of the rows of a table's body, with the rest of the row.
fn rows(document: &'static str) -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    document.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.strip_suffix(" |")?.split(" | ");
        Some((cells.next()?.trim_end_matches('`'), cells.collect()))
    })
}

#[test]
fn the_worked_example_is_what_the_code_signs() {
    let key = derive_key(example("seed"), &"weur".parse().unwrap()).unwrap();
    let fingerprint = Fingerprint::of(&key.verifying_key());
    assert!(PROTOCOL.contains(&format!("`{fingerprint}`")), "{fingerprint}");

    let (head, body) = example("request").split_once("\n\n").unwrap();
    let field = |name: &str| {
        let found = head
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{name}: ")));
        found.unwrap_or_else(|| panic!("{name}"))
    };
    let request_line: Vec<_> = head.lines().next().unwrap().split(' ').collect();
    assert_eq!(request_line[1], path::ENROLMENTS);
    let message = Message {
        method: request_line[0],
        authority: field("Host"),
        path: request_line[1],
        query: None,
        body: Some(Body::new(field("Content-Type"), body.as_bytes())),
    };
    let shown = SignatureHeaders {
        signature_input: field("Signature-Input").to_owned(),
        signature: field("Signature").to_owned(),
        content_digest: Some(field("Content-Digest").to_owned()),
    };
    let signed = sign(
        &message,
        &key,
        1_780_000_000,
        *b"\0\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f",
    );
    assert_eq!(shown, signed);
    parse(&shown)
        .unwrap()
        .verify(&message, &shown, &key.verifying_key(), 1_780_000_000)
        .unwrap();

    // The signature base is shown too: the shown signature is over exactly these bytes.
    let encoded = shown.signature.trim_start_matches("sig=:").trim_end_matches(':');
    let signature: [u8; 64] = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, encoded)
        .unwrap()
        .try_into()
        .unwrap();
    let base = example("signature base");
    key.verifying_key()
        .verify(base.as_bytes(), &Signature::from_bytes(&signature))
        .unwrap_or_else(|error| panic!("{error}: {base}"));

    let request: EnrolmentRequest = serde_json::from_str(body).unwrap();
    let public = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        key.verifying_key().as_bytes(),
    );
    assert_eq!(request.public_key, public);
}

/// Reads an example and makes sure that writing it gives the same: no field is misspelt and none is missing.
fn require_exact<T: Serialize + DeserializeOwned>(name: &str) -> T {
    let shown: Value = serde_json::from_str(example(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let message: T = serde_json::from_value(shown.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(serde_json::to_value(&message).unwrap(), shown, "{name}");
    message
}

#[test]
fn the_examples_are_messages() {
    require_exact::<EnrolmentResponse>("enrolment response");
    require_exact::<Assignments>("assignments");
    require_exact::<Batch>("batch");
    require_exact::<BatchReceipt>("receipt");
    require_exact::<ChainHead>("chain head");
    require_exact::<TestRunReport>("test run report");
    let problem: Problem = require_exact("problem");
    assert_eq!(problem.kind(), Some(ProblemType::SequenceReused));
    assert_eq!(problem.title, ProblemType::SequenceReused.title());
}

/// JSON without the white space between its tokens. No string of the examples has an escaped quote.
fn without_white_space(json: &str) -> String {
    let mut in_string = false;
    json.chars()
        .filter(|&c| {
            in_string ^= c == '"';
            in_string || !c.is_whitespace()
        })
        .collect()
}

#[test]
fn the_chain_example_is_a_chain() {
    let head: ChainHead = require_exact("chain head");
    let batch: Batch = require_exact("batch");
    assert_eq!((batch.prev, batch.seq), (head.digest, head.seq + 1));
    let bytes = without_white_space(example("batch"));
    assert_eq!(
        bytes,
        serde_json::to_string(&serde_json::from_str::<Batch>(&bytes).unwrap()).unwrap()
    );
    let receipt: BatchReceipt = require_exact("receipt");
    assert_eq!(receipt.head.digest, Some(sha256_hex(bytes.as_bytes())));
    assert_eq!(receipt.head.seq, batch.seq);
}

#[test]
fn every_endpoint_and_reason_is_documented() {
    for path in [
        path::ENROLMENTS,
        path::ASSIGNMENTS,
        path::BATCHES,
        path::CHAIN,
        path::TESTS,
    ] {
        assert!(PROTOCOL.contains(path), "{path}");
    }
    for reason in Reason::ALL {
        assert!(
            rows(PROTOCOL).any(|(name, _)| name == reason.as_str()),
            "{}",
            reason.as_str()
        );
    }
}

#[test]
fn every_problem_is_documented_and_nothing_else() {
    for kind in ProblemType::ALL {
        let row = rows(PROBLEMS).find(|(slug, _)| *slug == kind.slug());
        let cells = row
            .unwrap_or_else(|| panic!("{} is not documented", kind.slug()))
            .1;
        assert_eq!(cells[0], kind.status().to_string(), "{}", kind.slug());
        assert!(
            cells.len() == 3 && cells[1].len() > 10 && cells[2].len() > 10,
            "{}",
            kind.slug()
        );
    }
    for (slug, _) in rows(PROBLEMS) {
        assert!(
            ProblemType::ALL.iter().any(|kind| kind.slug() == slug),
            "{slug} is not a problem"
        );
    }
}
