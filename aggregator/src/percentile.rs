//! Percentiles by nearest rank: a value that was measured, never one between two.

use edgewatch_client::series::Percentiles;

/// The usual percentiles; the values are reordered.
pub fn percentiles(values: &mut [i32]) -> Percentiles {
    Percentiles {
        p50_us: nearest_rank(values, 50),
        p75_us: nearest_rank(values, 75),
        p90_us: nearest_rank(values, 90),
        p95_us: nearest_rank(values, 95),
        p99_us: nearest_rank(values, 99),
    }
}

fn nearest_rank(values: &mut [i32], percent: usize) -> Option<i32> {
    let rank = (values.len() * percent).div_ceil(100);
    let index = rank.checked_sub(1)?;
    Some(*values.select_nth_unstable(index).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_rank_is_a_value_that_was_measured() {
        let of = |mut values: Vec<i32>| {
            let found = percentiles(&mut values);
            [found.p50_us, found.p95_us, found.p99_us]
        };
        assert_eq!(of((1..=100).rev().collect()), [Some(50), Some(95), Some(99)]);
        assert_eq!(of(vec![30, 10, 20]), [Some(20), Some(30), Some(30)]);
        assert_eq!(of(vec![7]), [Some(7); 3]);
        assert_eq!(of(vec![]), [None; 3]);
    }
}
