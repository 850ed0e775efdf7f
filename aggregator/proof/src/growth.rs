//! A log as it grows. All that has to be known for that is its right edge: the nodes that are in no full tile yet, of which there
//! are less than a tile's at each level.

use crate::{
    hash::Hash,
    merkle,
    tile::{TileId, Tiles, WIDTH, root_of_full},
};

/// The right edge of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    /// By tile level.
    levels: Vec<Vec<Hash>>,
}

/// A tile that is full from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullTile {
    /// Which one.
    pub id: TileId,
    /// Its nodes, [`WIDTH`] of them.
    pub hashes: Vec<Hash>,
}

impl Edge {
    /// The edge of a log of a size, whose tiles that are not full have these nodes, by level. `None` where they are not as many as
    /// such a log has.
    pub fn new(size: u64, mut levels: Vec<Vec<Hash>>) -> Option<Self> {
        while levels.last().is_some_and(Vec::is_empty) {
            levels.pop();
        }
        let mut nodes = size;
        for level in &levels {
            if level.len() as u64 != nodes % WIDTH as u64 {
                return None;
            }
            nodes /= WIDTH as u64;
        }
        // What is above has full tiles alone, or nothing.
        while nodes > 0 {
            if !nodes.is_multiple_of(WIDTH as u64) {
                return None;
            }
            nodes /= WIDTH as u64;
        }
        Some(Self { size, levels })
    }

    /// How many leaves the log has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The nodes that are in no full tile: which tile they will be in, and which they are.
    pub fn nodes(&self) -> impl Iterator<Item = (TileId, &[Hash])> {
        let id = |level: usize| {
            let level = u8::try_from(level).ok()?;
            let below = 8 * (u32::from(level) + 1);
            let index = self.size.checked_shr(below).unwrap_or(0);
            Some(TileId { level, index })
        };
        let levels = self.levels.iter().enumerate();
        levels.filter_map(move |(level, hashes)| Some((id(level)?, &hashes[..])))
    }

    /// Appends a leaf; the tiles that are full with it, the lowest first.
    pub fn push(&mut self, leaf: Hash) -> Vec<FullTile> {
        let mut full = Vec::new();
        let mut node = leaf;
        let mut index = self.size;
        self.size += 1;
        for level in 0_u8.. {
            let at = usize::from(level);
            if self.levels.len() == at {
                self.levels.push(Vec::new());
            }
            self.levels[at].push(node);
            let Some(root) = <&[Hash; WIDTH]>::try_from(&self.levels[at][..])
                .ok()
                .and_then(root_of_full)
            else {
                break;
            };
            index /= WIDTH as u64;
            full.push(FullTile {
                id: TileId { level, index },
                hashes: std::mem::take(&mut self.levels[at]),
            });
            node = root;
        }
        full
    }

    /// The root of the log's tree.
    pub fn root(&self) -> Hash {
        let mut tiles = Tiles::default();
        for (tile, hashes) in self.nodes() {
            tiles.insert(tile, hashes.to_vec());
        }
        // The edge is all that a root needs.
        merkle::root(&tiles, self.size).unwrap_or_else(Hash::of_empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_grows_is_the_same_as_one_built_at_once() {
        let leaves: Vec<Hash> = (0..66_200_u64).map(|n| Hash::of_leaf(&n.to_be_bytes())).collect();
        let mut edge = Edge::default();
        let mut tiles = Tiles::default();
        for (index, leaf) in leaves.iter().enumerate() {
            for tile in edge.push(*leaf) {
                assert_eq!(tile.hashes.len(), WIDTH);
                tiles.insert(tile.id, tile.hashes);
            }
            let size = index as u64 + 1;
            if size < 300 || (65_530..65_550).contains(&size) || size.is_multiple_of(9_999) {
                let mut now = tiles.clone();
                let mut levels = Vec::new();
                for (tile, hashes) in edge.nodes() {
                    assert_eq!(hashes.len(), tile.width(size));
                    now.insert(tile, hashes.to_vec());
                    levels.push(hashes.to_vec());
                }
                assert_eq!(Some(edge.root()), merkle::root(&now, size), "{size}");
                let read = Edge::new(size, levels).unwrap();
                assert_eq!((read.size(), read.root()), (size, edge.root()));
            }
        }
        assert_eq!(Some(edge.root()), merkle::root(&leaves[..], 66_200));
    }

    #[test]
    fn an_edge_that_does_not_fit_its_size_is_refused() {
        let leaf = Hash::of_leaf(b"");
        assert_eq!(
            Edge::new(0, vec![]).map(|edge| edge.root()),
            Some(Hash::of_empty())
        );
        assert_eq!(Edge::new(0, vec![vec![leaf]]), None);
        assert_eq!(Edge::new(1, vec![]), None);
        assert_eq!(Edge::new(256, vec![]), None);
        assert_eq!(Edge::new(257, vec![vec![leaf]]), None);
        assert!(Edge::new(257, vec![vec![leaf], vec![leaf]]).is_some());
        assert!(Edge::new(256, vec![vec![], vec![leaf], vec![]]).is_some());
        assert!(Edge::new(65_536, vec![vec![], vec![], vec![leaf]]).is_some());
    }
}
