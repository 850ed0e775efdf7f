//! A private PostgreSQL for installations without `DATABASE_URL`.
//!
//! The server's binaries are found on the machine; its cluster lives under the data directory and survives restarts. It
//! listens on a Unix socket in a directory of mode 0700 alone, keeps `fsync` on, and runs in a process group of its own,
//! so that an interrupt from the terminal reaches the aggregator first, which stops it last. PostgreSQL refuses to run
//! as root: there it runs as an unprivileged user.

mod binaries;
mod place;

use binaries::Binaries;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use place::Place;
use sqlx::{
    Connection as _, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};
use std::{
    fs::{self, File},
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};
use tokio::process::{Child, Command};

/// The name of the database and of its owner.
const NAME: &str = "edgewatch";
const START_TIMEOUT: Duration = Duration::from_mins(5);
const STOP_TIMEOUT: Duration = Duration::from_mins(1);
/// A server log that has grown past this is begun anew at the next start.
const MAX_LOG_BYTES: u64 = 16 << 20;

/// A running server. It is meant to be stopped with [`EmbeddedPostgres::stop`]; one that is not (after a crash) is found
/// and recovered at the next start.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    child: Child,
    place: Place,
    /// Held as long as the server is ours.
    _ownership: File,
}

impl EmbeddedPostgres {
    /// Starts the server of a data directory; its cluster is made at the first start.
    ///
    /// # Errors
    /// In one line that says what to do: no binaries, another aggregator's directory, a server that does not start.
    pub async fn start(data_dir: &Path) -> Result<Self, String> {
        let place = Place::of(data_dir)?;
        let ownership = place.own()?;
        place.recover().await?;
        let binaries = Binaries::find(place.cluster_version()?)?;
        if !place.cluster.exists() {
            initialise(&place, &binaries).await?;
        }
        let child = spawn(&place, &binaries)?;
        let mut server = Self {
            child,
            place,
            _ownership: ownership,
        };
        server.wait_until_ready().await?;
        Ok(server)
    }

    /// How to connect to the server that another process runs over this data directory, if one does: for commands beside a
    /// running aggregator.
    ///
    /// # Errors
    /// In one line, when the data directory cannot be used.
    pub fn beside(data_dir: &Path) -> Result<Option<PgConnectOptions>, String> {
        let place = Place::of(data_dir)?;
        Ok(place.is_owned()?.then(|| place.options(NAME)))
    }

    /// How to connect to the database.
    pub fn connect_options(&self) -> PgConnectOptions {
        self.place.options(NAME)
    }

    /// Waits until the server ends by itself, which it should not.
    pub async fn exited(&mut self) -> std::io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Stops the server: open transactions are rolled back, everything committed is on disk.
    pub async fn stop(mut self) {
        let Some(pid) = self.child.id() else { return };
        // SIGINT is PostgreSQL's fast shutdown.
        if let Err(error) = kill(Pid::from_raw(pid.cast_signed()), Signal::SIGINT) {
            tracing::warn!(%error, "the embedded PostgreSQL could not be told to stop");
        }
        match tokio::time::timeout(STOP_TIMEOUT, self.child.wait()).await {
            Ok(Ok(status)) => tracing::info!(%status, "embedded PostgreSQL stopped"),
            Ok(Err(error)) => tracing::warn!(%error, "the embedded PostgreSQL's end could not be awaited"),
            Err(_) => {
                tracing::warn!("the embedded PostgreSQL did not stop in time; it recovers at the next start");
            }
        }
    }

    async fn wait_until_ready(&mut self) -> Result<(), String> {
        let deadline = tokio::time::Instant::now() + START_TIMEOUT;
        let mut connection = loop {
            match PgConnection::connect_with(&self.place.options("postgres")).await {
                Ok(connection) => break connection,
                Err(error) if tokio::time::Instant::now() > deadline => {
                    return Err(format!("the embedded PostgreSQL does not answer: {error}"));
                }
                Err(_) => {}
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!(
                    "the embedded PostgreSQL ended at its start ({status}): see {}",
                    self.place.log.display()
                ));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let fault = |error: sqlx::Error| format!("the embedded database cannot be made: {error}");
        let exists: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'edgewatch')")
                .fetch_one(&mut connection)
                .await
                .map_err(fault)?;
        if !exists {
            sqlx::query("CREATE DATABASE edgewatch")
                .execute(&mut connection)
                .await
                .map_err(fault)?;
        }
        connection.close().await.map_err(fault)
    }
}

/// Makes the cluster beside its place and moves it there when it is whole, so that an interrupted start leaves no half.
async fn initialise(place: &Place, binaries: &Binaries) -> Result<(), String> {
    let half = place.cluster.with_extension("new");
    let fault = |error: std::io::Error| format!("the embedded PostgreSQL's cluster cannot be made: {error}");
    if half.exists() {
        fs::remove_dir_all(&half).map_err(fault)?;
    }
    let mut command = Command::new(&binaries.initdb);
    command
        .arg("--pgdata")
        .arg(&half)
        .args(["--username", NAME, "--encoding", "UTF8", "--locale", "C"])
        // Only this user (and root) reaches the socket's directory.
        .args(["--auth-local", "trust", "--auth-host", "reject"]);
    let output = place.confine(&mut command).output().await.map_err(fault)?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(format!(
            "initdb failed ({}): {}",
            output.status,
            stderr.lines().last().unwrap_or_default()
        ));
    }
    fs::rename(&half, &place.cluster).map_err(fault)
}

fn spawn(place: &Place, binaries: &Binaries) -> Result<Child, String> {
    let fault = |error: std::io::Error| format!("the embedded PostgreSQL cannot be started: {error}");
    let begin_anew = fs::metadata(&place.log).is_ok_and(|log| log.len() > MAX_LOG_BYTES);
    let log = File::options()
        .create(true)
        .write(true)
        .append(!begin_anew)
        .truncate(begin_anew)
        .open(&place.log)
        .map_err(fault)?;
    let mut command = Command::new(&binaries.postgres);
    command
        .arg("-D")
        .arg(&place.cluster)
        .arg("-k")
        .arg(&place.socket_dir)
        .args(["-p", &place::PORT.to_string()])
        .args([
            "-c",
            "listen_addresses=",
            "-c",
            "timezone=UTC",
            "-c",
            "log_timezone=UTC",
        ])
        // Not our own: a server that outlives us would keep the other end of our output open.
        .stdout(log.try_clone().map_err(fault)?)
        .stderr(log);
    place.confine(&mut command).spawn().map_err(fault)
}

impl Place {
    fn options(&self, database: &str) -> PgConnectOptions {
        // Everything is said here: the environment's PG* variables are for other servers.
        PgConnectOptions::new_without_pgpass()
            .socket(&self.socket_dir)
            .port(place::PORT)
            .username(NAME)
            .database(database)
            .ssl_mode(PgSslMode::Disable)
    }

    /// Runs a command as the cluster's user, in its directory, in a process group of its own, with a clean environment.
    fn confine<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("LC_ALL", "C")
            .current_dir(&self.home)
            .stdin(Stdio::null())
            .process_group(0);
        if let Some(user) = &self.user {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    }
}

#[cfg(test)]
mod tests;
