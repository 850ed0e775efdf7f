//! A process of the system, which ends with the value that stands for it.

use super::eventually;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How long a process may take to stop in order before it is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(15);

/// How much of a log is shown when a test fails.
const SHOWN_LINES: usize = 40;

/// A running process whose output goes to a file.
pub struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
    /// Where its own part of the log begins: what ran before it under the same name has written there too.
    log_from: usize,
}

impl Process {
    /// Starts a command. Its output is appended to `{name}.log` in the directory.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(name: &'static str, command: &mut Command, directory: &Path) -> Self {
        let log = directory.join(format!("{name}.log"));
        let output = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .expect("a log file");
        let log_from = output.metadata().map_or(0, |metadata| metadata.len() as usize);
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a second handle of the log file"))
            .stderr(output)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} cannot be started: {error}: run `make build`"));
        Self {
            name,
            child,
            log,
            log_from,
        }
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything that it has said.
    pub fn output(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits for the rest of the first line that has this text before it.
    pub async fn said(&mut self, before: &str, patience: Duration) -> String {
        let what = format!("{} says `{before}…`", self.name);
        let (log, log_from) = (self.log.clone(), self.log_from);
        eventually(&what, patience, async || {
            let output = std::fs::read_to_string(&log).unwrap_or_default();
            let own = output.get(log_from..).unwrap_or_default();
            let rest = own.split_once(before).and_then(|(_, rest)| rest.split_once('\n'));
            rest.map(|(line, _)| line.trim().to_owned()).ok_or(output)
        })
        .await
    }

    /// Kills it as a crash would, and waits until it is gone.
    pub fn kill(&mut self) {
        // An error here means that it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to stop and waits until it has; kills it when it takes too long.
    pub fn stop(&mut self) -> Option<ExitStatus> {
        if let Ok(Some(status)) = self.child.try_wait() {
            return Some(status);
        }
        let _ = kill(Pid::from_raw(self.id().cast_signed()), Signal::SIGTERM);
        let end = Instant::now() + STOP_TIMEOUT;
        while Instant::now() < end {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            thread::sleep(Duration::from_millis(10));
        }
        self.kill();
        None
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
        if thread::panicking() {
            let output = self.output();
            let lines: Vec<_> = output.lines().collect();
            let shown = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
            eprintln!("---- the end of {}'s log ----\n{}", self.name, shown.join("\n"));
        }
    }
}
