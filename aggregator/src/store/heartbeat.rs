//! Heartbeats: `heartbeat`, `heartbeat_call`, `heartbeat_watch`.

use crate::{
    heartbeat::{
        state::{Call, JobState, Signal},
        token::KeptToken,
    },
    untrusted_text::clean,
};
use chrono::{DateTime, Utc};
use edgewatch_protocol::{check::HeartbeatCheck, reason::Reason};
use sqlx::{PgConnection, PgExecutor, types::Json};

/// The longest message that is kept with a call, in characters.
const MAX_MESSAGE: usize = 2_000;

/// Makes a monitor a heartbeat with these settings, or changes them; its token stays if it has one. It is looked at next.
pub async fn write_heartbeat(
    db: &mut PgConnection,
    monitor: i32,
    settings: &HeartbeatCheck,
    token: &KeptToken,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO heartbeat (monitor_id, token_hash, token_sealed, settings, next_slot, next_look_at)
         VALUES ($1, $2, $3, $4, $5, $5)
         ON CONFLICT (monitor_id) DO UPDATE SET
             settings = excluded.settings, next_slot = excluded.next_slot, next_look_at = excluded.next_look_at",
        monitor,
        token.hash,
        token.sealed,
        Json(settings) as _,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A monitor is no heartbeat any more: its URL is over.
pub async fn delete_heartbeat(db: &mut PgConnection, monitor: i32) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM heartbeat WHERE monitor_id = $1", monitor)
        .execute(&mut *db)
        .await?;
    sqlx::query!("DELETE FROM heartbeat_call WHERE monitor_id = $1", monitor)
        .execute(db)
        .await?;
    Ok(())
}

