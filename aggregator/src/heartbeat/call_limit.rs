//! How often heartbeat URLs may be called: a bucket for each token, whether there is such a one or not, and one for the
//! wrong tokens of a network address.

use crate::token_bucket::{Rate, TokenBuckets, network};
use chrono::{DateTime, TimeDelta, Utc};
use std::net::IpAddr;

/// Calls of one token: start, a message or two, and end, with something to spare.
const CALLS: Rate = Rate {
    burst: 10,
    refill: TimeDelta::seconds(3),
};
/// Wrong tokens from one network address.
const WRONG: Rate = Rate {
    burst: 30,
    refill: TimeDelta::seconds(10),
};
/// Buckets kept at most.
const MAX_BUCKETS: usize = 50_000;

/// Counts calls.
#[derive(Debug)]
pub struct CallLimit(TokenBuckets<Key>);

#[derive(PartialEq, Eq, Hash)]
enum Key {
    Token(Vec<u8>),
    Wrong(IpAddr),
}

impl Default for CallLimit {
    fn default() -> Self {
        Self(TokenBuckets::new(MAX_BUCKETS))
    }
}

impl CallLimit {
    /// Counts a call of a token, known by its hash; or says after how many seconds to try again.
    pub fn call(&self, token_hash: &[u8], now: DateTime<Utc>) -> Result<(), i64> {
        self.0.take([(Key::Token(token_hash.to_vec()), CALLS)], now)
    }

    /// Whether a network address may try, after the wrong tokens that it has tried; or after how many seconds.
    pub fn may_try(&self, address: Option<IpAddr>, now: DateTime<Utc>) -> Result<(), i64> {
        let Some(address) = address else { return Ok(()) };
        self.0.left(&Key::Wrong(network(address)), WRONG, now)
    }

    /// Counts a wrong token from a network address.
    pub fn was_wrong(&self, address: Option<IpAddr>, now: DateTime<Utc>) {
        let wrong = address.map(|address| (Key::Wrong(network(address)), WRONG));
        // Whether it may try again is asked at its next call.
        let _ = self.0.take(wrong, now);
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
        for _ in 0..CALLS.burst {
            limit.call(b"a", at(0)).unwrap();
        }
        assert_eq!(limit.call(b"a", at(0)), Err(4));
        assert_eq!(limit.call(b"b", at(0)), Ok(()));
        assert_eq!(limit.call(b"a", at(3)), Ok(()));
    }

    #[test]
    fn an_address_that_guesses_waits() {
        let limit = CallLimit::default();
        let (one, neighbour): (IpAddr, IpAddr) =
            ("2001:db8::1".parse().unwrap(), "2001:db8::2".parse().unwrap());
        for _ in 0..WRONG.burst {
            limit.may_try(Some(one), at(0)).unwrap();
            limit.was_wrong(Some(one), at(0));
        }
        assert!(limit.may_try(Some(neighbour), at(0)).is_err());
        assert!(limit.may_try(Some("192.0.2.1".parse().unwrap()), at(0)).is_ok());
        assert!(limit.may_try(Some(one), at(11)).is_ok());
    }
}
