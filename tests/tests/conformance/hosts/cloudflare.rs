//! The built Worker on workerd.

use super::{Job, desk::Desk};
use edgewatch_protocol::observation::Sight;
use edgewatch_tests::{
    system::{Directory, Edge, require_worker},
    target::Addresses,
};

/// The Worker with one region.
pub struct Cloudflare {
    edge: Edge,
    desk: Desk,
    _directory: Directory,
}

impl Cloudflare {
    /// Starts it.
    pub async fn start(target: &Addresses) -> Self {
        require_worker();
        let directory = Directory::new();
        let desk = Desk::open().await;
        let edge = Edge::start_beside(
            desk.origin(),
            "no token",
            &[crate::REGION],
            target,
            directory.path(),
            &[],
        )
        .await;
        Self {
            edge,
            desk,
            _directory: directory,
        }
    }

    /// What it said at its enrolment that it can do.
    pub fn capabilities(&self) -> Vec<String> {
        self.desk.capabilities()
    }

    /// Makes checks.
    pub async fn run(&mut self, jobs: Vec<Job>) -> Vec<Sight> {
        self.desk.hand_out(jobs);
        let turns = self.edge.tick().await;
        for (region, turn) in turns {
            assert_eq!(turn.problems, [""; 0], "{region}");
        }
        self.desk.collect()
    }
}
