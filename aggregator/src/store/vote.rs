//! What regions said over time: `vote_change`, and the folds in `region_state`.

use chrono::{DateTime, Utc};
use edgewatch_domain::{
    verdict::Verdict,
    vote::{BLIND_SLOTS, ChangeKind, Check, VoteChange, VoteFold},
};
use edgewatch_protocol::observation::OutcomeState;
use sqlx::PgConnection;
use std::collections::{BTreeMap, HashMap};

/// A monitor and a region.
pub type Pair = (i32, i16);

/// What is stored of a region's votes on a monitor.
#[derive(Debug)]
pub struct StoredVotes {
    /// The number of the vote as it was last decided.
    pub verdict: i16,
    /// The fold.
    pub fold: VoteFold,
    /// The folds from which late results are folded again.
    pub checkpoints: Vec<VoteFold>,
    /// The changes told after the oldest of these.
    pub changes: Vec<VoteChange>,
}

/// The years that timestamps are kept within, as Unix milliseconds: 1 to 9999.
const YEARS_MS: (i64, i64) = (-62_135_596_800_000, 253_402_300_799_000);

/// Unix milliseconds as the database has them.
pub(super) fn at(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms.clamp(YEARS_MS.0, YEARS_MS.1)).unwrap_or_default()
}

fn columns(pairs: &[Pair]) -> (Vec<i32>, Vec<i16>) {
    pairs.iter().copied().unzip()
}

/// What is stored of these; a pair that nothing is stored of is left out.
pub async fn list_votes(db: &mut PgConnection, pairs: &[Pair]) -> sqlx::Result<HashMap<Pair, StoredVotes>> {
    let (monitors, regions) = columns(pairs);
    let rows = sqlx::query!(
        "SELECT s.monitor_id, s.region_id, s.verdict, s.fold, s.checkpoints
         FROM UNNEST($1::int4[], $2::int2[]) AS w (monitor_id, region_id) JOIN region_state s USING (monitor_id, region_id)",
        &monitors,
        &regions
    )
    .fetch_all(&mut *db)
    .await?;
    let mut votes = HashMap::new();
    let mut since = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        let read = |bytes: &[u8]| VoteFold::from_bytes(bytes).unwrap_or_default();
        let checkpoints: Vec<_> = row.checkpoints.iter().map(|bytes| read(bytes)).collect();
        since.0.push(row.monitor_id);
        since.1.push(row.region_id);
        let oldest = checkpoints.first().and_then(VoteFold::last_slot_ms);
        since.2.push(at(oldest.unwrap_or(i64::MIN)));
        let stored = StoredVotes {
            verdict: row.verdict,
            fold: read(&row.fold),
            checkpoints,
            changes: Vec::new(),
        };
        votes.insert((row.monitor_id, row.region_id), stored);
    }
    let changes = sqlx::query_as!(
        ChangeRow,
        "SELECT v.monitor_id, v.region_id, v.slot, v.at, v.earliest_at, v.known_at, v.kind
         FROM UNNEST($1::int4[], $2::int2[], $3::timestamptz[]) AS w (monitor_id, region_id, after)
         JOIN vote_change v ON v.monitor_id = w.monitor_id AND v.region_id = w.region_id AND v.slot > w.after
         ORDER BY v.slot, v.position",
        &since.0,
        &since.1,
        &since.2
    )
    .fetch_all(db)
    .await?;
    for row in changes {
        if let (Some(votes), Some(change)) = (votes.get_mut(&(row.monitor_id, row.region_id)), row.change()) {
            votes.changes.push(change);
        }
    }
    Ok(votes)
}

struct ChangeRow {
    monitor_id: i32,
    region_id: i16,
    slot: DateTime<Utc>,
    at: DateTime<Utc>,
    earliest_at: DateTime<Utc>,
    known_at: DateTime<Utc>,
    kind: i16,
}

impl ChangeRow {
    fn change(&self) -> Option<VoteChange> {
        Some(VoteChange {
            at_ms: self.at.timestamp_millis(),
            kind: ChangeKind::from_code(self.kind)?,
            earliest_ms: self.earliest_at.timestamp_millis(),
            known_ms: self.known_at.timestamp_millis(),
            slot_ms: self.slot.timestamp_millis(),
        })
    }
}

