//! Token buckets: how often something may be done, by whom or for what.
//!
//! They live in memory, so each replica has its own and a restart fills them. A bucket is one moment: when it will be full
//! again.

use chrono::{DateTime, TimeDelta, Utc};
use std::{
    collections::HashMap,
    fmt,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How large a bucket is and how fast it fills.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Tokens in a full one: so many may be taken at once.
    pub burst: i32,
    /// One more comes each so often.
    pub refill: TimeDelta,
}

impl Rate {
    /// Whether a token is left, or after how many seconds one is.
    fn left(self, full_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<(), i64> {
        let Some(full_at) = full_at else { return Ok(()) };
        let missing = full_at + self.refill - now - self.refill * self.burst;
        if missing > TimeDelta::zero() {
            return Err(missing.num_seconds() + 1);
        }
        Ok(())
    }
}

/// Buckets by key.
pub struct TokenBuckets<K> {
    /// When each is full again.
    full_at: Mutex<HashMap<K, DateTime<Utc>>>,
    most: usize,
}

impl<K> fmt::Debug for TokenBuckets<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys may be what nobody is to read.
        f.debug_struct("TokenBuckets").finish_non_exhaustive()
    }
}

impl<K: Eq + Hash> TokenBuckets<K> {
    /// At most so many buckets are kept: full ones go first, then those that are soonest full.
    pub fn new(most: usize) -> Self {
        Self {
            full_at: Mutex::default(),
            most,
        }
    }

    /// Whether a token is left, or after how many seconds one is.
    pub fn left(&self, key: &K, rate: Rate, now: DateTime<Utc>) -> Result<(), i64> {
        rate.left(self.lock().get(key).copied(), now)
    }

    /// Takes a token from each of the buckets; or none, and says after how many seconds all of them have one.
    pub fn take(&self, wanted: impl IntoIterator<Item = (K, Rate)>, now: DateTime<Utc>) -> Result<(), i64> {
        let wanted: Vec<_> = wanted.into_iter().collect();
        let mut buckets = self.lock();
        let waits = wanted
            .iter()
            .filter_map(|(key, rate)| rate.left(buckets.get(key).copied(), now).err());
        if let Some(wait_s) = waits.max() {
            return Err(wait_s);
        }
        if buckets.len() + wanted.len() > self.most {
            forget(&mut buckets, self.most, now);
        }
        for (key, rate) in wanted {
            let full_at = buckets.entry(key).or_insert(now);
            *full_at = now.max(*full_at) + rate.refill;
        }
        Ok(())
    }

    /// Puts a token back.
    pub fn give_back(&self, key: &K, rate: Rate) {
        if let Some(full_at) = self.lock().get_mut(key) {
            *full_at -= rate.refill;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, DateTime<Utc>>> {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes room: half of what is kept at most, so that it need not be made again at once.
fn forget<K: Eq + Hash>(buckets: &mut HashMap<K, DateTime<Utc>>, most: usize, now: DateTime<Utc>) {
    buckets.retain(|_, full_at| *full_at > now);
    if buckets.len() > most / 2 {
        let mut moments: Vec<_> = buckets.values().copied().collect();
        let (_, last_out, _) = moments.select_nth_unstable(buckets.len() - most / 2 - 1);
        buckets.retain(|_, full_at| full_at > last_out);
    }
}

/// The network that one party can be expected to hold: an IPv4 address, the /64 of an IPv6 address.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        burst: 3,
        refill: TimeDelta::seconds(10),
    };

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    #[test]
    fn a_burst_is_free_and_then_one_token_comes_after_the_other() {
        let buckets = TokenBuckets::new(10);
        for _ in 0..3 {
            buckets.take([("a", RATE)], at(0)).unwrap();
        }
        assert_eq!(buckets.left(&"a", RATE, at(0)), Err(11));
        assert_eq!(buckets.take([("a", RATE)], at(4)), Err(7));
        assert_eq!(buckets.take([("b", RATE)], at(0)), Ok(()));
        assert_eq!(buckets.take([("a", RATE)], at(10)), Ok(()));
        assert!(buckets.take([("a", RATE)], at(19)).is_err());
        for _ in 0..3 {
            buckets.take([("a", RATE)], at(1_000)).unwrap();
        }
        assert!(
            buckets.take([("a", RATE)], at(1_000)).is_err(),
            "more than full it is never"
        );
    }

    #[test]
    fn all_of_the_tokens_are_taken_or_none() {
        let buckets = TokenBuckets::new(10);
        for _ in 0..3 {
            buckets.take([("a", RATE)], at(0)).unwrap();
        }
        assert!(buckets.take([("b", RATE), ("a", RATE)], at(0)).is_err());
        for _ in 0..3 {
            buckets.take([("b", RATE)], at(0)).unwrap();
        }
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let buckets = TokenBuckets::new(10);
        for _ in 0..100 {
            buckets.take([("a", RATE)], at(0)).unwrap();
            buckets.give_back(&"a", RATE);
        }
    }

    #[test]
    fn memory_is_bounded_and_who_took_most_is_remembered() {
        let buckets = TokenBuckets::new(1_000);
        for _ in 0..3 {
            buckets.take([(0, RATE)], at(0)).unwrap();
        }
        for key in 1..5_000 {
            buckets.take([(key, RATE)], at(0)).unwrap();
        }
        assert!(buckets.lock().len() <= 1_000);
        assert!(buckets.take([(0, RATE)], at(0)).is_err());
    }

    #[test]
    fn a_party_is_an_ipv4_address_or_the_64_of_an_ipv6_address() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}
