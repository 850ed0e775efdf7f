//! One truth: scripted targets, and what every host has to say of each.
//!
//! The cases are data, the same for all hosts. Outcome, reason, the phase of failure and which phases are measured agree;
//! times are those that the target was told to take, within 20 ms; one that is not is looked at again, in a quiet moment
//! and with what the machine itself was late by. What a platform cannot see is declared beside the case,
//! and `docs/hosts.md` lists it: `UPDATE_HOSTS=1` writes the list anew.
#![allow(clippy::expect_used, missing_docs)]

mod anatomy;
mod case;
mod cases;
mod document;
mod hosts;
mod judge;
mod metronome;
mod places;

use case::{Case, HostKind};
use edgewatch_protocol::{capability, check::Check, observation::Sight};
use edgewatch_tests::{
    system::Directory,
    target::{Options, Target},
};
use hosts::{Agent, Cloudflare, Host, Job, Spin};
use judge::{Faults, judge};
use metronome::Metronome;
use places::Places;
use std::{collections::BTreeSet, fmt::Write as _, iter::repeat_n, time::Duration};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};

/// The region that the hosts serve.
const REGION: &str = "weur";

/// How often a time is looked at again because the machine was busy with something else.
const RETRIES: usize = 3;

/// How many attempts are made each time, of which the best counts.
const ATTEMPTS: usize = 3;

/// How late a machine is that is quiet, and for how long one is waited for.
const QUIET_LATENESS_MS: f64 = 5.0;
const QUIET_PATIENCE: Duration = Duration::from_secs(2);

/// One host at a time: two would take each other's processor, and so their times.
static TURN: Mutex<()> = Mutex::const_new(());

/// The target, with its certificates in a directory.
struct Scene {
    target: Target,
    places: Places,
    _directory: Directory,
}

impl Scene {
    async fn open() -> Self {
        let directory = Directory::new();
        let options = Options {
            certificates: Some(directory.path().join("certificates")),
            ..Options::default()
        };
        let target = Target::start(options).await.expect("the target starts");
        Self {
            places: Places::of(target.addresses()),
            target,
            _directory: directory,
        }
    }

    fn job(&self, case: &Case) -> Job {
        let check: Check = serde_json::from_value(self.places.fill(&case.check))
            .unwrap_or_else(|error| panic!("{}: {error}", case.name));
        assert_ne!(check, Check::Unknown, "{}: its type is unknown", case.name);
        assert_eq!(edgewatch_core::check::validate(&check), [], "{}", case.name);
        let needed = edgewatch_core::check::capabilities(&check);
        let is_of_all = |needed: &&str| capability::STREAMS.contains(needed) || *needed == capability::IPV6;
        let needed: Vec<_> = needed.into_iter().filter(|needed| !is_of_all(needed)).collect();
        assert_eq!(needed, case.needs, "{}: what it needs", case.name);
        Job {
            check,
            timeout_ms: case.timeout_ms,
        }
    }

    /// Lets a host look. `metronome` tells by how much more than usual a time may be off.
    async fn run(
        &self,
        host: &mut Host,
        cases: &[&Case],
        metronome: Option<&Metronome>,
    ) -> Vec<(Sight, Faults)> {
        let jobs = cases.iter().map(|case| self.job(case)).collect();
        let sights = host.run(jobs).await.into_iter().zip(cases);
        let lateness_ms = metronome.map_or(0.0, Metronome::lateness_ms);
        let judged = sights.map(|(sight, case)| {
            let faults = judge(case, host.kind(), &self.places, &sight, lateness_ms);
            (sight, faults)
        });
        judged.collect()
    }
}

