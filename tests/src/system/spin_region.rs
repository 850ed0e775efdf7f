//! A region on Spin: the built component, run by the test's own host instead of Spin.

use super::{
    Aggregator, PATIENCE,
    artefact::{binary, repository},
    edge::Turn,
    process::Process,
};
use crate::target::Addresses;
use serde::Deserialize;
use std::{collections::BTreeMap, path::Path, process::Command, time::Duration};

/// The deployment's seed.
const SEED: &str = "a seed of the end-to-end tests, long enough for a key";

/// The token of the HTTP trigger.
pub const TICK_TOKEN: &str = "a-token-of-the-end-to-end-tests-long-enough";

/// The first start compiles the component to machine code.
const START_PATIENCE: Duration = Duration::from_mins(5);

/// What differs from one region to another.
#[derive(Clone, Copy, Debug)]
pub struct SpinOptions<'a> {
    /// The region's name.
    pub region: &'a str,
    /// How long a turn makes rounds, seconds; with 0 it makes one.
    pub turn_seconds: u32,
    /// Whether the platform lets the component dial.
    pub allows_tcp: bool,
    /// The HTTP trigger's token; empty for none.
    pub tick_token: &'a str,
}

impl Default for SpinOptions<'_> {
    fn default() -> Self {
        Self {
            region: "frankfurt",
            turn_seconds: 0,
            allows_tcp: true,
            tick_token: TICK_TOKEN,
        }
    }
}

/// A running region.
pub struct SpinRegion {
    process: Process,
    region: String,
    control: String,
    trigger: String,
    http: reqwest::Client,
}

#[derive(Deserialize)]
struct Cron {
    outcome: String,
    #[serde(default)]
    regions: BTreeMap<String, Option<Turn>>,
}

impl SpinRegion {
    /// Starts a region that trusts the target's authority, asks the target's resolver, and is ticked by the test alone.
    /// Its key-value store is in the directory; a region of the same name there goes on with it.
    ///
    /// # Panics
    /// When the component or its host is not built, or does not start.
    pub async fn start(
        aggregator: &Aggregator,
        target: &Addresses,
        directory: &Path,
        options: SpinOptions<'_>,
    ) -> Self {
        let (origin, token) = (aggregator.origin(), aggregator.bootstrap_token());
        Self::start_beside(&origin, token, target, directory, options).await
    }

    /// The same beside whatever stands for an aggregator.
    ///
    /// # Panics
    /// When the component or its host is not built, or does not start.
    pub async fn start_beside(
        aggregator: &str,
        enrolment_token: &str,
        target: &Addresses,
        directory: &Path,
        options: SpinOptions<'_>,
    ) -> Self {
        let component = repository().join("build/edgewatch-spin.wasm");
        assert!(
            component.is_file(),
            "{} is missing: run `make build`",
            component.display()
        );
        let mut command = Command::new(binary("spin-host"));
        command
            .arg("--component")
            .arg(component)
            .args(["--aggregator", aggregator])
            .args(["--region", options.region])
            .args(["--doh", &target.doh])
            .arg("--state")
            .arg(directory.join(format!("spin-{}", options.region)))
            .args(["--turn-seconds", &options.turn_seconds.to_string()])
            .arg("--no-cron")
            .env("EDGEWATCH_PROBE_SEED", SEED)
            .env("EDGEWATCH_TICK_TOKEN", options.tick_token)
            .env("EDGEWATCH_ENROLMENT_TOKEN", enrolment_token);
        if !options.allows_tcp {
            command.arg("--no-tcp");
        }
        if let Some(ca) = &target.ca {
            command.arg("--roots").arg(ca);
        }
        // One that was stopped has left its lines in the log: each start writes a log of its own.
        let log = tempfile::Builder::new()
            .prefix("spin-log-")
            .tempdir_in(directory)
            .expect("a directory for the log")
            .keep();
        let mut process = Process::start("spin-host", &mut command, &log);
        Self {
            trigger: process.said("HTTP trigger on ", START_PATIENCE).await,
            control: process.said("control on ", PATIENCE).await,
            process,
            region: options.region.to_owned(),
            http: reqwest::Client::new(),
        }
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Kills it as a crash would. Its key-value store stays.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Fires the cron and waits for the end of the turn.
    ///
    /// # Panics
    /// When the event is not handled.
    pub async fn tick(&self) -> Turn {
        let answer = self.http.post(format!("{}/cron", self.control)).send().await;
        let mut cron: Cron = answer
            .expect("the host's control answers")
            .json()
            .await
            .expect("the host's control answers with a report");
        assert_eq!(cron.outcome, "ok", "the cron event");
        let turn = cron.regions.remove(&self.region).flatten();
        turn.expect("the turn is told")
    }

    /// Sends a request to the HTTP trigger.
    ///
    /// # Panics
    /// When nothing is answered.
    pub async fn ask(
        &self,
        method: reqwest::Method,
        path: &str,
        authorization: Option<&str>,
    ) -> reqwest::Response {
        let mut request = self.http.request(method, format!("{}{path}", self.trigger));
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        request.send().await.expect("the HTTP trigger answers")
    }
}
