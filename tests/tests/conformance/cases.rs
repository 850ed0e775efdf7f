//! All cases, by subject.

mod assertions;
mod certificates;
mod connections;
mod credentials;
mod dns;
mod exchange;
mod handshake;
mod http2;
mod modes;
mod names;
mod redirects;
mod steps;
mod tcp;
mod trust;
mod websocket;

use crate::case::Case;

/// All of them. What is timed closely comes before what costs the probe's processor.
pub fn all() -> Vec<Case> {
    [
        redirects::cases(),
        exchange::cases(),
        assertions::cases(),
        credentials::cases(),
        connections::cases(),
        names::cases(),
        dns::cases(),
        tcp::cases(),
        websocket::cases(),
        steps::cases(),
        http2::cases(),
        modes::cases(),
        handshake::cases(),
        trust::cases(),
        certificates::cases(),
    ]
    .concat()
}
