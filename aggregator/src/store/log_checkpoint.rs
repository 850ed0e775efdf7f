//! What the log has said of itself: `log_checkpoint`, `log_cosignature`, `log_key`.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{PgConnection, PgExecutor};

/// A checkpoint, with what witnesses have signed of it by now.
#[derive(Clone, Debug)]
pub struct StoredCheckpoint {
    /// Its number.
    pub id: i64,
    /// How many leaves the log had.
    pub size: i64,
    /// The root of its tree.
    pub root: Vec<u8>,
    /// When it was signed.
    pub signed_at: DateTime<Utc>,
    /// The UTC day at whose end it was signed.
    pub day: Option<NaiveDate>,
    /// The signed note, as the log has signed it.
    pub note: String,
    /// The lines of witnesses, in the order in which they were given.
    pub cosignatures: Vec<String>,
}

impl StoredCheckpoint {
    /// The signed note with all signatures.
    pub fn cosigned_note(&self) -> String {
        let lines = self.cosignatures.iter().flat_map(|line| [line.as_str(), "\n"]);
        std::iter::once(self.note.as_str()).chain(lines).collect()
    }
}

/// A checkpoint to be kept.
#[derive(Clone, Debug)]
pub struct NewCheckpoint<'a> {
    /// See [`StoredCheckpoint::size`].
    pub size: i64,
    /// See [`StoredCheckpoint::root`].
    pub root: &'a [u8],
    /// See [`StoredCheckpoint::signed_at`].
    pub signed_at: DateTime<Utc>,
    /// See [`StoredCheckpoint::day`].
    pub day: Option<NaiveDate>,
    /// See [`StoredCheckpoint::note`].
    pub note: &'a str,
    /// The key that it is signed with.
    pub key: &'a [u8],
}

/// Keeps a checkpoint, and the key that it is signed with. What was given out must never be forgotten, or another log could be
/// signed in its place: the transaction waits for the disk, whatever the database does otherwise.
pub async fn insert_checkpoint(db: &mut PgConnection, new: &NewCheckpoint<'_>) -> sqlx::Result<()> {
    sqlx::query!("SET LOCAL synchronous_commit = on")
        .execute(&mut *db)
        .await?;
    sqlx::query!(
        "WITH known AS (
             INSERT INTO log_key (public_key, first_used_at) VALUES ($6, $3) ON CONFLICT DO NOTHING)
         INSERT INTO log_checkpoint (size, root, signed_at, day, note) VALUES ($1, $2, $3, $4, $5)",
        new.size,
        new.root,
        new.signed_at,
        new.day,
        new.note,
        new.key
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether there is a checkpoint of a day.
pub async fn has_checkpoint_of(db: impl PgExecutor<'_>, day: NaiveDate) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM log_checkpoint WHERE day = $1) AS "has!""#,
        day
    )
    .fetch_one(db)
    .await
}

/// Which checkpoints.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// Those of days alone.
    pub of_days: bool,
    /// Signed before those of this number.
    pub before: Option<i64>,
    /// Of the log at this size or a larger one.
    pub from_size: Option<i64>,
    /// Of the log at this size or a smaller one.
    pub to_size: Option<i64>,
    /// Signed at this time or later.
    pub since: Option<DateTime<Utc>>,
}

/// Checkpoints, the newest first, at most so many.
pub async fn list_checkpoints(
    db: impl PgExecutor<'_>,
    wanted: Wanted,
    at_most: i64,
) -> sqlx::Result<Vec<StoredCheckpoint>> {
    sqlx::query_as!(
        StoredCheckpoint,
        r#"SELECT c.id, c.size, c.root, c.signed_at, c.day, c.note,
                  ARRAY(SELECT s.line FROM log_cosignature s WHERE s.size = c.size ORDER BY s.signed_at, s.witness) AS "cosignatures!"
           FROM log_checkpoint c
           WHERE (NOT $1 OR c.day IS NOT NULL) AND ($2::int8 IS NULL OR c.id < $2)
             AND ($3::int8 IS NULL OR c.size >= $3) AND ($4::int8 IS NULL OR c.size <= $4)
             AND ($5::timestamptz IS NULL OR c.signed_at >= $5)
           ORDER BY c.id DESC LIMIT $6"#,
        wanted.of_days,
        wanted.before,
        wanted.from_size,
        wanted.to_size,
        wanted.since,
        at_most
    )
    .fetch_all(db)
    .await
}

