//! Which of several probes of one region checks a monitor: rendezvous hashing over those that are alive. Each monitor
//! has one holder, and when a probe falls silent only its own monitors move.

use chrono::TimeDelta;
use edgewatch_protocol::{identity::Fingerprint, name::MonitorId};
use sha2::{Digest as _, Sha256};

/// A probe that has not pulled its assignments for so long loses its monitors: three ticks of a minute.
pub const ALIVE_FOR: TimeDelta = TimeDelta::minutes(3);

/// The holder of a monitor among the candidates; `None` without candidates.
pub fn holder<'a>(
    monitor: MonitorId,
    candidates: impl IntoIterator<Item = &'a Fingerprint>,
) -> Option<&'a Fingerprint> {
    candidates
        .into_iter()
        .max_by_key(|candidate| weight(monitor, candidate))
}

fn weight(monitor: MonitorId, candidate: &Fingerprint) -> [u8; 32] {
    Sha256::new()
        .chain_update(monitor.0.to_be_bytes())
        .chain_update(&candidate.0)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_probe_loses_its_own_monitors_and_no_other_moves() {
        let probes: Vec<_> = (0..3).map(|n| Fingerprint(format!("{n:032x}"))).collect();
        let mut held = [0; 3];
        for id in 0..3_000 {
            let monitor = MonitorId(id);
            let before = holder(monitor, &probes).unwrap();
            let index = probes.iter().position(|probe| probe == before).unwrap();
            held[index] += 1;
            let after = holder(monitor, &probes[..2]).unwrap();
            assert!(index == 2 || before == after);
        }
        assert!(held.iter().all(|held| (800..1_200).contains(held)), "{held:?}");
        assert_eq!(holder(MonitorId(1), []), None);
    }
}
