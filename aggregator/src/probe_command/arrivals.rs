//! Waiting for the probes of a deployment, and telling how each comes along.

use super::{api::Api, deployment::Deployment};
use edgewatch_client::probe::Probe;
use edgewatch_protocol::{enrolment::ProbeStatus, name::Region};
use std::{collections::HashSet, time::Duration};
use tokio::time::{Instant, sleep};
use url::Url;

/// How often is looked.
const PERIOD: Duration = Duration::from_secs(2);

/// How long the aggregator may be away before the waiting ends.
const PATIENCE: Duration = Duration::from_secs(30);

/// A probe that is to come.
struct Expected {
    region: Region,
    host: &'static str,
    /// Absent where the key is made on the probe's machine: the next new probe of the region and the host is it.
    fingerprint: Option<String>,
    /// How far it has come, as it was told last.
    stage: Stage,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Absent,
    Revoked,
    Pending,
    Approved,
    AtWork,
}

/// The probes that are to come, and those that were there before and do not count.
pub(super) struct Arrivals {
    expected: Vec<Expected>,
    before: HashSet<String>,
}

impl Arrivals {
    /// The probes of a deployment, beside those that are there already.
    pub(super) fn of(deployment: &Deployment, before: &[Probe]) -> Self {
        let expected = deployment.probes().map(|(region, fingerprint)| Expected {
            region,
            host: deployment.host().as_str(),
            fingerprint: fingerprint.map(|fingerprint| fingerprint.0),
            stage: Stage::Absent,
        });
        Self {
            expected: expected.collect(),
            before: before.iter().map(|probe| probe.fingerprint.clone()).collect(),
        }
    }

    /// Takes in what the aggregator knows now: what is new, a line each.
    fn take(&mut self, probes: &[Probe], server: &Url) -> Vec<String> {
        let mut lines = Vec::new();
        for index in 0..self.expected.len() {
            let Some(probe) = self.find(index, probes) else {
                continue;
            };
            let expected = &mut self.expected[index];
            expected.fingerprint = Some(probe.fingerprint.clone());
            let stage = stage(probe);
            if stage == expected.stage {
                continue;
            }
            let told = match stage {
                Stage::Absent => continue,
                Stage::Revoked => "revoked: its key is refused".to_owned(),
                Stage::Pending => format!(
                    "enrolled, pending: approve it at {}/regions if that is its fingerprint",
                    server.as_str().trim_end_matches('/')
                ),
                Stage::Approved => "enrolled and approved".to_owned(),
                Stage::AtWork => format!("at work ({})", probe.software),
            };
            lines.push(format!("{:<12} {}  {told}", expected.region, probe.fingerprint));
            expected.stage = stage;
        }
        lines
    }

    fn find<'a>(&self, index: usize, probes: &'a [Probe]) -> Option<&'a Probe> {
        let expected = &self.expected[index];
        if let Some(fingerprint) = &expected.fingerprint {
            return probes.iter().find(|probe| probe.fingerprint == *fingerprint);
        }
        probes.iter().find(|probe| {
            let is_taken = |other: &Expected| other.fingerprint.as_ref() == Some(&probe.fingerprint);
            probe.region == expected.region
                && probe.host == expected.host
                && !self.before.contains(&probe.fingerprint)
                && !self.expected.iter().any(is_taken)
        })
    }

    fn at_work(&self) -> usize {
        let at_work = |expected: &&Expected| expected.stage == Stage::AtWork;
        self.expected.iter().filter(at_work).count()
    }
}

fn stage(probe: &Probe) -> Stage {
    match (probe.status, probe.last_seen_at) {
        (ProbeStatus::Pending, _) => Stage::Pending,
        (ProbeStatus::Revoked, _) => Stage::Revoked,
        (ProbeStatus::Approved, None) => Stage::Approved,
        (ProbeStatus::Approved, Some(_)) => Stage::AtWork,
    }
}

/// Waits until all are at work.
///
/// # Errors
/// In one line, when they have not all come in time.
pub(super) async fn await_arrivals(
    api: &Api,
    server: &Url,
    mut arrivals: Arrivals,
    patience: Duration,
) -> Result<(), String> {
    let began = Instant::now();
    let mut heard = began;
    let all = arrivals.expected.len();
    loop {
        match api.list_probes().await {
            Ok(probes) => {
                heard = Instant::now();
                for line in arrivals.take(&probes, server) {
                    eprintln!("{line}");
                }
            }
            // One that is started anew meanwhile is back soon.
            Err(error) if heard.elapsed() > PATIENCE => return Err(error),
            Err(_) => {}
        }
        let at_work = arrivals.at_work();
        if at_work == all {
            eprintln!("all {all} are at work");
            return Ok(());
        }
        if began.elapsed() >= patience {
            return Err(format!(
                "{at_work} of {all} probes are at work after {} minutes; the printed commands still hold",
                patience.as_secs() / 60
            ));
        }
        sleep(PERIOD).await;
    }
}

#[cfg(test)]
mod tests {
    use super::{super::deployment::Host, *};
    use chrono::DateTime;
    use edgewatch_protocol::batch::Place;

    fn probe(fingerprint: &str, region: &str, host: &str, status: ProbeStatus, is_seen: bool) -> Probe {
        Probe {
            fingerprint: fingerprint.to_owned(),
            region: region.parse().unwrap(),
            status,
            host: host.to_owned(),
            software: "edgewatch-agent/1".to_owned(),
            capabilities: Vec::new(),
            place: Place::default(),
            enrolled_at: DateTime::UNIX_EPOCH,
            last_seen_at: is_seen.then_some(DateTime::UNIX_EPOCH),
            silent: false,
            last_seq: 0,
            chain_breaks: 0,
            dropped: 0,
            clock_off_s: None,
        }
    }

    #[test]
    fn each_new_probe_is_told_at_each_stage_once() {
        let server = Url::parse("http://127.0.0.1:8080/").unwrap();
        let deployment = Deployment::plan(Host::Agent, false, "office*2", &server, None).unwrap();
        let old = probe("old", "office", "agent", ProbeStatus::Approved, true);
        let mut arrivals = Arrivals::of(&deployment, std::slice::from_ref(&old));
        let mut take = |probes: &[Probe]| {
            let lines = arrivals.take(probes, &server);
            (lines.join("\n"), arrivals.at_work())
        };
        let worker = probe("w", "office", "cloudflare", ProbeStatus::Approved, true);
        assert_eq!(take(&[old.clone(), worker.clone()]), (String::new(), 0));
        let first = probe("a", "office", "agent", ProbeStatus::Pending, false);
        let (told, _) = take(&[old.clone(), first.clone()]);
        assert!(
            told.contains("a  enrolled, pending") && told.contains("http://127.0.0.1:8080/regions"),
            "{told}"
        );
        assert_eq!(take(&[old.clone(), first]).0, "");
        let first = probe("a", "office", "agent", ProbeStatus::Approved, true);
        let second = probe("b", "office", "agent", ProbeStatus::Approved, false);
        let (told, at_work) = take(&[old.clone(), first.clone(), second]);
        assert!(
            told.contains("a  at work") && told.contains("b  enrolled and approved"),
            "{told}"
        );
        assert_eq!(at_work, 1);
        let second = probe("b", "office", "agent", ProbeStatus::Approved, true);
        assert_eq!(take(&[old, first, second]).1, 2);
    }
}
