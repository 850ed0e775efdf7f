//! How often a sign-in may fail: a bucket for each e-mail address and one for each network address.
//!
//! A restart or a second replica gives an attacker a few more guesses, which Argon2id and the length of passwords carry.
//! A success gives its attempt back, so nobody is slowed by signing in often.

use crate::token_bucket::{Rate, TokenBuckets, network};
use chrono::{DateTime, TimeDelta, Utc};
use std::net::IpAddr;

/// Failures for one e-mail address.
const PER_EMAIL: Rate = Rate {
    burst: 10,
    refill: TimeDelta::seconds(30),
};
/// Failures from one network address.
const PER_ADDRESS: Rate = Rate {
    burst: 30,
    refill: TimeDelta::seconds(5),
};
/// Buckets kept at most.
const MAX_BUCKETS: usize = 20_000;

/// Counts the attempts to sign in.
pub struct SignInLimit(TokenBuckets<Key>);

#[derive(PartialEq, Eq, Hash)]
enum Key {
    Email(String),
    Network(IpAddr),
}

impl Default for SignInLimit {
    fn default() -> Self {
        Self(TokenBuckets::new(MAX_BUCKETS))
    }
}

impl SignInLimit {
    /// Takes one attempt for this e-mail address from this network address, or says after how many seconds to try again.
    pub fn take(&self, email: &str, address: Option<IpAddr>, now: DateTime<Utc>) -> Result<(), i64> {
        self.0.take(buckets(email, address), now)
    }

    /// Gives the attempt back after a success.
    pub fn give_back(&self, email: &str, address: Option<IpAddr>) {
        for (key, rate) in buckets(email, address) {
            self.0.give_back(&key, rate);
        }
    }
}

fn buckets(email: &str, address: Option<IpAddr>) -> impl Iterator<Item = (Key, Rate)> {
    let email = (Key::Email(email.trim().to_lowercase()), PER_EMAIL);
    let address = address.map(|address| (Key::Network(network(address)), PER_ADDRESS));
    std::iter::once(email).chain(address)
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
        for _ in 0..PER_EMAIL.burst {
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
        for n in 0..PER_ADDRESS.burst {
            let from = address(&format!("2001:db8::{n:x}"));
            limit
                .take(&format!("{n}@example.org"), Some(from), at(0))
                .unwrap();
        }
        let try_from = |from| limit.take("x@example.org", Some(address(from)), at(0));
        assert!(try_from("2001:db8::ffff").is_err());
        assert!(try_from("2001:db8:0:1::1").is_ok());
    }

    #[test]
    fn a_success_is_not_counted() {
        let limit = SignInLimit::default();
        let from = Some(address("192.0.2.1"));
        for _ in 0..100 {
            limit.take("a@example.org", from, at(0)).unwrap();
            limit.give_back("a@example.org", from);
        }
    }
}
