//! The aggregator: the built binary on its embedded database.

use super::{PATIENCE, artefact::binary, eventually, process::Process};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};
use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
};

/// The administrator that the aggregator makes at its first start.
pub(super) const ADMIN: (&str, &str) = ("admin@example.org", "correct horse battery staple");

/// Enrols and approves probes of any region.
pub(super) const BOOTSTRAP_TOKEN: &str = "bootstrap-token-of-the-end-to-end-tests";

/// A running aggregator.
pub struct Aggregator {
    process: Process,
    directory: PathBuf,
    port: u16,
}

impl Aggregator {
    /// Starts it on a free port with its data in the directory, and waits until it is ready.
    ///
    /// # Panics
    /// When the binary is not built or does not get ready.
    pub async fn start(directory: &Path) -> Self {
        Self::start_with(directory, &[]).await
    }

    /// The same with further settings in its environment.
    ///
    /// # Panics
    /// When the binary is not built or does not get ready.
    pub async fn start_with(directory: &Path, environment: &[(&str, &str)]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        let mut aggregator = Self {
            process: spawn(directory, port, environment),
            directory: directory.to_owned(),
            port,
        };
        aggregator.ready().await;
        aggregator
    }

    /// Its origin.
    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// A self-approving enrolment token for any region.
    pub fn bootstrap_token(&self) -> &'static str {
        BOOTSTRAP_TOKEN
    }

    /// Kills it as a crash would. The database it leaves behind is its own to recover.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(&mut self) {
        self.process.stop();
    }

    /// Starts it again, on the same port and data.
    pub async fn start_again(&mut self) {
        self.start_again_with(&[]).await;
    }

    /// The same with further settings in its environment.
    pub async fn start_again_with(&mut self, environment: &[(&str, &str)]) {
        self.process = spawn(&self.directory, self.port, environment);
        self.ready().await;
    }

    /// Everything that it has logged.
    pub fn output(&self) -> String {
        self.process.output()
    }

    async fn ready(&mut self) {
        let url = format!("{}/health/ready", self.origin());
        eventually("the aggregator is ready", PATIENCE, async || {
            let answer = reqwest::get(&url).await.map_err(|error| error.to_string())?;
            answer
                .error_for_status()
                .map(drop)
                .map_err(|error| error.to_string())
        })
        .await;
    }
}

/// Where the embedded database of an aggregator is that has its data in this directory.
pub fn database_options(directory: &Path) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(directory.join("data/postgres/run"))
        .port(5432)
        .username("edgewatch")
        .database("edgewatch")
}

/// A connection of one's own to the embedded database of an aggregator with its data in this directory.
pub async fn connect_database(directory: &Path) -> PgConnection {
    PgConnection::connect_with(&database_options(directory))
        .await
        .expect("the aggregator's database")
}

fn spawn(directory: &Path, port: u16, environment: &[(&str, &str)]) -> Process {
    let mut command = Command::new(binary("edgewatch"));
    command
        .arg("serve")
        // What the tests themselves run on is not for the system under test.
        .env_remove("DATABASE_URL")
        .env_remove("EDGEWATCH_CONFIG")
        .env("EDGEWATCH_LISTEN", format!("127.0.0.1:{port}"))
        .env("EDGEWATCH_DATA_DIR", directory.join("data"))
        .env("EDGEWATCH_ADMIN_EMAIL", ADMIN.0)
        .env("EDGEWATCH_ADMIN_PASSWORD", ADMIN.1)
        .env("EDGEWATCH_BOOTSTRAP_TOKEN", BOOTSTRAP_TOKEN)
        .envs(environment.iter().copied());
    Process::start("aggregator", &mut command, directory)
}

impl Drop for Aggregator {
    fn drop(&mut self) {
        self.process.stop();
        // One that was killed leaves its database running.
        let pid_file = self.directory.join("data/postgres/cluster/postmaster.pid");
        let Ok(text) = fs::read_to_string(pid_file) else {
            return;
        };
        let pid = text.lines().next().and_then(|line| line.trim().parse().ok());
        if let Some(pid) = pid.map(Pid::from_raw) {
            let cwd = fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
            if cwd.starts_with(&self.directory) {
                let _ = kill(pid, Signal::SIGQUIT);
            }
        }
    }
}
