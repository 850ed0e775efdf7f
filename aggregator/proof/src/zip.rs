//! Zip archives (PKWARE's APPNOTE) as bundles are: deflated, without encryption, without comments, below 4 GiB.
//!
//! Written in one go without looking back ([`ZipWriter`]); read by their central directory ([`ZipArchive`]), which is
//! what a stranger hands in: nothing in it is believed, and no more memory is taken than a file is asked for.

mod read;
mod write;

pub use read::{BadZip, ZipArchive};
pub use write::ZipWriter;

const LOCAL_HEADER: u32 = 0x0403_4b50;
const DATA_DESCRIPTOR: u32 = 0x0807_4b50;
const CENTRAL_HEADER: u32 = 0x0201_4b50;
const END_OF_CENTRAL: u32 = 0x0605_4b50;

/// How long the fixed part of a local header is, in bytes.
const LOCAL_BYTES: usize = 30;
/// How long the fixed part of an entry of the central directory is, in bytes.
const CENTRAL_BYTES: usize = 46;
/// How long the end of the central directory is without its comment, in bytes.
const END_BYTES: usize = 22;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;

#[cfg(test)]
mod tests;
