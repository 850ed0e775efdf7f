use super::*;
use edgewatch_core::platform::Storage as _;
use edgewatch_protocol::{
    batch::MAX_OBSERVATIONS,
    identity::derive_key,
    name::MonitorId,
    observation::{Observation, Outcome, Sight},
};
use std::path::Path;

fn agent(state_dir: &Path, outbox_mib: usize) -> Agent {
    let region = "office".parse().unwrap();
    Agent::new(AgentOptions {
        probe: ProbeConfig {
            key: derive_key("0123456789abcdef0123456789abcdef", &region).unwrap(),
            aggregator_url: "http://127.0.0.1:1".parse().unwrap(),
            region,
            enrolment_token: None,
        },
        platform: NativePlatform::unrestricted(),
        state_dir: state_dir.to_owned(),
        max_concurrent: 1,
        outbox_mib,
    })
    .unwrap()
}

fn observation(number: usize) -> Observation {
    Observation {
        monitor: MonitorId(1),
        revision: 1,
        slot_ms: number as i64 * 10_000,
        started_ms: number as i64 * 10_000 + 1,
        attempts: 1,
        sight: Sight::of(Outcome::Up, None),
    }
}

/// An agent that is given one MiB keeps four full records, and drops what is older when it tries to send; with two MiB
/// the same observations all stay.
#[tokio::test]
async fn as_much_waits_as_the_agent_is_given() {
    const RECORDS: usize = 6;
    for (mib, kept) in [(1, 4), (2, RECORDS)] {
        let directory = tempfile::tempdir().unwrap();
        let agent = agent(directory.path(), mib);
        let outbox = agent.inner.outbox();
        let seen = (0..RECORDS * MAX_OBSERVATIONS).map(observation).collect();
        outbox.push(seen).await.unwrap();
        let records = agent.inner.host.list("outbox/").await.unwrap();
        assert_eq!(records.len(), RECORDS, "nothing is dropped while there is hope");
        let dropped = outbox.sweep().await.unwrap();
        assert_eq!(dropped, (RECORDS - kept) * MAX_OBSERVATIONS, "{mib} MiB");
        let records = agent.inner.host.list("outbox/").await.unwrap();
        assert_eq!(records.len(), kept, "{mib} MiB");
    }
}
