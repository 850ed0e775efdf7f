//! The deterministic schedule: when a monitor is due in a region. Shared so that two probes of one region agree on
//! what is due, and the aggregator on what is missing.

use crate::name::{MonitorId, Region};
use sha2::{Digest as _, Sha256};

/// The grain of the schedule in milliseconds: slots and intervals are multiples of it.
pub const GRAIN_MS: i64 = 10_000;

/// The part of a slot, from its beginning, over which [`spread_ms`] spreads: the rest is left for checks that take long.
pub const SPREAD_MS: i64 = 8_000;

/// The shortest and the longest interval that a monitor may have, in seconds.
pub const INTERVAL_S: std::ops::RangeInclusive<u32> = 10..=86_400;

/// How far into its interval a monitor is due in a region, in milliseconds: a multiple of [`GRAIN_MS`] below
/// `interval_ms`, drawn from a hash so that the load of many monitors is even.
pub fn offset_ms(monitor: MonitorId, region: &Region, interval_ms: i64) -> i64 {
    let hash = Sha256::new()
        .chain_update(monitor.0.to_be_bytes())
        .chain_update(region.as_str())
        .finalize();
    let mut draw = [0; 8];
    draw.copy_from_slice(&hash[..8]);
    let grains = (interval_ms / GRAIN_MS).max(1);
    (u64::from_be_bytes(draw) % grains as u64) as i64 * GRAIN_MS
}

/// How far into a slot a monitor is begun by a host that can begin checks at any moment, in milliseconds below
/// [`SPREAD_MS`]: drawn from a hash, so that the checks that share a slot do not all begin at once. Hosts that are woken
/// once a slot begin them all at its beginning. The observation tells both the slot and the moment.
pub fn spread_ms(monitor: MonitorId, region: &Region) -> i64 {
    let hash = Sha256::new()
        .chain_update(monitor.0.to_be_bytes())
        .chain_update(region.as_str())
        .finalize();
    let mut draw = [0; 8];
    draw.copy_from_slice(&hash[8..16]);
    (u64::from_be_bytes(draw) % SPREAD_MS as u64) as i64
}

/// The latest slot at or before `at_ms`: `floor((t − offset) / interval) · interval + offset`.
pub fn slot_at(at_ms: i64, monitor: MonitorId, region: &Region, interval_ms: i64) -> i64 {
    let offset = offset_ms(monitor, region, interval_ms);
    (at_ms - offset).div_euclid(interval_ms) * interval_ms + offset
}

/// The first slot after `at_ms`.
pub fn next_slot(at_ms: i64, monitor: MonitorId, region: &Region, interval_ms: i64) -> i64 {
    slot_at(at_ms, monitor, region, interval_ms) + interval_ms
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn region() -> Region {
        "weur".parse().unwrap()
    }

    proptest! {
        #[test]
        fn a_slot_is_at_or_before_its_moment_and_the_next_is_one_interval_later(
            at in 0i64..4_000_000_000_000, id in 1i32..100_000, grains in 1i64..8_640
        ) {
            let interval = grains * GRAIN_MS;
            let slot = slot_at(at, MonitorId(id), &region(), interval);
            prop_assert!(slot <= at && at < slot + interval);
            prop_assert_eq!(slot % GRAIN_MS, 0);
            prop_assert_eq!(next_slot(at, MonitorId(id), &region(), interval), slot + interval);
            prop_assert_eq!(slot_at(slot, MonitorId(id), &region(), interval), slot);
        }
    }

    #[test]
    fn load_is_even_over_the_interval() {
        let mut per_offset = [0u32; 6];
        for id in 0..6_000 {
            per_offset[(offset_ms(MonitorId(id), &region(), 60_000) / GRAIN_MS) as usize] += 1;
        }
        assert!(
            per_offset.iter().all(|n| (850..1150).contains(n)),
            "{per_offset:?}"
        );
    }
}
