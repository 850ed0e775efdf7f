//! Proof that many leaves are in a tree: what [`crate::merkle::prove_inclusion`] proves of each, said once for all.
//!
//! The tree is split as RFC 9162 splits it. A part without any of the leaves is one hash of the proof, a part of one leaf that is
//! among them is that leaf's, and else a part is the node over its two; from left to right. A run of leaves in a row needs no
//! more hashes than two leaves do, however long it is.

use crate::{
    hash::Hash,
    merkle::{Nodes, ProofError, split, subtree},
};

/// A leaf of a log, as far as proofs know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Its number, from 0.
    pub index: u64,
    /// Its hash.
    pub hash: Hash,
}

/// The proof that these leaves, in ascending order, are in the tree over the first `size` ones. `None` also where they are not, or
/// are not in order.
pub fn prove<N: Nodes + ?Sized>(nodes: &N, leaves: &[u64], size: u64) -> Option<Vec<Hash>> {
    if size == 0 || !is_within(leaves.iter().copied(), size) {
        return None;
    }
    let mut proof = Vec::new();
    prove_part(nodes, leaves, 0, size, &mut proof)?;
    Some(proof)
}

fn prove_part<N: Nodes + ?Sized>(
    nodes: &N,
    leaves: &[u64],
    begin: u64,
    size: u64,
    proof: &mut Vec<Hash>,
) -> Option<()> {
    if leaves.is_empty() {
        proof.push(subtree(nodes, begin, size)?);
    } else if size > 1 {
        let left = split(size);
        let (ours, others) = leaves.split_at(leaves.partition_point(|&leaf| leaf < begin + left));
        prove_part(nodes, ours, begin, left, proof)?;
        prove_part(nodes, others, begin + left, size - left, proof)?;
    }
    Some(())
}

/// Checks a proof of [`prove`].
///
/// # Errors
/// When it does not prove that these are the numbers and hashes of leaves, in ascending order, of the tree of this size with this
/// root.
pub fn verify(leaves: &[Leaf], size: u64, proof: &[Hash], root: &Hash) -> Result<(), ProofError> {
    if size == 0 || !is_within(leaves.iter().map(|leaf| leaf.index), size) {
        return Err(ProofError::OutsideTree);
    }
    let needed = count(leaves, 0, size);
    if proof.len() != needed {
        return Err(ProofError::WrongLength {
            given: proof.len(),
            needed,
        });
    }
    match hash_of_part(leaves, 0, size, &mut proof.iter()) {
        Some(hash) if hash == *root => Ok(()),
        _ => Err(ProofError::OtherRoot),
    }
}

fn count(leaves: &[Leaf], begin: u64, size: u64) -> usize {
    if leaves.is_empty() {
        return 1;
    }
    // A part that is full of them needs nothing else.
    if leaves.len() as u64 == size {
        return 0;
    }
    let left = split(size);
    let (ours, others) = halves(leaves, begin + left);
    count(ours, begin, left) + count(others, begin + left, size - left)
}

fn hash_of_part<'a>(
    leaves: &[Leaf],
    begin: u64,
    size: u64,
    proof: &mut impl Iterator<Item = &'a Hash>,
) -> Option<Hash> {
    match leaves {
        [] => proof.next().copied(),
        [leaf] if size == 1 => Some(leaf.hash),
        _ => {
            let left = split(size);
            let (ours, others) = halves(leaves, begin + left);
            let ours = hash_of_part(ours, begin, left, proof)?;
            let others = hash_of_part(others, begin + left, size - left, proof)?;
            Some(Hash::of_children(&ours, &others))
        }
    }
}

fn halves(leaves: &[Leaf], middle: u64) -> (&[Leaf], &[Leaf]) {
    leaves.split_at(leaves.partition_point(|leaf| leaf.index < middle))
}