/// The changes of all regions' votes on monitors, each from its moment on (Unix milliseconds), and what held then.
pub async fn list_changes_since(
    db: &mut PgConnection,
    monitors: &[(i32, i64)],
) -> sqlx::Result<BTreeMap<Pair, Vec<VoteChange>>> {
    let (ids, since): (Vec<_>, Vec<_>) = monitors.iter().map(|&(id, ms)| (id, at(ms))).unzip();
    let rows = sqlx::query_as!(
        ChangeRow,
        "SELECT monitor_id AS \"monitor_id!\", region_id AS \"region_id!\", slot AS \"slot!\", at AS \"at!\",
                earliest_at AS \"earliest_at!\", known_at AS \"known_at!\", kind AS \"kind!\"
         FROM (SELECT v.* FROM UNNEST($1::int4[], $2::timestamptz[]) AS w (monitor_id, since)
               JOIN vote_change v USING (monitor_id) WHERE v.at >= w.since
               UNION ALL
               (SELECT DISTINCT ON (v.monitor_id, v.region_id, v.kind >= 4) v.*
                FROM UNNEST($1::int4[], $2::timestamptz[]) AS w (monitor_id, since)
                JOIN vote_change v USING (monitor_id) WHERE v.at < w.since
                ORDER BY v.monitor_id, v.region_id, v.kind >= 4, v.slot DESC, v.position DESC)) AS changes
         ORDER BY monitor_id, region_id, slot, position",
        &ids,
        &since
    )
    .fetch_all(db)
    .await?;
    let mut changes: BTreeMap<Pair, Vec<VoteChange>> = BTreeMap::new();
    for row in rows {
        let of_pair = changes.entry((row.monitor_id, row.region_id)).or_default();
        of_pair.extend(row.change());
    }
    Ok(changes)
}

/// The folds of all regions for these monitors.
pub async fn list_folds(db: &mut PgConnection, monitors: &[i32]) -> sqlx::Result<BTreeMap<Pair, VoteFold>> {
    let rows = sqlx::query!(
        "SELECT monitor_id, region_id, fold FROM region_state WHERE monitor_id = ANY($1)",
        monitors
    )
    .fetch_all(db)
    .await?;
    let folds = rows.into_iter().map(|row| {
        let fold = VoteFold::from_bytes(&row.fold).unwrap_or_default();
        ((row.monitor_id, row.region_id), fold)
    });
    Ok(folds.collect())
}

/// Changes to be stored, as columns for `UNNEST`.
#[derive(Debug, Default)]
pub struct VoteChangeRows {
    replaced: (Vec<i32>, Vec<i16>, Vec<DateTime<Utc>>),
    monitor_id: Vec<i32>,
    region_id: Vec<i16>,
    slot: Vec<DateTime<Utc>>,
    position: Vec<i16>,
    at: Vec<DateTime<Utc>>,
    earliest_at: Vec<DateTime<Utc>>,
    known_at: Vec<DateTime<Utc>>,
    kind: Vec<i16>,
}

impl VoteChangeRows {
    /// Whatever was told by slots after this one is replaced.
    pub fn replace(&mut self, (monitor, region): Pair, after_slot_ms: Option<i64>) {
        self.replaced.0.push(monitor);
        self.replaced.1.push(region);
        self.replaced.2.push(at(after_slot_ms.unwrap_or(i64::MIN)));
    }

    /// Adds changes, which are told one after the other.
    pub fn push(&mut self, (monitor, region): Pair, changes: &[VoteChange]) {
        let mut position = 0;
        for (index, change) in changes.iter().enumerate() {
            let goes_on = index > 0 && changes[index - 1].slot_ms == change.slot_ms;
            position = if goes_on { position + 1 } else { 0 };
            self.monitor_id.push(monitor);
            self.region_id.push(region);
            self.slot.push(at(change.slot_ms));
            self.position.push(position);
            self.at.push(at(change.at_ms));
            self.earliest_at.push(at(change.earliest_ms));
            self.known_at.push(at(change.known_ms));
            self.kind.push(change.kind.code());
        }
    }

