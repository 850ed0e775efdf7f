//! All cases, by subject.

mod assertions;
mod connections;
mod credentials;
mod exchange;
mod handshake;
mod modes;
mod names;
mod redirects;
mod trust;

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
        modes::cases(),
        handshake::cases(),
        trust::cases(),
    ]
    .concat()
}
