//! What lets a stranger check what Edgewatch says: the log that everything goes into that probes have signed, as a Merkle tree.
//! Pure functions, without I/O and without a clock; the crate also builds for WASM.
//!
//! A log is a list of leaves ([`leaf`]) that only grows. [`hash`] and [`merkle`] follow RFC 9162, section 2.1: the root of the
//! tree over them vouches for all of them and their order; [`merkle`] proves that a leaf is in a log and that a log is the
//! beginning of a later one, [`inclusion_set`] proves many leaves at once. What a log says of itself at a time is a
//! [`checkpoint`], a signed [`note`] that witnesses may cosign. A log is stored as the tiles of [`tile`] and its [`growth`]'s
//! edge.
//!
//! A [`bundle`] is all that a report rests on, in one [zip archive](archive), and [`verify`] checks it.

pub mod archive;
pub mod bundle;
pub mod checkpoint;
pub mod growth;
pub mod hash;
pub mod inclusion_set;
pub mod leaf;
pub mod merkle;
pub mod note;
pub mod tile;
pub mod verify;
