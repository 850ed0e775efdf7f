//! From outcomes to states: `region_state`, `monitor`. Set-based: a few statements for a batch, never one for a monitor.

use super::evaluation_queue::void_evaluation;
use crate::recent_outcomes::RecentOutcomes;
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_domain::{
    state::{Decision, MonitorState, decide},
    verdict::{SILENT_SLOTS, Verdict},
};
use sqlx::PgConnection;
use std::collections::BTreeMap;

/// A monitor as a region's results are judged by it.
#[derive(Debug)]
pub struct JudgedMonitor {
    /// Its number.
    pub id: i32,
    /// The number of the region.
    pub region_id: i16,
    /// Seconds between its slots.
    pub interval_s: i32,
    /// See [`RecentOutcomes::verdict`].
    pub confirmations: u8,
    /// See [`RecentOutcomes::verdict`].
    pub recoveries: u8,
    /// The region's vote until now.
    pub verdict: Verdict,
    /// The outcomes until now.
    pub recent: RecentOutcomes,
}

/// Those of these regions and monitors, pair by pair, where the monitor is checked from the region, with what it said so
/// far.
pub async fn list_judged_monitors(
    db: &mut PgConnection,
    regions: &[i16],
    monitors: &[i32],
) -> sqlx::Result<Vec<JudgedMonitor>> {
    // Joined: with `= ANY`, the plan for an array of unknown length compares every monitor with every row of the region.
    let rows = sqlx::query!(
        "SELECT m.id, w.region_id AS \"region_id!\", m.interval_s, m.confirmations, m.recoveries,
                rs.verdict AS \"verdict?\", rs.recent AS \"recent?\"
         FROM UNNEST($1::int2[], $2::int4[]) AS w (region_id, id) JOIN monitor m USING (id)
         LEFT JOIN region_state rs ON rs.monitor_id = m.id AND rs.region_id = w.region_id
         WHERE (m.all_regions OR EXISTS (
               SELECT FROM monitor_region mr WHERE mr.monitor_id = m.id AND mr.region_id = w.region_id))",
        regions,
        monitors
    )
    .fetch_all(db)
    .await?;
    let judged = rows.into_iter().map(|row| JudgedMonitor {
        id: row.id,
        region_id: row.region_id,
        interval_s: row.interval_s,
        confirmations: u8::try_from(row.confirmations).unwrap_or(1),
        recoveries: u8::try_from(row.recoveries).unwrap_or(1),
        verdict: row
            .verdict
            .and_then(Verdict::from_code)
            .unwrap_or(Verdict::Unknown),
        recent: RecentOutcomes::from_bytes(&row.recent.unwrap_or_default()),
    });
    Ok(judged.collect())
}

/// What regions say of monitors now, as columns for `UNNEST`.
#[derive(Debug, Default)]
pub struct RegionStateRows {
    region_id: Vec<i16>,
    monitor_id: Vec<i32>,
    verdict: Vec<i16>,
    recent: Vec<Vec<u8>>,
    outcome: Vec<i16>,
    slot: Vec<DateTime<Utc>>,
    checked_at: Vec<DateTime<Utc>>,
    total_us: Vec<i32>,
    message: Vec<Option<String>>,
}

/// A result as it stands for a region in lists.
#[derive(Debug)]
pub struct LatestResult {
    /// The number of the outcome's state.
    pub outcome: i16,
    /// The slot.
    pub slot: DateTime<Utc>,
    /// When the check began.
    pub checked_at: DateTime<Utc>,
    /// Microseconds.
    pub total_us: i32,
    /// What went wrong.
    pub message: Option<String>,
}

impl RegionStateRows {
    /// Adds what a region says of one monitor. `latest` is kept only if nothing later is stored.
    pub fn push(
        &mut self,
        region_id: i16,
        monitor: i32,
        verdict: Verdict,
        recent: &RecentOutcomes,
        latest: LatestResult,
    ) {
        self.region_id.push(region_id);
        self.monitor_id.push(monitor);
        self.verdict.push(verdict.code());
        self.recent.push(recent.to_bytes());
        self.outcome.push(latest.outcome);
        self.slot.push(latest.slot);
        self.checked_at.push(latest.checked_at);
        self.total_us.push(latest.total_us);
        self.message.push(latest.message);
    }

