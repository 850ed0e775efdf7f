//! How often a sign-in may fail: a token bucket per e-mail address and one per network address.
//!
//! The buckets live in memory: a restart or a second replica gives an attacker a few more guesses, which Argon2id and
//! the length of passwords carry. A success gives its attempt back, so nobody is slowed by signing in often.

use chrono::{DateTime, TimeDelta, Utc};
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
};

/// Failures in a row before an e-mail address has to wait.
const PER_EMAIL: u32 = 10;
/// One more attempt for an e-mail address each so often.
const EMAIL_REFILL: TimeDelta = TimeDelta::seconds(30);
/// Failures in a row before a network address has to wait.
const PER_ADDRESS: u32 = 30;
/// One more attempt for a network address each so often.
const ADDRESS_REFILL: TimeDelta = TimeDelta::seconds(5);
/// Buckets kept at most; full ones go first.
const MAX_BUCKETS: usize = 20_000;

/// Counts the attempts to sign in.
#[derive(Default)]
pub struct SignInLimit {
    buckets: Mutex<HashMap<Key, Bucket>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Email(String),
    Network(IpAddr),
}

impl Key {
    fn limits(&self) -> (u32, TimeDelta) {
        match self {
            Self::Email(_) => (PER_EMAIL, EMAIL_REFILL),
            Self::Network(_) => (PER_ADDRESS, ADDRESS_REFILL),
        }
    }
}

/// How many attempts were used, as of a moment.
#[derive(Clone, Copy)]
struct Bucket {
    used: u32,
    as_of: DateTime<Utc>,
}

impl Bucket {
    /// The bucket after the time that has passed: whole refills only, the rest of the time is kept.
    fn refilled(self, every: TimeDelta, now: DateTime<Utc>) -> Self {
        let refills = ((now - self.as_of).num_milliseconds() / every.num_milliseconds()).max(0);
        match u32::try_from(refills) {
            Ok(refills) if refills < self.used => Self {
                used: self.used - refills,
                as_of: self.as_of + every * i32::try_from(refills).unwrap_or(i32::MAX),
            },
            _ => Self { used: 0, as_of: now },
        }
    }
}

impl SignInLimit {
    /// Takes one attempt for this e-mail address from this network address, or says after how many seconds to try again.
    pub fn take(&self, email: &str, address: Option<IpAddr>, now: DateTime<Utc>) -> Result<(), i64> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = keys(email, address);
        let mut wait_s = 0;
        for key in &keys {
            let (limit, every) = key.limits();
            let bucket = buckets.get(key).map(|bucket| bucket.refilled(every, now));
            if let Some(bucket) = bucket.filter(|bucket| bucket.used >= limit) {
                let wait = every - (now - bucket.as_of);
                wait_s = wait_s.max(wait.num_seconds() + 1);
            }
        }
        if wait_s > 0 {
            return Err(wait_s);
        }
        if buckets.len() + keys.len() > MAX_BUCKETS {
            forget_idle(&mut buckets, now);
        }
        for key in keys {
            let every = key.limits().1;
            let bucket = buckets.entry(key).or_insert(Bucket { used: 0, as_of: now });
            *bucket = bucket.refilled(every, now);
            bucket.used += 1;
        }
        Ok(())
    }

    /// Gives the attempt back after a success.
    pub fn give_back(&self, email: &str, address: Option<IpAddr>) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys(email, address) {
            if let Some(bucket) = buckets.get_mut(&key) {
                bucket.used = bucket.used.saturating_sub(1);
            }
        }
    }
}

/// Drops the buckets that are full again and, if that is not enough, those that were used least.
fn forget_idle(buckets: &mut HashMap<Key, Bucket>, now: DateTime<Utc>) {
    buckets.retain(|key, bucket| bucket.refilled(key.limits().1, now).used > 0);
    for used in 1.. {
        if buckets.len() <= MAX_BUCKETS / 2 {
            return;
        }
        buckets.retain(|_, bucket| bucket.used > used);
    }
}

fn keys(email: &str, address: Option<IpAddr>) -> Vec<Key> {
    let mut keys = vec![Key::Email(email.trim().to_lowercase())];
    keys.extend(address.map(|address| Key::Network(network(address))));
    keys
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

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_that_fails_too_often_waits_and_may_then_try_again() {
        let limit = SignInLimit::default();
        for _ in 0..PER_EMAIL {
            limit.take("a@example.org", None, at(0)).unwrap();
        }
        let wait = limit.take(" A@EXAMPLE.org", None, at(0)).unwrap_err();
        assert!((30..=31).contains(&wait), "{wait}");
        assert!(limit.take("b@example.org", None, at(0)).is_ok());
        assert!(limit.take("a@example.org", None, at(29)).is_err());
        assert!(limit.take("a@example.org", None, at(30)).is_ok());
        assert!(limit.take("a@example.org", None, at(31)).is_err());
    }

    #[test]
    fn a_network_that_tries_many_e_mail_addresses_waits() {
        let limit = SignInLimit::default();
        for n in 0..PER_ADDRESS {
            limit
                .take(
                    &format!("{n}@example.org"),
                    Some(address(&format!("2001:db8::{n:x}"))),
                    at(0),
                )
                .unwrap();
        }
        assert!(
            limit
                .take("x@example.org", Some(address("2001:db8::ffff")), at(0))
                .is_err()
        );
        assert!(
            limit
                .take("x@example.org", Some(address("2001:db8:0:1::1")), at(0))
                .is_ok()
        );
    }

    #[test]
    fn a_success_is_not_counted() {
        let limit = SignInLimit::default();
        for _ in 0..100 {
            limit
                .take("a@example.org", Some(address("192.0.2.1")), at(0))
                .unwrap();
            limit.give_back("a@example.org", Some(address("192.0.2.1")));
        }
    }

    #[test]
    fn memory_is_bounded() {
        let limit = SignInLimit::default();
        for n in 0..MAX_BUCKETS + 10 {
            limit.take(&format!("{n}@example.org"), None, at(0)).unwrap();
        }
        assert!(limit.buckets.lock().unwrap().len() <= MAX_BUCKETS);
    }
}
