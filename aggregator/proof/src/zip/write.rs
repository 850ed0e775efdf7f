//! Writing an archive as a stream.

use super::{CENTRAL_HEADER, DATA_DESCRIPTOR, DEFLATED, END_OF_CENTRAL, LOCAL_HEADER};
use flate2::{Compression, Crc, write::DeflateEncoder};
use std::io::{self, Write};

/// Sizes and check sums follow the data; names are UTF-8.
const FLAGS: u16 = 0x0808;
/// What is needed to unpack it: 2.0, deflate.
const NEEDED: u16 = 20;
/// By Unix, so that the file's mode counts.
const MADE_BY: u16 = 0x0300 | NEEDED;
/// A file that all may read.
const MODE: u32 = 0o100_644 << 16;
/// 1 January 1980, the earliest that can be said: the same content makes the same bytes.
const DATE: u16 = 0x21;

/// Writes an archive, file after file, to whatever takes bytes.
#[derive(Debug)]
pub struct ZipWriter<W: Write> {
    out: W,
    written: u64,
    entries: Vec<Entry>,
    open: Option<Open>,
}

#[derive(Debug)]
struct Entry {
    name: String,
    offset: u32,
    crc: u32,
    packed: u32,
    unpacked: u32,
}

#[derive(Debug)]
struct Open {
    name: String,
    offset: u64,
    packed: u64,
    crc: Crc,
    deflate: DeflateEncoder<Vec<u8>>,
}

impl<W: Write> ZipWriter<W> {
    /// Before the first file.
    pub fn new(out: W) -> Self {
        Self {
            out,
            written: 0,
            entries: Vec::new(),
            open: None,
        }
    }

    /// Begins a file; what is written from now on is its content.
    ///
    /// # Errors
    /// Those of the receiver; an archive of 4 GiB.
    pub fn begin(&mut self, name: &str) -> io::Result<()> {
        self.end()?;
        let length = u16::try_from(name.len()).map_err(|_| io::Error::other("a name is too long"))?;
        let offset = self.written;
        let mut header = Vec::with_capacity(super::LOCAL_BYTES + name.len());
        put32(&mut header, LOCAL_HEADER);
        for value in [NEEDED, FLAGS, DEFLATED, 0, DATE] {
            put16(&mut header, value);
        }
        for _ in 0..3 {
            put32(&mut header, 0);
        }
        put16(&mut header, length);
        put16(&mut header, 0);
        header.extend_from_slice(name.as_bytes());
        self.put(&header)?;
        self.open = Some(Open {
            name: name.to_owned(),
            offset,
            packed: 0,
            crc: Crc::new(),
            deflate: DeflateEncoder::new(Vec::new(), Compression::default()),
        });
        Ok(())
    }

    /// Ends the file that was begun last, if that has not ended.
    ///
    /// # Errors
    /// Those of the receiver; a file or an archive of 4 GiB.
    pub fn end(&mut self) -> io::Result<()> {
        let Some(mut open) = self.open.take() else {
            return Ok(());
        };
        let unpacked = open.deflate.total_in();
        let rest = open.deflate.finish()?;
        open.packed += rest.len() as u64;
        self.put(&rest)?;
        let entry = Entry {
            name: open.name,
            offset: small(open.offset)?,
            crc: open.crc.sum(),
            packed: small(open.packed)?,
            unpacked: small(unpacked)?,
        };
        let mut descriptor = Vec::with_capacity(16);
        for value in [DATA_DESCRIPTOR, entry.crc, entry.packed, entry.unpacked] {
            put32(&mut descriptor, value);
        }
        self.entries.push(entry);
        self.put(&descriptor)
    }

    /// Writes the directory; returns the receiver.
    ///
    /// # Errors
    /// Those of the receiver; too many files, or an archive of 4 GiB.
    pub fn finish(mut self) -> io::Result<W> {
        self.end()?;
        let begin = self.written;
        for entry in std::mem::take(&mut self.entries) {
            self.put(&entry.directory_entry())?;
            self.entries.push(entry);
        }
        let count =
            u16::try_from(self.entries.len()).map_err(|_| io::Error::other("there are too many files"))?;
        let length = small(self.written - begin)?;
        let mut end = Vec::with_capacity(super::END_BYTES);
        put32(&mut end, END_OF_CENTRAL);
        for value in [0, 0, count, count] {
            put16(&mut end, value);
        }
        put32(&mut end, length);
        put32(&mut end, small(begin)?);
        put16(&mut end, 0);
        self.put(&end)?;
        self.out.flush()?;
        Ok(self.out)
    }

    /// What receives it.
    pub fn get_mut(&mut self) -> &mut W {
        &mut self.out
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.written += bytes.len() as u64;
        Ok(())
    }
}

impl<W: Write> Write for ZipWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let open = self
            .open
            .as_mut()
            .ok_or_else(|| io::Error::other("no file was begun"))?;
        open.deflate.write_all(bytes)?;
        open.crc.update(bytes);
        let packed = std::mem::take(open.deflate.get_mut());
        open.packed += packed.len() as u64;
        self.put(&packed)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Entry {
    fn directory_entry(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(super::CENTRAL_BYTES + self.name.len());
        put32(&mut bytes, CENTRAL_HEADER);
        for value in [MADE_BY, NEEDED, FLAGS, DEFLATED, 0, DATE] {
            put16(&mut bytes, value);
        }
        for value in [self.crc, self.packed, self.unpacked] {
            put32(&mut bytes, value);
        }
        // Its length was looked at when the file was begun.
        for value in [self.name.len() as u16, 0, 0, 0, 0] {
            put16(&mut bytes, value);
        }
        put32(&mut bytes, MODE);
        put32(&mut bytes, self.offset);
        bytes.extend_from_slice(self.name.as_bytes());
        bytes
    }
}

fn small(number: u64) -> io::Result<u32> {
    u32::try_from(number)
        .map_err(|_| io::Error::other("an archive has less than 4 GiB, and so has each of its files"))
}

fn put16(bytes: &mut Vec<u8>, value: u16) {
    bytes.extend_from_slice(&value.to_le_bytes());
}

fn put32(bytes: &mut Vec<u8>, value: u32) {
    bytes.extend_from_slice(&value.to_le_bytes());
}
