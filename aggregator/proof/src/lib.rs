//! What lets a stranger check what Edgewatch says: the log that all signed batches go into, as a Merkle tree. Pure
//! functions, without I/O and without a clock; the crate also builds for WASM.
//!
//! [`hash`] and [`merkle`] follow RFC 9162, section 2.1: a log is a list of leaves that only grows, and its root vouches for
//! all of them and their order. [`merkle`] proves that a leaf is in a log and that a log is the beginning of a later one;
//! [`inclusion_set`] proves many leaves at once. A log is stored as the tiles of [`tile`] (C2SP tlog-tiles).

pub mod hash;
pub mod inclusion_set;
pub mod merkle;
pub mod tile;