fn is_within(mut leaves: impl Iterator<Item = u64>, size: u64) -> bool {
    let mut last = None;
    leaves.all(|leaf| leaf < size && last.replace(leaf).is_none_or(|last| last < leaf))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle;
    use proptest::{collection::btree_set, prelude::*};

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|n| Hash::of_leaf(&n.to_be_bytes())).collect()
    }

    fn known(leaves: &[Hash], numbers: &[u64]) -> Vec<Leaf> {
        let leaf = |&index| Leaf {
            index,
            hash: leaves[index as usize],
        };
        numbers.iter().map(leaf).collect()
    }

    #[test]
    fn of_one_leaf_it_has_the_hashes_of_its_inclusion_proof() {
        let leaves = leaves(21);
        for leaf in 0..21 {
            let mut single = merkle::prove_inclusion(&leaves[..], leaf, 21).unwrap();
            let mut set = prove(&leaves[..], &[leaf], 21).unwrap();
            single.sort_unstable();
            set.sort_unstable();
            assert_eq!(single, set);
        }
    }

    #[test]
    fn a_long_run_needs_few_hashes() {
        let leaves = leaves(5_000);
        let numbers: Vec<u64> = (1_111..4_321).collect();
        let proof = prove(&leaves[..], &numbers, 5_000).unwrap();
        assert!(proof.len() < 2 * 13, "{}", proof.len());
    }

    #[test]
    fn what_is_not_in_order_or_outside_is_refused() {
        let leaves = leaves(7);
        let tree_root = merkle::root(&leaves[..], 7).unwrap();
        for numbers in [&[2, 1][..], &[3, 3], &[7]] {
            assert_eq!(prove(&leaves[..], numbers, 7), None);
            let leaf = |&index| Leaf {
                index,
                hash: leaves[0],
            };
            let given: Vec<_> = numbers.iter().map(leaf).collect();
            assert_eq!(verify(&given, 7, &[], &tree_root), Err(ProofError::OutsideTree));
        }
        assert_eq!(prove(&leaves[..], &[], 7), Some(vec![tree_root]));
        assert_eq!(verify(&[], 7, &[tree_root], &tree_root), Ok(()));
        assert_eq!(
            verify(&[], 0, &[], &Hash::of_empty()),
            Err(ProofError::OutsideTree)
        );
    }

    proptest! {
        #[test]
        fn it_holds_for_these_leaves_and_for_no_others(
            size in 1..300_u64,
            numbers in btree_set(0..300_u64, 1..60),
            pick in any::<prop::sample::Index>(),
            byte in 0..32_usize,
        ) {
            let leaves = leaves(size);
            let tree_root = merkle::root(&leaves[..], size).unwrap();
            let numbers: Vec<u64> = numbers.into_iter().filter(|&n| n < size).collect();
            let proof = prove(&leaves[..], &numbers, size).unwrap();
            let given = known(&leaves, &numbers);
            prop_assert_eq!(verify(&given, size, &proof, &tree_root), Ok(()));
            if !given.is_empty() {
                let at = pick.index(given.len());
                let mut altered = given.clone();
                altered[at].hash.0[byte] ^= 1;
                prop_assert!(verify(&altered, size, &proof, &tree_root).is_err());
                let mut dropped = given.clone();
                dropped.remove(at);
                prop_assert!(verify(&dropped, size, &proof, &tree_root).is_err());
                if at + 1 < given.len() {
                    let mut swapped = given.clone();
                    (swapped[at].hash, swapped[at + 1].hash) = (given[at + 1].hash, given[at].hash);
                    prop_assert!(verify(&swapped, size, &proof, &tree_root).is_err());
                }
            }
            if !proof.is_empty() {
                let mut changed = proof.clone();
                changed[pick.index(proof.len())].0[byte] ^= 1;
                prop_assert!(verify(&given, size, &changed, &tree_root).is_err());
                prop_assert!(verify(&given, size, &proof[1..], &tree_root).is_err());
            }
            prop_assert!(verify(&given, size, &[&proof[..], &[tree_root]].concat(), &tree_root).is_err());
        }
    }
}
