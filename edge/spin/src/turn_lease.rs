//! One turn at a time: both triggers, and a cron that comes while the turn before it still runs, share one storage.
//!
//! The key-value store has no compare-and-set that every platform offers. A lease is therefore written, and after a
//! moment read again: whoever finds his own has it. It is renewed while the turn runs, so that one that was killed holds
//! the next up for seconds only.

use crate::platform::{SpinPlatform, now_ms, sleep};
use edgewatch_core::platform::{Platform as _, Storage as _, StorageError};
use serde::{Deserialize, Serialize};
use std::time::Duration;

const LEASE_KEY: &str = "spin/turn";
/// How long a lease holds without being renewed.
const LEASE_MS: i64 = 30_000;
/// How often it is renewed.
const RENEWAL: Duration = Duration::from_secs(10);
/// How long another writer may take from his look to his write.
const SETTLING: Duration = Duration::from_millis(100);
/// How often a lease that another one holds is looked at again.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a turn waits for the one before it.
const PATIENCE_MS: i64 = 40_000;

/// The right to make a turn.
pub struct TurnLease<'a> {
    platform: &'a SpinPlatform,
    id: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    id: u64,
    until_ms: i64,
}

impl Record {
    /// A clock that was ahead must not hold everybody up until it is caught up with.
    fn holds(self, now_ms: i64) -> bool {
        now_ms < self.until_ms && self.until_ms <= now_ms + LEASE_MS
    }
}

impl<'a> TurnLease<'a> {
    /// Waits for the turn under way, if any; `None` when it takes too long.
    ///
    /// # Errors
    /// When the storage cannot be used.
    pub async fn acquire(platform: &'a SpinPlatform) -> Result<Option<Self>, StorageError> {
        let mut id = [0; 8];
        platform.fill_random(&mut id);
        let lease = Self {
            platform,
            id: u64::from_le_bytes(id),
        };
        let patience_ms = now_ms() + PATIENCE_MS;
        loop {
            let held = lease.read().await?;
            if !held.is_some_and(|record| record.holds(now_ms())) {
                lease.write().await?;
                sleep(SETTLING).await;
                if lease.is_held().await? {
                    return Ok(Some(lease));
                }
            }
            if now_ms() >= patience_ms {
                return Ok(None);
            }
            sleep(PAUSE).await;
        }
    }

    /// Renews the lease for ever. A renewal that fails is tried again in its turn.
    pub async fn keep(&self) {
        loop {
            sleep(RENEWAL).await;
            let _ = self.write().await;
        }
    }

    /// Gives it back.
    ///
    /// # Errors
    /// When the storage cannot be used; the lease then ends by itself.
    pub async fn release(self) -> Result<(), StorageError> {
        if self.is_held().await? {
            self.platform.delete(LEASE_KEY).await?;
        }
        Ok(())
    }

    async fn is_held(&self) -> Result<bool, StorageError> {
        Ok(self.read().await?.is_some_and(|record| record.id == self.id))
    }

    async fn read(&self) -> Result<Option<Record>, StorageError> {
        let bytes = self.platform.get(LEASE_KEY).await?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    async fn write(&self) -> Result<(), StorageError> {
        let record = Record {
            id: self.id,
            until_ms: now_ms() + LEASE_MS,
        };
        let bytes = serde_json::to_vec(&record).map_err(|error| StorageError(error.to_string()))?;
        self.platform.put(LEASE_KEY, &bytes).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_ends_by_itself_and_one_from_the_future_does_not_hold() {
        let record = Record {
            id: 1,
            until_ms: 50_000,
        };
        assert!(record.holds(49_999) && record.holds(20_000));
        assert!(!record.holds(50_000) && !record.holds(19_999));
    }
}
