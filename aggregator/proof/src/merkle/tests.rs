use super::*;
use proptest::prelude::*;

fn hash(hex: &str) -> Hash {
    Hash::from_slice(&hex::decode(hex).unwrap()).unwrap()
}

/// The leaves that implementations of Certificate Transparency test each other with.
fn known_leaves() -> Vec<Hash> {
    [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
    .iter()
    .map(|data| Hash::of_leaf(&hex::decode(data).unwrap()))
    .collect()
}

const KNOWN_ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

#[test]
fn what_is_not_in_the_tree_or_is_another_tree_of_its_size_is_refused() {
    let leaves: Vec<Hash> = (0..9_u8).map(|n| Hash::of_leaf(&[n])).collect();
    let other = Hash::of_leaf(b"other");
    for size in 1..9 {
        let tree = root(&leaves[..], size).unwrap();
        for hashes in 0..5 {
            let proof = vec![other; hashes];
            assert_eq!(
                verify_inclusion(&leaves[0], size, size, &proof, &tree),
                Err(ProofError::OutsideTree)
            );
        }
        assert_eq!(verify_consistency((size, &tree), (size, &tree), &[]), Ok(()));
        assert_eq!(
            verify_consistency((size, &other), (size, &tree), &[]),
            Err(ProofError::OtherRoot)
        );
        assert_eq!(
            verify_consistency((0, &Hash::of_empty()), (size, &tree), &[]),
            Ok(())
        );
        assert_eq!(
            verify_consistency((0, &other), (size, &tree), &[]),
            Err(ProofError::OtherRoot)
        );
        assert_eq!(
            verify_consistency((size + 1, &tree), (size, &tree), &[]),
            Err(ProofError::OutsideTree)
        );
        let proof = [&prove_inclusion(&leaves[..], 0, size).unwrap()[..], &[other]].concat();
        let needed = proof.len() - 1;
        assert_eq!(
            verify_inclusion(&leaves[0], 0, size, &proof, &tree),
            Err(ProofError::WrongLength {
                given: needed + 1,
                needed
            })
        );
    }
}

#[test]
fn the_known_roots() {
    let leaves = known_leaves();
    for (size, expected) in KNOWN_ROOTS.iter().enumerate() {
        assert_eq!(root(&leaves[..], size as u64), Some(hash(expected)), "{size}");
    }
    assert_eq!(root(&leaves[..], 9), None);
}

#[test]
fn the_known_inclusion_proofs() {
    let leaves = known_leaves();
    for (leaf, size, expected) in [
        (0, 1, vec![]),
        (
            0,
            8,
            vec![
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            vec![
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            3,
            vec!["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
        ),
        (
            1,
            5,
            vec![
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ] {
        let expected: Vec<Hash> = expected.into_iter().map(hash).collect();
        let proof = prove_inclusion(&leaves[..], leaf, size).unwrap();
        assert_eq!(proof, expected, "{leaf} in {size}");
        let root = hash(KNOWN_ROOTS[size as usize]);
        assert_eq!(
            verify_inclusion(&leaves[leaf as usize], leaf, size, &expected, &root),
            Ok(())
        );
    }
}

#[test]
fn the_known_consistency_proofs() {
    let leaves = known_leaves();
    for (earlier, later, expected) in [
        (1, 1, vec![]),
        (
            1,
            8,
            vec![
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            vec![
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            vec![
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ] {
        let expected: Vec<Hash> = expected.into_iter().map(hash).collect();
        assert_eq!(
            prove_consistency(&leaves[..], earlier, later).unwrap(),
            expected,
            "{earlier} in {later}"
        );
        let root = |size: u64| hash(KNOWN_ROOTS[size as usize]);
        assert_eq!(
            verify_consistency((earlier, &root(earlier)), (later, &root(later)), &expected),
            Ok(())
        );
    }
}

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|n| Hash::of_leaf(&n.to_be_bytes())).collect()
}

#[test]
fn every_proof_of_every_small_tree_holds_and_no_other() {
    let leaves = leaves(40);
    let roots: Vec<Hash> = (0..=40).map(|size| root(&leaves[..], size).unwrap()).collect();
    for size in 0..=40_u64 {
        let tree_root = &roots[size as usize];
        assert_eq!(prove_inclusion(&leaves[..], size, size), None);
        for index in 0..size {
            let proof = prove_inclusion(&leaves[..], index, size).unwrap();
            for other in 0..=size {
                let verified = verify_inclusion(&leaves[index as usize], other, size, &proof, tree_root);
                assert_eq!(verified.is_ok(), other == index, "{index} as {other} in {size}");
            }
        }
        for earlier in 0..=size {
            let proof = prove_consistency(&leaves[..], earlier, size).unwrap();
            for other in 0..=size {
                // What is proved is about sizes and roots together.
                let verified = verify_consistency((other, &roots[other as usize]), (size, tree_root), &proof);
                let is_same = other == earlier || (proof.is_empty() && (other == 0 || other == size));
                assert_eq!(verified.is_ok(), is_same, "{earlier} as {other} in {size}");
            }
        }
        assert_eq!(prove_consistency(&leaves[..], size + 1, size), None);
    }
}

proptest! {
    #[test]
    fn a_proof_that_is_changed_anywhere_proves_nothing(
        size in 1..600_u64,
        at in any::<prop::sample::Index>(),
        hit in any::<prop::sample::Index>(),
        byte in 0..32_usize,
        flip in 1..=255_u8,
    ) {
        let leaves = leaves(size);
        let tree_root = root(&leaves[..], size).unwrap();
        let index = at.index(size as usize) as u64;
        let inclusion = prove_inclusion(&leaves[..], index, size).unwrap();
        let leaf = leaves[index as usize];
        prop_assert_eq!(verify_inclusion(&leaf, index, size, &inclusion, &tree_root), Ok(()));
        let mut other_leaf = leaf;
        other_leaf.0[byte] ^= flip;
        prop_assert!(verify_inclusion(&other_leaf, index, size, &inclusion, &tree_root).is_err());
        let earlier = index + 1;
        let earlier_root = root(&leaves[..], earlier).unwrap();
        let consistency = prove_consistency(&leaves[..], earlier, size).unwrap();
        let verify = |proof: &[Hash]| verify_consistency((earlier, &earlier_root), (size, &tree_root), proof);
        prop_assert_eq!(verify(&consistency), Ok(()));
        for (is_inclusion, proof) in [(true, inclusion), (false, consistency)] {
            let holds = |proof: &[Hash]| if is_inclusion {
                verify_inclusion(&leaf, index, size, proof, &tree_root).is_ok()
            } else {
                verify(proof).is_ok()
            };
            prop_assert!(holds(&proof));
            let longer = [&proof[..], &[tree_root]].concat();
            prop_assert!(!holds(&longer));
            if !proof.is_empty() {
                let mut changed = proof.clone();
                changed[hit.index(proof.len())].0[byte] ^= flip;
                prop_assert!(!holds(&changed));
                prop_assert!(!holds(&proof[1..]));
                prop_assert!(!holds(&proof[..proof.len() - 1]));
            }
        }
    }
}
