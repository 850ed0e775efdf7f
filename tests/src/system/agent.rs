//! A region inside a network: the built agent.

use super::{Aggregator, artefact::binary, process::Process};
use std::{
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Output},
};

/// A running agent.
pub struct Agent {
    process: Process,
    directory: PathBuf,
    environment: Vec<(String, String)>,
}

impl Agent {
    /// Starts the agent of a region, with its state in the directory.
    ///
    /// # Panics
    /// When the binary is not built.
    pub fn start(aggregator: &Aggregator, region: &str, directory: &Path) -> Self {
        Self::start_with(aggregator, region, directory, &[])
    }

    /// The same with more in its environment.
    ///
    /// # Panics
    /// When the binary is not built.
    pub fn start_with(
        aggregator: &Aggregator,
        region: &str,
        directory: &Path,
        more: &[(&str, String)],
    ) -> Self {
        let environment = [
            ("EDGEWATCH_AGGREGATOR_URL", aggregator.origin()),
            (
                "EDGEWATCH_ENROLMENT_TOKEN",
                aggregator.bootstrap_token().to_owned(),
            ),
            ("EDGEWATCH_REGION", region.to_owned()),
            (
                "EDGEWATCH_STATE_DIR",
                directory.join("agent").to_string_lossy().into_owned(),
            ),
        ];
        let environment: Vec<_> = environment
            .into_iter()
            .chain(more.iter().cloned())
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        Self {
            process: spawn(directory, &environment),
            directory: directory.to_owned(),
            environment,
        }
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Everything that it has logged.
    pub fn output(&self) -> String {
        self.process.output()
    }

    /// Kills it as a crash would.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Asks it to stop and waits until it has; `None` when it had to be killed.
    pub fn stop(&mut self) -> Option<ExitStatus> {
        self.process.stop()
    }

    /// Starts it again with the same state.
    pub fn start_again(&mut self) {
        self.process = spawn(&self.directory, &self.environment);
    }

    /// Runs the binary to its end with nothing else in its environment.
    ///
    /// # Panics
    /// When the binary is not built.
    pub fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
        Command::new(binary("edgewatch-agent"))
            .env_clear()
            .args(arguments)
            .envs(environment.iter().copied())
            .output()
            .expect("the agent runs")
    }
}

fn spawn(directory: &Path, environment: &[(String, String)]) -> Process {
    let mut command = Command::new(binary("edgewatch-agent"));
    command
        .env_remove("EDGEWATCH_CONFIG")
        .envs(environment.iter().cloned());
    Process::start("agent", &mut command, directory)
}
