//! Reading an archive that a stranger hands in.

use super::{
    CENTRAL_BYTES, CENTRAL_HEADER, DEFLATED, END_BYTES, END_OF_CENTRAL, LOCAL_BYTES, LOCAL_HEADER, STORED,
};
use flate2::read::DeflateDecoder;
use std::{
    collections::BTreeMap,
    io::{self, Read, Seek, SeekFrom},
};

/// The most files of an archive.
const MAX_FILES: usize = 20_000;
/// The longest directory, in bytes.
const MAX_DIRECTORY_BYTES: u64 = 4 << 20;
/// The longest comment that there can be behind the directory, in bytes.
const MAX_COMMENT_BYTES: u64 = 0xffff;
/// All files together, unpacked: more is not begun. In bytes.
const MAX_UNPACKED_BYTES: u64 = 256 << 30;
/// How much smaller deflate can make anything at best: what claims more is not what it says.
const MAX_RATIO: u64 = 1_040;

/// Why something cannot be read as an archive.
#[derive(Debug, thiserror::Error)]
pub enum BadZip {
    /// It is none.
    #[error("it is not a zip archive")]
    NoArchive,
    /// It says something that is not so, or has something that bundles have not.
    #[error("the archive is damaged: {0}")]
    Damaged(&'static str),
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

#[derive(Clone, Copy, Debug)]
struct Entry {
    offset: u64,
    packed: u64,
    unpacked: u64,
    method: u16,
}

/// An archive whose directory was read.
#[derive(Debug)]
pub struct ZipArchive<R> {
    source: R,
    entries: BTreeMap<String, Entry>,
}

impl<R: Read + Seek> ZipArchive<R> {
    /// Reads the directory.
    ///
    /// # Errors
    /// See [`BadZip`].
    pub fn open(mut source: R) -> Result<Self, BadZip> {
        let length = source.seek(SeekFrom::End(0))?;
        let tail_length = length.min(END_BYTES as u64 + MAX_COMMENT_BYTES);
        let tail = read_at(&mut source, length - tail_length, tail_length)?;
        let end = (0..=tail.len().saturating_sub(END_BYTES))
            .rev()
            .find(|&at| get32(&tail, at) == Some(END_OF_CENTRAL))
            .and_then(|at| tail.get(at..at + END_BYTES))
            .ok_or(BadZip::NoArchive)?;
        let field = |at| get32(end, at).map(u64::from).unwrap_or_default();
        let (count, size, begin) = (get16(end, 10).unwrap_or_default(), field(12), field(16));
        if size > MAX_DIRECTORY_BYTES || usize::from(count) > MAX_FILES {
            return Err(BadZip::TooLarge("its directory"));
        }
        if begin.saturating_add(size) > length {
            return Err(BadZip::Damaged("its directory is not where it should be"));
        }
        let directory = read_at(&mut source, begin, size)?;
        let entries = read_directory(&directory, usize::from(count), begin)?;
        Ok(Self { source, entries })
    }

    /// The names of its files, in order, with their lengths as they are said to be.
    pub fn files(&self) -> impl Iterator<Item = (&str, u64)> {
        self.entries
            .iter()
            .map(|(name, entry)| (name.as_str(), entry.unpacked))
    }

    /// A file's content as a stream: never more than the directory says.
    ///
    /// # Errors
    /// When there is no such file, or the archive is damaged. A stream that ends early is damaged, too; who reads knows by
    /// its hash.
    pub fn file(&mut self, name: &str) -> Result<impl Read + '_, BadZip> {
        let &entry = self
            .entries
            .get(name)
            .ok_or_else(|| BadZip::NoFile(name.to_owned()))?;
        let header = read_at(&mut self.source, entry.offset, LOCAL_BYTES as u64)?;
        if get32(&header, 0) != Some(LOCAL_HEADER) {
            return Err(BadZip::Damaged("a file is not where it should be"));
        }
        let skipped = [26, 28].map(|at| u64::from(get16(&header, at).unwrap_or_default()));
        let begin = entry.offset + LOCAL_BYTES as u64 + skipped[0] + skipped[1];
        self.source.seek(SeekFrom::Start(begin))?;
        let packed = (&mut self.source).take(entry.packed);
        Ok(match entry.method {
            STORED => Content::Stored(packed),
            _ => Content::Deflated(DeflateDecoder::new(packed)),
        }
        .take(entry.unpacked))
    }

    /// A file's whole content, if that is not longer.
    ///
    /// # Errors
    /// See [`Self::file`]; when it is longer.
    pub fn read(&mut self, name: &str, at_most: u64) -> Result<Vec<u8>, BadZip> {
        let mut bytes = Vec::new();
        self.file(name)?.take(at_most + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > at_most {
            return Err(BadZip::TooLarge("one of its descriptions"));
        }
        Ok(bytes)
    }
}

/// A file's content, as it lies there.
enum Content<R: Read> {
    Stored(R),
    Deflated(DeflateDecoder<R>),
}

impl<R: Read> Read for Content<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Stored(inner) => inner.read(buffer),
            Self::Deflated(inner) => inner.read(buffer),
        }
    }
}

fn read_directory(directory: &[u8], count: usize, begin: u64) -> Result<BTreeMap<String, Entry>, BadZip> {
    let damaged = || BadZip::Damaged("its directory ends early");
    let (mut entries, mut at, mut unpacked) = (BTreeMap::new(), 0, 0_u64);
    for _ in 0..count {
        let fixed = directory.get(at..at + CENTRAL_BYTES).ok_or_else(damaged)?;
        if get32(fixed, 0) != Some(CENTRAL_HEADER) {
            return Err(damaged());
        }
        let wide = |at| u64::from(get32(fixed, at).unwrap_or_default());
        let short = |at| get16(fixed, at).unwrap_or_default();
        let entry = Entry {
            method: short(10),
            packed: wide(20),
            unpacked: wide(24),
            offset: wide(42),
        };
        let name_end = at + CENTRAL_BYTES + usize::from(short(28));
        let name = directory.get(at + CENTRAL_BYTES..name_end).ok_or_else(damaged)?;
        let name = std::str::from_utf8(name).map_err(|_| BadZip::Damaged("a name is not text"))?;
        if short(8) & 1 != 0 {
            return Err(BadZip::Damaged("a file is encrypted"));
        }
        let fits = match entry.method {
            STORED => entry.unpacked == entry.packed,
            DEFLATED => entry.unpacked <= entry.packed.saturating_mul(MAX_RATIO),
            _ => return Err(BadZip::Damaged("a file is packed in a way that bundles are not")),
        };
        if !fits || entry.offset + entry.packed > begin {
            return Err(BadZip::Damaged("a file's length cannot be"));
        }
        unpacked += entry.unpacked;
        if unpacked > MAX_UNPACKED_BYTES {
            return Err(BadZip::TooLarge("its files"));
        }
        if entries.insert(name.to_owned(), entry).is_some() {
            return Err(BadZip::Damaged("two files have the same name"));
        }
        at = name_end + usize::from(short(30)) + usize::from(short(32));
    }
    Ok(entries)
}

fn read_at<R: Read + Seek>(source: &mut R, offset: u64, length: u64) -> io::Result<Vec<u8>> {
    source.seek(SeekFrom::Start(offset))?;
    let mut bytes = vec![0; length as usize];
    source.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn get16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn get32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
