//! The regions: the built worker on workerd.

use super::{Aggregator, PATIENCE, artefact::repository, process::Process};
use crate::target::Addresses;
use serde::Deserialize;
use std::{collections::BTreeMap, path::Path, process::Command};

/// The regions' common seed.
const SEED: &str = "a seed of the end-to-end tests, long enough for a key";

/// Running regions.
pub struct Edge {
    process: Process,
    control: String,
    http: reqwest::Client,
}

/// What a region says of its last turn.
#[derive(Clone, Debug, Deserialize)]
pub struct Turn {
    /// Observations made.
    pub ran: usize,
    /// Slots that could not be begun in time.
    #[serde(default)]
    pub overruns: u64,
    /// Observations that the aggregator confirmed.
    pub sent: usize,
    /// Whether some wait for a further turn.
    pub pending: bool,
    /// What went wrong.
    pub problems: Vec<String>,
}

#[derive(Deserialize)]
struct Cron {
    outcome: String,
    #[serde(default)]
    regions: BTreeMap<String, Option<Turn>>,
}

impl Edge {
    /// Starts regions that trust the target's authority, ask the target's resolver, and are ticked by the test alone.
    ///
    /// # Panics
    /// When they do not start.
    pub async fn start(
        aggregator: &Aggregator,
        regions: &[&str],
        target: &Addresses,
        directory: &Path,
    ) -> Self {
        let (origin, token) = (aggregator.origin(), aggregator.bootstrap_token());
        Self::start_beside(&origin, token, regions, target, directory, &[]).await
    }

    /// The same beside whatever stands for an aggregator, with further settings in its environment.
    ///
    /// # Panics
    /// When they do not start.
    pub async fn start_beside(
        aggregator: &str,
        enrolment_token: &str,
        regions: &[&str],
        target: &Addresses,
        directory: &Path,
        environment: &[(&str, &str)],
    ) -> Self {
        let mut command = Command::new("node");
        command
            .arg(repository().join("edge/cloudflare/local/run.mjs"))
            .args(["--aggregator", aggregator])
            .args(["--regions", &regions.join(",")])
            .args(["--doh", &target.doh])
            .arg("--state")
            .arg(directory.join("edge"))
            .args(["--port", "0", "--no-cron"])
            .env("EDGEWATCH_PROBE_SEED", SEED)
            .env("EDGEWATCH_ENROLMENT_TOKEN", enrolment_token)
            .envs(environment.iter().copied());
        if let Some(ca) = &target.ca {
            command.arg("--roots").arg(ca);
        }
        let mut process = Process::start("edge", &mut command, directory);
        let control = process.said("control on ", PATIENCE).await;
        Self {
            process,
            control,
            http: reqwest::Client::new(),
        }
    }

    /// Stops the regions in order, so that others may start on their state.
    pub fn stop(&mut self) {
        self.process.stop();
    }

    /// Where the worker answers.
    pub fn origin(&self) -> &str {
        &self.control
    }

    /// The number of the process that runs workerd.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Fires the worker's cron and waits until every region has made its turn.
    ///
    /// # Panics
    /// When the cron handler fails.
    pub async fn tick(&self) -> BTreeMap<String, Turn> {
        let answer = self.http.post(format!("{}/cron", self.control)).send().await;
        let cron: Cron = answer
            .expect("the regions' control answers")
            .json()
            .await
            .expect("the regions' control answers with a report");
        assert_eq!(cron.outcome, "ok", "the cron handler");
        let turns = cron.regions.into_iter();
        turns.filter_map(|(region, turn)| Some((region, turn?))).collect()
    }
}
