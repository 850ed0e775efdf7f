//! The native host of the probe's core, on tokio: the platform, one check run at once, and the agent, which runs checks
//! for an aggregator as long as its process lives.
//!
//! It dials whatever its address policy lets it. It measures its targets; of the machine that it runs on it tells nothing
//! but what it can do.

mod agent;
pub mod config;
pub mod echo;
mod host;
mod platform;
mod resolver;
pub mod script;
mod storage;
mod timetable;
mod transport;

pub use agent::{Agent, AgentOptions};
pub use platform::{AddressPolicy, NativePlatform};
pub use resolver::Resolver;
pub use storage::DirectoryStorage;
pub use transport::HttpTransport;

use edgewatch_core::engine::Engine;
use edgewatch_protocol::{
    check::Check,
    observation::{Outcome, Sight},
    reason::Reason,
};

/// Makes one attempt of a check from this machine. Every address that is dialled, also after a redirect, has passed the
/// platform's policy; one that has not ends the check as `unmeasured (target_forbidden)`.
pub async fn run_check(check: &Check, timeout_ms: u32, platform: &NativePlatform) -> Sight {
    match Engine::new(platform) {
        Ok(engine) => engine.run(check, timeout_ms).await,
        Err(message) => {
            let reason = Reason::Unsupported;
            Sight::of(Outcome::Unmeasured { reason }, Some(message))
        }
    }
}
