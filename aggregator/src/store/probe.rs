//! Probes as administrators see them: `probe`.

use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::probe::Probe;
use edgewatch_protocol::{batch::Place, enrolment::ProbeStatus, identity::Fingerprint};
use sqlx::{PgExecutor, types::Json};

/// A probe that has not been heard of for so long is silent, though it should tick each minute.
pub const SILENT_AFTER: TimeDelta = TimeDelta::minutes(3);

/// The number of a status in storage.
pub fn status_code(status: ProbeStatus) -> i16 {
    match status {
        ProbeStatus::Pending => 0,
        ProbeStatus::Approved => 1,
        ProbeStatus::Revoked => 2,
    }
}

/// The status of a stored number; a number of a newer version counts as revoked.
pub fn status_of_code(code: i16) -> ProbeStatus {
    match code {
        0 => ProbeStatus::Pending,
        1 => ProbeStatus::Approved,
        _ => ProbeStatus::Revoked,
    }
}

/// The probes by region, revoked ones last in each, the youngest first; or those of one region; or the one of this
/// fingerprint.
pub async fn list_probes(
    db: impl PgExecutor<'_>,
    region: Option<&str>,
    fingerprint: Option<&str>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Probe>> {
    let rows = sqlx::query!(
        r#"SELECT p.fingerprint, r.name AS region, p.status, p.host, p.software, p.capabilities,
                  p.place AS "place: Json<Place>", p.enrolled_at, p.last_seen_at, p.last_seq, p.chain_breaks, p.dropped, p.clock_off_s
           FROM probe p JOIN region r ON r.id = p.region_id
           WHERE ($1::text IS NULL OR r.name = $1) AND ($2::text IS NULL OR p.fingerprint = $2)
           ORDER BY r.name, p.status = $3, p.enrolled_at DESC, p.id DESC"#,
        region,
        fingerprint,
        status_code(ProbeStatus::Revoked)
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let status = status_of_code(row.status);
            let heard = row.last_seen_at.unwrap_or(row.enrolled_at);
            Ok(Probe {
                fingerprint: row.fingerprint,
                region: row
                    .region
                    .parse()
                    .map_err(|error: String| sqlx::Error::Decode(error.into()))?,
                status,
                host: row.host,
                software: row.software,
                capabilities: row.capabilities,
                place: row.place.0,
                enrolled_at: row.enrolled_at,
                last_seen_at: row.last_seen_at,
                silent: status == ProbeStatus::Approved && now - heard > SILENT_AFTER,
                last_seq: row.last_seq,
                chain_breaks: row.chain_breaks,
                dropped: row.dropped,
                clock_off_s: row.clock_off_s,
            })
        })
        .collect()
}

/// Notes that a probe pulls its assignments, or would.
pub async fn note_pull(
    db: impl PgExecutor<'_>,
    fingerprint: &Fingerprint,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE probe SET last_seen_at = $2, pulled_at = $2, serves_from = coalesce(serves_from, $2), silent = false
         WHERE fingerprint = $1",
        fingerprint.0,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes by how many seconds a probe's clock is ahead of ours (negative: behind); `false` if that is known already.
pub async fn note_clock_off(
    db: impl PgExecutor<'_>,
    id: i32,
    off_s: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE probe SET clock_off_s = $2, clock_off_at = $3
         WHERE id = $1 AND (clock_off_s IS NULL OR abs(clock_off_s - $2) > 5)",
        id,
        off_s,
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Approves a probe that waits for it. Approving twice changes nothing; `false` if there is none or it is revoked.
pub async fn approve_probe(
    db: impl PgExecutor<'_>,
    fingerprint: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE probe SET status = $2, approved_at = coalesce(approved_at, $3) WHERE fingerprint = $1 AND status <> $4",
        fingerprint,
        status_code(ProbeStatus::Approved),
        now,
        status_code(ProbeStatus::Revoked)
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Refuses a probe's key from now on, for good. Revoking twice changes nothing; `false` if there is none.
pub async fn revoke_probe(
    db: impl PgExecutor<'_>,
    fingerprint: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE probe SET status = $2, revoked_at = coalesce(revoked_at, $3), silent = false WHERE fingerprint = $1",
        fingerprint,
        status_code(ProbeStatus::Revoked),
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}
