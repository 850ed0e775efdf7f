//! The moment at which a check has run out of time.

use crate::{attempt::stop::Stop, platform::Platform};
use edgewatch_protocol::{phase::Phase, reason::Reason};
use futures::future::{Either, select};
use std::{future::Future, pin::pin, time::Duration};

/// When a check must have ended.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at_us: u64,
    timeout_ms: u32,
}

impl Deadline {
    /// A deadline from now on.
    pub fn after(platform: &impl Platform, timeout_ms: u32) -> Self {
        Self {
            at_us: platform
                .monotonic_us()
                .saturating_add(u64::from(timeout_ms) * 1000),
            timeout_ms,
        }
    }

    /// What is left.
    pub fn left(&self, platform: &impl Platform) -> Duration {
        Duration::from_micros(self.at_us.saturating_sub(platform.monotonic_us()))
    }

    /// Waits for a future until the deadline; `None` when that came first.
    pub async fn within<T>(&self, platform: &impl Platform, future: impl Future<Output = T>) -> Option<T> {
        within(platform, self.left(platform), future).await
    }

    /// What to say when the time ran out in a phase.
    pub fn ran_out(&self, phase: Phase) -> Stop {
        let what = match phase {
            Phase::Dns => "no answer from the resolver",
            Phase::Tcp => "no connection",
            Phase::Tls => "no TLS handshake",
            Phase::Request => "the request was not taken",
            Phase::Ttfb => "no first byte of the response",
            Phase::Body => "the response did not end",
        };
        Stop::down(
            Reason::Timeout,
            phase,
            format!("{what} within {} ms", self.timeout_ms),
        )
    }
}

/// Waits for a future for some time; `None` when that was too short.
pub async fn within<T>(
    platform: &impl Platform,
    duration: Duration,
    future: impl Future<Output = T>,
) -> Option<T> {
    match select(pin!(future), pin!(platform.sleep(duration))).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(((), _)) => None,
    }
}