    /// Stores them.
    pub async fn store(&self, db: &mut PgConnection) -> sqlx::Result<()> {
        if !self.replaced.0.is_empty() {
            sqlx::query!(
                "DELETE FROM vote_change v USING UNNEST($1::int4[], $2::int2[], $3::timestamptz[]) AS n (monitor_id, region_id, after)
                 WHERE v.monitor_id = n.monitor_id AND v.region_id = n.region_id AND v.slot > n.after",
                &self.replaced.0,
                &self.replaced.1,
                &self.replaced.2
            )
            .execute(&mut *db)
            .await?;
        }
        if self.monitor_id.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "INSERT INTO vote_change (monitor_id, region_id, slot, position, at, earliest_at, known_at, kind)
             SELECT * FROM UNNEST($1::int4[], $2::int2[], $3::timestamptz[], $4::int2[], $5::timestamptz[],
                                  $6::timestamptz[], $7::timestamptz[], $8::int2[])
             ON CONFLICT (monitor_id, region_id, slot, position) DO UPDATE
                 SET at = excluded.at, earliest_at = excluded.earliest_at, known_at = excluded.known_at,
                     kind = excluded.kind",
            &self.monitor_id,
            &self.region_id,
            &self.slot,
            &self.position,
            &self.at,
            &self.earliest_at,
            &self.known_at,
            &self.kind
        )
        .execute(db)
        .await?;
        Ok(())
    }
}

/// The stored results of these pairs, of slots after each one's (Unix milliseconds), for judging them again.
pub async fn list_checks(
    db: &mut PgConnection,
    pairs: &[(Pair, Option<i64>)],
) -> sqlx::Result<HashMap<Pair, Vec<Check>>> {
    let (monitors, regions) = columns(&pairs.iter().map(|&(pair, _)| pair).collect::<Vec<_>>());
    // A check begins in its slot or later, never a minute before it.
    let since: Vec<_> = pairs
        .iter()
        .map(|&(_, after_slot_ms)| at(after_slot_ms.map_or(i64::MIN, |ms| ms - 60_000)))
        .collect();
    let rows = sqlx::query!(
        "SELECT r.monitor_id, r.region_id, r.time, r.lag_ms, r.outcome, v.region_id IS NOT NULL AS \"disqualified!\"
         FROM UNNEST($1::int4[], $2::int2[], $3::timestamptz[]) AS w (monitor_id, region_id, since)
         JOIN result r ON r.monitor_id = w.monitor_id AND r.region_id = w.region_id AND r.time > w.since
         LEFT JOIN vantage_window v ON v.disqualified AND v.region_id = r.region_id
              AND v.from_at = date_trunc('minute', r.time - make_interval(secs => r.lag_ms / 1000.0), 'UTC')",
        &monitors,
        &regions,
        &since
    )
    .fetch_all(db)
    .await?;
    let mut checks: HashMap<Pair, Vec<Check>> = HashMap::new();
    for row in rows {
        let at_ms = row.time.timestamp_millis();
        let Some(outcome) = OutcomeState::from_code(row.outcome) else {
            continue;
        };
        checks
            .entry((row.monitor_id, row.region_id))
            .or_default()
            .push(Check {
                slot_ms: at_ms - i64::from(row.lag_ms),
                at_ms,
                outcome,
                disqualified: row.disqualified,
            });
    }
    Ok(checks)
}

/// Pairs of which nothing has come for so long that they may have fallen silent, and vote still; at most so many.
pub async fn list_quiet_pairs(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    at_most: i64,
) -> sqlx::Result<Vec<Pair>> {
    let rows = sqlx::query!(
        "SELECT s.monitor_id, s.region_id FROM region_state s JOIN monitor m ON m.id = s.monitor_id
         WHERE s.verdict <> $1 AND s.slot < $2::timestamptz - make_interval(secs => m.interval_s * $3::float8)
           AND (m.all_regions OR EXISTS (
               SELECT FROM monitor_region mr WHERE mr.monitor_id = m.id AND mr.region_id = s.region_id))
         LIMIT $4",
        Verdict::Unknown.code(),
        now,
        f64::from(BLIND_SLOTS + 1),
        at_most
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.monitor_id, row.region_id))
        .collect())
}
