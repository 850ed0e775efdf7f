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
/// Decimal digits of a bucket in a stored histogram.
const DIGITS: usize = 8;

/// How many latencies lie in each bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Up to the last bucket that is not empty.
    counts: Vec<u64>,
}

impl Histogram {
    /// Decodes a stored histogram; `None` if it is none.
    pub fn from_packed(packed: &str) -> Option<Self> {
        let digits = packed.as_bytes();
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let bucket = |group: &[u8]| {
            let digit = |count: u64, digit: &u8| count * 10 + u64::from(digit - b'0');
            group.iter().fold(0, digit)
        };
        let mut counts: Vec<_> = digits.rchunks(DIGITS).map(bucket).collect();
        while counts.last() == Some(&0) {
            counts.pop();
        }
        (counts.len() <= BUCKETS).then_some(Self { counts })
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
    use std::fmt::Write as _;

    /// As the database encodes: the bucket of a latency as a power of ten.
    fn bucket_of(us: i32) -> usize {
        let octaves = (f64::from(us.max(64)) / LEAST_US).log2();
        ((octaves * BUCKETS_PER_OCTAVE).floor() as usize).min(BUCKETS - 1)
    }

    fn packed(values: &[i32]) -> String {
        let mut counts = [0_u64; BUCKETS];
        for &us in values {
            counts[bucket_of(us)] += 1;
        }
        let mut text = String::new();
        for count in counts.iter().rev() {
            write!(text, "{count:08}").unwrap();
        }
        let text = text.trim_start_matches('0');
        if text.is_empty() { "0" } else { text }.to_owned()
    }

    #[test]
    fn a_stored_number_is_read_from_its_end() {
        let histogram = Histogram::from_packed("100000000000000200000003").unwrap();
        assert_eq!(histogram.counts(), [3, 2, 10_000_000]);
        assert_eq!(Histogram::from_packed("7").unwrap().counts(), [7]);
        assert_eq!(Histogram::from_packed("0").unwrap(), Histogram::default());
        for text in ["", "-1", "1.5", "1e5", "NaN", &"1".repeat(DIGITS * BUCKETS + 1)] {
            assert_eq!(Histogram::from_packed(text), None, "{text}");
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
        assert_eq!(
            Histogram::from_packed(&packed(&[0])).unwrap().percentile_us(50),
            Some(65)
        );
    }

    proptest! {
        #[test]
        fn percentiles_are_at_most_2_2_percent_off(
            mut values in proptest::collection::vec(64..100_000_000, 1..200), percent in 1_u64..=100
        ) {
            let histogram = Histogram::from_packed(&packed(&values)).unwrap();
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
            let mut sum = Histogram::from_packed(&packed(&a)).unwrap();
            sum += &Histogram::from_packed(&packed(&b)).unwrap();
            let all: Vec<_> = a.into_iter().chain(b).collect();
            prop_assert_eq!(sum, Histogram::from_packed(&packed(&all)).unwrap());
        }
    }
}
