//! The whole system as its users run it: the built `edgewatch` binary on its embedded database, the built worker on
//! workerd, and the scripted target.
//!
//! Every system has ports and a directory of its own, so that several can run at once, and ends with the value that
//! stands for it. What is missing of the built artefacts is a failure that names the command which builds them.
#![allow(
    clippy::expect_used,
    reason = "a test that cannot go on has failed, and says where"
)]

mod agent;
mod aggregator;
mod api;
mod artefact;
mod clock;
mod edge;
mod probe;
mod process;
mod spin_region;

pub use agent::Agent;
pub use aggregator::{Aggregator, connect_database, database_options};
pub use api::{Api, EventStream, read_problem};
pub use artefact::{binary, repository, require_worker};
pub use clock::now_ms;
pub use edge::{Edge, Turn};
pub use probe::{NativeProbe, SignedRequest, json_bytes, up};
pub use process::Process;
pub use spin_region::{SpinOptions, SpinRegion, TICK_TOKEN};

use crate::target::{Options, Target};
use std::{os::unix::fs::PermissionsExt as _, path::Path, time::Duration};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

/// The whole system. Fields are dropped in this order: the road is taken apart from its beginning.
pub struct System {
    /// The regions.
    pub edge: Edge,
    /// The aggregator.
    pub aggregator: Aggregator,
    /// What the regions check.
    pub target: Target,
    /// The API, signed in as the administrator.
    pub api: Api,
    _directory: Directory,
}

impl System {
    /// Starts everything, with these regions enrolled and approved.
    ///
    /// # Panics
    /// When an artefact is missing or something does not start.
    pub async fn start(regions: &[&str]) -> Self {
        require_worker();
        let directory = Directory::new();
        let target = Target::start(Options {
            certificates: Some(directory.path().join("certificates")),
            ..Options::default()
        })
        .await
        .expect("the target starts");
        let aggregator = Aggregator::start(directory.path()).await;
        let edge = Edge::start(&aggregator, regions, target.addresses(), directory.path()).await;
        let api = Api::sign_in(&aggregator).await;
        let system = Self {
            edge,
            aggregator,
            target,
            api,
            _directory: directory,
        };
        system.enrol(regions).await;
        system
    }

    /// The first tick, at which regions enrol themselves.
    async fn enrol(&self, regions: &[&str]) {
        eventually("all regions are enrolled and approved", PATIENCE, async || {
            let turns = self.edge.tick().await;
            let approved = self.api.approved_probes().await;
            if approved == regions.len() {
                Ok(())
            } else {
                Err(format!("{approved} of {} are; {turns:?}", regions.len()))
            }
        })
        .await;
    }
}

/// How long something may take that should happen at once.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Looks again and again until something is as it should be.
///
/// # Panics
/// When it never is, with what was seen last.
pub async fn eventually<T>(what: &str, patience: Duration, look: impl AsyncFn() -> Result<T, String>) -> T {
    let end = Instant::now() + patience;
    loop {
        match look().await {
            Ok(found) => return found,
            Err(seen) => assert!(
                Instant::now() < end,
                "within {patience:?} it did not happen that {what}: {seen}"
            ),
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// A temporary directory that everybody may pass through: as root, the embedded database runs as another user.
pub struct Directory(TempDir);

impl Directory {
    /// A new one, removed when it is dropped.
    ///
    /// # Panics
    /// When it cannot be made.
    #[expect(clippy::new_without_default, reason = "it makes a directory")]
    pub fn new() -> Self {
        Self(
            tempfile::Builder::new()
                .prefix("edgewatch-e2e-")
                .permissions(std::fs::Permissions::from_mode(0o755))
                .tempdir()
                .expect("a temporary directory"),
        )
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}
