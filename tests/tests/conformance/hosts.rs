//! The hosts: each runs checks and says what it saw.

mod agent;
mod cloudflare;
mod desk;
mod spin;

pub use agent::Agent;
pub use cloudflare::Cloudflare;
pub use spin::Spin;

use crate::case::HostKind;
use edgewatch_protocol::{check::Check, observation::Sight};

/// A check to make.
#[derive(Clone)]
pub struct Job {
    /// What to do.
    pub check: Check,
    /// Its time-out.
    pub timeout_ms: u32,
}

/// A host that is up.
pub enum Host {
    /// The agent's engine, in this process.
    Agent(Agent),
    /// The built Worker on workerd.
    Cloudflare(Cloudflare),
    /// The built component on wasmtime.
    Spin(Spin),
}

impl Host {
    /// Which one.
    pub fn kind(&self) -> HostKind {
        match self {
            Self::Agent(_) => HostKind::Agent,
            Self::Cloudflare(_) => HostKind::Cloudflare,
            Self::Spin(_) => HostKind::Spin,
        }
    }

    /// What its probe says that it can do; known once it has made some checks.
    pub fn capabilities(&self) -> Vec<String> {
        match self {
            Self::Agent(agent) => agent.capabilities(),
            Self::Cloudflare(worker) => worker.capabilities(),
            Self::Spin(component) => component.capabilities(),
        }
    }

    /// Makes these checks, as many at a time as the host does, and answers with a sight for each.
    pub async fn run(&mut self, jobs: Vec<Job>) -> Vec<Sight> {
        match self {
            Self::Agent(agent) => agent.run(jobs).await,
            Self::Cloudflare(worker) => worker.run(jobs).await,
            Self::Spin(component) => component.run(jobs).await,
        }
    }
}
