//! How often subscriptions may be asked for: a bucket for each address that a message would go to, for each network
//! address, and for each page.

use crate::token_bucket::{Rate, TokenBuckets, network};
use chrono::{DateTime, TimeDelta, Utc};
use std::net::IpAddr;

/// Messages to one address: nobody is to be flooded by somebody else's asking.
const PER_TARGET: Rate = Rate {
    burst: 3,
    refill: TimeDelta::minutes(20),
};
/// Requests from one network address.
const PER_NETWORK: Rate = Rate {
    burst: 10,
    refill: TimeDelta::seconds(30),
};
/// Requests for one page.
const PER_PAGE: Rate = Rate {
    burst: 300,
    refill: TimeDelta::seconds(1),
};
/// Buckets kept at most.
const MAX_BUCKETS: usize = 50_000;

/// Counts requests.
#[derive(Debug)]
pub struct SubscribeLimit(TokenBuckets<Key>);

#[derive(PartialEq, Eq, Hash)]
enum Key {
    Target(Vec<u8>),
    Network(IpAddr),
    Page(i32),
}

impl Default for SubscribeLimit {
    fn default() -> Self {
        Self(TokenBuckets::new(MAX_BUCKETS))
    }
}

impl SubscribeLimit {
    /// Counts a request for a page and target, known by its hash; or says after how many seconds to try again.
    pub fn take(
        &self,
        page: i32,
        target_hash: &[u8],
        address: Option<IpAddr>,
        now: DateTime<Utc>,
    ) -> Result<(), i64> {
        let address = address.map(|address| (Key::Network(network(address)), PER_NETWORK));
        let buckets = [
            (Key::Target(target_hash.to_vec()), PER_TARGET),
            (Key::Page(page), PER_PAGE),
        ];
        self.0.take(buckets.into_iter().chain(address), now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_flooded_by_others() {
        let limit = SubscribeLimit::default();
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let from = |n: u8| Some(IpAddr::from([192, 0, 2, n]));
        for n in 0..3 {
            limit.take(1, b"ann", from(n), now).unwrap();
        }
        assert!(limit.take(1, b"ann", from(9), now).is_err());
        assert_eq!(limit.take(1, b"bob", from(9), now), Ok(()));
        for n in 0..9 {
            let target = format!("x{n}");
            limit.take(1, target.as_bytes(), from(100), now).unwrap();
        }
        limit.take(1, b"y", from(100), now).unwrap();
        assert!(limit.take(1, b"z", from(100), now).is_err());
        assert_eq!(
            limit.take(1, b"ann", from(9), now + TimeDelta::minutes(20)),
            Ok(())
        );
    }
}
