//! Proofs out of the log as it is stored.

use crate::store::log::load_tiles;
use edgewatch_proof::{hash::Hash, inclusion_set, merkle, tile};
use sqlx::PgExecutor;

fn missing() -> sqlx::Error {
    sqlx::Error::Decode("the log lacks nodes that its size says it has".into())
}

/// The proof that the log's first `earlier` leaves are the beginning of its first `later` ones; see
/// [`merkle::prove_consistency`]. Neither may be more than the log has, nor the first above the second.
pub async fn prove_consistency(db: impl PgExecutor<'_>, earlier: u64, later: u64) -> sqlx::Result<Vec<Hash>> {
    let needed = tile::needed(|nodes| merkle::prove_consistency(nodes, earlier, later));
    let tiles = load_tiles(db, &needed).await?;
    merkle::prove_consistency(&tiles, earlier, later).ok_or_else(missing)
}

/// The proof that a leaf is among the log's first `size` ones; see [`merkle::prove_inclusion`].
pub async fn prove_inclusion(db: impl PgExecutor<'_>, leaf: u64, size: u64) -> sqlx::Result<Vec<Hash>> {
    let needed = tile::needed(|nodes| merkle::prove_inclusion(nodes, leaf, size));
    let tiles = load_tiles(db, &needed).await?;
    merkle::prove_inclusion(&tiles, leaf, size).ok_or_else(missing)
}

/// The proof that these leaves, in ascending order, are among the log's first `size` ones; see [`inclusion_set::prove`].
pub async fn prove_inclusion_of_set(
    db: impl PgExecutor<'_>,
    leaves: &[u64],
    size: u64,
) -> sqlx::Result<Vec<Hash>> {
    let needed = tile::needed(|nodes| inclusion_set::prove(nodes, leaves, size));
    let tiles = load_tiles(db, &needed).await?;
    inclusion_set::prove(&tiles, leaves, size).ok_or_else(missing)
}
