//! Reading results to judge them by another policy: `result`, `vantage_window`.

use super::vote::at;
use edgewatch_domain::{replay::StoredCheck, vote::Check};
use edgewatch_protocol::{observation::OutcomeState, reason::Reason};
use futures::TryStreamExt as _;
use sqlx::PgConnection;

/// The results of a monitor of checks that began between two moments (Unix milliseconds), oldest first, as they come from the
/// database; `None` if there are more than `at_most`.
pub async fn list_stored_checks(
    db: &mut PgConnection,
    monitor: i32,
    (from_ms, to_ms): (i64, i64),
    at_most: usize,
) -> sqlx::Result<Option<Vec<StoredCheck>>> {
    let mut rows = sqlx::query!(
        // A latency's assertion is known by its text: the reason tells only that one failed.
        r#"SELECT r.region_id, r.time, r.lag_ms, r.outcome, r.total_us,
                  r.outcome = $4 AND NOT coalesce(r.reason = $5 AND r.message LIKE 'latency (%', false) AS "warned_otherwise!",
                  v.region_id IS NOT NULL AS "disqualified!"
           FROM result r LEFT JOIN vantage_window v ON v.disqualified AND v.region_id = r.region_id
                AND v.from_at = date_trunc('minute', r.time - make_interval(secs => r.lag_ms / 1000.0), 'UTC')
           WHERE r.monitor_id = $1 AND r.time >= $2 AND r.time < $3 ORDER BY r.time"#,
        monitor,
        at(from_ms),
        at(to_ms),
        OutcomeState::Degraded.code(),
        Reason::AssertionFailed.code()
    )
    .fetch(db);
    let mut checks = Vec::new();
    while let Some(row) = rows.try_next().await? {
        let at_ms = row.time.timestamp_millis();
        let Some(outcome) = OutcomeState::from_code(row.outcome) else {
            continue;
        };
        if checks.len() == at_most {
            return Ok(None);
        }
        checks.push(StoredCheck {
            region: row.region_id.cast_unsigned(),
            check: Check {
                slot_ms: at_ms - i64::from(row.lag_ms),
                at_ms,
                outcome,
                disqualified: row.disqualified,
            },
            total_us: row.total_us.max(0).cast_unsigned(),
            warned_otherwise: row.warned_otherwise,
        });
    }
    Ok(Some(checks))
}
