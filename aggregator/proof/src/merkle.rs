//! The tree over a log's leaves: its root, proofs that a leaf is in it, and proofs that one log is the beginning of another
//! (RFC 9162, section 2.1).
//!
//! Making a proof asks for nodes ([`Nodes`]) and gives `None` where one is not known; checking one asks for nothing but what
//! is given.

use crate::hash::Hash;

/// A node of the tree over a full `2^level` leaves: those from `index << level` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// 0 for a leaf.
    pub level: u8,
    /// Its number among the nodes of its level.
    pub index: u64,
}

/// Where a tree's nodes are read from.
pub trait Nodes {
    /// The hash of a node; `None` if it is not known.
    fn node(&self, node: Node) -> Option<Hash>;
}

/// The hashes of a log's leaves, from the first on: every node can be computed from them.
impl Nodes for [Hash] {
    fn node(&self, Node { level, index }: Node) -> Option<Hash> {
        if level == 0 {
            return self.get(usize::try_from(index).ok()?).copied();
        }
        let children = level - 1;
        let left = index.checked_mul(2)?;
        Some(Hash::of_children(
            &self.node(Node {
                level: children,
                index: left,
            })?,
            &self.node(Node {
                level: children,
                index: left + 1,
            })?,
        ))
    }
}

/// Why a proof does not prove what it is given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The leaf's number is not below the tree's size, or an earlier size is above the later one.
    #[error("it is about something outside the tree")]
    OutsideTree,
    /// It has too few hashes or too many.
    #[error("it has {given} hashes where it needs {needed}")]
    WrongLength {
        /// How many it has.
        given: usize,
        /// How many such a proof has.
        needed: usize,
    },
    /// What it leads to is not the root.
    #[error("it leads to another root")]
    OtherRoot,
}

/// The largest power of two below `size`, which is at least 2: where RFC 9162 splits a tree.
pub(crate) fn split(size: u64) -> u64 {
    1 << (u64::BITS - 1 - (size - 1).leading_zeros())
}

/// The hash of the leaves from `begin` to before `begin + size`, at least one, as one of the subtrees that RFC 9162 splits
/// trees into: `begin` is a multiple of the smallest power of two that is not below `size`.
pub(crate) fn subtree<N: Nodes + ?Sized>(nodes: &N, begin: u64, size: u64) -> Option<Hash> {
    if size.is_power_of_two() {
        let level = size.trailing_zeros();
        return nodes.node(Node {
            level: u8::try_from(level).ok()?,
            index: begin >> level,
        });
    }
    let left = split(size);
    Some(Hash::of_children(
        &subtree(nodes, begin, left)?,
        &subtree(nodes, begin + left, size - left)?,
    ))
}

/// The root of the tree over the first `size` leaves.
pub fn root<N: Nodes + ?Sized>(nodes: &N, size: u64) -> Option<Hash> {
    match size {
        0 => Some(Hash::of_empty()),
        _ => subtree(nodes, 0, size),
    }
}

/// The proof that a leaf is in the tree over the first `size` leaves (`PATH` in RFC 9162), from the leaf upwards. `None` also
/// where the leaf is not among them.
pub fn prove_inclusion<N: Nodes + ?Sized>(nodes: &N, leaf: u64, size: u64) -> Option<Vec<Hash>> {
    if leaf >= size {
        return None;
    }
    let (mut begin, mut size) = (0, size);
    let mut proof = Vec::new();
    while size > 1 {
        let left = split(size);
        if leaf < begin + left {
            proof.push(subtree(nodes, begin + left, size - left)?);
            size = left;
        } else {
            proof.push(subtree(nodes, begin, left)?);
            begin += left;
            size -= left;
        }
    }
    proof.reverse();
    Some(proof)
}

