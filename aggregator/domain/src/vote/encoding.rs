//! The few bytes in which a fold is stored.
//!
//! A version, a byte of flags, then the numbers that are there as variable-length integers (seven bits a byte, the
//! lowest first; signed ones zigzag), each as its distance from one before it.

use super::{Check, Measured, Run, VoteFold};
use crate::verdict::Verdict;
use edgewatch_protocol::observation::OutcomeState;

const VERSION: u8 = 1;

const WITHHELD: u8 = 1 << 2;
const HAS_LAST: u8 = 1 << 3;
const HAS_MEASURED: u8 = 1 << 4;
const HAS_RUN: u8 = 1 << 5;

/// Bytes that are no stored fold, or one of a version that is not known. The way out is to fold again from results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnreadableFold;

impl std::fmt::Display for UnreadableFold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the stored state of a region's vote cannot be read")
    }
}

impl std::error::Error for UnreadableFold {}

impl VoteFold {
    /// For storage: about 15 bytes, 25 amid a run.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut flags = self.verdict.code() as u8;
        flags |= if self.withheld { WITHHELD } else { 0 };
        let mut numbers = Vec::with_capacity(32);
        if let Some(last) = self.last {
            flags |= HAS_LAST;
            write(&mut numbers, last.slot_ms);
            write(&mut numbers, last.at_ms.wrapping_sub(last.slot_ms));
            write(
                &mut numbers,
                i64::from(last.outcome.code()) * 2 + i64::from(last.disqualified),
            );
            if let Some(measured) = self.measured {
                flags |= HAS_MEASURED;
                write(&mut numbers, last.slot_ms.wrapping_sub(measured.slot_ms));
                write(&mut numbers, measured.at_ms.wrapping_sub(measured.slot_ms));
                if let Some(run) = self.run {
                    flags |= HAS_RUN;
                    write(&mut numbers, i64::from(run.length));
                    write(&mut numbers, i64::from(run.verdict.code()));
                    write(&mut numbers, measured.at_ms.wrapping_sub(run.first_at_ms));
                    write(&mut numbers, run.first_at_ms.wrapping_sub(run.earliest_ms));
                }
            }
        }
        let mut bytes = vec![VERSION, flags];
        bytes.append(&mut numbers);
        bytes
    }

    /// From storage.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, UnreadableFold> {
        Self::read(bytes).ok_or(UnreadableFold)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let [VERSION, flags, rest @ ..] = bytes else {
            return None;
        };
        let mut rest = rest.iter().copied();
        let mut fold = Self {
            verdict: Verdict::from_code(i16::from(flags & 3))?,
            withheld: flags & WITHHELD != 0,
            ..Self::new()
        };
        if flags & HAS_LAST != 0 {
            let slot_ms = read(&mut rest)?;
            let at_ms = slot_ms.wrapping_add(read(&mut rest)?);
            let outcome = read(&mut rest)?;
            fold.last = Some(Check {
                slot_ms,
                at_ms,
                outcome: OutcomeState::from_code(i16::try_from(outcome / 2).ok()?)?,
                disqualified: outcome % 2 != 0,
            });
            if flags & HAS_MEASURED != 0 {
                let slot_ms = slot_ms.wrapping_sub(read(&mut rest)?);
                let at_ms = slot_ms.wrapping_add(read(&mut rest)?);
                fold.measured = Some(Measured { slot_ms, at_ms });
                if flags & HAS_RUN != 0 {
                    let length = u8::try_from(read(&mut rest)?).ok()?;
                    let verdict = Verdict::from_code(i16::try_from(read(&mut rest)?).ok()?)?;
                    let first_at_ms = at_ms.wrapping_sub(read(&mut rest)?);
                    fold.run = Some(Run {
                        length,
                        first_at_ms,
                        earliest_ms: first_at_ms.wrapping_sub(read(&mut rest)?),
                        verdict,
                    });
                }
            }
        }
        rest.next().is_none().then_some(fold)
    }
}

fn write(bytes: &mut Vec<u8>, number: i64) {
    let mut rest = ((number << 1) ^ (number >> 63)) as u64;
    while rest >= 0x80 {
        bytes.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

fn read(bytes: &mut impl Iterator<Item = u8>) -> Option<i64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = bytes.next()?;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some((number >> 1) as i64 ^ -((number & 1) as i64));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Policy, PolicyHistory};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_fold_reads_back_as_it_was_written(
            checks in proptest::collection::vec((1i64..9, 0i64..70_000, 0i16..4, any::<bool>()), 0..30),
            first in any::<i32>(),
        ) {
            let history = PolicyHistory::new(Policy { recoveries: 3, ..Policy::new(60_000, [1]) });
            let (mut fold, mut slot_ms) = (VoteFold::new(), i64::from(first) * 1_000);
            for (slots, lag, outcome, disqualified) in checks {
                slot_ms += slots * 60_000;
                let outcome = OutcomeState::from_code(outcome).unwrap();
                fold.push(&history, Check { slot_ms, at_ms: slot_ms + lag, outcome, disqualified }).unwrap();
                let bytes = fold.to_bytes();
                prop_assert_eq!(VoteFold::from_bytes(&bytes), Ok(fold));
                prop_assert!(bytes.len() <= 32, "{}", bytes.len());
                prop_assert_eq!(VoteFold::from_bytes(&bytes[..bytes.len() - 1]), Err(UnreadableFold));
            }
        }

        #[test]
        fn no_bytes_are_read_that_were_not_written(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = VoteFold::from_bytes(&bytes);
        }

        #[test]
        fn numbers_of_any_size(number in any::<i64>()) {
            let mut bytes = Vec::new();
            write(&mut bytes, number);
            prop_assert_eq!(read(&mut bytes.into_iter()), Some(number));
        }
    }

    #[test]
    fn other_versions_are_not_read() {
        let mut bytes = VoteFold::new().to_bytes();
        assert_eq!(VoteFold::from_bytes(&bytes), Ok(VoteFold::new()));
        bytes[0] = 2;
        assert_eq!(VoteFold::from_bytes(&bytes), Err(UnreadableFold));
        assert_eq!(VoteFold::from_bytes(&[]), Err(UnreadableFold));
    }
}
