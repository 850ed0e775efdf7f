//! The outcomes of a region's latest slots for one monitor: what its verdict is judged from.
//!
//! Kept in order of the slots whatever order results arrive in, one for each slot, at most
//! [`LOOK_BACK`](edgewatch_domain::verdict::LOOK_BACK). Stored as eight bytes each (`region_state.recent`): the slot in
//! grains of the schedule, times four, plus the outcome.

use edgewatch_domain::verdict::{LOOK_BACK, Verdict, region_verdict};
use edgewatch_protocol::{observation::OutcomeState, slot::GRAIN_MS};

/// Outcomes by slot, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecentOutcomes(Vec<(i64, OutcomeState)>);

impl RecentOutcomes {
    /// From the column; what cannot be read is left out.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let decode = |chunk: &[u8; 8]| {
            let packed = i64::from_le_bytes(*chunk);
            let outcome = OutcomeState::from_code(packed.rem_euclid(4) as i16)?;
            Some((packed.div_euclid(4) * GRAIN_MS, outcome))
        };
        Self(bytes.as_chunks().0.iter().filter_map(decode).collect())
    }

    /// For the column.
    pub fn to_bytes(&self) -> Vec<u8> {
        let encode = |&(slot_ms, outcome): &(i64, OutcomeState)| {
            (slot_ms.div_euclid(GRAIN_MS) * 4 + i64::from(outcome.code())).to_le_bytes()
        };
        self.0.iter().flat_map(encode).collect()
    }

    /// Adds an outcome. Where two probes saw the same slot, a measured outcome counts before an unmeasured one and the
    /// worse before the better, so that the order of arrival does not matter.
    pub fn add(&mut self, slot_ms: i64, outcome: OutcomeState) {
        let slot_ms = slot_ms.div_euclid(GRAIN_MS) * GRAIN_MS;
        match self.0.binary_search_by_key(&slot_ms, |&(slot, _)| slot) {
            Ok(index) => {
                let known = &mut self.0[index].1;
                if rank(outcome) > rank(*known) {
                    *known = outcome;
                }
            }
            Err(index) => self.0.insert(index, (slot_ms, outcome)),
        }
        if self.0.len() > LOOK_BACK {
            self.0.remove(0);
        }
    }

    /// The latest slot.
    pub fn last_slot_ms(&self) -> Option<i64> {
        self.0.last().map(|&(slot, _)| slot)
    }

    /// The region's verdict.
    pub fn verdict(&self, confirmations: u8, recoveries: u8) -> Verdict {
        region_verdict(self.outcomes(), confirmations, recoveries)
    }

    /// Where the run began that made the verdict: an outage begins with its first failing check, not with the one that
    /// confirmed it.
    pub fn run_began_ms(&self) -> Option<i64> {
        let failed = |outcome| outcome == OutcomeState::Down;
        let mut measured = self
            .0
            .iter()
            .rev()
            .filter(|(_, outcome)| *outcome != OutcomeState::Unmeasured);
        let &(mut began, last) = measured.next()?;
        for &(slot, outcome) in measured {
            if failed(outcome) != failed(last) || (!failed(last) && outcome != last) {
                break;
            }
            began = slot;
        }
        Some(began)
    }

    fn outcomes(&self) -> impl Iterator<Item = OutcomeState> {
        self.0.iter().map(|&(_, outcome)| outcome)
    }
}

fn rank(outcome: OutcomeState) -> u8 {
    match outcome {
        OutcomeState::Unmeasured => 0,
        OutcomeState::Up => 1,
        OutcomeState::Degraded => 2,
        OutcomeState::Down => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use OutcomeState::{Degraded, Down, Unmeasured, Up};
    use proptest::prelude::*;

    fn of(outcomes: &[OutcomeState]) -> RecentOutcomes {
        let mut recent = RecentOutcomes::default();
        for (index, &outcome) in outcomes.iter().enumerate() {
            recent.add(index as i64 * 60_000, outcome);
        }
        recent
    }

    proptest! {
        #[test]
        fn any_order_and_any_repetition_leave_the_same(
            slots in proptest::collection::vec((0i64..30, 0i16..4), 0..200), seed in any::<u64>()
        ) {
            let add_all = |slots: &[(i64, i16)]| {
                let mut recent = RecentOutcomes::default();
                for &(slot, code) in slots {
                    recent.add(slot * 60_000, OutcomeState::from_code(code).unwrap());
                }
                recent
            };
            let mut shuffled = slots.clone();
            shuffled.extend_from_within(..);
            let mut state = seed;
            for i in (1..shuffled.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                shuffled.swap(i, (state >> 33) as usize % (i + 1));
            }
            let recent = add_all(&slots);
            prop_assert_eq!(&recent, &add_all(&shuffled));
            prop_assert_eq!(&RecentOutcomes::from_bytes(&recent.to_bytes()), &recent);
        }
    }

    #[test]
    fn only_the_latest_are_kept() {
        let recent = of(&[Up; LOOK_BACK + 5]);
        assert_eq!(recent.to_bytes().len(), LOOK_BACK * 8);
        assert_eq!(recent.last_slot_ms(), Some((LOOK_BACK as i64 + 4) * 60_000));
    }

    #[test]
    fn an_outage_begins_with_its_first_failing_check() {
        assert_eq!(of(&[Up, Down, Unmeasured, Down]).run_began_ms(), Some(60_000));
        assert_eq!(of(&[Down, Down, Up]).run_began_ms(), Some(120_000));
        assert_eq!(of(&[Up, Degraded, Degraded]).run_began_ms(), Some(60_000));
        assert_eq!(of(&[Unmeasured]).run_began_ms(), None);
    }
}
