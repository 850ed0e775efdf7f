//! The outcomes of a region's latest slots for one monitor: what its verdict is judged from.
//!
//! Kept in order of the slots whatever order results arrive in, one for each slot, at most
//! [`LOOK_BACK`](edgewatch_domain::verdict::LOOK_BACK). Stored as runs (`region_state.recent`): equal outcomes at equal
//! distances, as a monitor has nearly all the time, take twelve bytes together. The column is written with every result.

use edgewatch_domain::verdict::{LOOK_BACK, Verdict, region_verdict};
use edgewatch_protocol::{observation::OutcomeState, slot::GRAIN_MS};

/// Outcomes by slot, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecentOutcomes(Vec<(i64, OutcomeState)>);

impl RecentOutcomes {
    /// From the column; what cannot be read is left out.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let runs = bytes.as_chunks().0.iter().filter_map(Run::from_bytes);
        Self(runs.flat_map(Run::outcomes).take(LOOK_BACK).collect())
    }

    /// For the column.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (mut bytes, mut run) = (Vec::with_capacity(RUN_BYTES), None::<Run>);
        for &(slot_ms, outcome) in &self.0 {
            let slot = slot_ms.div_euclid(GRAIN_MS);
            if run.as_mut().is_some_and(|run| run.continue_with(slot, outcome)) {
                continue;
            }
            bytes.extend(run.replace(Run::of(slot, outcome)).iter().flat_map(Run::to_bytes));
        }
        bytes.extend(run.iter().flat_map(Run::to_bytes));
        bytes
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

/// The bytes of a run in the column.
const RUN_BYTES: usize = 12;

/// Equal outcomes at equal distances. In the column, little-endian: the first slot, in grains of the schedule, times four
/// plus the outcome (eight bytes), the distance in grains (two), how many (two).
struct Run {
    first_slot: i64,
    outcome: OutcomeState,
    distance: u16,
    length: u16,
}

impl Run {
    fn of(slot: i64, outcome: OutcomeState) -> Self {
        Self {
            first_slot: slot,
            outcome,
            distance: 0,
            length: 1,
        }
    }

    /// Takes a later slot in, if it fits.
    fn continue_with(&mut self, slot: i64, outcome: OutcomeState) -> bool {
        let last_slot = self.first_slot + i64::from(self.distance) * i64::from(self.length - 1);
        let Ok(distance) = u16::try_from(slot - last_slot) else {
            return false;
        };
        let fits = outcome == self.outcome && (self.length == 1 || distance == self.distance);
        if fits {
            self.distance = distance;
            self.length += 1;
        }
        fits
    }

    fn outcomes(self) -> impl Iterator<Item = (i64, OutcomeState)> {
        (0..i64::from(self.length)).map(move |index| {
            let slot = self.first_slot + index * i64::from(self.distance);
            (slot * GRAIN_MS, self.outcome)
        })
    }

    fn from_bytes(bytes: &[u8; RUN_BYTES]) -> Option<Self> {
        let (packed, numbers) = bytes.split_first_chunk()?;
        let (distance, length) = numbers.split_first_chunk()?;
        let packed = i64::from_le_bytes(*packed);
        Some(Self {
            first_slot: packed.div_euclid(4),
            outcome: OutcomeState::from_code(packed.rem_euclid(4) as i16)?,
            distance: u16::from_le_bytes(*distance),
            length: u16::from_le_bytes(length.try_into().ok()?),
        })
    }

    fn to_bytes(&self) -> impl Iterator<Item = u8> + use<> {
        let packed = self.first_slot * 4 + i64::from(self.outcome.code());
        let numbers = self
            .distance
            .to_le_bytes()
            .into_iter()
            .chain(self.length.to_le_bytes());
        packed.to_le_bytes().into_iter().chain(numbers)
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
        assert_eq!(recent.outcomes().count(), LOOK_BACK);
        assert_eq!(recent.last_slot_ms(), Some((LOOK_BACK as i64 + 4) * 60_000));
    }

    #[test]
    fn what_stays_alike_takes_one_run() {
        assert_eq!(of(&[Up; LOOK_BACK]).to_bytes().len(), RUN_BYTES);
        let mut recent = of(&[Up, Up, Down, Up]);
        recent.add(10 * 60_000, Up);
        assert_eq!(recent.to_bytes().len(), 3 * RUN_BYTES);
        assert_eq!(RecentOutcomes::from_bytes(&recent.to_bytes()), recent);
    }

    #[test]
    fn an_outage_begins_with_its_first_failing_check() {
        assert_eq!(of(&[Up, Down, Unmeasured, Down]).run_began_ms(), Some(60_000));
        assert_eq!(of(&[Down, Down, Up]).run_began_ms(), Some(120_000));
        assert_eq!(of(&[Up, Degraded, Degraded]).run_began_ms(), Some(60_000));
        assert_eq!(of(&[Unmeasured]).run_began_ms(), None);
    }
}
