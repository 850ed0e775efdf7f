//! Latencies as histograms on a logarithmic scale: sixteen buckets an octave from 64 µs on, so that a value read back is at
//! most 2.2 % off. Histograms of parts add up to that of the whole; percentiles do not.
//!
//! Stored, a histogram is one decimal number with eight digits a bucket, the first bucket last. Sums of such numbers are
//! exact as long as no bucket counts to a hundred million: one region checks a monitor no more than 8,640 times a day, so
//! that of one region, or of one day, anything may be summed up before it is decoded.

/// How many buckets there are. The last one is open: from 128 s on.
pub const BUCKETS: usize = 336;

const BUCKETS_PER_OCTAVE: f64 = 16.0;
const LEAST_US: f64 = 64.0;
/// Digits to the base of [`BASE`] of a bucket in a stored histogram.
const DIGITS: usize = 2;
/// The base in which a database tells a number: four decimal digits.
const BASE: u64 = 10_000;

/// How many latencies lie in each bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Up to the last bucket that is not empty.
    counts: Vec<u64>,
}

impl Histogram {
    /// Decodes a stored histogram from its digits to the base of 10,000, the most significant first, and the power of the
    /// base that the first one counts; digits that are not there are zeros. `None` if it is no histogram.
    pub fn from_digits(digits: impl ExactSizeIterator<Item = u16>, first_power: i16) -> Option<Self> {
        let first = usize::try_from(first_power).ok();
        let mut counts = match first {
            Some(first) if first < DIGITS * BUCKETS => vec![0; first / DIGITS + 1],
            None if digits.len() == 0 => Vec::new(),
            _ => return None,
        };
        for (position, digit) in digits.enumerate() {
            // What is below one is no whole number.
            let power = first?.checked_sub(position)?;
            let digit = u64::from(digit);
            if digit >= BASE {
                return None;
            }
            counts[power / DIGITS] += if power % DIGITS == 0 { digit } else { digit * BASE };
        }
        while counts.last() == Some(&0) {
            counts.pop();
        }
        Some(Self { counts })
    }

    /// The count of each bucket, up to the last one that is not empty.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// All latencies together.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The value that so many percent lie at or below, by nearest rank, in microseconds: the middle of its bucket. `None`
    /// where there is nothing.
    pub fn percentile_us(&self, percent: u64) -> Option<i32> {
        let rank = (self.total() * percent).div_ceil(100).max(1);
        let mut up_to = 0;
        let bucket = self.counts.iter().position(|count| {
            up_to += count;
            up_to >= rank
        })?;
        Some(value_us(bucket as f64 + 0.5))
    }
}

impl std::ops::AddAssign<&Self> for Histogram {
    fn add_assign(&mut self, other: &Self) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
    }
}

/// Where a bucket begins, in microseconds; the first one holds all that is less, too.
pub fn bucket_from_us(bucket: usize) -> i32 {
    value_us(bucket as f64)
}

fn value_us(bucket: f64) -> i32 {
    (LEAST_US * (bucket / BUCKETS_PER_OCTAVE).exp2()).round() as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As the database encodes: the bucket of a latency as a power of ten.
    fn bucket_of(us: i32) -> usize {
        let octaves = (f64::from(us.max(64)) / LEAST_US).log2();
        ((octaves * BUCKETS_PER_OCTAVE).floor() as usize).min(BUCKETS - 1)
    }

    fn histogram(values: &[i32]) -> Histogram {
        let mut counts = [0_u64; BUCKETS];
        for &us in values {
            counts[bucket_of(us)] += 1;
        }
        let digits: Vec<_> = counts
            .iter()
            .rev()
            .flat_map(|count| [(count / BASE) as u16, (count % BASE) as u16])
            .collect();
        Histogram::from_digits(digits.into_iter(), (DIGITS * BUCKETS) as i16 - 1).unwrap()
    }

    #[test]
    fn a_stored_number_is_read_from_its_first_digit() {
        let read = |digits: &[u16], first_power| Histogram::from_digits(digits.iter().copied(), first_power);
        let counts = |digits: &[u16], first_power| read(digits, first_power).unwrap().counts().to_vec();
        // 10,000,000 00,000,002 00,000,003
        assert_eq!(counts(&[1000, 0, 0, 2, 0, 3], 5), [3, 2, 10_000_000]);
        assert_eq!(counts(&[7], 0), [7]);
        // Zeros at the end are not told.
        assert_eq!(counts(&[5], 2), [0, 5]);
        assert_eq!(counts(&[], 0), [0; 0]);
        assert_eq!(counts(&[], -1), [0; 0]);
        assert_eq!(read(&[1], (DIGITS * BUCKETS) as i16), None);
        for (digits, first_power) in [(&[1][..], -1), (&[1, 5], 0), (&[10_000], 0)] {
            assert_eq!(read(digits, first_power), None, "{digits:?}");
        }
    }

    #[test]
    fn buckets_double_every_sixteen() {
        assert_eq!(
            [0, 16, 160, 335].map(bucket_from_us),
            [64, 128, 65_536, 128_527_337]
        );
        assert_eq!(Histogram::default().percentile_us(50), None);
        // Less than the first bucket is in it.
        assert_eq!(histogram(&[0]).percentile_us(50), Some(65));
    }

    proptest! {
        #[test]
        fn percentiles_are_at_most_2_2_percent_off(
            mut values in proptest::collection::vec(64..100_000_000, 1..200), percent in 1_u64..=100
        ) {
            let histogram = histogram(&values);
            prop_assert_eq!(histogram.total(), values.len() as u64);
            values.sort_unstable();
            let exact = values[(values.len() * percent as usize).div_ceil(100) - 1];
            let found = histogram.percentile_us(percent).unwrap();
            let error = (f64::from(found) / f64::from(exact) - 1.0).abs();
            // Whole microseconds are coarser than that where there are few.
            prop_assert!(error < 0.022 || (found - exact).abs() <= 2, "{} for {}", found, exact);
        }

        #[test]
        fn parts_add_up_to_the_whole(
            a in proptest::collection::vec(0..1_000_000, 0..50), b in proptest::collection::vec(0..1_000_000, 0..50)
        ) {
            let mut sum = histogram(&a);
            sum += &histogram(&b);
            let all: Vec<_> = a.into_iter().chain(b).collect();
            prop_assert_eq!(sum, histogram(&all));
        }
    }
}