/// Lets a host look at everything and compares what it says with what has to be.
async fn compare(scene: &Scene, mut host: Host) {
    let all = cases::all();
    let (offered, missing): (Vec<_>, Vec<_>) = all.iter().partition(|case| scene.places.has_all(&case.check));
    for case in &missing {
        eprintln!("left out, because this machine cannot offer it: {}", case.name);
    }
    let (last, first): (Vec<_>, Vec<_>) = offered.into_iter().partition(|case| case.takes_resolver_away);
    let metronome = Metronome::start();
    let mut report = String::new();
    let mut wrong = 0;
    let mut looked_at = 0;
    for stage in [first, last] {
        looked_at += stage.len();
        let mut late = Vec::new();
        for (&case, (sight, faults)) in stage.iter().zip(scene.run(&mut host, &stage, None).await) {
            if !faults.wrong.is_empty() {
                wrong += 1;
                tell(&mut report, case, &faults.wrong, &sight);
            } else if !faults.late.is_empty() {
                late.push((case, faults.late));
            }
        }
        for _ in 0..RETRIES {
            if late.is_empty() {
                break;
            }
            wait_for_quiet(&metronome).await;
            // In one go and some times over: a host that has just woken up is slower than one at work.
            let again: Vec<_> = late
                .iter()
                .flat_map(|(case, _)| repeat_n(*case, ATTEMPTS))
                .collect();
            let seen = scene.run(&mut host, &again, Some(&metronome)).await;
            for ((case, mut why), attempts) in
                std::mem::take(&mut late).into_iter().zip(seen.chunks(ATTEMPTS))
            {
                if let Some((sight, faults)) = attempts.iter().find(|(_, faults)| !faults.wrong.is_empty()) {
                    wrong += 1;
                    tell(&mut report, case, &faults.wrong, sight);
                } else if attempts.iter().all(|(_, faults)| !faults.late.is_empty()) {
                    why.extend(attempts.iter().flat_map(|(_, faults)| faults.late.clone()));
                    late.push((case, why));
                }
            }
        }
        for (case, late) in late {
            wrong += 1;
            let _ = writeln!(report, "- {}: {}", case.name, late.join("; "));
        }
    }
    assert_eq!(
        of_the_host(&host.capabilities()),
        of_the_host(host.kind().capabilities()),
        "what a probe says that it can do"
    );
    assert!(
        wrong == 0,
        "{wrong} of {looked_at} targets were not seen as they are from {}:\n{report}",
        host.kind().title()
    );
}

/// Capabilities without those that depend on the machine.
fn of_the_host(capabilities: &[impl AsRef<str>]) -> BTreeSet<&str> {
    let all = capabilities.iter().map(AsRef::as_ref);
    all.filter(|one| !["ping", "script", capability::IPV6].contains(one))
        .collect()
}

/// Waits until the machine has time for others' clocks, though not for ever.
async fn wait_for_quiet(metronome: &Metronome) {
    const NAP: Duration = Duration::from_millis(40);
    let patience = Instant::now() + QUIET_PATIENCE;
    loop {
        metronome.lateness_ms();
        sleep(NAP).await;
        if metronome.lateness_ms() < QUIET_LATENESS_MS || Instant::now() > patience {
            return;
        }
    }
}

fn tell(report: &mut String, case: &Case, wrong: &[String], sight: &Sight) {
    let json = serde_json::to_string(sight).unwrap_or_default();
    let _ = writeln!(report, "- {}: {}\n  {json}", case.name, wrong.join("; "));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_tells_the_truth() {
    let _turn = TURN.lock().await;
    let scene = Scene::open().await;
    let host = Host::Agent(Agent::start(scene.target.addresses()));
    compare(&scene, host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worker_tells_the_truth() {
    let _turn = TURN.lock().await;
    let scene = Scene::open().await;
    let host = Host::Cloudflare(Cloudflare::start(scene.target.addresses()).await);
    compare(&scene, host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_component_tells_the_truth() {
    let _turn = TURN.lock().await;
    let scene = Scene::open().await;
    let host = Host::Spin(Spin::start(scene.target.addresses()).await);
    compare(&scene, host).await;
}

#[test]
fn every_case_has_a_name_of_its_own_and_there_are_enough() {
    let cases = cases::all();
    let mut names: Vec<_> = cases.iter().map(|case| &case.name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), cases.len(), "a name is used twice");
    assert!(cases.len() >= 60, "{}", cases.len());
    for case in &cases {
        assert!(
            !case.expected.ends.is_empty(),
            "{}: no end is expected",
            case.name
        );
        for needed in case.needs {
            let able = HostKind::ALL.into_iter().filter(|host| host.can(needed));
            assert_eq!(able.count(), 1, "{}: {needed}", case.name);
        }
        for difference in &case.differences {
            assert!(HostKind::ALL.contains(&difference.host));
            let is_able = case.needs.iter().all(|needed| difference.host.can(needed));
            assert!(
                is_able,
                "{}: nothing else is seen where nobody can look",
                case.name
            );
            assert!(!difference.changes.is_empty(), "{}: no difference", case.name);
        }
    }
}

#[test]
fn what_hosts_cannot_see_is_documented() {
    document::check(&cases::all());
}
