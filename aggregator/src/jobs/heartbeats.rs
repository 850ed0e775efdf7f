//! Looking at heartbeats: what was called since, which deadlines have passed, and who is due for a look.

use super::AfterCommit;
use crate::{
    heartbeat::{
        push_probe::PushProbe,
        schedule::Rule,
        state::{JobState, Look},
    },
    state::AppState,
    store::heartbeat::{self, DueHeartbeat, LookedHeartbeats},
};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_protocol::{
    name::{MonitorId, Region},
    observation::Observation,
    slot::{GRAIN_MS, next_slot, slot_at},
};
use sqlx::PgConnection;

/// After a longer break nobody can say what was called meanwhile: no replica was there.
const LONGEST_BREAK: TimeDelta = TimeDelta::seconds(45);

/// Heartbeats and calls taken at once; what is left waits for the next turn.
const AT_ONCE: i64 = 10_000;

/// How far slots may run ahead of the clock when a job calls faster than slots pass.
const FURTHEST_AHEAD: TimeDelta = TimeDelta::seconds(120);

/// A heartbeat whose settings cannot be read any more is looked at again after so long.
const UNREADABLE_PAUSE: TimeDelta = TimeDelta::hours(1);

/// Turns calls and silence into observations, sealed in the transaction that takes the calls.
pub(super) async fn look_at_heartbeats(state: &AppState, db: &mut PgConnection) -> sqlx::Result<AfterCommit> {
    let now = state.clock.now();
    let heard_since = heartbeat::watch(&mut *db, now, LONGEST_BREAK).await?;
    let due = heartbeat::take_due_heartbeats(&mut *db, now, AT_ONCE).await?;
    let probe = PushProbe::new(&state.secrets).map_err(|error| sqlx::Error::Configuration(error.into()))?;
    if due.is_empty() {
        probe.touch(db, now).await?;
        return Ok(Vec::new());
    }
    probe.ensure(&mut *db, now).await?;
    probe.touch(&mut *db, now).await?;
    let mut looked = LookedHeartbeats::default();
    let mut observations = Vec::new();
    for mut heartbeat in due {
        let next_look_at = match Rule::read(&heartbeat.settings) {
            Ok(rule) => look_at(
                &mut heartbeat,
                &rule,
                heard_since,
                now,
                probe.region(),
                &mut observations,
            ),
            Err(fault) => {
                let monitor = heartbeat.monitor;
                tracing::error!(
                    monitor,
                    pointer = fault.pointer,
                    "a heartbeat's settings cannot be read any more"
                );
                now + UNREADABLE_PAUSE
            }
        };
        looked.push(&heartbeat, next_look_at);
    }
    looked.store(&mut *db).await?;
    probe.seal(db, &observations, now).await?;
    Ok(Vec::new())
}

/// Delivers what the looks have left in the outbox.
pub(super) async fn deliver_heartbeats(state: &AppState, db: &mut PgConnection) -> sqlx::Result<AfterCommit> {
    let probe = PushProbe::new(&state.secrets).map_err(|error| sqlx::Error::Configuration(error.into()))?;
    probe.deliver(state, db).await?;
    Ok(Vec::new())
}

/// Looks at one heartbeat; when to look again at the latest.
fn look_at(
    heartbeat: &mut DueHeartbeat,
    rule: &Rule,
    heard_since: DateTime<Utc>,
    now: DateTime<Utc>,
    region: &Region,
    observations: &mut Vec<Observation>,
) -> DateTime<Utc> {
    let mut looks: Vec<Look> = Vec::new();
    for call in std::mem::take(&mut heartbeat.calls) {
        looks.extend(heartbeat.job.take(rule, heard_since, &call));
        heartbeat.last_call_at = heartbeat.last_call_at.max(Some(call.at));
    }
    looks.extend(heartbeat.job.advance(rule, heard_since, now));
    if heartbeat.paused {
        // It goes on to be heard, and nothing is told.
        return now + UNREADABLE_PAUSE;
    }
    for look in looks {
        let slot = next_free_slot(heartbeat.last_slot, look.at, now);
        tell(heartbeat, slot, look, observations);
    }
    let (monitor, interval_ms) = (
        MonitorId(heartbeat.monitor),
        i64::from(heartbeat.interval_s) * 1000,
    );
    if heartbeat.next_slot <= now {
        let slot_ms = slot_at(now.timestamp_millis(), monitor, region, interval_ms);
        let slot = DateTime::from_timestamp_millis(slot_ms).unwrap_or(now);
        if heartbeat.last_slot.is_none_or(|last| last < slot) {
            let sight = heartbeat.job.look(rule, heard_since, now);
            tell(heartbeat, slot, Look { at: now, sight }, observations);
        }
    }
    let next_ms = next_slot(now.timestamp_millis(), monitor, region, interval_ms);
    heartbeat.next_slot = DateTime::from_timestamp_millis(next_ms).unwrap_or(now + LONGEST_BREAK);
    next_look_at(&heartbeat.job, rule, heard_since, heartbeat.next_slot)
}

fn next_look_at(
    job: &JobState,
    rule: &Rule,
    heard_since: DateTime<Utc>,
    next_slot: DateTime<Utc>,
) -> DateTime<Utc> {
    let failure = job.next_failure(rule, heard_since).map(|(at, _)| at);
    failure.map_or(next_slot, |at| at.min(next_slot))
}

/// The slot of something that was seen out of turn: that of its moment, or the first one after all that were told of, so
/// that each counts and the last one is the last.
fn next_free_slot(last: Option<DateTime<Utc>>, at: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    let grain = TimeDelta::milliseconds(GRAIN_MS);
    let own_ms = at.timestamp_millis().div_euclid(GRAIN_MS) * GRAIN_MS;
    let own = DateTime::from_timestamp_millis(own_ms).unwrap_or(at);
    match last {
        Some(last) if last >= own => (last + grain).min((now + FURTHEST_AHEAD).max(last)),
        _ => own,
    }
}

fn tell(heartbeat: &mut DueHeartbeat, slot: DateTime<Utc>, look: Look, observations: &mut Vec<Observation>) {
    heartbeat.last_slot = Some(slot);
    observations.push(Observation {
        monitor: MonitorId(heartbeat.monitor),
        revision: heartbeat.revision,
        slot_ms: slot.timestamp_millis(),
        started_ms: look.at.timestamp_millis(),
        attempts: 1,
        sight: look.sight,
    });
}
