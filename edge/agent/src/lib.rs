//! The native host of the probe's core, on tokio: the platform, and one check run at once.
//!
//! It dials whatever its address policy lets it. It keeps nothing and talks to no aggregator by itself.

mod platform;

pub use platform::{AddressPolicy, NativePlatform};

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
