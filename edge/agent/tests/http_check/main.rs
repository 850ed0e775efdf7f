//! The HTTP check against real sockets: what is seen is compared with what the server did.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

mod answer;
mod cookies;
mod failure;
#[path = "../http_server/mod.rs"]
mod http_server;
mod phase;
mod proxy;
mod redirect;
mod server;
mod tls;
mod version;

use edgewatch_agent::{NativePlatform, run_check};
use edgewatch_protocol::{
    assertion::Assertion,
    check::{Check, HttpCheck, PhaseMode},
    observation::{Outcome, Sight},
    phase::{Phase, PhaseTime},
    reason::Reason,
};
use server::{Authority, Server};

/// How far a measured time may be from what the server did, in microseconds.
const TOLERANCE_US: u32 = 20_000;

async fn see(check: HttpCheck) -> Sight {
    run_check(&Check::Http(check), 2000, &NativePlatform::unrestricted()).await
}

async fn see_trusting(authority: &Authority, check: HttpCheck) -> Sight {
    let platform = NativePlatform::unrestricted().with_extra_roots(vec![authority.root_der()]);
    run_check(&Check::Http(check), 2000, &platform).await
}

fn down(reason: Reason, phase: Phase) -> Outcome {
    let phase = Some(phase);
    Outcome::Down { reason, phase }
}

/// Whether a time is about what the server did.
fn about(time: PhaseTime, ms: u32) -> Result<(), String> {
    let us = time
        .measured_us()
        .ok_or_else(|| format!("{time:?} is not measured"))?;
    let wanted = ms * 1000;
    if us + 1_000 >= wanted && us <= wanted + TOLERANCE_US {
        return Ok(());
    }
    Err(format!("{us} µs is not about {ms} ms"))
}

/// Looks up to five times, for a machine that is busy with something else stretches every time.
async fn steadily(look: impl AsyncFn() -> Result<(), String>) {
    let mut found = Ok(());
    for _ in 0..5 {
        found = look().await;
        if found.is_ok() {
            return;
        }
    }
    found.unwrap();
}

fn assertions(json: &str) -> Vec<Assertion> {
    serde_json::from_str(json).unwrap()
}

#[tokio::test]
async fn modes_that_this_host_does_not_offer_are_looked_at_by_its_own() {
    let server = Server::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    for phases in [PhaseMode::Platform, PhaseMode::Fetch] {
        let check = HttpCheck {
            phases,
            ..HttpCheck::get(server.url("/"))
        };
        let sight = see(check).await;
        assert_eq!(sight.outcome, Outcome::Up);
        assert!(sight.phases.tcp.measured_us().is_some());
    }
}

#[tokio::test]
async fn an_unknown_check_is_unmeasured() {
    let sight = run_check(&Check::Unknown, 1000, &NativePlatform::unrestricted()).await;
    let reason = Reason::Unsupported;
    assert_eq!(sight.outcome, Outcome::Unmeasured { reason });
}

/// A server on a multi-threaded runtime runs checks on any of its threads.
#[test]
fn a_check_can_be_spawned() {
    fn is_send(_: impl Send) {}
    let (check, platform) = (Check::Unknown, NativePlatform::unrestricted());
    is_send(run_check(&check, 1000, &platform));
}