/// The checkpoint of a number.
pub async fn find_checkpoint(db: impl PgExecutor<'_>, id: i64) -> sqlx::Result<Option<StoredCheckpoint>> {
    let wanted = Wanted {
        before: Some(id + 1),
        ..Wanted::default()
    };
    let found = list_checkpoints(db, wanted, 1).await?.pop();
    Ok(found.filter(|found| found.id == id))
}

/// The newest checkpoint.
pub async fn find_latest(db: impl PgExecutor<'_>) -> sqlx::Result<Option<StoredCheckpoint>> {
    Ok(list_checkpoints(db, Wanted::default(), 1).await?.pop())
}

/// The first and the last day without a checkpoint, and how many there are: of those that have ended since the log began.
pub async fn count_missing_days(
    db: impl PgExecutor<'_>,
    (began_on, last_day): (NaiveDate, NaiveDate),
) -> sqlx::Result<(i64, Option<NaiveDate>, Option<NaiveDate>)> {
    let row = sqlx::query!(
        r#"SELECT count(*) AS "count!", min(d.day) AS first, max(d.day) AS last
           FROM (SELECT generate_series($1::date, $2::date, '1 day')::date AS day) AS d
           WHERE NOT EXISTS (SELECT FROM log_checkpoint c WHERE c.day = d.day)"#,
        began_on,
        last_day
    )
    .fetch_one(db)
    .await?;
    Ok((row.count, row.first, row.last))
}

/// A public key that the log was signed with, and since when.
#[derive(Clone, Debug)]
pub struct StoredKey {
    /// The key.
    pub public_key: Vec<u8>,
    /// When it was first used.
    pub first_used_at: DateTime<Utc>,
}

/// The keys that the log was signed with, in the order of their use.
pub async fn list_keys(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<StoredKey>> {
    sqlx::query_as!(
        StoredKey,
        "SELECT public_key, first_used_at FROM log_key ORDER BY first_used_at, public_key"
    )
    .fetch_all(db)
    .await
}

/// Keeps what a witness has signed, if it is the first of that checkpoint; whether it is.
pub async fn insert_cosignature(
    db: impl PgExecutor<'_>,
    size: i64,
    witness: &str,
    signed_at: DateTime<Utc>,
    line: &str,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO log_cosignature (size, witness, signed_at, line) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        size,
        witness,
        signed_at,
        line
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The latest time that each witness has signed at, and the size that it signed.
pub async fn list_witnesses(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<(String, i64, DateTime<Utc>)>> {
    let rows = sqlx::query!(
        "SELECT DISTINCT ON (witness) witness, size, signed_at FROM log_cosignature ORDER BY witness, size DESC"
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.witness, row.size, row.signed_at))
        .collect())
}

/// Takes the oldest checkpoint of a day, signed since a time, that is to be posted now: its number, and how often that was tried.
/// Nobody else takes it until a time.
pub async fn take_to_post(
    db: impl PgExecutor<'_>,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> sqlx::Result<Option<(i64, i16)>> {
    let row = sqlx::query!(
        "UPDATE log_checkpoint SET post_after = $3
         WHERE id = (SELECT id FROM log_checkpoint
                     WHERE day IS NOT NULL AND posted_at IS NULL AND signed_at >= $1
                       AND (post_after IS NULL OR post_after <= $2)
                     ORDER BY day LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING id, post_attempts",
        since,
        now,
        until
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.id, row.post_attempts)))
}

/// Notes that a checkpoint was posted, or why not and when it is tried again.
pub async fn note_posted(
    db: impl PgExecutor<'_>,
    id: i64,
    now: DateTime<Utc>,
    failed: Option<(&str, DateTime<Utc>)>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE log_checkpoint SET post_attempts = least(post_attempts + 1, 1000), post_error = $3, post_after = $4,
                posted_at = CASE WHEN $3::text IS NULL THEN $2::timestamptz END
         WHERE id = $1",
        id,
        now,
        failed.map(|(why, _)| why),
        failed.map(|(_, after)| after)
    )
    .execute(db)
    .await?;
    Ok(())
}

/// How posting stands: the last checkpoint's day that was posted, and the fault that keeps another from being so.
pub async fn read_posting(db: impl PgExecutor<'_>) -> sqlx::Result<(Option<NaiveDate>, Option<String>)> {
    let row = sqlx::query!(
        "SELECT (SELECT max(day) FROM log_checkpoint WHERE posted_at IS NOT NULL) AS day,
                (SELECT post_error FROM log_checkpoint WHERE posted_at IS NULL AND post_error IS NOT NULL
                 ORDER BY id DESC LIMIT 1) AS error"
    )
    .fetch_one(db)
    .await?;
    Ok((row.day, row.error))
}
