//! Test runs: checks that users wait for.

use crate::{
    aggregator::{Aggregator, CallError},
    config::ProbeConfig,
    engine::Engine,
    platform::{Platform, Storage, StorageError, Transport},
};
use edgewatch_protocol::{
    path,
    test_run::{TestRun, TestRunReport},
    version::Version,
};
use futures::{StreamExt as _, stream};

const DONE_KEY: &str = "tests";

/// How many ids of runs that were made are remembered.
const MAX_DONE: usize = 128;

/// What came of the test runs.
#[derive(Debug, Default)]
pub struct TestsEnd {
    /// Runs made.
    pub made: usize,
    /// What went wrong, in one line each.
    pub problems: Vec<String>,
}

/// Makes the runs that were not made before and reports each.
///
/// A run whose report did not get through is made again at the next turn, if it is still asked for.
pub async fn run_tests<H: Platform + Transport + Storage>(
    engine: &Engine<'_, H>,
    config: &ProbeConfig,
    aggregator: &Aggregator<'_, H>,
    tests: &[TestRun],
) -> Result<TestsEnd, StorageError> {
    if tests.is_empty() {
        return Ok(TestsEnd::default());
    }
    let host = engine.platform;
    let mut done: Vec<String> = match host.get(DONE_KEY).await? {
        Some(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
        None => Vec::new(),
    };
    let waiting = tests.iter().filter(|test| !done.contains(&test.id)).cloned();
    let results: Vec<_> = stream::iter(waiting.collect::<Vec<_>>())
        .map(|test| async move {
            let result = run_test(engine, config, aggregator, &test).await;
            (test.id, result)
        })
        .buffer_unordered(host.max_concurrent().max(1))
        .collect()
        .await;
    let made = results.len();
    let mut problems = Vec::new();
    for (id, result) in results {
        if let Err(error) = &result {
            problems.push(format!("test run {id}: {error}"));
        }
        if !matches!(result, Err(CallError::Unreachable(_))) {
            done.push(id);
        }
    }
    if made > 0 {
        done.drain(..done.len().saturating_sub(MAX_DONE));
        let bytes = serde_json::to_vec(&done).map_err(|error| StorageError(error.to_string()))?;
        host.put(DONE_KEY, &bytes).await?;
    }
    Ok(TestsEnd { made, problems })
}

async fn run_test<H: Platform + Transport>(
    engine: &Engine<'_, H>,
    config: &ProbeConfig,
    aggregator: &Aggregator<'_, H>,
    test: &TestRun,
) -> Result<(), CallError> {
    let started_ms = engine.platform.now_ms();
    let sight = engine.run(&test.check, test.timeout_ms).await;
    let report = TestRunReport {
        version: Version::CURRENT,
        region: config.region.clone(),
        place: engine.platform.place(),
        started_ms,
        sight,
    };
    let json = serde_json::to_vec(&report).map_err(|error| CallError::Unreachable(error.to_string()))?;
    // The id is the aggregator's own; what is not a plain id must not change the path.
    let is_id = test
        .id
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_id {
        return Err(CallError::Unreachable("its id is not an id".to_owned()));
    }
    aggregator
        .post(&format!("{}/{}", path::TESTS, test.id), json)
        .await?;
    Ok(())
}