/// The proof that the tree over the first `earlier` leaves is the beginning of the one over the first `later` ones (`PROOF` in
/// RFC 9162); it is empty where `earlier` is 0 or `later`. `None` also where `earlier` is above `later`.
pub fn prove_consistency<N: Nodes + ?Sized>(nodes: &N, earlier: u64, later: u64) -> Option<Vec<Hash>> {
    if earlier > later {
        return None;
    }
    if earlier == 0 {
        return Some(Vec::new());
    }
    let (mut begin, mut size) = (0, later);
    let mut proof = Vec::new();
    while begin + size > earlier {
        let left = split(size);
        if earlier <= begin + left {
            proof.push(subtree(nodes, begin + left, size - left)?);
            size = left;
        } else {
            proof.push(subtree(nodes, begin, left)?);
            begin += left;
            size -= left;
        }
    }
    // What is left is the end of the earlier tree; who checks knows it where it is the whole.
    if begin > 0 {
        proof.push(subtree(nodes, begin, size)?);
    }
    proof.reverse();
    Some(proof)
}

/// Checks a proof of [`prove_inclusion`].
///
/// # Errors
/// When it does not prove that `leaf` is the hash of the leaf with this number, in the tree of this size with this root.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::OutsideTree);
    }
    // Below the level where the leaf's way meets the tree's right edge each step has a hash; above it, those have that come
    // from the left.
    let below = (u64::BITS - (index ^ (size - 1)).leading_zeros()) as usize;
    let above = index.checked_shr(below as u32).unwrap_or(0).count_ones() as usize;
    if proof.len() != below + above {
        return Err(ProofError::WrongLength {
            given: proof.len(),
            needed: below + above,
        });
    }
    let mut hash = *leaf;
    for (step, sibling) in proof.iter().enumerate() {
        let is_right = step >= below || (index >> step) & 1 == 1;
        hash = if is_right {
            Hash::of_children(sibling, &hash)
        } else {
            Hash::of_children(&hash, sibling)
        };
    }
    if hash == *root {
        Ok(())
    } else {
        Err(ProofError::OtherRoot)
    }
}

/// Checks a proof of [`prove_consistency`].
///
/// # Errors
/// When it does not prove that the tree of the first size and root is the beginning of that of the second.
pub fn verify_consistency(
    (earlier, earlier_root): (u64, &Hash),
    (later, later_root): (u64, &Hash),
    proof: &[Hash],
) -> Result<(), ProofError> {
    if earlier > later {
        return Err(ProofError::OutsideTree);
    }
    if earlier == 0 || earlier == later {
        if !proof.is_empty() {
            return Err(ProofError::WrongLength {
                given: proof.len(),
                needed: 0,
            });
        }
        let expected = if earlier == later {
            later_root
        } else {
            &Hash::of_empty()
        };
        return if earlier_root == expected {
            Ok(())
        } else {
            Err(ProofError::OtherRoot)
        };
    }
    // The last full subtree of the earlier tree: the way from it to the root goes by all that both have and all that the
    // later one has more.
    let skipped = earlier.trailing_zeros();
    let index = (earlier - 1) >> skipped;
    let last = (later - 1) >> skipped;
    let below = (u64::BITS - (index ^ last).leading_zeros()) as usize;
    let above = index.checked_shr(below as u32).unwrap_or(0).count_ones() as usize;
    let is_given = usize::from(!earlier.is_power_of_two());
    let needed = is_given + below + above;
    if proof.len() != needed {
        return Err(ProofError::WrongLength {
            given: proof.len(),
            needed,
        });
    }
    let (start, path) = match proof.split_first() {
        Some((first, rest)) if is_given == 1 => (first, rest),
        _ => (earlier_root, proof),
    };
    let (mut old, mut new) = (*start, *start);
    for (step, sibling) in path.iter().enumerate() {
        if step >= below || (index >> step) & 1 == 1 {
            old = Hash::of_children(sibling, &old);
            new = Hash::of_children(sibling, &new);
        } else {
            new = Hash::of_children(&new, sibling);
        }
    }
    if old == *earlier_root && new == *later_root {
        Ok(())
    } else {
        Err(ProofError::OtherRoot)
    }
}

#[cfg(test)]
mod tests;