    /// Stores them.
    pub async fn store(&self, db: &mut PgConnection) -> sqlx::Result<()> {
        if self.monitor_id.is_empty() {
            return Ok(());
        }
        // Rows that are there are far more than new ones, and an update costs less than an insert that finds a conflict.
        let updated = sqlx::query!(
            "UPDATE region_state s SET verdict = n.verdict, recent = n.recent,
                 outcome = CASE WHEN n.slot >= s.slot THEN n.outcome ELSE s.outcome END,
                 checked_at = CASE WHEN n.slot >= s.slot THEN n.checked_at ELSE s.checked_at END,
                 total_us = CASE WHEN n.slot >= s.slot THEN n.total_us ELSE s.total_us END,
                 message = CASE WHEN n.slot >= s.slot THEN n.message ELSE s.message END,
                 slot = greatest(n.slot, s.slot)
             FROM UNNEST($1::int2[], $2::int4[], $3::int2[], $4::bytea[], $5::int2[], $6::timestamptz[],
                         $7::timestamptz[], $8::int4[], $9::text[])
                 AS n (region_id, monitor_id, verdict, recent, outcome, slot, checked_at, total_us, message)
             WHERE s.region_id = n.region_id AND s.monitor_id = n.monitor_id",
            &self.region_id[..],
            &self.monitor_id[..],
            &self.verdict[..],
            &self.recent[..],
            &self.outcome[..],
            &self.slot[..],
            &self.checked_at[..],
            &self.total_us[..],
            &self.message[..] as _
        )
        .execute(&mut *db)
        .await?;
        if updated.rows_affected() == self.monitor_id.len() as u64 {
            return Ok(());
        }
        sqlx::query!(
            "INSERT INTO region_state
                 (region_id, monitor_id, verdict, recent, outcome, slot, checked_at, total_us, message)
             SELECT * FROM UNNEST($1::int2[], $2::int4[], $3::int2[], $4::bytea[], $5::int2[], $6::timestamptz[],
                                  $7::timestamptz[], $8::int4[], $9::text[])
             ON CONFLICT (monitor_id, region_id) DO NOTHING",
            &self.region_id[..],
            &self.monitor_id[..],
            &self.verdict[..],
            &self.recent[..],
            &self.outcome[..],
            &self.slot[..],
            &self.checked_at[..],
            &self.total_us[..],
            &self.message[..] as _
        )
        .execute(db)
        .await?;
        Ok(())
    }
}

