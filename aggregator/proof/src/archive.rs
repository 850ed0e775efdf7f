//! What of a zip archive is believed that a stranger hands in: nothing that it does not show.
//!
//! Archives are read and written by the crate `zip`; it checks the check sum of each file, and that it is as long as the
//! directory says. Here is what bundles are besides: without a comment, without anything before or behind it, below 4 GiB,
//! stored or deflated, each file with a name and a place of its own. Whatever is otherwise is refused before it takes memory.

use std::{
    collections::BTreeMap,
    io::{self, Read, Seek, SeekFrom},
};
use zip::{
    CompressionMethod, ZipArchive,
    read::{ArchiveOffset, Config},
    result::ZipError,
};

/// The most files of an archive.
const MAX_FILES: u16 = 20_000;
/// The longest directory, in bytes.
const MAX_DIRECTORY_BYTES: u32 = 4 << 20;
/// All files together, unpacked: more is not begun. In bytes.
const MAX_UNPACKED_BYTES: u64 = 256 << 30;
/// How much smaller deflate can make anything at best: what claims more is not what it says.
const MAX_RATIO: u64 = 1_040;

/// How an archive without a comment ends: APPNOTE 4.3.16.
const END_SIGNATURE: [u8; 4] = *b"PK\x05\x06";
/// How long that end is, in bytes.
const END_BYTES: u64 = 22;

/// Why something cannot be read as an archive.
#[derive(Debug, thiserror::Error)]
pub enum BadArchive {
    /// It is none.
    #[error("it is not a zip archive")]
    NoArchive,
    /// It says something that is not so, or has something that bundles have not.
    #[error("the archive is damaged: {0}")]
    Damaged(String),
    /// It is larger than any bundle.
    #[error("the archive is too large: {0}")]
    TooLarge(&'static str),
    /// There is no such file in it.
    #[error("it has no file `{0}`")]
    NoFile(String),
    /// It cannot be read at all.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<ZipError> for BadArchive {
    fn from(error: ZipError) -> Self {
        match error {
            ZipError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => Self::Io(error),
            other => Self::Damaged(other.to_string()),
        }
    }
}

fn damaged(what: &str) -> BadArchive {
    BadArchive::Damaged(what.to_owned())
}

/// An archive whose directory was read.
#[derive(Debug)]
pub struct Archive<R> {
    inner: ZipArchive<R>,
    /// The lengths of its files, unpacked, as they are said to be.
    files: BTreeMap<String, u64>,
}

impl<R: Read + Seek> Archive<R> {
    /// Reads the directory.
    ///
    /// # Errors
    /// See [`BadArchive`].
    pub fn open(mut source: R) -> Result<Self, BadArchive> {
        check_end(&mut source)?;
        let config = Config {
            archive_offset: ArchiveOffset::Known(0),
        };
        let mut inner = ZipArchive::with_config(config, source)?;
        if inner.has_duplicate_names() {
            return Err(damaged("two files have the same name"));
        }
        let (mut files, mut unpacked) = (BTreeMap::new(), 0_u64);
        for index in 0..inner.len() {
            let entry = inner.by_index_data(index)?;
            let name = std::str::from_utf8(entry.name_raw())
                .ok()
                .filter(|name| is_plain(name))
                .ok_or_else(|| damaged("a file has a name that none in a bundle has"))?;
            if entry.encrypted() {
                return Err(damaged("a file is encrypted"));
            }
            let fits = match entry.compression() {
                CompressionMethod::Stored => entry.size() == entry.compressed_size(),
                CompressionMethod::Deflated => {
                    entry.size() <= entry.compressed_size().saturating_mul(MAX_RATIO)
                }
                _ => return Err(damaged("a file is packed in a way that bundles are not")),
            };
            if !fits {
                return Err(damaged("a file's length cannot be"));
            }
            unpacked = unpacked.saturating_add(entry.size());
            files.insert(name.to_owned(), entry.size());
        }
        if unpacked > MAX_UNPACKED_BYTES {
            return Err(BadArchive::TooLarge("its files"));
        }
        if inner.has_overlapping_entries()? {
            return Err(damaged("two files share a place"));
        }
        Ok(Self { inner, files })
    }

    /// The names of its files, in order, with their lengths as they are said to be.
    pub fn files(&self) -> impl Iterator<Item = (&str, u64)> {
        self.files.iter().map(|(name, bytes)| (name.as_str(), *bytes))
    }

    /// A file's content as a stream. It fails where the content is not as long as the directory says, or has not its check
    /// sum.
    ///
    /// # Errors
    /// When there is no such file, or the archive is damaged.
    pub fn file(&mut self, name: &str) -> Result<impl Read + '_, BadArchive> {
        self.inner.by_name(name).map_err(|error| match error {
            ZipError::FileNotFound => BadArchive::NoFile(name.to_owned()),
            other => other.into(),
        })
    }

    /// A file's whole content, if that is not longer.
    ///
    /// # Errors
    /// See [`Self::file`]; when it is longer.
    pub fn read(&mut self, name: &str, at_most: u64) -> Result<Vec<u8>, BadArchive> {
        if self.files.get(name).is_some_and(|bytes| *bytes > at_most) {
            return Err(BadArchive::TooLarge("one of its descriptions"));
        }
        let mut bytes = Vec::new();
        self.file(name)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// Whether an archive ends as bundles do: the directory is no longer than it may be, and nothing is behind it. So much is known
/// before any of it is read.
fn check_end(source: &mut (impl Read + Seek)) -> Result<(), BadArchive> {
    let length = source.seek(SeekFrom::End(0))?;
    let at = length.checked_sub(END_BYTES).ok_or(BadArchive::NoArchive)?;
    source.seek(SeekFrom::Start(at))?;
    let mut end = [0; END_BYTES as usize];
    source.read_exact(&mut end)?;
    let [signature, _, counts, size, begin] =
        [0, 4, 8, 12, 16].map(|at| [end[at], end[at + 1], end[at + 2], end[at + 3]]);
    if signature != END_SIGNATURE {
        return Err(BadArchive::NoArchive);
    }
    let (size, begin) = (u32::from_le_bytes(size), u32::from_le_bytes(begin));
    if u16::from_le_bytes([counts[2], counts[3]]) > MAX_FILES || size > MAX_DIRECTORY_BYTES {
        return Err(BadArchive::TooLarge("its directory"));
    }
    if u64::from(begin) + u64::from(size) != at {
        return Err(damaged("its directory is not where it should be"));
    }
    Ok(())
}

/// Whether a name leads downwards only, wherever it is unpacked.
fn is_plain(name: &str) -> bool {
    name.split('/')
        .all(|part| !part.is_empty() && part != "." && part != "..")
        && !name.contains(|character: char| character.is_control() || matches!(character, '\\' | ':'))
}

#[cfg(test)]
mod tests;
