//! The log: `log`, its nodes in `log_tile` and `log_tail`, and how far it has come in `log_probe` and `enrolment`.

use chrono::{DateTime, Utc};
use edgewatch_proof::{
    growth::{Edge, FullTile},
    hash::Hash,
    tile::{TileId, Tiles},
};
use sqlx::{PgConnection, PgExecutor};
use std::collections::{BTreeMap, BTreeSet};

/// Which log it is, and how far it has come.
#[derive(Clone, Debug)]
pub struct StoredLog {
    /// Its name in checkpoints.
    pub origin: String,
    /// How many leaves it has.
    pub size: i64,
    /// Since when there is one.
    pub created_at: DateTime<Utc>,
}

/// Reads the log's row.
pub async fn read_log(db: impl PgExecutor<'_>) -> sqlx::Result<StoredLog> {
    sqlx::query_as!(StoredLog, "SELECT origin, size, created_at FROM log")
        .fetch_one(db)
        .await
}

/// The same, and nobody else writes to the log until this transaction ends.
pub async fn lock_log(db: &mut PgConnection) -> sqlx::Result<StoredLog> {
    sqlx::query_as!(
        StoredLog,
        "SELECT origin, size, created_at FROM log FOR NO KEY UPDATE"
    )
    .fetch_one(db)
    .await
}

/// A batch that is not in the log.
#[derive(Debug)]
pub struct WaitingBatch {
    /// Its number.
    pub id: i64,
    /// The number of its probe.
    pub probe_id: i32,
    /// The fingerprint of its probe's key.
    pub fingerprint: String,
    /// Its number in the chain.
    pub seq: i64,
    /// SHA-256 of its body.
    pub digest: Vec<u8>,
    /// How it was signed.
    pub signature_input: String,
    /// The signature.
    pub signature: String,
    /// What was signed as `@authority`.
    pub authority: String,
}

/// Batches that are not in the log, at most so many: those of each probe in the order of its chain, and besides in the order in
/// which they came.
pub async fn list_waiting_batches(db: impl PgExecutor<'_>, at_most: i64) -> sqlx::Result<Vec<WaitingBatch>> {
    sqlx::query_as!(
        WaitingBatch,
        // Whatever a batch's number: it stands behind those that it follows in its chain. The last ones may be left for the next
        // time, then, and none before them.
        r#"SELECT b.id AS "id!", p.id AS probe_id, p.fingerprint, b.seq AS "seq!", b.digest AS "digest!",
                  b.signature_input AS "signature_input!", b.signature AS "signature!", b.authority AS "authority!"
           FROM probe p
           LEFT JOIN log_probe l ON l.probe_id = p.id
           CROSS JOIN LATERAL (
               SELECT k.*, max(k.id) OVER (ORDER BY k.seq) AS place
               FROM (SELECT id, seq, digest, signature_input, signature, authority FROM batch
                     WHERE probe_id = p.id AND seq > coalesce(l.last_seq, 0) ORDER BY seq LIMIT $1) AS k) AS b
           WHERE p.last_seq > coalesce(l.last_seq, 0)
           ORDER BY b.place, b.seq LIMIT $1"#,
        at_most
    )
    .fetch_all(db)
    .await
}

/// How many batches are not in the log, and since when the first of them waits.
pub async fn count_waiting(db: impl PgExecutor<'_>) -> sqlx::Result<(i64, Option<DateTime<Utc>>)> {
    let row = sqlx::query!(
        r#"SELECT count(*) AS "count!", min(b.received_at) AS since
           FROM probe p
           LEFT JOIN log_probe l ON l.probe_id = p.id
           JOIN batch b ON b.probe_id = p.id AND b.seq > coalesce(l.last_seq, 0)
           WHERE p.last_seq > coalesce(l.last_seq, 0)"#
    )
    .fetch_one(db)
    .await?;
    Ok((row.count, row.since))
}

/// The right edge of the log, and the batches that the leaves in it are about.
#[derive(Debug)]
pub struct StoredEdge {
    /// The edge.
    pub edge: Edge,
    /// For each of its leaves.
    pub batches: Vec<Option<i64>>,
}