/// Lets every region vote `unknown` on monitors of which it has brought no result for too long; the monitors' numbers.
pub async fn silence_regions(db: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<Vec<i32>> {
    // No batch is judged meanwhile: it would write the same rows.
    void_evaluation(&mut *db).await?;
    // The same bound as `edgewatch_domain::verdict::is_silent`.
    let monitors = sqlx::query_scalar!(
        "UPDATE region_state rs SET verdict = $1 FROM monitor m
         WHERE m.id = rs.monitor_id AND NOT m.paused AND rs.verdict <> $1
           AND rs.slot < $2::timestamptz - make_interval(secs => m.interval_s * $3::float8)
         RETURNING rs.monitor_id",
        Verdict::Unknown.code(),
        now,
        (SILENT_SLOTS + 1) as f64
    )
    .fetch_all(db)
    .await?;
    Ok(monitors)
}

/// Monitors whose state is not what their regions say. There should be none, but a region may have been removed.
pub async fn list_stale_monitors(db: &mut PgConnection) -> sqlx::Result<Vec<i32>> {
    let voted = list_votes(db, None).await?;
    Ok(voted
        .iter()
        .filter(|monitor| monitor.has_changed())
        .map(|monitor| monitor.id)
        .collect())
}

struct VotedMonitor {
    id: i32,
    quorum: String,
    state: i16,
    advisory: bool,
    state_since: DateTime<Utc>,
    votes: Vec<i16>,
}

impl VotedMonitor {
    fn decision(&self) -> Decision {
        let votes = self.votes.iter().filter_map(|&code| Verdict::from_code(code));
        decide(votes, self.quorum.parse().unwrap_or_default())
    }

    fn has_changed(&self) -> bool {
        let decision = self.decision();
        self.state != decision.state.code() || self.advisory != decision.advisory
    }
}

/// Decides the states of these monitors anew from what their regions say; the numbers of those that changed. Paused ones
/// are left alone. Call it in the transaction that changed votes, quorum or regions.
///
/// `began` tells since when the new state holds, where that is known better than `now`.
pub async fn decide_monitors(
    db: &mut PgConnection,
    monitors: &[i32],
    began: &BTreeMap<i32, DateTime<Utc>>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<i32>> {
    if monitors.is_empty() {
        return Ok(Vec::new());
    }
    // Two regions may change their votes at once, each without seeing the other's: whoever comes second waits here, and
    // then sees both. In order of the numbers, so that nobody waits for each other.
    sqlx::query!(
        "SELECT id FROM monitor WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE",
        monitors
    )
    .fetch_all(&mut *db)
    .await?;
    let (mut ids, mut states, mut advisories, mut sinces) = (vec![], vec![], vec![], vec![]);
    for monitor in list_votes(db, Some(monitors)).await? {
        if !monitor.has_changed() {
            continue;
        }
        let decision = monitor.decision();
        let same_state = decision.state.code() == monitor.state;
        let began = began
            .get(&monitor.id)
            .filter(|_| decision.state != MonitorState::Unknown)
            .map_or(now, |&began| began.min(now));
        ids.push(monitor.id);
        states.push(decision.state.code());
        advisories.push(decision.advisory);
        sinces.push(if same_state {
            monitor.state_since
        } else {
            // A state does not begin before the one that it follows.
            began.max(monitor.state_since + TimeDelta::milliseconds(1))
        });
    }
    if ids.is_empty() {
        return Ok(ids);
    }
    sqlx::query!(
        "UPDATE monitor m SET state = n.state, advisory = n.advisory, state_since = n.since
         FROM UNNEST($1::int4[], $2::int2[], $3::bool[], $4::timestamptz[]) AS n (id, state, advisory, since)
         WHERE m.id = n.id",
        &ids[..],
        &states[..],
        &advisories[..],
        &sinces[..]
    )
    .execute(db)
    .await?;
    Ok(ids)
}

/// Of these monitors, or of all.
async fn list_votes(db: &mut PgConnection, monitors: Option<&[i32]>) -> sqlx::Result<Vec<VotedMonitor>> {
    sqlx::query_as!(
        VotedMonitor,
        "SELECT m.id, m.quorum, m.state, m.advisory, m.state_since,
                coalesce(array_agg(rs.verdict) FILTER (WHERE rs.verdict IS NOT NULL), '{}') AS \"votes!\"
         FROM monitor m LEFT JOIN region_state rs ON rs.monitor_id = m.id
             AND (m.all_regions OR EXISTS (
                 SELECT FROM monitor_region mr WHERE mr.monitor_id = m.id AND mr.region_id = rs.region_id))
         WHERE ($1::int4[] IS NULL OR m.id = ANY($1)) AND NOT m.paused
         GROUP BY m.id",
        monitors
    )
    .fetch_all(db)
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{http::test_server::now, secret::Secrets, store};
    use edgewatch_client::monitor::MonitorSettings;
    use sqlx::PgPool;

    async fn vote(db: &mut PgConnection, monitor: i32, region_id: i16, verdict: Verdict) -> Vec<i32> {
        let at = now();
        let mut rows = RegionStateRows::default();
        let latest = LatestResult {
            outcome: 0,
            slot: at,
            checked_at: at,
            total_us: 1,
            message: None,
        };
        rows.push(region_id, monitor, verdict, &RecentOutcomes::default(), latest);
        rows.store(db).await.unwrap();
        decide_monitors(db, &[monitor], &BTreeMap::new(), at)
            .await
            .unwrap()
    }

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn votes_that_change_at_once_are_seen_together(pool: PgPool) {
        let mut db = pool.acquire().await.unwrap();
        let secrets = Secrets::from_text(&"k".repeat(32)).unwrap();
        let mut regions = Vec::new();
        for name in ["weur", "enam"] {
            regions.push(
                store::enrolment::ensure_region(&mut db, &name.parse().unwrap(), now())
                    .await
                    .unwrap(),
            );
        }
        let settings: MonitorSettings = serde_json::from_value(serde_json::json!({
            "name": "shop", "quorum": "all", "check": {"type": "http", "url": "https://shop.example/"}
        }))
        .unwrap();
        let id = store::monitor::create_monitor(&mut db, &secrets, &settings, false, now())
            .await
            .unwrap();
        for &region in &regions {
            vote(&mut db, id, region, Verdict::Up).await;
        }

        let mut first = pool.begin().await.unwrap();
        assert_eq!(
            vote(&mut first, id, regions[0], Verdict::Down).await,
            [id],
            "an advisory"
        );
        let pool = pool.clone();
        let second = tokio::spawn(async move {
            let mut second = pool.begin().await.unwrap();
            let changed = vote(&mut second, id, regions[1], Verdict::Down).await;
            second.commit().await.unwrap();
            changed
        });
        // The second has to wait for the first, whose vote it cannot see yet.
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        assert!(!second.is_finished());
        first.commit().await.unwrap();
        assert_eq!(second.await.unwrap(), [id]);
        let state: i16 = sqlx::query_scalar("SELECT state FROM monitor")
            .fetch_one(&mut *db)
            .await
            .unwrap();
        assert_eq!(MonitorState::from_code(state), Some(MonitorState::Down));
    }
}