/// Gives a heartbeat another token; `false` if the monitor is none.
pub async fn rotate_token(db: impl PgExecutor<'_>, monitor: i32, token: &KeptToken) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE heartbeat SET token_hash = $2, token_sealed = $3 WHERE monitor_id = $1",
        monitor,
        token.hash,
        token.sealed
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Keeps a call of the heartbeat with this token, to be looked at; `false` if there is none.
pub async fn insert_call(db: impl PgExecutor<'_>, token_hash: &[u8], call: &Call) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO heartbeat_call (monitor_id, at, signal, exit_code, message)
         SELECT monitor_id, $2, $3, $4, $5 FROM heartbeat WHERE token_hash = $1",
        token_hash,
        call.at,
        signal_code(call.signal),
        call.exit_code.map(i16::from),
        call.message.as_deref().map(|message| clean(message, MAX_MESSAGE))
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// A heartbeat as it is shown.
#[derive(Debug)]
pub struct ShownHeartbeat {
    /// Its token, sealed.
    pub token_sealed: Vec<u8>,
    /// Its settings.
    pub settings: HeartbeatCheck,
    /// When it was last called, whatever that said.
    pub last_call_at: Option<DateTime<Utc>>,
    /// What is known of the job.
    pub job: JobState,
}

/// The heartbeat of a monitor.
pub async fn find_heartbeat(db: impl PgExecutor<'_>, monitor: i32) -> sqlx::Result<Option<ShownHeartbeat>> {
    let row = sqlx::query!(
        "SELECT h.token_sealed, h.settings AS \"settings: Json<HeartbeatCheck>\", h.last_end_at, h.started_at, h.standing,
                greatest(h.last_call_at, (SELECT max(at) FROM heartbeat_call c WHERE c.monitor_id = $1)) AS last_call_at
         FROM heartbeat h WHERE h.monitor_id = $1",
        monitor
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| ShownHeartbeat {
        token_sealed: row.token_sealed,
        settings: row.settings.0,
        last_call_at: row.last_call_at,
        job: JobState {
            last_end_at: row.last_end_at,
            started_at: row.started_at,
            standing: row.standing.map(Reason::from_code),
        },
    }))
}

/// Notes that calls are heard now; since when they have been without a break of more than `longest_break`.
pub async fn watch(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    longest_break: chrono::TimeDelta,
) -> sqlx::Result<DateTime<Utc>> {
    sqlx::query_scalar!(
        "INSERT INTO heartbeat_watch AS w (heard_since, heard_until) VALUES ($1, $1)
         ON CONFLICT (singleton) DO UPDATE SET
             heard_since = CASE WHEN w.heard_until < $2 THEN $1 ELSE w.heard_since END,
             heard_until = greatest(w.heard_until, $1)
         RETURNING heard_since",
        now,
        now - longest_break
    )
    .fetch_one(db)
    .await
}

/// Since when calls have been heard without a break; `None` before the first look.
pub async fn heard_since(db: impl PgExecutor<'_>) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!("SELECT heard_since FROM heartbeat_watch")
        .fetch_optional(db)
        .await
}

/// A heartbeat that is to be looked at.
#[derive(Debug)]
pub struct DueHeartbeat {
    /// Its monitor.
    pub monitor: i32,
    /// The revision of the monitor's definition.
    pub revision: i32,
    /// Seconds between its slots.
    pub interval_s: u32,
    /// Nothing is told of it.
    pub paused: bool,
    /// Its settings.
    pub settings: HeartbeatCheck,
    /// What is known of the job.
    pub job: JobState,
    /// When it was last called.
    pub last_call_at: Option<DateTime<Utc>>,
    /// The latest slot that something was told of.
    pub last_slot: Option<DateTime<Utc>>,
    /// The next slot of its interval.
    pub next_slot: DateTime<Utc>,
    /// What it was called with since, in order.
    pub calls: Vec<Call>,
}

/// Takes the calls that wait and locks the heartbeats that are due or called, at most so many calls and heartbeats at
/// once.
pub async fn take_due_heartbeats(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    at_once: i64,
) -> sqlx::Result<Vec<DueHeartbeat>> {
    let calls = sqlx::query!(
        "DELETE FROM heartbeat_call WHERE id IN (SELECT id FROM heartbeat_call ORDER BY id LIMIT $1)
         RETURNING id, monitor_id, at, signal, exit_code, message",
        at_once
    )
    .fetch_all(&mut *db)
    .await?;
    let mut calls: Vec<_> = calls
        .into_iter()
        .map(|row| {
            let call = Call {
                at: row.at,
                signal: signal_of_code(row.signal),
                exit_code: row.exit_code.and_then(|code| u8::try_from(code).ok()),
                message: row.message,
            };
            (row.monitor_id, row.at, row.id, call)
        })
        .collect();
    calls.sort_by_key(|&(monitor, at, id, _)| (monitor, at, id));
    let called: Vec<i32> = calls.iter().map(|&(monitor, ..)| monitor).collect();
    let rows = sqlx::query!(
        "SELECT h.monitor_id, h.settings AS \"settings: Json<HeartbeatCheck>\", h.last_call_at, h.last_end_at, h.started_at,
                h.standing, h.last_slot, h.next_slot, m.revision, m.interval_s, m.paused
         FROM heartbeat h JOIN monitor m ON m.id = h.monitor_id
         WHERE h.monitor_id = ANY($2) OR h.monitor_id IN (
             SELECT d.monitor_id FROM heartbeat d JOIN monitor dm ON dm.id = d.monitor_id
             WHERE d.next_look_at <= $1 AND NOT dm.paused ORDER BY d.next_look_at LIMIT $3)
         ORDER BY h.monitor_id FOR NO KEY UPDATE OF h",
        now,
        &called,
        at_once
    )
    .fetch_all(db)
    .await?;
    let mut calls = calls.into_iter().peekable();
    let due = rows.into_iter().map(|row| {
        // Calls of a monitor that is gone by now lead nowhere.
        while calls.next_if(|(monitor, ..)| *monitor < row.monitor_id).is_some() {}
        let mut own = Vec::new();
        while let Some((.., call)) = calls.next_if(|(monitor, ..)| *monitor == row.monitor_id) {
            own.push(call);
        }
        DueHeartbeat {
            monitor: row.monitor_id,
            revision: row.revision,
            interval_s: row.interval_s.unsigned_abs(),
            paused: row.paused,
            settings: row.settings.0,
            job: JobState {
                last_end_at: row.last_end_at,
                started_at: row.started_at,
                standing: row.standing.map(Reason::from_code),
            },
            last_call_at: row.last_call_at,
            last_slot: row.last_slot,
            next_slot: row.next_slot,
            calls: own,
        }
    });
    Ok(due.collect())
}

/// Heartbeats after a look, as columns for `UNNEST`.
#[derive(Debug, Default)]
pub struct LookedHeartbeats {
    monitor_id: Vec<i32>,
    last_call_at: Vec<Option<DateTime<Utc>>>,
    last_end_at: Vec<Option<DateTime<Utc>>>,
    started_at: Vec<Option<DateTime<Utc>>>,
    standing: Vec<Option<i16>>,
    last_slot: Vec<Option<DateTime<Utc>>>,
    next_slot: Vec<DateTime<Utc>>,
    next_look_at: Vec<DateTime<Utc>>,
}

impl LookedHeartbeats {
    /// Adds one, to be looked at again by then.
    pub fn push(&mut self, heartbeat: &DueHeartbeat, next_look_at: DateTime<Utc>) {
        let DueHeartbeat { job, .. } = heartbeat;
        self.monitor_id.push(heartbeat.monitor);
        self.last_call_at.push(heartbeat.last_call_at);
        self.last_end_at.push(job.last_end_at);
        self.started_at.push(job.started_at);
        self.standing.push(job.standing.map(Reason::code));
        self.last_slot.push(heartbeat.last_slot);
        self.next_slot.push(heartbeat.next_slot);
        self.next_look_at.push(next_look_at);
    }

    /// Stores them.
    pub async fn store(&self, db: &mut PgConnection) -> sqlx::Result<()> {
        if self.monitor_id.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "UPDATE heartbeat h SET last_call_at = n.last_call_at, last_end_at = n.last_end_at, started_at = n.started_at,
                    standing = n.standing, last_slot = n.last_slot, next_slot = n.next_slot, next_look_at = n.next_look_at
             FROM UNNEST($1::int4[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::int2[],
                         $6::timestamptz[], $7::timestamptz[], $8::timestamptz[])
                 AS n (monitor_id, last_call_at, last_end_at, started_at, standing, last_slot, next_slot, next_look_at)
             WHERE h.monitor_id = n.monitor_id",
            &self.monitor_id[..],
            &self.last_call_at[..] as _,
            &self.last_end_at[..] as _,
            &self.started_at[..] as _,
            &self.standing[..] as _,
            &self.last_slot[..] as _,
            &self.next_slot[..],
            &self.next_look_at[..]
        )
        .execute(db)
        .await?;
        Ok(())
    }
}

fn signal_code(signal: Signal) -> i16 {
    match signal {
        Signal::Start => 0,
        Signal::Success => 1,
        Signal::Failure => 2,
    }
}

fn signal_of_code(code: i16) -> Signal {
    match code {
        0 => Signal::Start,
        1 => Signal::Success,
        _ => Signal::Failure,
    }
}