/// Reads the edge of the log; whoever reads it to write has locked the log.
pub async fn read_edge(db: impl PgExecutor<'_>, size: i64) -> sqlx::Result<StoredEdge> {
    let rows = sqlx::query!("SELECT level, hash, batch_id FROM log_tail ORDER BY level, index")
        .fetch_all(db)
        .await?;
    let mut levels: Vec<Vec<Hash>> = Vec::new();
    let mut batches = Vec::new();
    for row in rows {
        let level = usize::try_from(row.level).map_err(|_| unreadable())?;
        levels.resize(levels.len().max(level + 1), Vec::new());
        levels[level].push(Hash::from_slice(&row.hash).ok_or_else(unreadable)?);
        if level == 0 {
            batches.push(row.batch_id);
        }
    }
    let edge = Edge::new(size.unsigned_abs(), levels).ok_or_else(unreadable)?;
    Ok(StoredEdge { edge, batches })
}

fn unreadable() -> sqlx::Error {
    sqlx::Error::Decode("the log's nodes are not those of a log of its size".into())
}

/// A tile to be written, and the batches that its leaves are about; empty above the leaves.
#[derive(Debug)]
pub struct NewTile {
    /// The tile.
    pub tile: FullTile,
    /// For each of its leaves.
    pub batches: Vec<Option<i64>>,
}

/// What leaves bring that are appended.
#[derive(Debug)]
pub struct Appended {
    /// The tiles that are full with them.
    pub tiles: Vec<NewTile>,
    /// The edge afterwards.
    pub edge: StoredEdge,
    /// How far the chains are in the log, for those probes that it changed for.
    pub heads: BTreeMap<i32, i64>,
    /// The leaves of enrolments, by probe.
    pub enrolments: BTreeMap<i32, i64>,
}

/// Writes what was appended to a log that is locked.
pub async fn append(db: &mut PgConnection, appended: &Appended) -> sqlx::Result<()> {
    for NewTile { tile, batches } in &appended.tiles {
        let hashes: Vec<u8> = tile.hashes.iter().flat_map(|hash| hash.0).collect();
        let known = batches.iter().flatten();
        sqlx::query!(
            "INSERT INTO log_tile (level, index, hashes, batches, first_batch, last_batch) VALUES ($1, $2, $3, $4, $5, $6)",
            i16::from(tile.id.level),
            tile.id.index as i64,
            hashes,
            (tile.id.level == 0).then_some(&batches[..]) as Option<&[Option<i64>]>,
            known.clone().min().copied(),
            known.max().copied()
        )
        .execute(&mut *db)
        .await?;
    }
    let mut rows = TailRows::default();
    for (tile, hashes) in appended.edge.edge.nodes() {
        rows.firsts.push((i16::from(tile.level), tile.index as i64 * 256));
        for (index, hash) in hashes.iter().enumerate() {
            rows.levels.push(i16::from(tile.level));
            rows.indices.push(tile.index as i64 * 256 + index as i64);
            rows.hashes.push(hash.0.to_vec());
            let batch = (tile.level == 0).then(|| appended.edge.batches.get(index).copied());
            rows.batches.push(batch.flatten().flatten());
        }
    }
    let (first_levels, firsts): (Vec<_>, Vec<_>) = rows.firsts.iter().copied().unzip();
    sqlx::query!(
        // What went into full tiles, and levels that have nothing else.
        "DELETE FROM log_tail t WHERE NOT EXISTS (
             SELECT FROM UNNEST($1::int2[], $2::int8[]) AS f (level, index)
             WHERE f.level = t.level AND t.index >= f.index)",
        &first_levels,
        &firsts
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "INSERT INTO log_tail (level, index, hash, batch_id)
         SELECT * FROM UNNEST($1::int2[], $2::int8[], $3::bytea[], $4::int8[])
         ON CONFLICT DO NOTHING",
        &rows.levels,
        &rows.indices,
        &rows.hashes,
        &rows.batches as &[Option<i64>]
    )
    .execute(&mut *db)
    .await?;
    let (probes, heads): (Vec<_>, Vec<_>) = appended.heads.iter().unzip();
    sqlx::query!(
        "INSERT INTO log_probe (probe_id, last_seq) SELECT * FROM UNNEST($1::int4[], $2::int8[])
         ON CONFLICT ON CONSTRAINT log_probe_pkey DO UPDATE SET last_seq = excluded.last_seq",
        &probes as &[i32],
        &heads as &[i64]
    )
    .execute(&mut *db)
    .await?;
    let (probes, leaves): (Vec<_>, Vec<_>) = appended.enrolments.iter().unzip();
    sqlx::query!(
        "UPDATE enrolment e SET leaf = u.leaf FROM UNNEST($1::int4[], $2::int8[]) AS u (probe_id, leaf)
         WHERE e.probe_id = u.probe_id",
        &probes as &[i32],
        &leaves as &[i64]
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!("UPDATE log SET size = $1", appended.edge.edge.size() as i64)
        .execute(db)
        .await?;
    Ok(())
}

