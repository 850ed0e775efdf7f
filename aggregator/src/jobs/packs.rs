//! Evidence that has settled is packed: batches of a probe together take a small part of the room.

use super::AfterCommit;
use crate::{
    state::AppState,
    store::{
        batch_pack::{Bounds, NewPack, list_packable_batches, list_packable_probes, replace_by_pack},
        stored_batch::StoredBatch,
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_pack::{Signed, pack, unpack};
use sqlx::PgConnection;
use tokio::task::spawn_blocking;

/// What is newer is looked at often: results by whoever sees an alert, batches by the evidence of incidents.
const SETTLED_AFTER: TimeDelta = TimeDelta::minutes(10);

/// What has not become enough for a whole pack by then is packed as it is.
const OVERDUE_AFTER: TimeDelta = TimeDelta::hours(6);

/// A pack is unpacked whole for any batch in it: some milliseconds with these bounds.
const BOUNDS: Bounds = Bounds {
    batches: 256,
    observations: 5_000,
    bytes: 4 << 20,
};

/// The same of what is signed, unpacked.
const MOST_BYTES: usize = 8 << 20;

/// A pack goes at once when its retention is over, so the times of its batches are not far apart.
const LONGEST: TimeDelta = TimeDelta::days(1);

/// Packs made in one transaction: a few seconds' work.
const PACKS_AT_ONCE: i64 = 32;

/// Packs what has settled. What is not committed has changed nothing.
pub(super) async fn pack_evidence(state: &AppState, db: &mut PgConnection) -> sqlx::Result<AfterCommit> {
    let now = state.clock.now();
    let (settled, overdue) = (now - SETTLED_AFTER, now - OVERDUE_AFTER);
    let mut left = PACKS_AT_ONCE;
    let mut packed = 0;
    while left > 0 {
        let probes = list_packable_probes(&mut *db, settled, overdue, BOUNDS, left).await?;
        if probes.is_empty() {
            break;
        }
        left -= probes.len() as i64;
        for probe in probes {
            packed += pack_next(db, probe, settled).await?;
        }
    }
    if packed > 0 {
        tracing::debug!(batches = packed, "evidence packed");
    }
    Ok(Vec::new())
}

/// Makes the next pack of a probe; how many batches are in it.
async fn pack_next(db: &mut PgConnection, probe: i32, settled: DateTime<Utc>) -> sqlx::Result<usize> {
    let rows = list_packable_batches(&mut *db, probe, settled, BOUNDS).await?;
    let made = spawn_blocking(move || make(rows.into_iter().map(Into::into)));
    let Some(made) = made.await.map_err(|error| sqlx::Error::Decode(error.into()))? else {
        tracing::error!(probe, "batches cannot be packed; they stay as they are");
        return Ok(0);
    };
    let ids: Vec<_> = made.batches.iter().map(|batch| batch.id).collect();
    let received_at: Vec<_> = made.batches.iter().map(|batch| batch.received_at).collect();
    let new = NewPack {
        probe_id: probe,
        first_seq: made.first_seq,
        ids: &ids,
        received_at: &received_at,
        pack: &made.pack,
    };
    replace_by_pack(db, &new).await?;
    Ok(ids.len())
}

/// A batch that is packed.
struct Packed {
    id: i64,
    received_at: DateTime<Utc>,
}

struct Made {
    first_seq: i64,
    batches: Vec<Packed>,
    pack: Vec<u8>,
}

/// Packs the first of these batches that follow one another. `None` if there is none, or what was packed does not come out
/// as it was.
fn make(batches: impl Iterator<Item = StoredBatch>) -> Option<Made> {
    let mut first: Option<(i64, DateTime<Utc>)> = None;
    let (mut told, mut signed, mut bytes) = (Vec::new(), Vec::<Signed>::new(), 0);
    for batch in batches {
        let (first_seq, first_at) = *first.get_or_insert((batch.seq, batch.received_at));
        let follows = batch.seq - first_seq == told.len() as i64;
        if !follows || (batch.received_at - first_at).abs() > LONGEST || bytes > MOST_BYTES {
            break;
        }
        bytes += batch.signed.bytes.len();
        told.push(Packed {
            id: batch.id,
            received_at: batch.received_at,
        });
        signed.push(batch.signed);
    }
    let (first_seq, _) = first?;
    let pack = pack(&signed).ok()?;
    // Nothing is deleted that could not be restored.
    (unpack(&pack).ok()? == signed).then_some(Made {
        first_seq,
        batches: told,
        pack,
    })
}

#[cfg(test)]
mod tests;
