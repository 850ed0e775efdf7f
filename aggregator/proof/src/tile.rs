//! Tiles: how a tree is stored and handed out (C2SP tlog-tiles). A tile holds up to 256 nodes in a row of every eighth level, level
//! 0 being the leaves. A full tile never changes, and its own root is one node of the tile level above.

use crate::{
    hash::Hash,
    merkle::{Node, Nodes},
};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

/// How many levels of the tree a tile spans.
const HEIGHT: u8 = 8;

/// How many nodes a full tile holds.
pub const WIDTH: usize = 1 << HEIGHT;

/// Which tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// Its level: it holds nodes of eight times this level of the tree.
    pub level: u8,
    /// Its number in its level.
    pub index: u64,
}

impl TileId {
    /// How many nodes it holds in a tree of a size.
    pub fn width(self, size: u64) -> usize {
        let nodes = size
            .checked_shr(u32::from(self.level) * u32::from(HEIGHT))
            .unwrap_or(0);
        let before = self.index.saturating_mul(WIDTH as u64);
        nodes.saturating_sub(before).min(WIDTH as u64) as usize
    }

    /// The path of the tile that holds this many nodes, as C2SP tlog-tiles writes it: `0/x001/x234/067.p/12`.
    pub fn path(self, width: usize) -> String {
        let mut thousands = vec![self.index % 1_000];
        let mut rest = self.index / 1_000;
        while rest > 0 {
            thousands.push(rest % 1_000);
            rest /= 1_000;
        }
        let mut path = self.level.to_string();
        for (place, part) in thousands.iter().enumerate().rev() {
            // Writing to a text cannot fail.
            let _ = write!(path, "/{}{part:03}", if place > 0 { "x" } else { "" });
        }
        if width < WIDTH {
            let _ = write!(path, ".p/{width}");
        }
        path
    }

    /// Reads what [`TileId::path`] writes: the tile, and how many nodes of it are asked for. `None` for all else.
    pub fn parse(path: &str) -> Option<(Self, usize)> {
        let (place, width) = match path.split_once(".p/") {
            Some((place, width)) => (
                place,
                width.parse().ok().filter(|width| (1..WIDTH).contains(width))?,
            ),
            None => (path, WIDTH),
        };
        let (level, index) = place.split_once('/')?;
        let mut number = 0_u64;
        for part in index.split('/') {
            let digits = part.strip_prefix('x').unwrap_or(part);
            number = number.checked_mul(1_000)?.checked_add(digits.parse().ok()?)?;
        }
        let tile = Self {
            level: level
                .parse()
                .ok()
                .filter(|&level| level < u64::BITS as u8 / HEIGHT)?,
            index: number,
        };
        // One way of writing each.
        (tile.path(width) == path).then_some((tile, width))
    }
}

/// The root of a full tile: the node of the tile level above that it stands for.
pub fn root_of_full(hashes: &[Hash; WIDTH]) -> Option<Hash> {
    hashes[..].node(Node {
        level: HEIGHT,
        index: 0,
    })
}

/// Tiles that are known, full or not.
#[derive(Clone, Debug, Default)]
pub struct Tiles(BTreeMap<TileId, Vec<Hash>>);

impl Tiles {
    /// Makes a tile known.
    pub fn insert(&mut self, tile: TileId, hashes: Vec<Hash>) {
        self.0.insert(tile, hashes);
    }

    /// What is known of a tile.
    pub fn get(&self, tile: TileId) -> Option<&[Hash]> {
        self.0.get(&tile).map(Vec::as_slice)
    }
}

/// Where a node is: its tile, and the numbers of its leaves in it.
fn place(node: Node) -> Option<(TileId, u8, u64)> {
    let within = node.level % HEIGHT;
    let first = node.index.checked_shl(u32::from(within))?;
    let tile = TileId {
        level: node.level / HEIGHT,
        index: first / WIDTH as u64,
    };
    Some((tile, within, node.index % (WIDTH as u64 >> within)))
}

impl Nodes for Tiles {
    fn node(&self, node: Node) -> Option<Hash> {
        let (tile, level, index) = place(node)?;
        self.0.get(&tile)?[..].node(Node { level, index })
    }
}