#[derive(Default)]
struct TailRows {
    firsts: Vec<(i16, i64)>,
    levels: Vec<i16>,
    indices: Vec<i64>,
    hashes: Vec<Vec<u8>>,
    batches: Vec<Option<i64>>,
}

/// These tiles, as far as the log has them: full, or with what there is. All of one moment.
pub async fn load_tiles(db: impl PgExecutor<'_>, ids: &BTreeSet<TileId>) -> sqlx::Result<Tiles> {
    let (levels, indices): (Vec<_>, Vec<_>) = ids
        .iter()
        .map(|id| (i16::from(id.level), id.index as i64))
        .unzip();
    let rows = sqlx::query!(
        r#"SELECT t.level AS "level!", t.index AS "index!", t.hashes AS "hashes!"
           FROM UNNEST($1::int2[], $2::int8[]) AS u (level, index)
           JOIN log_tile t ON t.level = u.level AND t.index = u.index
           UNION ALL
           SELECT u.level, u.index, string_agg(t.hash, ''::bytea ORDER BY t.index)
           FROM UNNEST($1::int2[], $2::int8[]) AS u (level, index)
           JOIN log_tail t ON t.level = u.level AND t.index BETWEEN u.index * 256 AND u.index * 256 + 255
           GROUP BY u.level, u.index"#,
        &levels,
        &indices
    )
    .fetch_all(db)
    .await?;
    let mut tiles = Tiles::default();
    for row in rows {
        let hashes = row.hashes.chunks(Hash::BYTES).map(Hash::from_slice);
        let id = TileId {
            level: u8::try_from(row.level).map_err(|_| unreadable())?,
            index: row.index.unsigned_abs(),
        };
        tiles.insert(id, hashes.collect::<Option<_>>().ok_or_else(unreadable)?);
    }
    Ok(tiles)
}

/// The leaves of batches: pairs of the batch's number and its leaf's, for those batches from the one number to the other that are
/// in the log.
pub async fn list_leaves(
    db: impl PgExecutor<'_>,
    (first_batch, last_batch): (i64, i64),
) -> sqlx::Result<BTreeMap<i64, u64>> {
    let rows = sqlx::query!(
        r#"SELECT u.batch_id AS "batch_id!", t.index * 256 + u.place - 1 AS "leaf!"
           FROM log_tile t CROSS JOIN LATERAL UNNEST(t.batches) WITH ORDINALITY AS u (batch_id, place)
           WHERE t.level = 0 AND t.last_batch >= $1 AND t.first_batch <= $2 AND u.batch_id BETWEEN $1 AND $2
           UNION ALL
           SELECT batch_id, index FROM log_tail WHERE level = 0 AND batch_id BETWEEN $1 AND $2"#,
        first_batch,
        last_batch
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.batch_id, row.leaf.unsigned_abs()))
        .collect())
}

/// A probe's chain, as far as it is in the log.
#[derive(Debug)]
pub struct LoggedChain {
    /// The fingerprint of the probe's key.
    pub fingerprint: String,
    /// Its region.
    pub region: String,
    /// The last number of its chain that is in the log.
    pub logged_seq: i64,
    /// The last number of its chain.
    pub last_seq: i64,
    /// How often a batch did not follow the one before it.
    pub chain_breaks: i64,
    /// Observations that it says to have dropped.
    pub dropped: i64,
    /// When the request came by which its key became known.
    pub enrolled_at: Option<DateTime<Utc>>,
}

/// The chains of all probes, by region.
pub async fn list_chains(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<LoggedChain>> {
    sqlx::query_as!(
        LoggedChain,
        r#"SELECT p.fingerprint, r.name AS region, coalesce(l.last_seq, 0) AS "logged_seq!", p.last_seq, p.chain_breaks, p.dropped,
                  e.received_at AS "enrolled_at?"
           FROM probe p JOIN region r ON r.id = p.region_id
           LEFT JOIN log_probe l ON l.probe_id = p.id LEFT JOIN enrolment e ON e.probe_id = p.id
           ORDER BY r.name, p.id"#
    )
    .fetch_all(db)
    .await
}
