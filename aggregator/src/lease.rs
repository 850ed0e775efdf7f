//! Which of several probes of one region checks a monitor: rendezvous hashing over those that are alive and can. Each
//! monitor has one holder, and when probes come or go only the monitors move that have to.
//!
//! A probe that comes holds nothing at once: it serves from a lease later on. By then each of the others has either
//! pulled its assignments, and knows until when it holds what, or is not alive any more. So every slot has one holder,
//! although nobody speaks to anybody. What a probe held that fell silent is held by the others once it is not alive.
//!
//! A probe that cannot reach the aggregator cannot know whether it is alone with that, or the aggregator is away for
//! everybody. It goes on with what it held: else an aggregator that is away for long would leave a gap in every region
//! that has several probes. Where it was alone with it, others have made the same slots by then; the first result of a
//! slot is stored, and the second is not.

use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_protocol::{identity::Fingerprint, name::MonitorId};
use sha2::{Digest as _, Sha256};

/// A probe that has not pulled its assignments for so long loses its monitors, unless the operator says otherwise: three
/// ticks of a minute.
pub const DEFAULT_LEASE: TimeDelta = TimeDelta::minutes(3);

/// A probe that serves a region now, or will.
#[derive(Clone, Debug)]
pub struct LiveProbe {
    /// The fingerprint of its key.
    pub fingerprint: Fingerprint,
    /// What it can do.
    pub capabilities: Vec<String>,
    /// From when on it holds its share.
    pub serves_from: DateTime<Utc>,
}

/// The slots of a monitor that are a probe's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// From when on; `None` if it has held the monitor all along.
    pub from: Option<DateTime<Utc>>,
    /// Until when; `None` if no end is known.
    pub until: Option<DateTime<Utc>>,
}

/// What a probe holds, from `since` on, of a monitor that asks for these capabilities; `None` if nothing.
pub fn hold(
    monitor: MonitorId,
    needed: &[String],
    live: &[LiveProbe],
    probe: &Fingerprint,
    since: DateTime<Utc>,
) -> Option<Hold> {
    let able = |live: &&LiveProbe| needed.iter().all(|needed| live.capabilities.contains(needed));
    let mut able: Vec<&LiveProbe> = live.iter().filter(able).collect();
    // Most of the time there is one, or all serve by now.
    able.sort_by_key(|live| live.serves_from);
    let mut hold: Option<Hold> = None;
    let mut best: Option<([u8; 32], &Fingerprint)> = None;
    for (index, live) in able.iter().enumerate() {
        let weight = weight(monitor, &live.fingerprint);
        if best.is_none_or(|(most, _)| weight > most) {
            best = Some((weight, &live.fingerprint));
        }
        // Those that begin at one moment are weighed together.
        if able
            .get(index + 1)
            .is_some_and(|next| next.serves_from <= live.serves_from.max(since))
        {
            continue;
        }
        let begins = Some(live.serves_from).filter(|&from| from > since);
        let is_own = best.is_some_and(|(_, holder)| holder == probe);
        match (&mut hold, is_own) {
            (None, true) => {
                hold = Some(Hold {
                    from: begins,
                    until: None,
                });
            }
            (Some(hold), false) => {
                hold.until = begins;
                // Weights only grow: what is lost does not come back.
                break;
            }
            _ => {}
        }
    }
    hold
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

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    fn live(n: u8, capabilities: &[&str], serves_from: DateTime<Utc>) -> LiveProbe {
        LiveProbe {
            fingerprint: Fingerprint(format!("{n:032x}")),
            capabilities: capabilities.iter().map(|&name| name.to_owned()).collect(),
            serves_from,
        }
    }

    fn holds(live: &[LiveProbe], monitor: i32, needed: &[String], now: DateTime<Utc>) -> Vec<(usize, Hold)> {
        (0..live.len())
            .filter_map(|index| {
                let hold = hold(MonitorId(monitor), needed, live, &live[index].fingerprint, now);
                hold.map(|hold| (index, hold))
            })
            .collect()
    }

    const WHOLE: Hold = Hold {
        from: None,
        until: None,
    };

    #[test]
    fn a_silent_probe_loses_its_own_monitors_and_no_other_moves() {
        let probes: Vec<_> = (0..3).map(|n| live(n, &[], at(0))).collect();
        let mut held = [0; 3];
        for id in 0..3_000 {
            let before = holds(&probes, id, &[], at(10));
            assert!(before.len() == 1 && before[0].1 == WHOLE, "{before:?}");
            held[before[0].0] += 1;
            let after = holds(&probes[..2], id, &[], at(10));
            assert!(before[0].0 == 2 || before == after);
        }
        assert!(held.iter().all(|held| (800..1_200).contains(held)), "{held:?}");
        assert_eq!(holds(&[], 1, &[], at(10)), []);
    }

    #[test]
    fn a_probe_that_comes_takes_over_at_one_moment_that_both_know() {
        let probes = [live(1, &[], at(0)), live(2, &[], at(180)), live(3, &[], at(240))];
        let mut moved = 0;
        for id in 0..500 {
            let mut spans = holds(&probes, id, &[], at(10));
            spans.sort_by_key(|(_, hold)| hold.from);
            // Without a hole and without an overlap, from now on for good.
            assert_eq!(
                (spans[0].1.from, spans[spans.len() - 1].1.until),
                (None, None),
                "{spans:?}"
            );
            for pair in spans.windows(2) {
                assert!(
                    pair[0].1.until.is_some() && pair[0].1.until == pair[1].1.from,
                    "{spans:?}"
                );
            }
            moved += usize::from(spans.len() > 1);
            // And once they all serve, it is as if they always had.
            let later = holds(&probes, id, &[], at(300));
            assert_eq!(later.len(), 1);
            assert_eq!(later[0].0, spans[spans.len() - 1].0);
        }
        assert!((280..390).contains(&moved), "{moved}");
    }

    #[test]
    fn only_who_can_holds() {
        let probes = [live(1, &["http"], at(0)), live(2, &["http", "ping"], at(0))];
        for id in 0..50 {
            assert_eq!(holds(&probes, id, &["ping".to_owned()], at(10)), [(1, WHOLE)]);
            assert_eq!(holds(&probes, id, &["script".to_owned()], at(10)), []);
        }
    }
}
