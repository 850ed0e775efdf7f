//! Following a file while it runs: a change is applied within seconds, or refused whole while the old one stays in force.

use super::{ConfigFile, Fault, NotApplied, apply};
use crate::state::AppState;
use sha2::{Digest as _, Sha256};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::signal::unix::{SignalKind, signal};

/// How often the file is looked at. Its content is compared, not its time: mounted files are replaced in many ways.
const POLL: Duration = Duration::from_secs(2);

/// A file and what was last seen in it.
#[derive(Debug)]
pub struct ConfigWatch {
    path: PathBuf,
    seen: Option<[u8; 32]>,
}

impl ConfigWatch {
    /// Reads and applies a file for the first time.
    ///
    /// # Errors
    /// When it cannot be read or applied, in one line: an aggregator does not start with half a configuration.
    pub async fn start(path: &Path, state: &AppState) -> Result<Self, String> {
        let mut watch = Self {
            path: path.to_owned(),
            seen: None,
        };
        let text = watch.read().await?;
        let file = watch.parse(&text)?;
        watch.apply(state, &text, &file).await?;
        Ok(watch)
    }

    /// Follows the file until the process is asked to stop.
    pub async fn run(mut self, state: AppState) {
        let mut stopping = state.stopping.subscribe();
        let mut hang_up = signal(SignalKind::hangup()).ok();
        let mut refused = None;
        loop {
            let hung_up = async {
                match &mut hang_up {
                    Some(hang_up) => hang_up.recv().await,
                    None => std::future::pending().await,
                }
            };
            let asked = tokio::select! {
                () = tokio::time::sleep(POLL) => false,
                _ = hung_up => true,
                _ = stopping.wait_for(|stopping| *stopping) => return,
            };
            self.look(&state, asked, &mut refused).await;
        }
    }

    /// Applies what is new. What was refused is told once, not every two seconds, unless somebody `asked`.
    async fn look(&mut self, state: &AppState, asked: bool, refused: &mut Option<String>) {
        let outcome = match self.read().await {
            Ok(text) if !asked && self.seen == Some(hash(&text)) => return refused.take().map_or((), drop),
            Ok(text) => match self.parse(&text) {
                Ok(file) => self.apply(state, &text, &file).await,
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        match outcome {
            Ok(()) => *refused = None,
            Err(error) if !asked && refused.as_ref() == Some(&error) => {}
            Err(error) => {
                state.metrics.config_read(false);
                tracing::error!(path = %self.path.display(), "the configuration stays as it was: {error}");
                *refused = Some(error);
            }
        }
    }

    async fn read(&self) -> Result<String, String> {
        tokio::fs::read_to_string(&self.path)
            .await
            .map_err(|error| format!("{}: {error}", self.path.display()))
    }

    fn parse(&self, text: &str) -> Result<ConfigFile, String> {
        ConfigFile::parse(text, &ConfigFile::environment()).map_err(|faults| self.refuse(&faults))
    }

    fn refuse(&self, faults: &[Fault]) -> String {
        let faults: Vec<_> = faults.iter().map(Fault::to_string).collect();
        format!("{}: {}", self.path.display(), faults.join("; "))
    }

    async fn apply(&mut self, state: &AppState, text: &str, file: &ConfigFile) -> Result<(), String> {
        let applied = apply(state, file).await.map_err(|error| match error {
            NotApplied::Refused(errors) => {
                self.refuse(&ConfigFile::locate(text, &ConfigFile::environment(), &errors))
            }
            NotApplied::Database(error) => format!("{}: {error}", self.path.display()),
        })?;
        self.seen = Some(hash(text));
        state.metrics.config_read(true);
        tracing::info!(
            path = %self.path.display(), created = applied.created, updated = applied.updated,
            removed = applied.removed, regions = applied.regions, "configuration applied"
        );
        Ok(())
    }
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
