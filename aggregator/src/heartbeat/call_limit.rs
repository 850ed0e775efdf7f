//! How often heartbeat URLs may be called: a bucket for each token, whether there is such a one or not, and one for the
//! wrong tokens of a network address.
//!
//! The buckets live in memory, so each replica has its own.

use chrono::{DateTime, TimeDelta, Utc};
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
};

/// Calls of one token at once: start, a message or two, and end, with something to spare.
const PER_TOKEN: u32 = 10;
/// One more call of a token each so often.
const TOKEN_REFILL: TimeDelta = TimeDelta::seconds(3);
/// Wrong tokens from one network address at once.
const PER_ADDRESS: u32 = 30;
/// One more wrong token each so often.
const ADDRESS_REFILL: TimeDelta = TimeDelta::seconds(10);
/// Buckets kept at most; what was not used for longest goes first.
const MAX_BUCKETS: usize = 50_000;

/// Counts calls.
#[derive(Debug, Default)]
pub struct CallLimit {
    buckets: Mutex<HashMap<Key, Bucket>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Token(Vec<u8>),
    Wrong(IpAddr),
}

/// Calls are counted by when the bucket will be full again.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    full_at: DateTime<Utc>,
}

impl CallLimit {
    /// Counts a call of a token, known by its hash; or says after how many seconds to try again.
    pub fn call(&self, token_hash: &[u8], now: DateTime<Utc>) -> Result<(), i64> {
        self.take(Key::Token(token_hash.to_vec()), PER_TOKEN, TOKEN_REFILL, now)
    }

    /// Whether a network address may try, after the wrong tokens that it has tried; or after how many seconds.
    pub fn may_try(&self, address: Option<IpAddr>, now: DateTime<Utc>) -> Result<(), i64> {
        let Some(address) = address else { return Ok(()) };
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.get(&Key::Wrong(network(address)));
        wait_s(bucket, PER_ADDRESS, ADDRESS_REFILL, now)
    }

    /// Counts a wrong token from a network address.
    pub fn was_wrong(&self, address: Option<IpAddr>, now: DateTime<Utc>) {
        if let Some(address) = address {
            let key = Key::Wrong(network(address));
            // Whether it may try again is asked at its next call.
            let _ = self.take(key, PER_ADDRESS, ADDRESS_REFILL, now);
        }
    }

    fn take(&self, key: Key, limit: u32, refill: TimeDelta, now: DateTime<Utc>) -> Result<(), i64> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        wait_s(buckets.get(&key), limit, refill, now)?;
        if buckets.len() >= MAX_BUCKETS && !buckets.contains_key(&key) {
            buckets.retain(|_, bucket| bucket.full_at > now);
            if buckets.len() >= MAX_BUCKETS {
                let soonest = buckets.iter().min_by_key(|(_, bucket)| bucket.full_at);
                if let Some(soonest) = soonest.map(|(key, _)| key.clone()) {
                    buckets.remove(&soonest);
                }
            }
        }
        let bucket = buckets.entry(key).or_insert(Bucket { full_at: now });
        bucket.full_at = bucket.full_at.max(now) + refill;
        Ok(())
    }
}

fn wait_s(bucket: Option<&Bucket>, limit: u32, refill: TimeDelta, now: DateTime<Utc>) -> Result<(), i64> {
    let most = refill * i32::try_from(limit).unwrap_or(i32::MAX);
    let Some(bucket) = bucket else { return Ok(()) };
    let excess = bucket.full_at + refill - now - most;
    if excess > TimeDelta::zero() {
        return Err(excess.num_seconds() + 1);
    }
    Ok(())
}

/// The network that one party can be expected to hold: an IPv4 address, the /64 of an IPv6 address.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    #[test]
    fn a_token_called_too_often_waits_and_others_do_not() {
        let limit = CallLimit::default();
        for _ in 0..PER_TOKEN {
            limit.call(b"a", at(0)).unwrap();
        }
        assert_eq!(limit.call(b"a", at(0)), Err(4));
        assert_eq!(limit.call(b"b", at(0)), Ok(()));
        assert_eq!(limit.call(b"a", at(3)), Ok(()));
        assert!(limit.call(b"a", at(3)).is_err());
        for _ in 0..PER_TOKEN {
            limit.call(b"a", at(100)).unwrap();
        }
    }

    #[test]
    fn an_address_that_guesses_waits() {
        let limit = CallLimit::default();
        let (one, neighbour): (IpAddr, IpAddr) =
            ("2001:db8::1".parse().unwrap(), "2001:db8::2".parse().unwrap());
        for _ in 0..PER_ADDRESS {
            limit.may_try(Some(one), at(0)).unwrap();
            limit.was_wrong(Some(one), at(0));
        }
        assert!(limit.may_try(Some(neighbour), at(0)).is_err());
        assert!(limit.may_try(Some("192.0.2.1".parse().unwrap()), at(0)).is_ok());
        assert!(limit.may_try(Some(one), at(11)).is_ok());
    }

    #[test]
    fn memory_is_bounded() {
        let limit = CallLimit::default();
        for n in 0..MAX_BUCKETS + 10 {
            limit.call(&n.to_be_bytes(), at(0)).unwrap();
        }
        assert!(limit.buckets.lock().unwrap().len() <= MAX_BUCKETS);
    }
}