/// The tiles that making a proof reads; `make` is given nodes that are all known and all wrong.
pub fn needed<T>(make: impl FnOnce(&dyn Nodes) -> T) -> BTreeSet<TileId> {
    let asked = Asked::default();
    make(&asked);
    asked.0.into_inner()
}

#[derive(Default)]
struct Asked(RefCell<BTreeSet<TileId>>);

impl Nodes for Asked {
    fn node(&self, node: Node) -> Option<Hash> {
        let (tile, _, _) = place(node)?;
        self.0.borrow_mut().insert(tile);
        Some(Hash::of_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{prove_consistency, prove_inclusion, root};

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|n| Hash::of_leaf(&n.to_be_bytes())).collect()
    }

    /// All tiles of a log, built as they are when it grows.
    fn tiles_of(leaves: &[Hash]) -> Tiles {
        let mut tiles = Tiles::default();
        let mut nodes = leaves.to_vec();
        for level in 0.. {
            for (index, chunk) in nodes.chunks(WIDTH).enumerate() {
                let index = index as u64;
                tiles.insert(TileId { level, index }, chunk.to_vec());
            }
            let full = nodes.chunks_exact(WIDTH);
            nodes = full
                .map(|chunk| root_of_full(chunk.try_into().unwrap()).unwrap())
                .collect();
            if nodes.is_empty() {
                break;
            }
        }
        tiles
    }

    #[test]
    fn tiles_prove_what_leaves_prove() {
        let size = 66_000;
        let leaves = leaves(size);
        let tiles = tiles_of(&leaves);
        assert_eq!(root(&tiles, size), root(&leaves[..], size));
        for leaf in [0, 255, 256, 65_535, 65_536, 65_999] {
            assert_eq!(
                prove_inclusion(&tiles, leaf, size),
                prove_inclusion(&leaves[..], leaf, size)
            );
            assert_eq!(
                prove_consistency(&tiles, leaf + 1, size),
                prove_consistency(&leaves[..], leaf + 1, size)
            );
        }
    }

    #[test]
    fn the_tiles_that_are_needed_are_enough() {
        let size = 66_000;
        let all = tiles_of(&leaves(size));
        for leaf in [3, 300, 65_600, 65_999] {
            let needed = needed(|nodes| prove_inclusion(nodes, leaf, size));
            assert!(needed.len() <= 5, "{needed:?}");
            let mut known = Tiles::default();
            for tile in &needed {
                let hashes = all.0[tile].clone();
                assert_eq!(hashes.len(), tile.width(size));
                known.insert(*tile, hashes);
            }
            assert_eq!(
                prove_inclusion(&known, leaf, size),
                prove_inclusion(&all, leaf, size)
            );
            known.0.pop_first();
            assert_eq!(prove_inclusion(&known, leaf, size), None);
        }
    }

    #[test]
    fn paths_are_those_of_tlog_tiles() {
        for (level, index, width, path) in [
            (0, 0, WIDTH, "0/000"),
            (1, 67, 12, "1/067.p/12"),
            (0, 1_234_067, WIDTH, "0/x001/x234/067"),
            (2, 1_000, 255, "2/x001/000.p/255"),
        ] {
            let tile = TileId { level, index };
            assert_eq!(tile.path(width), path);
            assert_eq!(TileId::parse(path), Some((tile, width)));
        }
        for wrong in [
            "",
            "0",
            "0/",
            "0/0",
            "0/0000",
            "0/x000/001",
            "0/001.p/0",
            "0/001.p/256",
            "0/001.p/",
            "8/000",
            "0/x001",
            "00/000",
            "0/+01",
            "0/001.p/+1",
        ] {
            assert_eq!(TileId::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_tile_is_as_wide_as_the_log_has_it() {
        let width = |level, index, size| TileId { level, index }.width(size);
        assert_eq!(width(0, 0, 0), 0);
        assert_eq!(width(0, 0, 255), 255);
        assert_eq!(width(0, 1, 255), 0);
        assert_eq!(width(0, 1, 300), 44);
        assert_eq!(width(1, 0, 255), 0);
        assert_eq!(width(1, 0, 600), 2);
        assert_eq!(width(9, 0, u64::MAX), 0);
    }
}
