//! The built component on wasmtime, with what Spin would supply.

use super::{Job, desk::Desk};
use edgewatch_protocol::observation::Sight;
use edgewatch_tests::{
    system::{Directory, SpinOptions, SpinRegion},
    target::Addresses,
};

/// The component with its one region.
pub struct Spin {
    region: SpinRegion,
    desk: Desk,
    _directory: Directory,
}

impl Spin {
    /// Starts it.
    pub async fn start(target: &Addresses) -> Self {
        let directory = Directory::new();
        let desk = Desk::open().await;
        let options = SpinOptions {
            region: crate::REGION,
            ..SpinOptions::default()
        };
        let region =
            SpinRegion::start_beside(desk.origin(), "no token", target, directory.path(), options).await;
        Self {
            region,
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
        let turn = self.region.tick().await;
        assert_eq!(turn.problems, [""; 0]);
        self.desk.collect()
    }
}
